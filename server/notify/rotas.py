"""Reads of on-call schedules, as the rules that decide who is on need them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.notify import models, rota
from server.notify.hours import Hours
from server.notify.models import Absence, CallStep, Holiday, Override, Schedule, Turn
from server.notify.rota import Cover, Layer, Rota, Shift

LOOK_AHEAD = timedelta(days=14)


def load(
    session: Session, schedule_ids: Collection[int], begins_at: datetime, until: datetime
) -> dict[int, Rota]:
    """Return these schedules with what holds between two moments; those that were ended are left out."""
    live = select(Schedule).where(Schedule.id.in_(schedule_ids), Schedule.ended_at.is_(None))
    found = {one.id: one for one in session.scalars(live)}
    layers = _layers(session, list(found))
    overrides = _overrides(session, list(found), begins_at, until)
    days = select(Holiday).where(Holiday.schedule_id.in_(found))
    holidays = list(session.scalars(days))
    away = _absences(session, begins_at, until) if found else ()
    return {
        number: Rota(
            ZoneInfo(one.time_zone),
            layers[number],
            overrides[number],
            away,
            {day.day: day.name for day in holidays if day.schedule_id == number},
        )
        for number, one in found.items()
    }


def schedules_of(session: Session, org_id: int) -> list[Schedule]:
    """Return the schedules of an organisation by name."""
    query = select(Schedule).where(Schedule.org_id == org_id, Schedule.ended_at.is_(None))
    return list(session.scalars(query.order_by(Schedule.name, Schedule.id)))


def gaps_of(
    session: Session, org_id: int, begins_at: datetime, until: datetime
) -> list[tuple[Schedule, Shift]]:
    """Return the times between two moments in which a schedule that a step tells has nobody on call.

    Which organisation's steps these are, `org_id` says; a schedule that nothing asks may have its holes.
    """
    asked = set(session.scalars(select(CallStep.schedule_id).where(CallStep.org_id == org_id)))
    schedules = [one for one in schedules_of(session, org_id) if one.id in asked]
    found = load(session, [one.id for one in schedules], begins_at, until)
    return [(one, gap) for one in schedules for gap in rota.gaps(found[one.id], begins_at, until)]


def _layers(session: Session, schedule_ids: Sequence[int]) -> dict[int, list[Layer]]:
    rows = list(
        session.scalars(
            select(models.Layer)
            .where(models.Layer.schedule_id.in_(schedule_ids))
            .order_by(models.Layer.position)
        )
    )
    turns = turns_of(session, [row.id for row in rows])
    found: dict[int, list[Layer]] = {number: [] for number in schedule_ids}
    for row in rows:
        found[row.schedule_id].append(_layer(row, turns[row.id]))
    return found


def turns_of(session: Session, layer_ids: Sequence[int]) -> dict[int, tuple[tuple[int, ...], ...]]:
    """Return who is on in each turn of these layers, in their order."""
    query = select(Turn).where(Turn.layer_id.in_(layer_ids))
    by_number: dict[int, dict[int, list[int]]] = {number: {} for number in layer_ids}
    for turn in session.scalars(query.order_by(Turn.layer_id, Turn.number, Turn.person_id)):
        by_number[turn.layer_id].setdefault(turn.number, []).append(turn.person_id)
    return {
        layer: tuple(tuple(people) for people in turns.values())
        for layer, turns in by_number.items()
    }


def _layer(row: models.Layer, turns: tuple[tuple[int, ...], ...]) -> Layer:
    return Layer(
        name=row.name,
        turns=turns,
        turn_hours=row.turn_hours,
        begins_on=row.begins_on,
        hand_over_min=row.hand_over_min,
        hours=Hours(frozenset(int(day) for day in row.weekdays), row.from_min, row.until_min),
        on_holidays=row.on_holidays,
        holiday_person=row.holiday_person_id,
    )


def _overrides(
    session: Session, schedule_ids: Sequence[int], begins_at: datetime, until: datetime
) -> dict[int, list[Cover]]:
    query = select(Override).where(
        Override.schedule_id.in_(schedule_ids), Override.ended_at.is_(None),
        Override.until > begins_at, Override.begins_at <= until,
    )  # fmt: skip
    found: dict[int, list[Cover]] = {number: [] for number in schedule_ids}
    for one in session.scalars(query.order_by(Override.id)):
        found[one.schedule_id].append(Cover(one.begins_at, one.until, one.person_id))
    return found


def _absences(session: Session, begins_at: datetime, until: datetime) -> list[Cover]:
    query = select(Absence).where(
        Absence.ended_at.is_(None), Absence.until > begins_at, Absence.begins_at <= until
    )
    return [
        Cover(one.begins_at, one.until, one.cover_id, one.person_id)
        for one in session.scalars(query.order_by(Absence.id))
    ]
