"""A channel's past as rows of a file: every reading, or figures by step. Times in UTC and in the site's zone.

Read day by day, each in a short session of its own: a long file holds nothing up.
"""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge_agent.wire.quality import Quality, is_overdue, without_bit
from server.core.clock import from_ms
from server.core.db import Database
from server.telemetry.columns import HOUR_MS
from server.telemetry.figure_models import READINGS
from server.telemetry.history import DAY_MS, Track
from server.telemetry.models import ReadingHour, reading

READING_HEAD = ("time_utc", "time_site", "value", "unit", "quality", "note")
FIGURE_HEAD = (
    "from_utc", "from_site", "until_utc", "readings", "lowest", "mean", "highest", "unknown_s", "unit",
)  # fmt: skip
THINNED = "thinned: figures by step tell of this hour"


def reading_rows(
    database: Database, channel_id: int, from_ms_: int, to_ms: int, unit: str, zone: ZoneInfo
) -> Iterator[Sequence[object]]:
    """Yield every reading; an hour whose readings were thinned has one row that says so."""
    for begin in range(from_ms_ - from_ms_ % DAY_MS, to_ms, DAY_MS):
        low, high = max(begin, from_ms_), min(begin + DAY_MS, to_ms)
        with database.reading() as session:
            rows = _day(session, channel_id, low, high)
        for at, value, quality, note in rows:
            yield (*_times(at, zone), "" if value is None else value, unit, quality, note)


Row = tuple[int, float | None, str, str]


def _day(session: Session, channel_id: int, low: int, high: int) -> list[Row]:
    table = reading.c
    wanted = select(table.at_ms, table.value, table.quality).where(
        table.channel_id == channel_id, table.at_ms >= low, table.at_ms < high
    )
    found: list[Row] = [
        (at, value, quality_word(quality), "") for at, value, quality in session.execute(wanted)
    ]
    thin = select(ReadingHour.hour_ms).where(
        ReadingHour.channel_id == channel_id, ReadingHour.grain > READINGS,
        ReadingHour.hour_ms >= low - low % HOUR_MS, ReadingHour.hour_ms < high,
    )  # fmt: skip
    found += [(max(at, low), None, "", THINNED) for at in session.scalars(thin)]
    return sorted(found, key=lambda row: row[0])


def quality_word(quality: int) -> str:
    """Return the quality as ck1 names it: good, uncertain, open_probe, with +calibration_overdue."""
    try:
        word = Quality(without_bit(quality)).name.lower()
    except ValueError:
        return str(quality)
    return f"{word}+calibration_overdue" if is_overdue(quality) else word


def figure_rows(
    track: Track, from_ms_: int, to_ms: int, unit: str, zone: ZoneInfo
) -> Iterator[Sequence[object]]:
    """Yield the track's buckets in order; one without a number has no figures and says how long it was unknown."""
    known = {t: i for i, t in enumerate(track.t)}
    first = track.t[0] if track.t else from_ms_
    first -= max(first - from_ms_, 0) // track.bucket_ms * track.bucket_ms
    for t in range(first, to_ms, track.bucket_ms):
        end = min(t + track.bucket_ms, to_ms)
        i = known.get(t)
        if i is not None:
            told: Sequence[object] = (
                track.n[i], track.least[i], track.mean[i], track.greatest[i], track.unknown_s[i],
            )  # fmt: skip
        else:
            told = (0, "", "", "", _unknown(track, t, end))
        yield (*_times(t, zone), from_ms(end).isoformat(timespec="milliseconds"), *told, unit)


def _unknown(track: Track, begin: int, end: int) -> float:
    inside = (min(b, end) - max(a, begin) for a, b in track.gaps)
    return sum(part for part in inside if part > 0) / 1000


def _times(at_ms: int, zone: ZoneInfo) -> tuple[str, str]:
    at = from_ms(at_ms)
    there = at.astimezone(zone).isoformat(timespec="milliseconds")
    return at.isoformat(timespec="milliseconds"), f"{there}[{zone.key}]"
