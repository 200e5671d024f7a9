"""A channel's past: least, mean and greatest per bucket, and the times in which nothing was known.

Short ranges are counted from the readings over their index, long ones from the hourly figures; hours
that wait for the roll-up are counted from their readings, so nothing is missing and nothing counts twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, SelectBase, Subquery, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from server.telemetry.columns import HOUR_MS
from server.telemetry.models import Channel, HourDue, ReadingHour, reading

MOST_READINGS = 100_000
"""More readings of one channel than this are shown by their hours."""
MISSED = 3
"""After so many missed intervals nothing is known."""
LEAST_SILENCE_MS = 30_000
DAY_MS = 24 * HOUR_MS


@dataclass
class Track:
    """One channel's buckets; all lists have one length. Times are ms since 1970 UTC."""

    channel_id: int
    bucket_ms: int
    from_hours: bool
    t: list[int] = field(default_factory=list)
    """When each bucket begins."""
    n: list[int] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    greatest: list[float] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """From the last number before a silence to the first after it."""


@dataclass(frozen=True)
class Bucket:
    """What the database counted: when it begins, its figures, its first and last number."""

    t: int
    n: int
    least: float
    mean: float
    greatest: float
    first_ms: int
    last_ms: int


def silence_ms(interval_s: float) -> int:
    """Return after how many milliseconds without a number a channel's value is unknown."""
    return max(round(MISSED * interval_s * 1000), LEAST_SILENCE_MS)


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


def _track(
    session: Session, channel: Channel, from_ms: int, to_ms: int, pixels: int, now_ms: int
) -> Track:
    span = max(to_ms - from_ms, 1)
    by_hours = span / (channel.interval_s * 1000) > MOST_READINGS
    bucket_ms = max(-(-span // pixels), 1)
    if by_hours:
        bucket_ms = _whole_hours(bucket_ms)
        buckets = _by_hours(session, channel.id, from_ms, to_ms, bucket_ms)
    else:
        buckets = _by_readings(session, channel.id, from_ms, to_ms, bucket_ms)
    track = Track(channel.id, bucket_ms, by_hours)
    for b in buckets:
        track.t.append(b.t)
        track.n.append(b.n)
        track.least.append(b.least)
        track.mean.append(b.mean)
        track.greatest.append(b.greatest)
    silence = silence_ms(channel.interval_s)
    known = _began_before(session, channel.id, from_ms)
    track.gaps = list(gaps(buckets, from_ms, min(to_ms, now_ms), silence, known_before=known))
    return track


def gaps(
    buckets: Sequence[Bucket], from_ms: int, until_ms: int, silence: int, *, known_before: bool
) -> Iterator[tuple[int, int]]:
    """Yield the silences longer than `silence` between numbers, before the first and after the last.

    Before the first number ever nothing was watched, so that is no gap (`known_before` False).
    """
    last = from_ms if known_before else None
    for bucket in buckets:
        if last is not None and bucket.first_ms - last > silence:
            yield last, bucket.first_ms
        last = bucket.last_ms
    if last is not None and until_ms - last > silence:
        yield last, until_ms


def _by_readings(
    session: Session, channel_id: int, from_ms: int, to_ms: int, bucket_ms: int
) -> list[Bucket]:
    kept_ms = _first_reading(session, channel_id, from_ms, to_ms)
    older: list[Bucket] = []
    if kept_ms is None or kept_ms - from_ms > HOUR_MS:
        end_ms = to_ms if kept_ms is None else kept_ms // HOUR_MS * HOUR_MS
        older = _by_hours(session, channel_id, from_ms, end_ms, _whole_hours(bucket_ms))
    if kept_ms is None:
        return older
    return older + _ask(session, _readings(channel_id, from_ms, to_ms), from_ms, bucket_ms)


def _whole_hours(span_ms: int) -> int:
    return -(-span_ms // HOUR_MS) * HOUR_MS


def _first_reading(session: Session, channel_id: int, from_ms: int, to_ms: int) -> int | None:
    table = reading.c
    within = (table.channel_id == channel_id, table.at_ms >= from_ms, table.at_ms < to_ms)
    found: int | None = session.scalar(select(func.min(table.at_ms)).where(*within))
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


def _readings(channel_id: int, from_ms: int, to_ms: int) -> Subquery:
    table = reading.c
    return (
        select(
            table.at_ms.label("at_ms"),
            table.at_ms.label("last_ms"),
            literal(1).label("n"),
            table.value.label("least"),
            table.value.label("total"),
            table.value.label("greatest"),
        )
        .where(table.channel_id == channel_id, table.at_ms >= from_ms, table.at_ms < to_ms)
        .where(table.value.is_not(None))
        .subquery()
    )


def _by_hours(
    session: Session, channel_id: int, from_ms: int, to_ms: int, bucket_ms: int
) -> list[Bucket]:
    first = from_ms // HOUR_MS * HOUR_MS
    return _ask(session, hour_figures(channel_id, first, to_ms), first, bucket_ms)


def hour_figures(channel_id: int, from_ms: int, to_ms: int) -> Subquery:
    """Return a query of the channel's hours that begin within: at_ms, last_ms, n, least, total, greatest."""
    done = select(
        ReadingHour.hour_ms.label("at_ms"),
        (ReadingHour.hour_ms + (HOUR_MS - 1)).label("last_ms"),
        ReadingHour.n.label("n"),
        ReadingHour.least.label("least"),
        (ReadingHour.mean * ReadingHour.n).label("total"),
        ReadingHour.greatest.label("greatest"),
    ).where(
        ReadingHour.channel_id == channel_id,
        ReadingHour.hour_ms >= from_ms,
        ReadingHour.hour_ms < to_ms,
        ReadingHour.n > 0,
        ~_is_due(),
    )
    return union_all(done, _due(channel_id, from_ms, to_ms)).subquery()


def _is_due() -> Any:  # noqa: ANN401  SQLAlchemy's EXISTS
    return (
        select(HourDue.hour_ms)
        .where(HourDue.channel_id == ReadingHour.channel_id, HourDue.hour_ms == ReadingHour.hour_ms)
        .exists()
    )


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
        )
        .select_from(HourDue)
        .join(reading, inside & (table.at_ms < HourDue.hour_ms + HOUR_MS))
        .where(
            HourDue.channel_id == channel_id, HourDue.hour_ms >= from_ms, HourDue.hour_ms < to_ms
        )
        .where(table.value.is_not(None))
        .group_by(HourDue.hour_ms)
    )


def _ask(session: Session, rows: Subquery, from_ms: int, bucket_ms: int) -> list[Bucket]:
    c = rows.c
    origin, width = cast(literal(from_ms), BigInteger), cast(literal(bucket_ms), BigInteger)
    bucket = ((c.at_ms - origin) // width).label("bucket")
    counted = (
        select(
            bucket,
            func.sum(c.n),
            func.min(c.least),
            func.sum(c.total),
            func.max(c.greatest),
            func.min(c.at_ms),
            func.max(c.last_ms),
        )
        .group_by("bucket")
        .order_by("bucket")
    )
    return [
        Bucket(from_ms + number * bucket_ms, int(n), least, total / int(n), greatest, first, last)
        for number, n, least, total, greatest, first, last in session.execute(counted)
    ]
