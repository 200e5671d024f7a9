"""When a freezer is full: a straight line through its last months. Pure.

The slope is Theil and Sen's (the median of the slopes of all pairs of points), so that one odd week
does not turn it; the line goes through the last count, for what is in there now is known. It is an
estimate, and says so wherever it is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

FEWEST_POINTS = 5
LONGEST_DAYS = 3650
"""Beyond ten years a straight line says nothing."""


@dataclass(frozen=True)
class Forecast:
    """What the trend says of one freezer."""

    per_week: float
    """Vials a week; negative where it empties."""
    full_on: date | None
    """When the last position is taken, None where the trend never comes there within ten years."""


def forecast(counts: Sequence[tuple[date, int]], capacity: int) -> Forecast | None:
    """Return what the trend of these counts (by day, oldest first) says; None for too few points."""
    if len(counts) < FEWEST_POINTS or capacity <= 0:
        return None
    slope = _slope([(day.toordinal(), count) for day, count in counts])
    today, now = counts[-1]
    return Forecast(slope * 7, _full_on(today, now, slope, capacity))


def _slope(points: Sequence[tuple[int, int]]) -> float:
    slopes = [
        (later - sooner) / (end - start)
        for n, (start, sooner) in enumerate(points)
        for end, later in points[n + 1 :]
        if end != start
    ]
    return float(median(slopes)) if slopes else 0.0


def _full_on(today: date, now: int, slope: float, capacity: int) -> date | None:
    if now >= capacity:
        return today
    if slope <= 0:
        return None
    days = (capacity - now) / slope
    return today + timedelta(days=round(days)) if days <= LONGEST_DAYS else None
