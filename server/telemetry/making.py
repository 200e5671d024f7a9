"""One hour's figures, and those of its minutes, from its readings: set-based, on both databases."""

from collections.abc import Iterable

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from server.telemetry.columns import HOUR_MS
from server.telemetry.figure_models import HOURS
from server.telemetry.models import Channel, ReadingHour, reading

MISSED = 3
"""After so many missed intervals nothing is known."""
LEAST_SILENCE_MS = 30_000
USUAL_INTERVAL_S = 10.0
MINUTE_MS = 60_000
Mark = tuple[int, int]
"""(channel id, when the hour begins)"""

_FORGET_MINUTES = text(
    "DELETE FROM reading_minute"
    " WHERE channel_id = :channel_id AND minute_ms >= :hour_ms AND minute_ms < :end_ms"
)
_MINUTES = text(
    "INSERT INTO reading_minute"
    " (channel_id, minute_ms, n, least, mean, greatest, first_ms, last_ms, gap_s)"
    " SELECT :channel_id, minute * 60000, count(*), min(value), avg(value), max(value),"
    "  min(at_ms), max(at_ms), coalesce(sum(CASE WHEN since > :silence THEN since END), 0) / 1000.0"
    " FROM (SELECT at_ms / 60000 AS minute, at_ms, value,"
    "   at_ms - lag(at_ms) OVER (PARTITION BY at_ms / 60000 ORDER BY at_ms) AS since"
    "  FROM reading WHERE channel_id = :channel_id AND at_ms >= :hour_ms AND at_ms < :end_ms"
    "   AND value IS NOT NULL) AS numbers"
    " GROUP BY minute"
)
_HOUR = text(
    "INSERT INTO reading_hour"
    " (channel_id, hour_ms, n, least, mean, greatest, first_ms, last_ms, gap_s)"
    " SELECT :channel_id, :hour_ms, coalesce(sum(n), 0), min(least), sum(mean * n) / sum(n),"
    "  max(greatest), min(first_ms), max(last_ms),"
    "  coalesce(sum(gap_s), 0) + coalesce(sum(CASE WHEN since > :silence THEN since END), 0) / 1000.0"
    " FROM (SELECT n, least, mean, greatest, first_ms, last_ms, gap_s,"
    "   first_ms - lag(last_ms) OVER (ORDER BY minute_ms) AS since"
    "  FROM reading_minute"
    "  WHERE channel_id = :channel_id AND minute_ms >= :hour_ms AND minute_ms < :end_ms) AS minutes WHERE true"
    " ON CONFLICT (channel_id, hour_ms) DO UPDATE SET n = excluded.n, least = excluded.least,"
    "  mean = excluded.mean, greatest = excluded.greatest, first_ms = excluded.first_ms,"
    "  last_ms = excluded.last_ms, gap_s = excluded.gap_s"
)


def silence_ms(interval_s: float) -> int:
    """Return after how many milliseconds without a number a channel's value is unknown."""
    return max(round(MISSED * interval_s * 1000), LEAST_SILENCE_MS)


def silences(session: Session, channel_ids: Iterable[int]) -> dict[int, int]:
    """Return after how many ms each of these channels is unknown; one that is gone counts as usual."""
    wanted = set(channel_ids)
    found = dict.fromkeys(wanted, silence_ms(USUAL_INTERVAL_S))
    rows = select(Channel.id, Channel.interval_s).where(Channel.id.in_(wanted))
    return found | {row.id: silence_ms(row.interval_s) for row in session.execute(rows)}


def make(session: Session, channel_id: int, hour_ms: int, silence: int) -> None:
    """Make the hour's minutes and its own figures from its readings; `silence` in ms."""
    facts = _facts(channel_id, hour_ms, silence)
    session.execute(_FORGET_MINUTES, facts)
    session.execute(_MINUTES, facts)
    session.execute(_HOUR, facts)


def hour_of_minutes(session: Session, channel_id: int, hour_ms: int, silence: int) -> None:
    """Make the hour's own figures from its minutes."""
    session.execute(_HOUR, _facts(channel_id, hour_ms, silence))


def _facts(channel_id: int, hour_ms: int, silence: int) -> dict[str, int]:
    return {
        "channel_id": channel_id, "hour_ms": hour_ms, "end_ms": hour_ms + HOUR_MS, "silence": silence,
    }  # fmt: skip


def make_old(session: Session, channel_id: int, hour_ms: int, silence: int) -> None:
    """Make an hour of an earlier version anew, unless it counts readings that are gone."""
    hour = session.get_one(ReadingHour, (channel_id, hour_ms))
    there = _numbers(session, channel_id, hour_ms)
    if there >= hour.n:
        make(session, channel_id, hour_ms, silence)
        return
    kept = {"grain": HOURS} if there == 0 else {}
    session.execute(
        update(ReadingHour)
        .where(ReadingHour.channel_id == channel_id, ReadingHour.hour_ms == hour_ms)
        .values(first_ms=hour_ms, last_ms=hour_ms + HOUR_MS - 1, **kept)
    )


def _numbers(session: Session, channel_id: int, hour_ms: int) -> int:
    table = reading.c
    wanted = select(func.count(table.value)).where(
        table.channel_id == channel_id, table.at_ms >= hour_ms, table.at_ms < hour_ms + HOUR_MS
    )
    return session.scalar(wanted) or 0
