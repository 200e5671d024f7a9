"""Which times readings came into when they were long over: alarms look at these once more.

The roll-up notes them, and so does an import of a log. A reader remembers the last number that it saw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from server.core.clock import to_ms
from server.core.db import Database
from server.telemetry.columns import HOUR_MS
from server.telemetry.models import LateHour

LATE_AFTER = timedelta(hours=2)
"""An hour that is made for the first time so long after its end came late."""
KEPT_FOR = timedelta(days=90)
MOST = 2_000

Mark = tuple[int, int]


@dataclass(frozen=True)
class LateWindow:
    """From when until when (ms since 1970 UTC) readings of a channel came late, in whole hours."""

    channel_id: int
    from_ms: int
    to_ms: int
    found_at: datetime


def note(session: Session, marks: Sequence[Mark], made: Mapping[Mark, int], now: datetime) -> None:
    """Note those of these hours that were made before, or are long over."""
    limit = to_ms(now - LATE_AFTER) - HOUR_MS
    rows = [
        {"channel_id": mark[0], "hour_ms": mark[1], "found_at": now}
        for mark in marks
        if mark in made or mark[1] < limit
    ]
    if rows:
        session.execute(insert(LateHour), rows)


def since(session: Session, seen: int) -> tuple[list[LateWindow], int]:
    """Return what came late after the note with this number, neighbouring hours as one window.

    The second figure is the number to ask with the next time; at most 2,000 hours are told at once.
    Test data of drills never comes here. Ask in a transaction that also keeps the number.
    """
    wanted = select(LateHour).where(LateHour.id > seen).order_by(LateHour.id).limit(MOST)
    rows = list(session.scalars(wanted))
    return windows(rows), rows[-1].id if rows else seen


def windows(rows: Sequence[LateHour]) -> list[LateWindow]:
    """Return these hours as windows, by channel and time."""
    found: list[LateWindow] = []
    for row in sorted(rows, key=lambda one: (one.channel_id, one.hour_ms, one.id)):
        last = found[-1] if found else None
        if last and last.channel_id == row.channel_id and row.hour_ms <= last.to_ms:
            end = max(last.to_ms, row.hour_ms + HOUR_MS)
            at = max(last.found_at, row.found_at)
            found[-1] = LateWindow(last.channel_id, last.from_ms, end, at)
        else:
            found.append(
                LateWindow(row.channel_id, row.hour_ms, row.hour_ms + HOUR_MS, row.found_at)
            )
    return found


def forget(database: Database, now: datetime) -> None:
    """Forget notes that are older than ninety days."""
    old = LateHour.found_at < now - KEPT_FOR
    with database.reading() as session:
        if session.scalar(select(LateHour.id).where(old).limit(1)) is None:
            return
    with database.writing() as session:
        session.execute(delete(LateHour).where(old))
