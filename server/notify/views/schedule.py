"""One on-call schedule: its layers, overrides, holidays, and the addresses for calendars."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, g, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.core.errors import CryokeepError, Invalid, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form, Typed
from server.kit.i18n import gettext
from server.notify import rotas, schedules
from server.notify.hours import Hours
from server.notify.models import Feed, Override, Schedule
from server.notify.preferences import moment_in
from server.notify.rota import AS_ALWAYS, SOMEBODY_ELSE, Layer
from server.notify.views.blueprints import pages
from server.notify.views.chains import BecauseForm
from server.notify.views.common import (
    MANAGE,
    SEE,
    clock,
    minutes,
    names_of,
    people_of,
    person_of,
)
from server.notify.views.on_call import people_in, shown

UNITS = {"hours": 1, "days": 24, "weeks": 168}


class SettingsForm(Form):
    """What a schedule is called, and its time zone."""

    name: str = forms.text(most=60)
    time_zone: str = forms.text(most=60)


class LayerForm(Form):
    """A layer as it is typed: one turn a line."""

    layer_name: str = forms.text(most=60)
    turns: str = forms.text(most=10_000)
    every: int = forms.whole(least=1, most=1344)
    unit: str = forms.choice(tuple(UNITS))
    begins_on: date = forms.date()
    hand_over: str = forms.text(most=5)
    weekdays: list[str] = forms.many(tuple("0123456"))
    from_time: str = forms.text(most=5)
    until_time: str = forms.text(most=5)
    on_holidays: str = forms.text(most=20)


class OverrideForm(Form):
    """Who is on from when to when, on the clock of the schedule's zone."""

    person: str = forms.text()
    begins_at: str = forms.text(most=30)
    until: str = forms.text(most=30)
    because: str = forms.text(required=False, most=200)


@pages.get("/on-call/<int:schedule_id>")
@require(SEE)
def schedule(schedule_id: int) -> str:
    """Show a schedule; to whoever may change it with its forms."""
    return _page(schedules.find(g.session, g.actor.orgs(SEE), schedule_id))


@pages.get("/on-call/<int:schedule_id>/layers/<int:position>")
@require(MANAGE)
def layer(schedule_id: int, position: int) -> str:
    """Show the form of one layer; one past the last is a new one."""
    return _layer_page(_mine(schedule_id), position)


@pages.post("/on-call/<int:schedule_id>")
@require(MANAGE)
def change_schedule(schedule_id: int) -> AnyResponse:
    """Change what a schedule is called, and its time zone."""
    found = _mine(schedule_id)
    try:
        form = SettingsForm.read(request.form)
        schedules.arrange(
            g.session, g.actor, found, name=form.name, time_zone=form.time_zone,
            layers=layers_of(found), at=g.clock.now(),
        )  # fmt: skip
    except CryokeepError as error:
        return _refused(found, "settings", error)
    return redirect(f"/on-call/{found.id}")


@pages.post("/on-call/<int:schedule_id>/layers/<int:position>")
@require(MANAGE)
def change_layer(schedule_id: int, position: int) -> AnyResponse:
    """Change a layer, add one behind the last, or take one away."""
    found = _mine(schedule_id)
    before = layers_of(found)
    try:
        here = [] if "remove" in request.form else [_read_layer(found)]
        arranged = [*before[: position - 1], *here, *before[position:]]
        schedules.arrange(
            g.session, g.actor, found, name=found.name, time_zone=found.time_zone,
            layers=arranged, at=g.clock.now(),
        )  # fmt: skip
    except CryokeepError as error:
        typed = forms.typed_of(request.form)
        return Response(_layer_page(found, position, forms.errors_of(error), typed), 422)
    return redirect(f"/on-call/{found.id}")


@pages.post("/on-call/<int:schedule_id>/end")
@require(MANAGE)
def end_schedule(schedule_id: int) -> AnyResponse:
    """End a schedule, with the reason."""
    found = _mine(schedule_id)
    try:
        form = BecauseForm.read(request.form)
        schedules.end(g.session, g.actor, found, because=form.because, at=g.clock.now())
    except CryokeepError as error:
        return _refused(found, "end", error)
    return redirect("/on-call")


@pages.post("/on-call/<int:schedule_id>/overrides")
@require(MANAGE)
def make_override(schedule_id: int) -> AnyResponse:
    """Let one person be on for a time."""
    found = _mine(schedule_id)
    zone = ZoneInfo(found.time_zone)
    try:
        form = OverrideForm.read(request.form)
        schedules.override(
            g.session, g.actor, found, person_of(found.org_id, form.person),
            begins_at=moment_in(zone, form.begins_at), until=moment_in(zone, form.until),
            because=form.because, at=g.clock.now(),
        )  # fmt: skip
    except CryokeepError as error:
        return _refused(found, "override", error)
    return redirect(f"/on-call/{found.id}")


@pages.post("/on-call/<int:schedule_id>/overrides/<int:override_id>/end")
@require(MANAGE)
def end_override(schedule_id: int, override_id: int) -> AnyResponse:
    """Take an override back."""
    found = _mine(schedule_id)
    made = schedules.part_of(found, g.session.get(Override, override_id))
    schedules.end_override(g.session, g.actor, made, at=g.clock.now())
    return redirect(f"/on-call/{found.id}")


@pages.post("/on-call/<int:schedule_id>/holidays")
@require(MANAGE)
def set_holidays(schedule_id: int) -> AnyResponse:
    """Set the holidays: one a line, the day and its name."""
    found = _mine(schedule_id)
    try:
        days = _days(request.form.get("holidays", ""))
        schedules.set_holidays(g.session, g.actor, found, days, at=g.clock.now())
    except CryokeepError as error:
        return _refused(found, "holidays", error)
    return redirect(f"/on-call/{found.id}")


@pages.post("/on-call/<int:schedule_id>/calendar")
@require(MANAGE)
def bring_calendar(schedule_id: int) -> AnyResponse:
    """Take holidays, or turns as overrides, from a calendar file."""
    found = _mine(schedule_id)
    sent = request.files.get("file")
    take = (
        schedules.import_turns if request.form.get("what") == "turns" else schedules.import_holidays
    )
    try:
        count = take(g.session, g.actor, found, sent.read() if sent else b"", at=g.clock.now())
    except CryokeepError as error:
        return _refused(found, "file", error)
    notices.tell(gettext(N_("%(count)s entries were taken."), count=count))
    return redirect(f"/on-call/{found.id}")


def layers_of(found: Schedule) -> Sequence[Layer]:
    """Return the layers of a schedule as they are."""
    now = g.clock.now()
    return rotas.load(g.session, [found.id], now, now)[found.id].layers


def _mine(schedule_id: int) -> Schedule:
    return schedules.find(g.session, g.actor.orgs(MANAGE), schedule_id)


def _read_layer(found: Schedule) -> Layer:
    form = LayerForm.read(request.form)
    org_id = found.org_id
    made = Layer(
        name=form.layer_name,
        turns=tuple(_turn(org_id, line) for line in form.turns.splitlines() if line.strip()),
        turn_hours=form.every * UNITS[form.unit],
        begins_on=form.begins_on,
        hand_over_min=minutes(form.hand_over, "hand_over") % (24 * 60),
        hours=Hours(
            frozenset(int(day) for day in form.weekdays),
            minutes(form.from_time, "from_time"),
            minutes(form.until_time, "until_time"),
        ),
        on_holidays=form.on_holidays,
    )
    if form.on_holidays.isdecimal():
        other = person_of(org_id, form.on_holidays, "on_holidays")
        made = replace(made, on_holidays=SOMEBODY_ELSE, holiday_person=other.id)
    return made


def _turn(org_id: int, line: str) -> tuple[int, ...]:
    """Return who is in a turn: mail addresses or names, several with commas between."""
    by_name = {person.name: person.id for person in people_of(org_id)}
    words = [
        word.strip() for word in line.replace("\N{FULLWIDTH COMMA}", ",").split(",") if word.strip()
    ]
    return tuple(by_name.get(word) or person_of(org_id, word, "turns").id for word in words)


def _days(text: str) -> dict[date, str]:
    found = {}
    for line in text.splitlines():
        day, _, name = line.strip().partition(" ")
        if not day:
            continue
        try:
            found[date.fromisoformat(day)] = name.strip()[:100]
        except ValueError as error:
            because = N_("“%(found)s” does not begin with a day; 2026-10-01 Golden Week is expected.")  # fmt: skip
            refusal = Refusal("not_a_day", because, {"found": line.strip()[:60]})
            raise Invalid(refusal, field="holidays") from error
    return found


def _refused(found: Schedule, where: str, error: CryokeepError) -> AnyResponse:
    return Response(_page(found, where, forms.errors_of(error)), 422)


def _page(
    found: Schedule, where: str = "", errors: dict[str, Refusal] | None = None, **more: Any,  # noqa: ANN401  what the template is given
) -> str:  # fmt: skip
    now = g.clock.now()
    rota = rotas.load(g.session, [found.id], now, now + rotas.LOOK_AHEAD)[found.id]
    one = shown(found, rota, now)
    overrides = select(Override).where(
        Override.schedule_id == found.id, Override.ended_at.is_(None), Override.until > now
    )
    feeds = select(Feed).where(Feed.schedule_id == found.id, Feed.revoked_at.is_(None))
    coming, feeds_now = (
        list(g.session.scalars(overrides.order_by(Override.begins_at))),
        list(g.session.scalars(feeds)),
    )
    in_layers = [person for layer in rota.layers for turn in layer.turns for person in turn]
    others = [over.person_id for over in coming] + [
        one.person_id for one in feeds_now if one.person_id
    ]
    others += [layer.holiday_person for layer in rota.layers if layer.holiday_person]
    typed = forms.typed_of(request.form) if request.method == "POST" else Typed()
    given = {
        "one": one, "schedule": found, "layers": rota.layers, "overrides": coming,
        "feeds": feeds_now, "holidays": schedules.holidays_of(g.session, found),
        "names": people_in([one]) | names_of([*in_layers, *others]), "clock": clock,
        "people": [(str(person.id), person.name) for person in people_of(found.org_id)],
        "may": g.actor.may(MANAGE, found.org_id), "where": where, "errors": errors or {},
        "typed": typed, "fresh": "",
    }  # fmt: skip
    return render_template("notify/schedule.html", **{**given, **more})


def _layer_page(
    found: Schedule, position: int, errors: dict[str, Refusal] | None = None, typed: Any = None,  # noqa: ANN401  what forms give back
) -> str:  # fmt: skip
    layers = layers_of(found)
    old = layers[position - 1] if 1 <= position <= len(layers) else None
    people = people_of(found.org_id)
    return render_template(
        "notify/layer.html", schedule=found, position=min(position, len(layers) + 1), old=old,
        people=people, errors=errors or {}, typed=typed or _as_typed(old, people),
    )  # fmt: skip


def _as_typed(old: Layer | None, people: Sequence[Any]) -> Typed:
    if old is None:
        today = g.clock.now().date()
        return Typed(
            layer_name="", turns="", every="1", unit="weeks", begins_on=today.isoformat(),
            hand_over="08:00", weekdays=list("0123456"), from_time="00:00", until_time="24:00",
            on_holidays=AS_ALWAYS,
        )  # fmt: skip
    mails = {person.id: person.email for person in people}
    unit = next(name for name in ("weeks", "days", "hours") if old.turn_hours % UNITS[name] == 0)
    return Typed(
        layer_name=old.name,
        turns="\n".join(", ".join(mails.get(one, "?") for one in turn) for turn in old.turns),
        every=str(old.turn_hours // UNITS[unit]), unit=unit, begins_on=old.begins_on.isoformat(),
        hand_over=clock(old.hand_over_min), weekdays=[str(day) for day in old.hours.weekdays],
        from_time=clock(old.hours.from_min), until_time=clock(old.hours.until_min),
        on_holidays=str(old.holiday_person) if old.holiday_person else old.on_holidays,
    )  # fmt: skip


show = _page
"""The page of a schedule, for the views beside this one."""
