"""Figures to be counted: queries of one channel whose rows are readings, minutes or hours.

Each row says at_ms and last_ms (its first and last number), n, least, total, greatest and gap_ms (in
silences between its own numbers). What was thinned comes in the grain that is left of it, and nothing
counts twice.
"""

from collections.abc import Iterator
from heapq import merge
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    Select,
    SelectBase,
    Subquery,
    bindparam,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from server.core.plain import Plain
from server.telemetry.columns import HOUR_MS
from server.telemetry.figure_models import (
    HOURS,
    MINUTES,
    READINGS,
    HourDue,
    ReadingHour,
    ReadingMinute,
)
from server.telemetry.models import reading

Level = Literal["reading", "minute", "hour", "six_hours"]
Row = tuple[int, int, int, float, float, float, float]
Given = int | ColumnElement[int]
Figures = Select[*tuple[Any, ...]]
_HOUR = ReadingHour


def readings(session: Session, channel_id: int, from_ms: int, to_ms: int) -> Subquery:
    """Return the readings that have a number, and what is left of those that were thinned."""
    raw = _readings(channel_id).where(reading.c.at_ms >= from_ms, reading.c.at_ms < to_ms)
    if not _is_any_thin(session, channel_id, from_ms, to_ms):
        return raw.subquery()
    minutes = _minutes(channel_id, from_ms, to_ms).where(_grain_of_minute(MINUTES))
    hours = _hours(channel_id, _floor(from_ms), to_ms).where(_is_only_hour())
    return union_all(raw, minutes, hours).subquery()


def hour_figures(channel_id: int, from_ms: int, to_ms: int) -> Subquery:
    """Return the hours that begin within; those that wait to be made are counted from their readings."""
    done = _hours(channel_id, from_ms, to_ms).where(~_hour_is_due() | (_HOUR.grain > READINGS))
    return union_all(done, _due(channel_id, from_ms, to_ms)).subquery()


def stream(
    session: Session, channel_id: int, level: Level, from_ms: int, to_ms: int
) -> Iterator[Row]:
    """Yield the figures of this level in the order of time, for one pass over them.

    What waits to be made comes as readings, what was thinned in the grain that is left of it.
    """
    if level == "reading":
        return _raw(session, channel_id, from_ms, to_ms)
    waiting = _waiting(session, channel_id, from_ms, to_ms)
    due = {hour_ms for hour_ms, thin in waiting.items() if not thin}
    parts = [
        (_numbers if thin else _raw)(
            session, channel_id, max(hour_ms, from_ms), min(hour_ms + HOUR_MS, to_ms)
        )
        for hour_ms, thin in waiting.items()
    ]
    if level == "minute":
        minutes = _minutes(channel_id, from_ms, to_ms).order_by(ReadingMinute.minute_ms)
        parts.append(_but(due, _rows(session, minutes)))
        hours = _hours(channel_id, _floor(from_ms), to_ms).where(_HOUR.grain == HOURS)
        parts.append(_rows(session, hours.order_by(_HOUR.hour_ms)))
    else:
        hours_ = _MADE.ask(session, channel_id=channel_id, low=from_ms, high=to_ms).rows()
        parts.append(_but(due, iter(hours_)))
    return merge(*parts) if len(parts) > 1 else parts[0]


def _raw(session: Session, channel_id: int, from_ms: int, to_ms: int) -> Iterator[Row]:
    """Yield the readings that have a number, and what is left of those that were thinned."""
    numbers = _numbers(session, channel_id, from_ms, to_ms)
    if not _is_any_thin(session, channel_id, from_ms, to_ms):
        return numbers
    minutes = _minutes(channel_id, from_ms, to_ms).where(_grain_of_minute(MINUTES))
    hours = _hours(channel_id, _floor(from_ms), to_ms).where(_is_only_hour())
    return merge(
        numbers,
        _rows(session, minutes.order_by(ReadingMinute.minute_ms)),
        _rows(session, hours.order_by(_HOUR.hour_ms)),
    )


def _rows(session: Session, wanted: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    return iter(session.execute(wanted).all())


def _but(due: set[int], rows: Iterator[Row]) -> Iterator[Row]:
    """Leave out the figures of hours that wait to be made anew."""
    return (row for row in rows if row[0] // HOUR_MS * HOUR_MS not in due) if due else rows


def _numbers(session: Session, channel_id: int, from_ms: int, to_ms: int) -> Iterator[Row]:
    """Yield the readings that have a number."""
    table = reading.c
    wanted = select(table.at_ms, table.value).where(
        table.channel_id == channel_id, table.at_ms >= from_ms, table.at_ms < to_ms
    )
    found = session.execute(wanted.order_by(table.at_ms)).all()
    return ((at, at, 1, v, v, v, 0.0) for at, v in found if v is not None)


def _waiting(session: Session, channel_id: int, from_ms: int, to_ms: int) -> dict[int, bool]:
    """Return the hours that wait for the roll-up, and whether each was thinned: late ones are then added."""
    low = _floor(from_ms)
    found = _WAITING.ask(session, channel_id=channel_id, low=low, high=to_ms).rows()
    return {hour_ms: bool(thin) for hour_ms, thin in found}


def plain_until(session: Session, channel_id: int, level: Level, from_ms: int, to_ms: int) -> int:
    """Return until when this level's own table tells all: up to the first hour that waits to be made.

    That is `from_ms` where it does not at all: among readings, and where hours have lost their minutes.
    """
    if level == "reading":
        return from_ms
    if level == "minute":
        thin = _within(from_ms, to_ms, channel_id), _HOUR.grain == HOURS
        if (
            session.scalar(select(_HOUR.hour_ms).where(*thin).order_by(_HOUR.hour_ms).limit(1))
            is not None
        ):
            return from_ms
    due = select(func.min(HourDue.hour_ms)).where(
        HourDue.channel_id == channel_id,
        HourDue.hour_ms >= _floor(from_ms),
        HourDue.hour_ms < to_ms,
    )
    first = session.scalar(due)
    return to_ms if first is None else max(first, from_ms)


def plain(channel_id: int, level: Level, from_ms: int, to_ms: int) -> Figures:
    """Return the query of a level's own table, with the `start` of each row, in whose order an index gives them."""
    if level == "minute":
        return _minutes(channel_id, from_ms, to_ms).add_columns(
            ReadingMinute.minute_ms.label("start")
        )
    return _hours(channel_id, from_ms, to_ms).add_columns(_HOUR.hour_ms.label("start"))


def has_minutes(session: Session, channel_id: int, from_ms: int, to_ms: int) -> bool:
    """Say whether no hour of this time was left without minutes by an earlier version."""
    old = _within(from_ms, to_ms, channel_id), _HOUR.gap_s.is_(None), _HOUR.grain == READINGS
    return (
        session.scalar(select(_HOUR.hour_ms).where(*old).order_by(_HOUR.hour_ms).limit(1)) is None
    )


def _floor(at_ms: int) -> int:
    return at_ms // HOUR_MS * HOUR_MS


def _within(from_ms: int, to_ms: int, channel_id: int) -> Any:  # noqa: ANN401  SQLAlchemy's AND
    inside = (_HOUR.hour_ms >= _floor(from_ms)) & (_HOUR.hour_ms < to_ms)
    return (_HOUR.channel_id == channel_id) & inside


def _is_any_thin(session: Session, channel_id: int, from_ms: int, to_ms: int) -> bool:
    wanted = select(_HOUR.hour_ms).where(_within(from_ms, to_ms, channel_id))
    wanted = wanted.where((_HOUR.grain > READINGS) | _HOUR.gap_s.is_(None))
    wanted = wanted.order_by(_HOUR.hour_ms).limit(1)  # PostgreSQL then walks along the index
    return session.scalar(wanted) is not None


def _readings(channel_id: int) -> Select[*tuple[Any, ...]]:
    table = reading.c
    return (
        select(
            table.at_ms.label("at_ms"),
            table.at_ms.label("last_ms"),
            literal(1).label("n"),
            table.value.label("least"),
            table.value.label("total"),
            table.value.label("greatest"),
            literal(0.0, Float).label("gap_ms"),
        )
        .select_from(reading)
        .where(table.channel_id == channel_id, table.value.is_not(None))
    )


def _minutes(channel_id: int, from_ms: int, to_ms: int) -> Select[*tuple[Any, ...]]:
    m = ReadingMinute
    return select(
        m.first_ms.label("at_ms"), m.last_ms.label("last_ms"), m.n.label("n"), m.least.label("least"),
        (m.mean * m.n).label("total"), m.greatest.label("greatest"), (m.gap_s * 1000).label("gap_ms"),
    ).where(m.channel_id == channel_id, m.minute_ms >= from_ms, m.minute_ms < to_ms)  # fmt: skip


def _hours(channel_id: Given, from_ms: Given, to_ms: Given) -> Select[*tuple[Any, ...]]:
    return select(
        func.coalesce(_HOUR.first_ms, _HOUR.hour_ms).label("at_ms"),
        func.coalesce(_HOUR.last_ms, _HOUR.hour_ms + (HOUR_MS - 1)).label("last_ms"),
        _HOUR.n.label("n"),
        _HOUR.least.label("least"),
        (_HOUR.mean * _HOUR.n).label("total"),
        _HOUR.greatest.label("greatest"),
        (func.coalesce(_HOUR.gap_s, 0.0) * 1000).label("gap_ms"),
    ).where(
        _HOUR.channel_id == channel_id, _HOUR.hour_ms >= from_ms, _HOUR.hour_ms < to_ms, _HOUR.n > 0
    )


def _grain_of_minute(grain: int) -> Any:  # noqa: ANN401  SQLAlchemy's EXISTS
    m = ReadingMinute
    return (
        select(_HOUR.hour_ms)
        .where(
            _HOUR.channel_id == m.channel_id, _HOUR.hour_ms == m.minute_ms - m.minute_ms % HOUR_MS
        )
        .where(_HOUR.grain == grain)
        .correlate(m)
        .exists()
    )


def _is_only_hour() -> Any:  # noqa: ANN401  SQLAlchemy's OR
    """Nothing but the hour is left: thinned, or of an earlier version that kept no readings of it."""
    table = reading.c
    here = table.channel_id == _HOUR.channel_id, table.at_ms >= _HOUR.hour_ms
    raw = select(table.at_ms).where(*here, table.at_ms < _HOUR.hour_ms + HOUR_MS)
    return (_HOUR.grain == HOURS) | (
        (_HOUR.grain == READINGS) & _HOUR.gap_s.is_(None) & ~raw.correlate(_HOUR).exists()
    )


def _hour_is_due() -> Any:  # noqa: ANN401  SQLAlchemy's EXISTS
    same = HourDue.channel_id == _HOUR.channel_id, HourDue.hour_ms == _HOUR.hour_ms
    return select(HourDue.hour_ms).where(*same).exists()


def _due(channel_id: int, from_ms: int, to_ms: int) -> SelectBase:
    """Hours whose figures are still to be made, counted from their readings."""
    table = reading.c
    inside = (table.channel_id == channel_id) & (table.at_ms >= HourDue.hour_ms)
    return (
        select(
            func.min(table.at_ms),
            func.max(table.at_ms),
            func.count(table.value),
            func.min(table.value),
            func.sum(table.value),
            func.max(table.value),
            literal(0.0, Float),
        )
        .select_from(HourDue)
        .join(reading, inside & (table.at_ms < HourDue.hour_ms + HOUR_MS))
        .where(
            HourDue.channel_id == channel_id, HourDue.hour_ms >= from_ms, HourDue.hour_ms < to_ms
        )
        .where(table.value.is_not(None))
        .group_by(HourDue.hour_ms)
    )


_LOW, _HIGH = bindparam("low", type_=BigInteger), bindparam("high", type_=BigInteger)
_MADE = Plain(_hours(bindparam("channel_id", type_=Integer), _LOW, _HIGH).order_by(_HOUR.hour_ms))
_WAITING = Plain(
    select(
        HourDue.hour_ms,
        select(_HOUR.hour_ms)
        .where(_HOUR.channel_id == HourDue.channel_id, _HOUR.hour_ms == HourDue.hour_ms)
        .where(_HOUR.grain > READINGS)
        .exists()
        .label("thin"),
    )
    .where(HourDue.channel_id == bindparam("channel_id", type_=Integer))
    .where(HourDue.hour_ms >= _LOW, HourDue.hour_ms < _HIGH)
    .order_by(HourDue.hour_ms)
)
