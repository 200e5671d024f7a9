"""Changing on-call schedules: their layers, overrides, holidays, and the addresses that calendars read."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.accounts import secrets
from server.accounts.models import Person
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, NotFound, Refusal
from server.core.words import N_
from server.notify import calendars, hours, models, rota
from server.notify.models import CallStep, Feed, Holiday, Override, Schedule, Turn

KIND = "on_call_schedule"
MOST_HOLIDAYS = 500


def make(
    session: Session, actor: Actor, org_id: int, *, name: str, time_zone: str, at: datetime
) -> Schedule:
    """Make a schedule without layers: nobody is on call yet."""
    _check(session, org_id, name, time_zone, None)
    made = Schedule(org_id=org_id, name=name.strip(), time_zone=time_zone, created_at=at)
    session.add(made)
    session.flush()
    _record(session, actor, "on_call.schedule_made", made, at, name=made.name, time_zone=time_zone)
    return made


def arrange(
    session: Session, actor: Actor, schedule: Schedule, *, name: str, time_zone: str,
    layers: Sequence[rota.Layer], at: datetime,
) -> None:  # fmt: skip
    """Give a schedule this name, zone and these layers instead of those that it has."""
    _check(session, schedule.org_id, name, time_zone, schedule)
    if len(layers) > rota.MOST_LAYERS:
        because = N_("A schedule has at most %(most)s layers.")
        raise Invalid(Refusal("many_layers", because, {"most": rota.MOST_LAYERS}))
    for layer in layers:
        if refusal := rota.why_not_layer(layer):
            raise Invalid(refusal, field="turns")
        _check_people(session, schedule.org_id, _people_in(layer))
    schedule.name, schedule.time_zone = name.strip(), time_zone
    _clear(session, schedule)
    for position, layer in enumerate(layers, 1):
        _add_layer(session, schedule, position, layer)
    _record(
        session, actor, "on_call.arranged", schedule, at, name=schedule.name, time_zone=time_zone,
        layers=[_told(layer) for layer in layers],
    )  # fmt: skip


def end(session: Session, actor: Actor, schedule: Schedule, *, because: str, at: datetime) -> None:
    """End a schedule, with the reason; one that a step still tells is refused."""
    used = select(CallStep.id).where(CallStep.schedule_id == schedule.id).limit(1)
    if session.scalar(used) is not None:
        why = N_("A step of the call list tells “%(name)s”; take that step off first.")
        raise Conflict(Refusal("schedule_used", why, {"name": schedule.name}))
    schedule.ended_at = at
    _record(session, actor, "on_call.schedule_ended", schedule, at, because=because)


def override(
    session: Session, actor: Actor, schedule: Schedule, person: Person, *, begins_at: datetime,
    until: datetime, because: str, at: datetime, uid: str = "",
) -> Override:  # fmt: skip
    """Let one person be on from one moment to another, whatever the layers say."""
    if not begins_at < until:
        because_not = N_("It ends before it begins.")
        raise Invalid(Refusal("bad_span", because_not), field="until")
    if until <= at:
        raise Invalid(Refusal("span_over", N_("That time is over.")), field="until")
    _check_people(session, schedule.org_id, {person.id})
    made = Override(
        schedule_id=schedule.id, person_id=person.id, begins_at=begins_at, until=until,
        because=because, imported_uid=uid, recorded_at=at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _record(
        session, actor, "on_call.override_made", schedule, at, person=person.name,
        begins_at=begins_at.isoformat(), until=until.isoformat(), because=because,
    )  # fmt: skip
    return made


def end_override(session: Session, actor: Actor, made: Override, *, at: datetime) -> None:
    """Take an override back; one that has been taken back already is refused."""
    if made.ended_at is not None:
        raise Conflict(Refusal("override_ended", N_("This has been taken back already.")))
    made.ended_at = at
    schedule = session.get_one(Schedule, made.schedule_id)
    _record(
        session, actor, "on_call.override_ended", schedule, at, person=made.person_id,
        begins_at=made.begins_at.isoformat(), until=made.until.isoformat(),
    )  # fmt: skip


def set_holidays(
    session: Session, actor: Actor, schedule: Schedule, days: Mapping[date, str], *, at: datetime
) -> None:
    """Give a schedule these holidays instead of those that it has."""
    if len(days) > MOST_HOLIDAYS:
        because = N_("A schedule has at most %(most)s holidays.")
        raise Invalid(Refusal("many_holidays", because, {"most": MOST_HOLIDAYS}), field="holidays")
    session.execute(delete(Holiday).where(Holiday.schedule_id == schedule.id))
    session.add_all(
        Holiday(schedule_id=schedule.id, day=day, name=name) for day, name in days.items()
    )
    session.flush()
    _record(session, actor, "on_call.holidays_set", schedule, at, days=len(days))


def import_holidays(
    session: Session, actor: Actor, schedule: Schedule, data: bytes, *, at: datetime
) -> int:
    """Add the holidays of a calendar file to those that the schedule has; returns how many days."""
    found = calendars.holidays(data, at.date())
    had = {day.day: day.name for day in holidays_of(session, schedule)}
    set_holidays(session, actor, schedule, had | found, at=at)
    return len(found)


def import_turns(
    session: Session, actor: Actor, schedule: Schedule, data: bytes, *, at: datetime,
) -> int:  # fmt: skip
    """Take the turns of a calendar file as overrides; returns how many.

    Who is on is the one who takes part (by mail address), else whoever the title names. An entry that was taken
    before is replaced; entries that the file does not have any more stay until they are taken back.
    """
    entries = calendars.turns(data, ZoneInfo(schedule.time_zone), at)
    people = {entry: _named(session, schedule.org_id, entry) for entry in entries}
    uids = {entry.uid for entry in entries}
    before = select(Override).where(
        Override.schedule_id == schedule.id, Override.imported_uid.in_(uids), Override.ended_at.is_(None)
    )  # fmt: skip
    for old in session.scalars(before):
        end_override(session, actor, old, at=at)
    for entry in entries:
        override(
            session, actor, schedule, people[entry], begins_at=calendars.as_moment(entry.begins),
            until=calendars.as_moment(entry.until), because=entry.summary, at=at, uid=entry.uid,
        )  # fmt: skip
    return len(entries)


def make_feed(
    session: Session, actor: Actor, schedule: Schedule, person: Person | None, *, at: datetime
) -> str:
    """Make an address that calendars read, of the schedule or of one person's turns; return its secret, once."""
    secret = secrets.new()
    made = Feed(
        schedule_id=schedule.id, person_id=person.id if person else None,
        token_hash=secrets.digest(secret), made_by_id=actor.id, created_at=at,
    )  # fmt: skip
    session.add(made)
    whose = person.name if person else "all"
    _record(session, actor, "on_call.feed_made", schedule, at, whose=whose)
    return secret


def revoke_feed(session: Session, actor: Actor, feed: Feed, *, at: datetime) -> None:
    """Let an address give nothing any more."""
    if feed.revoked_at is None:
        feed.revoked_at = at
        schedule = session.get_one(Schedule, feed.schedule_id)
        _record(session, actor, "on_call.feed_revoked", schedule, at, feed=feed.id)


def find(session: Session, orgs: Collection[int] | None, schedule_id: int) -> Schedule:
    """Return a schedule of these organisations (None: of any) that was not ended; NotFound otherwise."""
    found = session.get(Schedule, schedule_id)
    if found is None or found.ended_at or (orgs is not None and found.org_id not in orgs):
        raise NotFound(Refusal("no_such_schedule", N_("There is no such on-call schedule.")))
    return found


P = TypeVar("P", Override, Feed)


def part_of(schedule: Schedule, found: P | None) -> P:
    """Return what belongs to this schedule; else it is refused as if it were not there."""
    if found is None or found.schedule_id != schedule.id:
        raise NotFound(Refusal("no_such_part", N_("The schedule has nothing like that.")))
    return found


def holidays_of(session: Session, schedule: Schedule) -> list[Holiday]:
    """Return the holidays of a schedule in their order."""
    query = select(Holiday).where(Holiday.schedule_id == schedule.id).order_by(Holiday.day)
    return list(session.scalars(query))


def _check(session: Session, org_id: int, name: str, time_zone: str, own: Schedule | None) -> None:
    if refusal := hours.why_not_zone(time_zone):
        raise Invalid(refusal, field="time_zone")
    same = select(Schedule).where(
        Schedule.org_id == org_id, Schedule.name == name.strip(), Schedule.ended_at.is_(None)
    )
    if any(one is not own for one in session.scalars(same)):
        because = N_("There is a schedule “%(name)s” already; give this one another name.")
        raise Conflict(Refusal("name_taken", because, {"name": name.strip()}), field="name")


def _check_people(session: Session, org_id: int, wanted: Collection[int]) -> None:
    fine = set(
        session.scalars(
            select(Person.id).where(
                Person.id.in_(wanted), Person.org_id == org_id, Person.active.is_(True)
            )
        )
    )
    if set(wanted) - fine:
        because = N_("Somebody of these does not belong to the organisation, or is switched off.")
        raise Invalid(Refusal("not_theirs", because), field="turns")


def _named(session: Session, org_id: int, entry: calendars.Entry) -> Person:
    mine = select(Person).where(Person.org_id == org_id, Person.active.is_(True))
    by_mail = list(session.scalars(mine.where(Person.email.in_(entry.people))))
    found = by_mail or list(session.scalars(mine.where(Person.name == entry.summary)))
    if len(found) != 1:
        because = N_(
            "“%(entry)s” names %(count)s people of the organisation; one is expected: by mail address among those"
            " who take part, or by name in the title."
        )
        facts = {"entry": entry.summary, "count": len(found)}
        raise Invalid(Refusal("who_is_it", because, facts), field="file")
    return found[0]


def _people_in(layer: rota.Layer) -> set[int]:
    other = {layer.holiday_person} if layer.holiday_person is not None else set()
    return {person for turn in layer.turns for person in turn} | other


def _clear(session: Session, schedule: Schedule) -> None:
    layers = select(models.Layer.id).where(models.Layer.schedule_id == schedule.id)
    session.execute(delete(Turn).where(Turn.layer_id.in_(layers)))
    session.execute(delete(models.Layer).where(models.Layer.schedule_id == schedule.id))


def _add_layer(session: Session, schedule: Schedule, position: int, layer: rota.Layer) -> None:
    row = models.Layer(
        schedule_id=schedule.id, position=position, name=layer.name, turn_hours=layer.turn_hours,
        begins_on=layer.begins_on, hand_over_min=layer.hand_over_min,
        weekdays="".join(map(str, sorted(layer.hours.weekdays))), from_min=layer.hours.from_min,
        until_min=layer.hours.until_min, on_holidays=layer.on_holidays,
        holiday_person_id=layer.holiday_person,
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add_all(
        Turn(layer_id=row.id, number=number, person_id=person)
        for number, people in enumerate(layer.turns)
        for person in dict.fromkeys(people)
    )
    session.flush()


def _told(layer: rota.Layer) -> dict[str, object]:
    return {
        "name": layer.name, "turns": [list(turn) for turn in layer.turns], "hours": layer.turn_hours,
        "begins_on": layer.begins_on.isoformat(), "hand_over_min": layer.hand_over_min,
        "weekdays": sorted(layer.hours.weekdays), "from_min": layer.hours.from_min,
        "until_min": layer.hours.until_min, "on_holidays": layer.on_holidays,
        "holiday_person": layer.holiday_person,
    }  # fmt: skip


def _record(
    session: Session, actor: Actor, action: str, schedule: Schedule, at: datetime, **facts: object
) -> None:
    audit.record(
        session, actor, action, KIND, str(schedule.id), at=at, org_id=schedule.org_id,
        change=facts,
    )  # fmt: skip
