"""Where values are going: the slope of the last minutes, and what a tank loses in a day."""

from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.telemetry.columns import HOUR_MS
from server.telemetry.history import hour_figures
from server.telemetry.limits import Limit
from server.telemetry.models import reading

RECENT_MS = 10 * 60_000
LEAST_SPAN_MS = 60_000
"""A slope over less than a minute is noise."""
DAY_MS = 24 * HOUR_MS
USUAL_DAYS = 14
LEAST_HOURS = 3
FILLING_MM = 1.0
"""Hours in which the level rises by more were filled."""
LOOK_BACK_MS = 7 * DAY_MS

Point = tuple[int, float]


def per_minute(points: Sequence[Point]) -> float | None:
    """Return the slope of a straight line through the points (ms, value), or None for too few."""
    if len(points) < 3 or points[-1][0] - points[0][0] < LEAST_SPAN_MS:
        return None
    mean_t = sum(t for t, _ in points) / len(points)
    mean_v = sum(v for _, v in points) / len(points)
    over = sum((t - mean_t) * (v - mean_v) for t, v in points)
    under = sum((t - mean_t) ** 2 for t, _ in points)
    return over / under * 60_000


def loss_a_day(hours: Sequence[Point]) -> float | None:
    """Return how much is lost in a day, from the hours' means (ms, mm); hours of filling are left out.

    Only neighbouring hours are compared. None where fewer than three such pairs are known.
    """
    losses = [
        before - after
        for (t, before), (next_t, after) in pairwise(hours)
        if next_t - t == HOUR_MS and after - before <= FILLING_MM
    ]
    return sum(losses) / len(losses) * 24 if len(losses) >= LEAST_HOURS else None


def recent_slope(session: Session, channel_id: int, now_ms: int) -> float | None:
    """Return the change in a minute over the last ten minutes; None where too little is known."""
    table = reading.c
    wanted = (
        select(table.at_ms, table.value)
        .where(table.channel_id == channel_id, table.at_ms > now_ms - RECENT_MS)
        .where(table.at_ms <= now_ms, table.value.is_not(None))
        .order_by(table.at_ms)
    )
    return per_minute([(at_ms, value) for at_ms, value in session.execute(wanted)])


def beyond_since(session: Session, channel_id: int, limit: Limit, now_ms: int) -> int | None:
    """Return since when the values lie beyond the limit; None where that began over a week ago."""
    table = reading.c
    recent = (table.channel_id == channel_id, table.at_ms > now_ms - LOOK_BACK_MS)
    inside = table.value <= limit.value if limit.kind == "high" else table.value >= limit.value
    last_inside = session.scalar(select(func.max(table.at_ms)).where(*recent, inside))
    after = (table.at_ms > last_inside,) if last_inside is not None else ()
    first = session.scalar(
        select(func.min(table.at_ms)).where(*recent, table.value.is_not(None), *after)
    )
    return int(first) if first is not None else None


def daily_loss(session: Session, channel_id: int, now_ms: int) -> tuple[float | None, float | None]:
    """Return what the tank loses in a day, over the last day and usually (the two weeks before it)."""
    hours = hour_figures(channel_id, now_ms - (USUAL_DAYS + 1) * DAY_MS, now_ms).c
    wanted = select(hours.at_ms, hours.total, hours.n).order_by(hours.at_ms)
    means = [(at // HOUR_MS * HOUR_MS, total / n) for at, total, n in session.execute(wanted)]
    split = now_ms - DAY_MS
    newer = [hour for hour in means if hour[0] >= split]
    older = [hour for hour in means if hour[0] < split]
    return loss_a_day(newer), loss_a_day(older)
