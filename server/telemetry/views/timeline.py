"""A freezer's timeline: readings' chart, lids, fills, alarms and answers, notes and levels by dipstick, as they lay."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.core.errors import CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.kit.forms import Form, Typed
from server.kit.i18n import gettext
from server.storage import queries as storage
from server.storage.models import Container, Room, Site
from server.telemetry import entries, happened
from server.telemetry.entry_models import FreezerEntry
from server.telemetry.views.blueprints import api, pages

DAYS = (1, 7, 30, 92)
MOST_LINES = 500


class EntryForm(Form):
    """A level or a note, and when it was so; empty means now."""

    level_mm: float | None = forms.number(unit="mm", required=False)
    text: str = forms.text(required=False, most=entries.MOST_WORDS)
    measured_at: str = forms.text(required=False, most=20)
    corrects: int | None = forms.whole(required=False)


class EntryIn(Body):
    """A level (mm above the vessel's floor) or a note, and when it was so; corrects is an entry's number."""

    measured_at: datetime
    level_mm: float | None = None
    text: str = ""
    corrects: int | None = None


class EntryOut(Answer):
    """An entry with both its times; corrected says that a later one puts it right."""

    id: int
    kind: str
    level_mm: float | None
    text: str
    measured_at: datetime
    entered_at: datetime
    late: bool
    by_name: str
    corrects: int | None
    corrected: bool


class EntriesOut(Answer):
    """The entries of the last year, newest first."""

    items: list[EntryOut]


@pages.get("/freezers/<code>/timeline")
@require("telemetry.read")
def timeline(code: str) -> str:
    """Show what happened and the form."""
    freezer = storage.container(g.session, g.actor, "telemetry.read", code, "freezer")
    return _page(freezer, {}, Typed())


@pages.post("/freezers/<code>/timeline")
@require("storage.move")
def enter(code: str) -> AnyResponse:
    """Enter a level or a note."""
    freezer = storage.container(g.session, g.actor, "storage.move", code, "freezer")
    try:
        form = EntryForm.read(request.form)
        now = g.clock.now()
        entries.enter(
            g.session, g.actor, freezer, level_mm=form.level_mm, text=form.text, at=now,
            measured_at=_moment(form.measured_at, freezer) or now,
            corrects=_entry(freezer, form.corrects),
        )  # fmt: skip
    except CryokeepError as error:
        shown = _page(freezer, forms.errors_of(error), forms.typed_of(request.form))
        return Response(shown, 422 if isinstance(error, Invalid) else 409)
    notices.tell(gettext(N_("Entered, with the time of now beside it.")))
    return redirect(url_for("telemetry.timeline", code=freezer.code))


@api.get("/freezers/<code>/entries")
@require("telemetry.read")
@describes("List a freezer's levels by dipstick and notes", answers={200: EntriesOut})
def list_entries(code: str) -> EntriesOut:
    """Answer with those of the last year."""
    freezer = storage.container(g.session, g.actor, "telemetry.read", code, "freezer")
    found = entries.of_freezer(g.session, freezer.id, g.clock.now() - entries.OLDEST)
    wrong = entries.corrected(g.session, found)
    return EntriesOut(items=[_out(one, corrected=one.id in wrong) for one in found])


@api.post("/freezers/<code>/entries")
@require("storage.move")
@describes("Enter a level by dipstick or a note", body=EntryIn, answers={201: EntryOut})
def entered(code: str) -> tuple[EntryOut, int]:
    """Enter it; a late one is marked."""
    freezer = storage.container(g.session, g.actor, "storage.move", code, "freezer")
    wish = read(EntryIn)
    if wish.measured_at.tzinfo is None:
        because = N_("Give the moment with its time zone, such as 2026-05-04T12:00:00Z.")
        raise Invalid(Refusal("no_zone", because), field="measured_at")
    made = entries.enter(
        g.session, g.actor, freezer, level_mm=wish.level_mm, text=wish.text,
        measured_at=wish.measured_at.astimezone(UTC), at=g.clock.now(),
        corrects=_entry(freezer, wish.corrects),
    )  # fmt: skip
    return _out(made, corrected=False), 201


def _entry(freezer: Container, number: int | None) -> FreezerEntry | None:
    if number is None:
        return None
    found: FreezerEntry | None = g.session.get(FreezerEntry, number)
    if found is None or found.freezer_id != freezer.id:
        because = N_("This freezer has no entry with the number %(number)s.")
        raise NotFound(Refusal("no_such_entry", because, {"number": number}))
    return found


def _moment(text: str, freezer: Container) -> datetime | None:
    """The moment that was typed, in the time of the freezer's site; None for now."""
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        because = N_("“%(found)s” is no moment; something like 2026-05-04T07:30 is expected.")
        refusal = Refusal("bad_moment", because, {"found": text})
        raise Invalid(refusal, field="measured_at") from None
    there = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(_zone(freezer)))
    return there.astimezone(UTC)


def _zone(freezer: Container) -> str:
    zone = g.session.scalar(
        select(Site.time_zone).join(Room, Room.site_id == Site.id).where(Room.id == freezer.room_id)
    )
    return zone or "UTC"


def _page(freezer: Container, errors: dict[str, Refusal], typed: Any) -> str:  # noqa: ANN401  what forms give back
    days = request.args.get("days", 7, type=int)
    days = days if days in DAYS else 7
    since = g.clock.now() - timedelta(days=days)
    latest = entries.of_freezer(g.session, freezer.id, g.clock.now() - timedelta(days=30))[:20]
    wrong = entries.corrected(g.session, latest)
    return render_template(
        "telemetry/timeline.html",
        freezer=freezer,
        lines=happened.lines(g.session, freezer.id, since, MOST_LINES),
        entries=[(one, one.id in wrong, entries.is_late(one)) for one in latest],
        days=days,
        choices=DAYS,
        zone=_zone(freezer),
        may=g.actor.may("storage.move", freezer.org_id),
        errors=errors,
        typed=typed,
    )


def _out(one: FreezerEntry, *, corrected: bool) -> EntryOut:
    return EntryOut(
        id=one.id, kind=one.kind, level_mm=one.level_mm, text=one.text,
        measured_at=one.measured_at, entered_at=one.entered_at, late=entries.is_late(one),
        by_name=one.by_name, corrects=one.corrects_id, corrected=corrected,
    )  # fmt: skip
