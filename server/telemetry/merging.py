"""Readings that come late into an hour that was thinned: added to its figures, each once, and gone."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.telemetry.columns import HOUR_MS
from server.telemetry.figure_models import MINUTES
from server.telemetry.making import MINUTE_MS
from server.telemetry.models import ReadingHour, ReadingMinute, reading

Point = tuple[int, float]
T = TypeVar("T")


def merge(session: Session, channel_id: int, hour_ms: int, grain: int) -> None:
    """Add the hour's late numbers to its figures, and to its minutes where these are still there.

    A gap can only become shorter by what came into it; that it did is not known, so it stays.
    """
    table = reading.c
    here = (table.channel_id == channel_id, table.at_ms >= hour_ms, table.at_ms < hour_ms + HOUR_MS)
    wanted = select(table.at_ms, table.value).where(*here, table.value.is_not(None))
    points = [(at, value) for at, value in session.execute(wanted.order_by(table.at_ms))]
    if points:
        if grain == MINUTES:
            _into_minutes(session, channel_id, points)
        _add(session.get_one(ReadingHour, (channel_id, hour_ms)), points)
    session.flush()
    session.execute(delete(reading).where(*here))


def _into_minutes(session: Session, channel_id: int, points: Iterable[Point]) -> None:
    by_minute: dict[int, list[Point]] = {}
    for point in points:
        by_minute.setdefault(point[0] // MINUTE_MS * MINUTE_MS, []).append(point)
    for minute_ms, some in by_minute.items():
        row = session.get(ReadingMinute, (channel_id, minute_ms))
        if row is None:
            row = ReadingMinute(
                channel_id=channel_id, minute_ms=minute_ms, n=0, least=some[0][1], mean=0.0,
                greatest=some[0][1], first_ms=some[0][0], last_ms=some[0][0], gap_s=0.0,
            )  # fmt: skip
            session.add(row)
        _add(row, some)


def _add(row: ReadingHour | ReadingMinute, points: Sequence[Point]) -> None:
    """Bring these numbers into the figures."""
    values = [value for _, value in points]
    count = row.n + len(values)
    row.mean = ((row.mean or 0.0) * row.n + sum(values)) / count
    row.least = min([*values, *_there(row.least)])
    row.greatest = max([*values, *_there(row.greatest)])
    row.first_ms = min(points[0][0], *_there(row.first_ms), points[0][0])
    row.last_ms = max(points[-1][0], *_there(row.last_ms), points[-1][0])
    row.n = count


def _there(value: T | None) -> list[T]:
    return [] if value is None else [value]
