"""Figures counted into buckets, and the silences between them: by the database, or in one pass."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, cast, func, literal, select
from sqlalchemy.orm import Session

from server.telemetry import figures

Span = tuple[int, int]


class Bucket(NamedTuple):
    """What the database counted: when it begins, its figures, and the silences that have no place in it."""

    t: int
    n: int
    least: float
    mean: float
    greatest: float
    gap_ms: float


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


def at_once(
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
