"""A channel's past: least, mean and greatest per bucket, and the times in which nothing was known.

Short ranges are counted from the readings over their index, longer ones from the minutes, long ones
from the hours, a year from six hours at a time; hours that wait for the roll-up are counted from their
readings, so nothing is missing and nothing counts twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, Integer, bindparam, literal_column, select
from sqlalchemy.orm import Session

from server.core.plain import Plain
from server.telemetry import figures, six_hour_rows
from server.telemetry.columns import HOUR_MS, SIX_HOURS_MS
from server.telemetry.counting import Bucket, Counted, Span, at_once, counted, joined
from server.telemetry.figures import Level, hour_figures
from server.telemetry.making import MINUTE_MS, silence_ms
from server.telemetry.models import Channel, ReadingHour, reading

__all__ = ["Level", "Track", "gaps", "history", "hour_figures", "silence_ms"]

MOST_ROWS = 12_000
"""More readings of one channel than this are shown by their minutes, more minutes by their hours."""
MOST_HOURS = 2_400
"""More hours than this are shown by six at a time, where a bucket is as long: 100 days."""
MOST_READINGS = 100_000
"""So many are counted one by one where an earlier version made no minutes."""
MOST_GAPS = 1_000
DAY_MS = 24 * HOUR_MS


@dataclass
class Track:
    """One channel's buckets; all lists have one length. Times are ms since 1970 UTC."""

    channel_id: int
    bucket_ms: int
    level: Level
    """What the buckets were counted from, where all of it is still there."""
    t: list[int] = field(default_factory=list)
    """When each bucket begins."""
    n: list[int] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    greatest: list[float] = field(default_factory=list)
    unknown_s: list[float] = field(default_factory=list)
    """For how many seconds of the bucket nothing was known."""
    gaps: list[Span] = field(default_factory=list)
    """From the last number before a silence to the first after it; the thousand longest."""

    @property
    def from_hours(self) -> bool:
        """Say whether it was counted from hours, or from six."""
        return self.level in {"hour", "six_hours"}


def history(
    session: Session,
    channels: Sequence[Channel],
    from_ms: int,
    to_ms: int,
    pixels: int,
    *,
    now_ms: int,
) -> list[Track]:
    """Return one track a channel, with at most about `pixels` buckets, from `from_ms` up to `to_ms`."""
    return [
        _track(session, channel, from_ms, to_ms, max(pixels, 1), now_ms) for channel in channels
    ]


def level_of(session: Session, channel: Channel, from_ms: int, to_ms: int, pixels: int) -> Level:
    """Return from what a range of this channel is counted: the finest that is few enough."""
    span = max(to_ms - from_ms, 1)
    readings = span / (channel.interval_s * 1000)
    if readings <= MOST_ROWS:
        return "reading"
    if span / MINUTE_MS > MOST_ROWS:
        is_coarse = span > MOST_HOURS * HOUR_MS and span >= pixels * SIX_HOURS_MS
        return "six_hours" if is_coarse else "hour"
    if figures.has_minutes(session, channel.id, from_ms, to_ms):
        return "minute"
    return "reading" if readings <= MOST_READINGS else "hour"


WHOLE_MS = {"reading": 1, "minute": MINUTE_MS, "hour": HOUR_MS, "six_hours": SIX_HOURS_MS}


def _track(
    session: Session, channel: Channel, from_ms: int, to_ms: int, pixels: int, now_ms: int
) -> Track:
    level = level_of(session, channel, from_ms, to_ms, pixels)
    whole = WHOLE_MS[level]
    first = from_ms // whole * whole
    bucket_ms = max(-(-(to_ms - from_ms) // pixels // whole) * whole, whole)
    begin = max(first, from_ms // HOUR_MS * HOUR_MS)
    silence = silence_ms(channel.interval_s)
    known = begin if _began_before(session, channel.id, begin) else None
    parts = list(_parts(session, channel.id, level, (begin, to_ms), (first, bucket_ms, silence)))
    buckets, found, ends = joined(parts, silence)
    all_gaps = list(gaps(found, ends, known, min(to_ms, now_ms), silence))
    return _filled(Track(channel.id, bucket_ms, level), buckets, all_gaps)


def _parts(
    session: Session, channel_id: int, level: Level, time: Span, how: tuple[int, int, int]
) -> Iterator[Counted]:
    """Yield what was counted; `how` is where the buckets begin, how long they are, and what is a silence."""
    begin, end = time
    if level == "six_hours":
        yield counted(six_hour_rows.rows(session, channel_id, begin, end), *how)
        return
    head = figures.plain_until(session, channel_id, level, begin, end)
    if head > begin:
        yield at_once(session, figures.plain(channel_id, level, begin, head), *how)
    if head < end:
        yield counted(figures.stream(session, channel_id, level, head, end), *how)


def _filled(track: Track, buckets: Sequence[Bucket], all_gaps: list[Span]) -> Track:
    if buckets:
        columns = zip(*buckets, strict=True)
        track.t, track.n, track.least, track.mean, track.greatest, _ = map(list, columns)
    track.unknown_s = unknown(buckets, all_gaps, track.bucket_ms)
    longest = sorted(all_gaps, key=lambda gap: gap[0] - gap[1])[:MOST_GAPS]
    track.gaps = sorted(longest)
    return track


def gaps(
    found: Sequence[Span], ends: Span | None, known_ms: int | None, until_ms: int, silence: int
) -> Iterator[Span]:
    """Yield the silences: before the first number, those `found` between numbers, and after the last.

    `ends` are the first and the last number, `known_ms` since when something must be known: before
    the first number ever nothing was watched, so that is no gap (None).
    """
    first, last = ends or (None, known_ms)
    if known_ms is not None and first is not None and first - known_ms > silence:
        yield known_ms, first
    yield from found
    if last is not None and until_ms - last > silence:
        yield last, until_ms


def unknown(buckets: Sequence[Bucket], all_gaps: Sequence[Span], bucket_ms: int) -> list[float]:
    """Return for how many seconds of each bucket nothing was known; both lists are in order."""
    found, at, many = [], 0, len(all_gaps)
    for b in buckets:
        end, total = b.t + bucket_ms, b.gap_ms
        while at < many and all_gaps[at][1] <= b.t:
            at += 1
        k = at
        while k < many and all_gaps[k][0] < end:
            total += min(all_gaps[k][1], end) - max(all_gaps[k][0], b.t)
            k += 1
        found.append(round(min(total, bucket_ms) / 1000, 3) if total else 0.0)
    return found


_HERE = bindparam("channel_id", type_=Integer)
_BEFORE = bindparam("at", type_=BigInteger)
_HOURS_BEFORE = Plain(  # in the order of the index: PostgreSQL would read the whole table for none
    select(ReadingHour.hour_ms)
    .where(ReadingHour.channel_id == _HERE, ReadingHour.hour_ms < _BEFORE)
    .order_by(ReadingHour.hour_ms)
    .limit(literal_column("1"))
)
_READINGS_BEFORE = Plain(
    select(reading.c.at_ms)
    .where(reading.c.channel_id == _HERE, reading.c.at_ms < _BEFORE)
    .order_by(reading.c.at_ms)
    .limit(literal_column("1"))
)


def _began_before(session: Session, channel_id: int, from_ms: int) -> bool:
    return any(
        plain.ask(session, channel_id=channel_id, at=from_ms).rows()
        for plain in (_HOURS_BEFORE, _READINGS_BEFORE)
    )
