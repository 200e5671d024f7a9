"""Expecting warmth in a freezer: a page of the freezer, and its API."""

from datetime import UTC, datetime, timedelta

from flask import Response, g, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.queries import visible
from server.alarms.models import ExpectedWarmth
from server.alarms.service import warmth as acts
from server.alarms.views.blueprints import api, pages
from server.core.errors import CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.kit.forms import Form, Typed
from server.kit.i18n import gettext
from server.storage import queries as storage
from server.storage.models import Container

SHOWN = 20


class WarmthForm(Form):
    """How warm, from in how many hours, for how many, and why."""

    limit_c: float = forms.number(unit="°C")
    begins_in: float = forms.number(unit="h")
    hours: float = forms.number(unit="h")
    because: str = forms.text(most=500)


class WarmthIn(Body):
    """Warmth that is expected: warning limits are raised to limit_c (°C) between two moments."""

    limit_c: float
    from_at: datetime
    until: datetime
    because: str


class WarmthOut(Answer):
    """Warmth that is or was expected."""

    id: int
    freezer: str
    limit_c: float
    from_at: datetime
    until: datetime
    because: str
    by_name: str
    ended_at: datetime | None


class WarmthsOut(Answer):
    """The latest of one freezer."""

    items: list[WarmthOut]


@pages.get("/freezers/<code>/warmth")
@require("alarms.read")
def warmth(code: str) -> str:
    """Show what is expected and the form."""
    freezer = storage.container(g.session, g.actor, "alarms.read", code, "freezer")
    return _page(freezer, {}, Typed(begins_in="0", hours="2"))


@pages.post("/freezers/<code>/warmth")
@require("alarms.shelve")
def expect_warmth(code: str) -> AnyResponse:
    """Expect warmth."""
    freezer = storage.container(g.session, g.actor, "alarms.shelve", code, "freezer")
    try:
        form = WarmthForm.read(request.form)
        now = g.clock.now()
        from_at = now + _hours(form.begins_in, "begins_in")
        until = from_at + _hours(form.hours, "hours")
        acts.expect(g.session, g.actor, freezer, form.limit_c, from_at, until, form.because, at=now)
    except CryokeepError as error:
        return Response(_page(freezer, forms.errors_of(error), forms.typed_of(request.form)), 422)
    notices.tell(gettext(N_("Noted. Critical limits stay as they are; it ends by itself.")))
    return redirect(f"/freezers/{freezer.code}/warmth")


@pages.post("/freezers/<code>/warmth/<int:warmth_id>/end")
@require("alarms.shelve")
def end_warmth(code: str, warmth_id: int) -> AnyResponse:
    """End it before its time."""
    freezer = storage.container(g.session, g.actor, "alarms.shelve", code, "freezer")
    found = _find(freezer, warmth_id)
    try:
        acts.end(g.session, g.actor, found, at=g.clock.now())
    except CryokeepError as error:
        return Response(_page(freezer, forms.errors_of(error), Typed()), 409)
    notices.tell(gettext(N_("Ended. The usual limits count again.")))
    return redirect(f"/freezers/{freezer.code}/warmth")


@api.get("/freezers/<code>/warmth")
@require("alarms.read")
@describes("List expected warmth of a freezer", answers={200: WarmthsOut})
def list_warmth(code: str) -> WarmthsOut:
    """Answer with the latest, newest first."""
    freezer = storage.container(g.session, g.actor, "alarms.read", code, "freezer")
    return WarmthsOut(items=[_out(one, freezer) for one in _latest(freezer)])


@api.post("/freezers/<code>/warmth")
@require("alarms.shelve")
@describes("Expect warmth in a freezer", body=WarmthIn, answers={201: WarmthOut})
def warmth_expected(code: str) -> tuple[WarmthOut, int]:
    """Raise its warning limits for a time."""
    freezer = storage.container(g.session, g.actor, "alarms.shelve", code, "freezer")
    wish = read(WarmthIn)
    made = acts.expect(
        g.session, g.actor, freezer, wish.limit_c, _utc(wish.from_at), _utc(wish.until),
        wish.because, at=g.clock.now(),
    )  # fmt: skip
    return _out(made, freezer), 201


@api.post("/freezers/<code>/warmth/<int:warmth_id>/end")
@require("alarms.shelve")
@describes("End an expectation of warmth", answers={200: WarmthOut})
def warmth_ended(code: str, warmth_id: int) -> WarmthOut:
    """End it before its time."""
    freezer = storage.container(g.session, g.actor, "alarms.shelve", code, "freezer")
    found = _find(freezer, warmth_id)
    acts.end(g.session, g.actor, found, at=g.clock.now())
    return _out(found, freezer)


def _hours(hours: float, field: str) -> timedelta:
    if not 0 <= hours <= 24 * 366:
        because = N_("%(found)s h cannot be.")
        raise Invalid(Refusal("bad_hours", because, {"found": f"{hours:g}"}), field=field)
    return timedelta(hours=hours)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        because = N_("Give the moment with its time zone, such as 2026-05-04T12:00:00Z.")
        raise Invalid(Refusal("no_zone", because), field="from_at")
    return at.astimezone(UTC)


def _find(freezer: Container, warmth_id: int) -> ExpectedWarmth:
    query = visible(select(ExpectedWarmth), g.actor, "alarms.shelve", ExpectedWarmth.org_id)
    query = query.where(ExpectedWarmth.id == warmth_id, ExpectedWarmth.freezer_id == freezer.id)
    found: ExpectedWarmth | None = g.session.scalars(query).one_or_none()
    if found is None:
        because = N_("There is no expectation of warmth with the number %(number)s.")
        raise NotFound(Refusal("no_such_warmth", because, {"number": warmth_id}))
    return found


def _latest(freezer: Container) -> list[ExpectedWarmth]:
    query = select(ExpectedWarmth).where(ExpectedWarmth.freezer_id == freezer.id)
    return list(g.session.scalars(query.order_by(ExpectedWarmth.id.desc()).limit(SHOWN)))


def _page(freezer: Container, errors: dict[str, Refusal], typed: Typed) -> str:
    return render_template(
        "alarms/warmth.html",
        freezer=freezer,
        latest=_latest(freezer),
        now=g.clock.now(),
        may=g.actor.may("alarms.shelve", freezer.org_id),
        errors=errors,
        typed=typed,
    )


def _out(one: ExpectedWarmth, freezer: Container) -> WarmthOut:
    return WarmthOut(
        id=one.id, freezer=freezer.code, limit_c=one.limit_c, from_at=one.from_at, until=one.until,
        because=one.because, by_name=one.by_name, ended_at=one.ended_at,
    )  # fmt: skip
