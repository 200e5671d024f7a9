"""A channel's past: least, mean and greatest per bucket, and the times in which nothing was known.

Short ranges are counted from the readings over their index, longer ones from the minutes, long ones
from the hours; hours that wait for the roll-up are counted from their readings, so nothing is missing
and nothing counts twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, cast, func, literal, select
from sqlalchemy.orm import Session

from server.telemetry import figures
from server.telemetry.columns import HOUR_MS
from server.telemetry.figures import Level, hour_figures
from server.telemetry.making import MINUTE_MS, silence_ms
from server.telemetry.models import Channel, ReadingHour, reading

__all__ = ["Bucket", "Level", "Track", "gaps", "history", "hour_figures", "silence_ms"]

MOST_ROWS = 12_000
"""More readings of one channel than this are shown by their minutes, more minutes by their hours."""
MOST_READINGS = 100_000
"""So many are counted one by one where an earlier version made no minutes."""
MOST_GAPS = 1_000
DAY_MS = 24 * HOUR_MS
Span = tuple[int, int]


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
        """Say whether it was counted from the hours."""
        return self.level == "hour"


@dataclass(frozen=True)
class Bucket:
    """What the database counted: when it begins, its figures, and the silences that have no place in it."""

    t: int
    n: int
    least: float
    mean: float
    greatest: float
    gap_ms: float


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


def level_of(session: Session, channel: Channel, from_ms: int, to_ms: int) -> Level:
    """Return from what a range of this channel is counted: the finest that is few enough."""
    span = max(to_ms - from_ms, 1)
    readings = span / (channel.interval_s * 1000)
    if readings <= MOST_ROWS:
        return "reading"
    if span / MINUTE_MS > MOST_ROWS:
        return "hour"
    if figures.has_minutes(session, channel.id, from_ms, to_ms):
        return "minute"
    return "reading" if readings <= MOST_READINGS else "hour"


WHOLE_MS = {"reading": 1, "minute": MINUTE_MS, "hour": HOUR_MS}


def _track(
    session: Session, channel: Channel, from_ms: int, to_ms: int, pixels: int, now_ms: int
) -> Track:
    level = level_of(session, channel, from_ms, to_ms)
    whole = WHOLE_MS[level]
    first = from_ms // whole * whole
    bucket_ms = max(-(-(to_ms - from_ms) // pixels // whole) * whole, whole)
    silence = silence_ms(channel.interval_s)
    known = first if _began_before(session, channel.id, first) else None
    head = figures.plain_until(session, channel.id, level, first, to_ms)
    parts = []
    if head > first:
        rows = figures.plain(channel.id, level, first, head)
        parts.append(_at_once(session, rows, first, bucket_ms, silence))
    if head < to_ms:
        tail = figures.stream(session, channel.id, level, head, to_ms)
        parts.append(counted(tail, first, bucket_ms, silence))
    buckets, found, ends = joined(parts, silence)
    all_gaps = list(gaps(found, ends, known, min(to_ms, now_ms), silence))
    return _filled(Track(channel.id, bucket_ms, level), buckets, all_gaps)


def _filled(track: Track, buckets: Sequence[Bucket], all_gaps: list[Span]) -> Track:
    for b in buckets:
        track.t.append(b.t)
        track.n.append(b.n)
        track.least.append(b.least)
        track.mean.append(b.mean)
        track.greatest.append(b.greatest)
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
    found, at = [], 0
    for b in buckets:
        end = b.t + bucket_ms
        while at < len(all_gaps) and all_gaps[at][1] <= b.t:
            at += 1
        total, k = b.gap_ms, at
        while k < len(all_gaps) and all_gaps[k][0] < end:
            total += min(all_gaps[k][1], end) - max(all_gaps[k][0], b.t)
            k += 1
        found.append(round(min(total, bucket_ms) / 1000, 3))
    return found


def _began_before(session: Session, channel_id: int, from_ms: int) -> bool:
    table = reading.c
    raw = select(table.at_ms).where(table.channel_id == channel_id, table.at_ms < from_ms)
    if session.scalar(raw.limit(1)) is not None:
        return True
    hours = select(ReadingHour.hour_ms).where(
        ReadingHour.channel_id == channel_id, ReadingHour.hour_ms < from_ms
    )
    return session.scalar(hours.limit(1)) is not None


Counted = tuple[list[Bucket], list[Span], Span | None]
"""Buckets, the silences between rows, and when the first and the last number was."""


def joined(parts: Sequence[Counted], silence: int) -> Counted:
    """Return parts that follow each other as one; a bucket that both have a share in becomes one."""
    buckets: list[Bucket] = []
    found: list[Span] = []
    ends: Span | None = None
    for own, silences, between in parts:
        if ends is not None and between is not None and between[0] - ends[1] > silence:
            found.append((ends[1], between[0]))
        found += silences
        shared = bool(buckets and own and buckets[-1].t == own[0].t)
        if shared:
            buckets[-1] = _sum(buckets[-1], own[0])
        buckets += own[1:] if shared else own
        ends = (ends and between and (ends[0], between[1])) or ends or between
    return buckets, found, ends


def _sum(one: Bucket, two: Bucket) -> Bucket:
    n = one.n + two.n
    mean = (one.mean * one.n + two.mean * two.n) / n
    least, greatest = min(one.least, two.least), max(one.greatest, two.greatest)
    return Bucket(one.t, n, least, mean, greatest, one.gap_ms + two.gap_ms)


def _at_once(
    session: Session, rows: figures.Figures, first_ms: int, bucket_ms: int, silence: int
) -> Counted:
    """Let the database count the buckets and find the silences: for long tables of figures."""
    c = rows.subquery().c
    origin, width = cast(literal(first_ms), BigInteger), cast(literal(bucket_ms), BigInteger)
    bucket = ((c.start - origin) // width).label("bucket")
    wanted = select(
        bucket, func.sum(c.n), func.min(c.least), func.sum(c.total), func.max(c.greatest),
        func.sum(c.gap_ms), func.min(c.at_ms), func.max(c.last_ms),
    ).group_by("bucket").order_by("bucket")  # fmt: skip
    told = session.execute(wanted).all()
    buckets = [
        Bucket(first_ms + k * bucket_ms, int(n), least, total / int(n), greatest, float(gap))
        for k, n, least, total, greatest, gap, _, _ in told
    ]
    found = _between(session, rows, silence)
    return buckets, found, (told[0][6], told[-1][7]) if told else None


def _between(session: Session, rows: figures.Figures, silence: int) -> list[Span]:
    """Return the silences between rows; only what that takes is read."""
    own = rows.selected_columns
    before = func.lag(own.last_ms).over(order_by=own.start).label("before")
    c = rows.with_only_columns(own.at_ms, own.start, before).subquery().c
    wanted = select(c.before, c.at_ms).where(c.at_ms - c.before > silence)
    return [(begin, end) for begin, end in session.execute(wanted.order_by(c.start))]


def counted(rows: Iterable[figures.Row], first_ms: int, bucket_ms: int, silence: int) -> Counted:
    """Count rows that come in the order of time, in one pass: readings, and what waits or was thinned."""
    buckets: list[Bucket] = []
    found: list[Span] = []
    begin = last = end = None
    n, least, total, greatest, gap = 0, 0.0, 0.0, 0.0, 0.0
    for at, until, count, low, sum_, high, gap_ms in rows:
        if end is None or at >= end:
            if n:
                buckets.append(Bucket((end or 0) - bucket_ms, n, least, total / n, greatest, gap))
            end = at - (at - first_ms) % bucket_ms + bucket_ms
            n, least, total, greatest, gap = count, low, sum_, high, gap_ms
        else:
            n += count
            total += sum_
            gap += gap_ms
            least = min(least, low)
            greatest = max(greatest, high)
        if last is None:
            begin = last = at
        if at - last > silence:
            found.append((last, at))
        last = max(last, until)
    if n and end is not None:
        buckets.append(Bucket(end - bucket_ms, n, least, total / n, greatest, gap))
    return buckets, found, None if begin is None or last is None else (begin, last)
