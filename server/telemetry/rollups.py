"""Minutes and hours: made from the readings after an hour is over, and again when late readings came.

Whoever stores a reading marks its hour in the same transaction and keeps the mark locked. The roll-up
takes the mark away before it reads: what is stored meanwhile waits for it and marks the hour again.
An hour whose readings have been thinned is never made anew from what came late alone: the late ones
are added to its figures, and go.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, tuple_
from sqlalchemy.orm import Session

from server.core.clock import to_ms
from server.core.db import Database
from server.telemetry import late, making, merging, six_hours
from server.telemetry.columns import HOUR_MS
from server.telemetry.figure_models import UNMADE
from server.telemetry.making import Mark
from server.telemetry.models import HourDue, ReadingHour

OVER_FOR = timedelta(minutes=5)
"""An hour is rolled up when it has been over for so long; most of what is late has come by then."""
AT_ONCE = 16
"""Hours a transaction: about 6,000 readings, a few tens of milliseconds."""
OLD_AT_ONCE = 16
OLD_SLICES = 8
"""Hours of an earlier version are made anew in the background, so many slices a run."""


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
    grains = _grains(session, marks)
    late.note(session, marks, grains, now)
    silences = making.silences(session, (channel_id for channel_id, _ in marks))
    for channel_id, hour_ms in marks:
        if grains.get((channel_id, hour_ms)):
            merging.merge(session, channel_id, hour_ms, grains[channel_id, hour_ms])
        else:
            making.make(session, channel_id, hour_ms, silences[channel_id])
    six_hours.mark(session, marks)
    return len(marks)


def _grains(session: Session, marks: list[Mark]) -> dict[Mark, int]:
    """Return how fine those of these hours are kept that have been made before."""
    wanted = select(ReadingHour.channel_id, ReadingHour.hour_ms, ReadingHour.grain).where(
        tuple_(ReadingHour.channel_id, ReadingHour.hour_ms).in_(marks)
    )
    return {(row.channel_id, row.hour_ms): row.grain for row in session.execute(wanted)}


def remake_old(database: Database, now: datetime) -> int:
    """Count the gaps and the minutes of hours that an earlier version made; returns how many hours.

    A few slices a run, the newest hours first. An hour of which fewer readings are there than it
    counts keeps its figures: where none is left it stands as an hour that is kept alone.
    """
    done = 0
    for _ in range(OLD_SLICES):
        with database.reading() as session:
            if not _old(session, 1):
                return done
        with database.writing() as session:
            marks = _old(session, OLD_AT_ONCE)
            silences = making.silences(session, (channel_id for channel_id, _ in marks))
            for channel_id, hour_ms in marks:
                making.make_old(session, channel_id, hour_ms, silences[channel_id])
            six_hours.mark(session, marks)
        done += len(marks)
    return done


def _old(session: Session, most: int) -> list[Mark]:
    wanted = (
        select(ReadingHour.channel_id, ReadingHour.hour_ms)
        .where(UNMADE)
        .order_by(ReadingHour.hour_ms.desc(), ReadingHour.channel_id)
        .limit(most)
    )
    return [(row.channel_id, row.hour_ms) for row in session.execute(wanted)]
