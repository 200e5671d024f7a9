"""Pages of controllers' logs: hand one in, see what would come, say what is asked, bring it in, take it back."""

import re

from flask import g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.accounts.queries import visible
from server.core.errors import CryokeepError, Invalid, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries as storage
from server.storage.models import Container
from server.telemetry import log_service as service
from server.telemetry import quantities
from server.telemetry.log_service import LOOKED_AT, PERMISSION, STATES
from server.telemetry.logs.sheets import LogSheet
from server.telemetry.models import LogImport
from server.telemetry.views.blueprints import pages

NO_FILE = Refusal("no_file", N_("No file was chosen. Choose the log that the controller wrote."))
SHOWN_ROWS, SHOWN_REFUSED, SHOWN_LOGS = 20, 100, 50
ORDER_WORDS = {
    "dmy": N_("day first"), "mdy": N_("month first"), "ymd": N_("year first"),
}  # fmt: skip
_LINES = re.compile(r"order_(\d+)-(\d+)")
Page = Response | str | tuple[str, int]


class BackForm(Form):
    """Why a log is taken back."""

    reason: str = forms.text(most=300)


def freezer_of(code: str, permission: str = PERMISSION) -> Container:
    """Return the freezer that the person may bring logs into."""
    return storage.container(g.session, g.actor, permission, code, "freezer")


def logs_of(freezer: Container) -> list[LogImport]:
    """Return the freezer's logs, the newest first."""
    wanted = visible(select(LogImport), g.actor, "telemetry.read", LogImport.org_id)
    wanted = wanted.where(LogImport.freezer_id == freezer.id).order_by(LogImport.id.desc())
    return list(g.session.scalars(wanted.limit(SHOWN_LOGS)))


@pages.get("/freezers/<code>/logs")
@require("telemetry.read")
def logs(code: str) -> str:
    """List the logs of a freezer's controller, and take one in."""
    return _logs(freezer_of(code, "telemetry.read"), Typed())


def _logs(freezer: Container, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "telemetry/logs.html", freezer=freezer, logs=logs_of(freezer), states=STATES, typed=typed,
        errors=errors_of(refused) if refused else {}, zone=service.zone_of(freezer).key,
        may_manage=g.actor.may(PERMISSION, freezer.org_id),
    )  # fmt: skip


@pages.post("/freezers/<code>/logs")
@require(PERMISSION)
def look_at_log(code: str) -> Page:
    """Read a file and show what would come of it."""
    freezer = freezer_of(code)
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise Invalid(NO_FILE, field="file")
        made = service.look_at(
            g.session, g.actor, freezer, sent.filename, sent.read(), at=g.clock.now()
        )
    except CryokeepError as refused:
        return _logs(freezer, typed_of(request.form), refused), 422
    return redirect(url_for("telemetry.log", code=made.code))


@pages.get("/logs/<code>")
@require("telemetry.read")
def log(code: str) -> str:
    """Show what a log holds, and what can be done with it."""
    return _log(service.log(g.session, g.actor, code, "telemetry.read"))


def _log(made: LogImport, refused: CryokeepError | None = None) -> str:
    sheet = service.sheet_of(made) if made.content else None
    keys = _keys(sheet)
    return render_template(
        "telemetry/log.html", made=made, sheet=sheet, state=STATES[made.state], orders=ORDER_WORDS,
        waiting=made.state in (service.APPLYING, service.TAKING_BACK), open=made.state == LOOKED_AT,
        rows=sheet.rows[:SHOWN_ROWS] if sheet else [], refused=sheet.refused[:SHOWN_REFUSED] if sheet else [],
        figure=quantities.figure, word=quantities.word_of, zone=service.zone_of(made.freezer).key,
        keys=keys, heads=[{"label": gettext(quantities.word_of(key)), "align": "num"} for key in keys],
        tank_choices=[(tank, tank) for tank in (sheet.tanks if sheet else ())],
        all_orders=[(order, gettext(ORDER_WORDS[order])) for order in ("dmy", "mdy")], errors=errors_of(refused) if refused else {}, typed=typed_of(request.form),
        may_manage=g.actor.may(PERMISSION, made.org_id),
    )  # fmt: skip


def _keys(sheet: LogSheet | None) -> list[str]:
    found = {value.key for row in (sheet.rows if sheet else []) for value in row.values}
    return sorted(found, key=list(quantities.WORDS).index)


@pages.post("/logs/<code>/dates")
@require(PERMISSION)
def date_log(code: str) -> Page:
    """Take in how the dates are written, or which tank it is."""
    made = service.log(g.session, g.actor, code)
    orders = {
        (int(match[1]), int(match[2])): value
        for name, value in request.form.items()
        if value and (match := _LINES.fullmatch(name)) and len(name) < 40
    }
    same = request.form.get("order_all", "")
    if same:
        for one in service.sheet_of(made).questions:
            orders.setdefault((one.first_line, one.last_line), same)
    try:
        service.answer(
            g.session, g.actor, made, orders, request.form.get("tank", ""), at=g.clock.now()
        )
    except CryokeepError as refused:
        return _log(made, refused), 422
    return redirect(url_for("telemetry.log", code=code))


@pages.post("/logs/<code>/apply")
@require(PERMISSION)
def apply_log(code: str) -> Page:
    """Bring the rows in."""
    made = service.log(g.session, g.actor, code)
    try:
        service.apply(g.session, g.actor, made, at=g.clock.now())
    except CryokeepError as refused:
        return _log(made, refused), 422
    notices.tell(gettext("The rows are being brought in."))
    return redirect(url_for("telemetry.log", code=code))


@pages.post("/logs/<code>/take-back")
@require(PERMISSION)
def take_log_back(code: str) -> Page:
    """Take back what the log brought in."""
    made = service.log(g.session, g.actor, code)
    try:
        form = BackForm.read(request.form)
        service.take_back(g.session, g.actor, made, form.reason, at=g.clock.now())
    except CryokeepError as refused:
        return _log(made, refused), 422
    notices.tell(gettext("All that this log brought in is being taken back."))
    return redirect(url_for("telemetry.log", code=code))


@pages.post("/logs/<code>/put-aside")
@require(PERMISSION)
def put_log_aside(code: str) -> Page:
    """Close a log that changed nothing."""
    made = service.log(g.session, g.actor, code)
    try:
        service.put_aside(g.session, g.actor, made, at=g.clock.now())
    except CryokeepError as refused:
        return _log(made, refused), 422
    return redirect(url_for("telemetry.logs", code=made.freezer.code))
