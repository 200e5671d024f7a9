"""Six hours' figures, for charts of a year: made of the hours, and anew whenever one of these is.

Whoever makes an hour marks its six hours in the same transaction; the mark goes in the transaction
that makes their figures, so a worker that is killed in between loses nothing.
"""

from collections.abc import Iterable

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.core.db import Database
from server.telemetry import making
from server.telemetry.columns import SIX_HOURS_MS
from server.telemetry.figure_models import SixHoursDue
from server.telemetry.making import Mark

AT_ONCE = 64
"""Six hours a transaction: some ten milliseconds."""
SLICES = 50
"""Transactions a run; after an upgrade the newest of all channels come first."""

_FORGET_MARK = text(
    "DELETE FROM six_hours_due WHERE channel_id = :channel_id AND begin_ms = :begin_ms"
)
_FORGET = text(
    "DELETE FROM reading_six_hours WHERE channel_id = :channel_id AND begin_ms = :begin_ms"
)
_MAKE = text(
    "INSERT INTO reading_six_hours"
    " (channel_id, begin_ms, n, least, mean, greatest, first_ms, last_ms, gap_s)"
    " SELECT :channel_id, :begin_ms, n, least, mean, greatest, first_ms, last_ms, gap_s"
    " FROM (SELECT sum(n) AS n, min(least) AS least, sum(mean * n) / sum(n) AS mean,"
    "   max(greatest) AS greatest, min(first_ms) AS first_ms, max(last_ms) AS last_ms,"
    "   coalesce(sum(gap_s), 0)"
    "    + coalesce(sum(CASE WHEN since > :silence THEN since END), 0) / 1000.0 AS gap_s"
    "  FROM (SELECT n, least, mean, greatest, gap_s, first_ms, last_ms,"
    "    first_ms - lag(last_ms) OVER (ORDER BY first_ms) AS since"
    "   FROM (SELECT n, least, mean, greatest, gap_s, coalesce(first_ms, hour_ms) AS first_ms,"
    "     coalesce(last_ms, hour_ms + 3599999) AS last_ms FROM reading_hour"
    "    WHERE channel_id = :channel_id AND hour_ms >= :begin_ms AND hour_ms < :end_ms AND n > 0"
    "   ) AS hours) AS followed) AS figures"
    " WHERE n > 0"
)
_MARK = text(  # an existing mark is locked, so that nobody makes the figures without these hours
    "INSERT INTO six_hours_due (channel_id, begin_ms) VALUES (:channel_id, :begin_ms)"
    " ON CONFLICT (channel_id, begin_ms) DO UPDATE SET begin_ms = excluded.begin_ms"
)


def begin_of(at_ms: int) -> int:
    """Return when the six hours began that this moment lies in."""
    return at_ms // SIX_HOURS_MS * SIX_HOURS_MS


def mark(session: Session, hours: Iterable[Mark]) -> None:
    """Note that the figures of these hours (channel id, hour) were made."""
    marks = sorted({(channel_id, begin_of(hour_ms)) for channel_id, hour_ms in hours})
    if marks:
        session.execute(_MARK, [{"channel_id": id_, "begin_ms": begin} for id_, begin in marks])


def make_due(database: Database) -> int:
    """Make the figures that are due, the newest first, in short transactions; returns how many."""
    done = 0
    for _ in range(SLICES):
        with database.reading() as session:
            if session.scalar(select(SixHoursDue.begin_ms).limit(1)) is None:
                return done
        with database.writing() as session:
            done += _make_some(session)
    return done


def _make_some(session: Session) -> int:
    wanted = (
        select(SixHoursDue.channel_id, SixHoursDue.begin_ms)
        .order_by(SixHoursDue.begin_ms.desc())
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    marks = [(row.channel_id, row.begin_ms) for row in session.execute(wanted)]
    if not marks:
        return 0
    silences = making.silences(session, (channel_id for channel_id, _ in marks))
    facts = [
        {
            "channel_id": id_, "begin_ms": begin, "end_ms": begin + SIX_HOURS_MS,
            "silence": silences[id_],
        }
        for id_, begin in marks
    ]  # fmt: skip
    session.execute(_FORGET_MARK, facts)
    session.execute(_FORGET, facts)
    session.execute(_MAKE, facts)
    return len(marks)
