"""Hourly figures: made from the readings after an hour is over, and again when late readings came.

Whoever stores a reading marks its hour in the same transaction and keeps the mark locked. The roll-up
takes the mark away before it reads: what is stored meanwhile waits for it and marks the hour again.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, text
from sqlalchemy.orm import Session

from server.core.clock import to_ms
from server.core.db import Database
from server.telemetry.columns import HOUR_MS
from server.telemetry.models import HourDue

OVER_FOR = timedelta(minutes=5)
"""An hour is rolled up when it has been over for so long; most of what is late has come by then."""
AT_ONCE = 32
"""Hours a transaction: about 12,000 readings, a few tens of milliseconds."""

_ROLL = text(
    "INSERT INTO reading_hour (channel_id, hour_ms, n, least, mean, greatest)"
    " SELECT :channel_id, :hour_ms, count(value), min(value), avg(value), max(value) FROM reading"
    " WHERE channel_id = :channel_id AND at_ms >= :hour_ms AND at_ms < :end_ms"
    " ON CONFLICT (channel_id, hour_ms) DO UPDATE SET"
    " n = excluded.n, least = excluded.least, mean = excluded.mean, greatest = excluded.greatest"
)


def roll(database: Database, now: datetime) -> int:
    """Make the figures of all hours that are due, in short transactions; returns how many hours."""
    with database.reading() as session:  # most times nothing is due: then nothing waits for a lock
        if session.scalar(select(HourDue.hour_ms).where(_is_over(now)).limit(1)) is None:
            return 0
    done = 0
    while True:
        with database.writing() as session:
            count = _roll_some(session, now)
        done += count
        if count < AT_ONCE:
            return done


def _is_over(now: datetime) -> ColumnElement[bool]:
    return HourDue.hour_ms <= to_ms(now - OVER_FOR) - HOUR_MS


def _roll_some(session: Session, now: datetime) -> int:
    due = (
        select(HourDue.channel_id, HourDue.hour_ms)
        .where(_is_over(now))
        .order_by(HourDue.hour_ms, HourDue.channel_id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)  # a mark that an ingest holds is taken next time
    )
    marks = [(row.channel_id, row.hour_ms) for row in session.execute(due)]
    for channel_id, hour_ms in marks:
        session.execute(
            delete(HourDue).where(HourDue.channel_id == channel_id, HourDue.hour_ms == hour_ms)
        )
    for channel_id, hour_ms in marks:
        facts = {"channel_id": channel_id, "hour_ms": hour_ms, "end_ms": hour_ms + HOUR_MS}
        session.execute(_ROLL, facts)
    return len(marks)
