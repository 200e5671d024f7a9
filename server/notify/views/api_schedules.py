"""On-call schedules for programs: who is on, what is arranged, overrides, holidays, calendar files."""

from datetime import date, datetime

import msgspec
from flask import g
from sqlalchemy import select

from server.accounts.models import Person
from server.accounts.queries import visible
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit import cursors
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.notify import rota, rotas, schedules
from server.notify.hours import EVERY_DAY, Hours
from server.notify.models import Override, Schedule
from server.notify.rota import Layer
from server.notify.views.blueprints import api
from server.notify.views.common import MANAGE, SEE, clock, minutes, organisation, person_of
from server.notify.views.schedule import layers_of

ROOT = "/on-call-schedules"


class LayerIo(Body):
    """A layer: who follows whom (mail addresses, several in a turn are on together), how long, from when on."""

    name: str
    turns: list[list[str]]
    turn_hours: int
    begins_on: date
    hand_over: str
    weekdays: list[int] = msgspec.field(default_factory=lambda: sorted(EVERY_DAY))
    from_time: str = "00:00"
    until_time: str = "24:00"
    on_holidays: str = rota.AS_ALWAYS
    holiday_person: str = ""


class ShiftOut(Answer):
    """Who is on from one moment to another; nobody where `people` is empty."""

    begins_at: datetime
    until: datetime
    people: list[str]
    why: str


class OverrideOut(Answer):
    """A time in which one person is on, whatever the layers say."""

    id: int
    person: str
    begins_at: datetime
    until: datetime
    because: str


class ScheduleOut(Answer):
    """A schedule with its layers, who is on in the next two weeks, and its overrides."""

    id: int
    name: str
    time_zone: str
    layers: list[LayerIo]
    coming: list[ShiftOut]
    overrides: list[OverrideOut]
    holidays: dict[str, str]


class ScheduleLine(Answer):
    """A schedule in a list."""

    id: int
    name: str
    time_zone: str


class Schedules(Answer):
    """A page of schedules; `next` is the cursor of the next one."""

    items: list[ScheduleLine]
    next: str | None


class NewSchedule(Body):
    """A schedule without layers."""

    name: str
    time_zone: str
    organisation: str = ""


class Arranged(Body):
    """What a schedule is called, its zone, and all its layers."""

    name: str
    time_zone: str
    layers: list[LayerIo]


class NewOverride(Body):
    """Who is on from when to when."""

    person: str
    begins_at: datetime
    until: datetime
    because: str = ""


class Holidays(Body):
    """All holidays of a schedule: the day, and its name."""

    days: dict[str, str]


class CalendarFile(Body):
    """The text of a calendar file, and whether it holds `holidays` or `turns`."""

    what: str
    calendar: str


class Because(Body):
    """Why something ends."""

    because: str


class Taken(Answer):
    """How many entries were taken."""

    count: int


@api.get(ROOT)
@require(SEE)
@describes("On-call schedules", answers={200: Schedules}, listed=True)
def list_schedules() -> Schedules:
    """List the schedules."""
    query = visible(select(Schedule), g.actor, SEE, Schedule.org_id)
    found, onward = cursors.page(g.session, query.where(Schedule.ended_at.is_(None)), Schedule.id)
    lines = [ScheduleLine(id=one.id, name=one.name, time_zone=one.time_zone) for one in found]
    return Schedules(items=lines, next=onward)


@api.get(f"{ROOT}/<int:schedule_id>")
@require(SEE)
@describes("Read an on-call schedule: who is on, and what is arranged", answers={200: ScheduleOut})
def read_schedule(schedule_id: int) -> ScheduleOut:
    """Answer with the schedule."""
    return _out(schedules.find(g.session, g.actor.orgs(SEE), schedule_id))


@api.post(ROOT)
@require(MANAGE)
@describes("Make an on-call schedule", body=NewSchedule, answers={201: ScheduleOut})
def make_one() -> tuple[ScheduleOut, int]:
    """Make a schedule."""
    wanted = read(NewSchedule)
    org = organisation(wanted.organisation, MANAGE)
    made = schedules.make(
        g.session, g.actor, org.id, name=wanted.name, time_zone=wanted.time_zone, at=g.clock.now()
    )
    return _out(made), 201


@api.put(f"{ROOT}/<int:schedule_id>")
@require(MANAGE)
@describes("Arrange an on-call schedule anew", body=Arranged, answers={200: ScheduleOut})
def arrange_one(schedule_id: int) -> ScheduleOut:
    """Give a schedule its name, zone and layers."""
    found, wanted = _mine(schedule_id), read(Arranged)
    layers = [_layer(found.org_id, one) for one in wanted.layers]
    schedules.arrange(
        g.session, g.actor, found, name=wanted.name, time_zone=wanted.time_zone, layers=layers,
        at=g.clock.now(),
    )  # fmt: skip
    return _out(found)


@api.post(f"{ROOT}/<int:schedule_id>/end")
@require(MANAGE)
@describes("End an on-call schedule", body=Because)
def end_one(schedule_id: int) -> tuple[str, int]:
    """End a schedule, with the reason."""
    found, wanted = _mine(schedule_id), read(Because)
    schedules.end(g.session, g.actor, found, because=wanted.because, at=g.clock.now())
    return "", 204


@api.post(f"{ROOT}/<int:schedule_id>/overrides")
@require(MANAGE)
@describes("Let one person be on for a time", body=NewOverride, answers={201: OverrideOut})
def override_one(schedule_id: int) -> tuple[OverrideOut, int]:
    """Make an override."""
    found, wanted = _mine(schedule_id), read(NewOverride)
    person = person_of(found.org_id, wanted.person)
    made = schedules.override(
        g.session, g.actor, found, person, begins_at=wanted.begins_at, until=wanted.until,
        because=wanted.because, at=g.clock.now(),
    )  # fmt: skip
    return _override(made, {person.id: person.email}), 201


@api.post(f"{ROOT}/<int:schedule_id>/overrides/<int:override_id>/end")
@require(MANAGE)
@describes("Take an override back")
def end_override_of(schedule_id: int, override_id: int) -> tuple[str, int]:
    """Take an override back."""
    made = schedules.part_of(_mine(schedule_id), g.session.get(Override, override_id))
    schedules.end_override(g.session, g.actor, made, at=g.clock.now())
    return "", 204


@api.put(f"{ROOT}/<int:schedule_id>/holidays")
@require(MANAGE)
@describes("Set the holidays of a schedule", body=Holidays, answers={200: ScheduleOut})
def set_holidays_of(schedule_id: int) -> ScheduleOut:
    """Set the holidays."""
    found, wanted = _mine(schedule_id), read(Holidays)
    days = {_day(day): name[:100] for day, name in wanted.days.items()}
    schedules.set_holidays(g.session, g.actor, found, days, at=g.clock.now())
    return _out(found)


@api.post(f"{ROOT}/<int:schedule_id>/calendar")
@require(MANAGE)
@describes("Take holidays or turns from a calendar file", body=CalendarFile, answers={200: Taken})
def bring_one(schedule_id: int) -> Taken:
    """Take what a calendar file holds."""
    found, wanted = _mine(schedule_id), read(CalendarFile)
    take = {"holidays": schedules.import_holidays, "turns": schedules.import_turns}.get(wanted.what)
    if take is None:
        because = N_("“%(found)s” is not one of the choices; choose again.")
        raise Invalid(Refusal("not_offered", because, {"found": wanted.what[:40]}), field="what")
    data = wanted.calendar.encode()
    return Taken(count=take(g.session, g.actor, found, data, at=g.clock.now()))


def _mine(schedule_id: int) -> Schedule:
    return schedules.find(g.session, g.actor.orgs(MANAGE), schedule_id)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        because = N_("“%(found)s” is not a date; a date such as 2026-03-14 is expected.")
        raise Invalid(Refusal("not_a_date", because, {"found": text[:40]}), field="days") from error


def _layer(org_id: int, one: LayerIo) -> Layer:
    other = person_of(org_id, one.holiday_person, "layers").id if one.holiday_person else None
    weekdays = frozenset(one.weekdays)
    if weekdays - EVERY_DAY:
        raise Invalid(
            Refusal("no_weekday", N_("Days of the week are numbered from 0, Monday, to 6."))
        )
    return Layer(
        name=one.name[:60],
        turns=tuple(
            tuple(person_of(org_id, who, "layers").id for who in turn) for turn in one.turns
        ),
        turn_hours=one.turn_hours,
        begins_on=one.begins_on,
        hand_over_min=minutes(one.hand_over, "layers") % (24 * 60),
        hours=Hours(weekdays, minutes(one.from_time, "layers"), minutes(one.until_time, "layers")),
        on_holidays=one.on_holidays,
        holiday_person=other,
    )


def _out(found: Schedule) -> ScheduleOut:
    now = g.clock.now()
    until = now + rotas.LOOK_AHEAD
    made = rotas.load(g.session, [found.id], now, until)[found.id]
    coming = rota.shifts(made, now, until)
    live = select(Override).where(
        Override.schedule_id == found.id, Override.ended_at.is_(None), Override.until > now
    )
    overrides = list(g.session.scalars(live.order_by(Override.begins_at)))
    mails = _mails(found.org_id)
    return ScheduleOut(
        id=found.id, name=found.name, time_zone=found.time_zone,
        layers=[_layer_out(layer, mails) for layer in layers_of(found)],
        coming=[_shift(one, mails) for one in coming],
        overrides=[_override(one, mails) for one in overrides],
        holidays={one.day.isoformat(): one.name for one in schedules.holidays_of(g.session, found)},
    )  # fmt: skip


def _mails(org_id: int) -> dict[int, str]:
    rows = g.session.execute(select(Person.id, Person.email).where(Person.org_id == org_id))
    return {row.id: row.email for row in rows}


def _shift(one: rota.Shift, mails: dict[int, str]) -> ShiftOut:
    people = [mails.get(person, "") for person in one.people]
    return ShiftOut(
        begins_at=one.begins_at, until=one.until, people=people, why=one.why.sentence().text()
    )


def _override(one: Override, mails: dict[int, str]) -> OverrideOut:
    return OverrideOut(
        id=one.id, person=mails.get(one.person_id, ""), begins_at=one.begins_at, until=one.until,
        because=one.because,
    )  # fmt: skip


def _layer_out(one: Layer, mails: dict[int, str]) -> LayerIo:
    return LayerIo(
        name=one.name,
        turns=[[mails.get(person, "") for person in turn] for turn in one.turns],
        turn_hours=one.turn_hours,
        begins_on=one.begins_on,
        hand_over=clock(one.hand_over_min),
        weekdays=sorted(one.hours.weekdays),
        from_time=clock(one.hours.from_min),
        until_time=clock(one.hours.until_min),
        on_holidays=one.on_holidays,
        holiday_person=mails.get(one.holiday_person or 0, ""),
    )
