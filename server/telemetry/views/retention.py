"""How long readings are kept: by quantity, which times are not touched, and what was thinned."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask import g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.accounts.queries import visible
from server.core.clock import from_ms
from server.core.errors import CryokeepError, NotFound, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.door import require
from server.kit.filters import site_zone
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.parties.models import Organisation
from server.storage.models import Container
from server.telemetry import keeping, quantities
from server.telemetry.figure_models import MINUTES
from server.telemetry.models import Agent, Channel, KeptWindow, Retention, Thinning
from server.telemetry.retention import MOST_DAYS, USUAL, Days
from server.telemetry.views.blueprints import pages

READS, SETS, LAYS, LIFTS = "telemetry.read", "telemetry.manage", "holds.manage", "holds.lift"
SHOWN = 100
NO_WINDOW = N_("There is no kept time %(number)s.")
Page = Response | str | tuple[str, int]


class DaysForm(Form):
    """For how many days a quantity is kept; empty is for ever."""

    org: int = forms.choice()
    quantity: str = forms.choice(required=False)
    raw_days: int | None = forms.whole(least=1, most=MOST_DAYS, required=False)
    minute_days: int | None = forms.whole(least=1, most=MOST_DAYS, required=False)
    reason: str = forms.text(most=300)


class KeepForm(Form):
    """A time that is kept, by days of the site."""

    org: int = forms.choice()
    freezer: int = forms.choice(required=False)
    begin: Any = forms.date()
    until: Any = forms.date(required=False)
    reason: str = forms.text(most=300)


class LiftForm(Form):
    """Why a time is kept no longer."""

    reason: str = forms.text(most=300)


def orgs(permission: str) -> list[Organisation]:
    """Return the organisations that measure something and in which the person may do this."""
    measuring = select(Agent.org_id).where(~Agent.of_logs)
    wanted = visible(select(Organisation), g.actor, permission, Organisation.id)
    wanted = wanted.where(Organisation.id.in_(measuring)).order_by(Organisation.name)
    return list(g.session.scalars(wanted))


def measured(org_ids: Sequence[int]) -> list[str]:
    """Return the quantities that these organisations measure."""
    wanted = select(Channel.key).join(Agent).where(Agent.org_id.in_(org_ids), ~Agent.of_logs)
    return sorted(g.session.scalars(wanted.distinct()))


def freezers(org_ids: Sequence[int]) -> list[Container]:
    """Return their freezers."""
    wanted = select(Container).where(Container.kind == "freezer", Container.org_id.in_(org_ids))
    return list(g.session.scalars(wanted.order_by(Container.code)))


@pages.get("/retention")
@require(READS)
def kept_readings() -> str:
    """Show for how long readings are kept."""
    return _page()


def _page(
    form: str = "", refused: CryokeepError | None = None, window_id: int | None = None
) -> str:  # fmt: skip
    seen = orgs(READS)
    ids = [org.id for org in seen]
    typed = typed_of(request.form)
    errors: Mapping[str, Refusal] = errors_of(refused) if refused else {}
    windows = select(KeptWindow).where(KeptWindow.org_id.in_(ids)).order_by(KeptWindow.id.desc())
    return render_template(
        "telemetry/retention.html", orgs=seen, rows=_rows(ids), usual=USUAL,
        names={org.id: org.name for org in seen}, word=quantities.word_of,
        windows=g.session.scalars(windows.limit(SHOWN)).all(), thinned=_thinned(ids),
        day=_day, minutes=MINUTES, lifting=window_id,
        sets=_choices(orgs(SETS)), lays=_choices(orgs(LAYS)), lifts={org.id for org in orgs(LIFTS)},
        quantities=[(key, f"{gettext(quantities.word_of(key))} ({key})") for key in measured(ids)],
        freezers=[(one.id, one.code) for one in freezers([org.id for org in orgs(LAYS)])],
        typed={name: typed if name == form else Typed() for name in ("days", "keep", "lift")},
        errors={name: errors if name == form else {} for name in ("days", "keep", "lift")},
    )  # fmt: skip


def _choices(found: Sequence[Organisation]) -> list[tuple[int, str]]:
    return [(org.id, org.name) for org in found]


def _rows(org_ids: Sequence[int]) -> list[Retention]:
    wanted = select(Retention).where(Retention.org_id.in_(org_ids))
    return list(g.session.scalars(wanted.order_by(Retention.org_id, Retention.quantity)))


def _thinned(org_ids: Sequence[int]) -> list[Any]:
    wanted = (
        select(Thinning, Channel)
        .join(Channel, Channel.id == Thinning.channel_id)
        .where(Thinning.org_id.in_(org_ids))
        .order_by(Thinning.last_at.desc(), Thinning.id.desc())
        .limit(SHOWN)
    )
    return list(g.session.execute(wanted))


def _day(at_ms: int | None) -> str:
    return "" if at_ms is None else f"{from_ms(at_ms).astimezone(site_zone()):%Y-%m-%d %H:%M}"


@pages.post("/retention")
@require(SETS)
def set_retention() -> Page:
    """Set for how long a quantity is kept."""
    try:
        offered = [org.id for org in orgs(SETS)]
        form = DaysForm.read(request.form, {"org": offered, "quantity": ["", *measured(offered)]})
        days = Days(form.raw_days, form.minute_days)
        keeping.set_days(
            g.session, g.actor, form.org, form.quantity, days, form.reason, at=g.clock.now()
        )
    except CryokeepError as refused:
        return _page("days", refused), 422
    notices.tell(gettext("It is set. What is old enough goes in the next hours."))
    return redirect(url_for("telemetry.kept_readings"))


@pages.post("/retention/kept")
@require(LAYS)
def keep_readings() -> Page:
    """Keep all readings of a time."""
    try:
        offered = [org.id for org in orgs(LAYS)]
        there = {one.id: one for one in freezers(offered)}
        form = KeepForm.read(request.form, {"org": offered, "freezer": list(there)})
        begin = _midnight(form.begin)
        until = None if form.until is None else _midnight(form.until + timedelta(days=1))
        freezer = there.get(form.freezer) if form.freezer else None
        keeping.lay(
            g.session, g.actor, form.org, freezer, begin, until, form.reason, at=g.clock.now()
        )
    except CryokeepError as refused:
        return _page("keep", refused), 422
    notices.tell(gettext("The readings of this time are kept until somebody lifts it."))
    return redirect(url_for("telemetry.kept_readings") + "#kept")


def _midnight(day: Any) -> datetime:  # noqa: ANN401  a date, as the form read it
    return datetime.combine(day, time(), site_zone()).astimezone(UTC)


def window_of(number: int) -> KeptWindow:
    """Return the kept time of this number; NotFound where the person may not lift it."""
    wanted = visible(select(KeptWindow), g.actor, LIFTS, KeptWindow.org_id)
    found: KeptWindow | None = g.session.scalars(wanted.where(KeptWindow.id == number)).first()
    if found is None:
        raise NotFound(Refusal("no_such_window", NO_WINDOW, {"number": number}))
    return found


@pages.post("/retention/kept/<int:number>/lift")
@require(LIFTS)
def let_readings_go(number: int) -> Page:
    """Keep the readings of a time no longer."""
    window = window_of(number)
    try:
        form = LiftForm.read(request.form)
        keeping.lift(g.session, g.actor, window, form.reason, at=g.clock.now())
    except CryokeepError as refused:
        return _page("lift", refused, number), 422
    notices.tell(gettext("It is lifted."))
    return redirect(url_for("telemetry.kept_readings") + "#kept")
