"""What hourly levels tell: which hours may be compared, what is lost, where the level is going. Pure.

Losses are in the channel's unit an hour; a fall is a positive loss.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
LEAST_RISE: Final = {"mm": 1.0, "%": 1.0, "L": 0.5, "kg": 0.5}
"""A smaller rise from one hour to the next is no fill, however quiet the probe is."""
NOISE_OF_A_RISE: Final = 6.0
"""A rise of more than so many standard deviations is a fill, also when nobody told of one."""
NOISE_OF_A_FALL: Final = 3.0
MAD_TO_SIGMA: Final = 1.4826
"""The standard deviation of normal noise is so many times its median absolute deviation."""
MOST_POINTS: Final = 60
RECENT_HOURS: Final = 12


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of a level: when it begins, its mean; `busy` with a fill, an open lid, a zeroing of the level."""

    at_ms: int
    mean: float
    busy: bool = False


def comparable(before: Hour | None, after: Hour) -> bool:
    """Say whether the fall from one hour to the next is the vessel's own: neighbours, and nobody at work."""
    return (
        before is not None
        and after.at_ms - before.at_ms == HOUR_MS
        and not before.busy
        and not after.busy
    )


def losses(hours: Iterable[Hour]) -> Iterator[float]:
    """Yield what was lost from each hour to the next, where they may be compared; a rise is negative."""
    for before, after in pairwise(hours):
        if comparable(before, after):
            yield before.mean - after.mean


def rise_limit(found: Sequence[float], unit: str) -> float:
    """Return by how much a level must rise in an hour to have been filled.

    From the median absolute deviation of the losses, which fills and withdrawals hardly move.
    """
    least = LEAST_RISE.get(unit, 1.0)
    if len(found) < 3:
        return least
    return max(least, NOISE_OF_A_RISE * _noise(found))


def loss_a_day(hours: Sequence[Hour], unit: str, least_hours: int = 6) -> float | None:
    """Return what the vessel loses in a day, by the hours that were not filled; openings count.

    None where fewer than `least_hours` pairs of neighbouring hours are known.
    """
    falls = [
        before.mean - after.mean
        for before, after in pairwise(hours)
        if after.at_ms - before.at_ms == HOUR_MS
    ]
    limit = rise_limit(falls, unit)
    counted = [fall for fall in falls if fall >= -limit]
    return sum(counted) / len(counted) * 24 if len(counted) >= least_hours else None


def since_last_fill(hours: Sequence[Hour], unit: str) -> Sequence[Hour]:
    """Return the hours after the last rise that was a fill; all of them where there was none."""
    falls = [before.mean - after.mean for before, after in pairwise(hours)]
    limit = rise_limit(falls, unit)
    first = max((at + 1 for at, fall in enumerate(falls) if fall < -limit), default=0)
    return hours[first:]


def slope_an_hour(hours: Sequence[Hour]) -> float | None:
    """Return the change an hour by the median of all pairs' slopes (Theil 1950, Sen 1968).

    Up to 29 % of the hours may be wrong without moving it. None for fewer than six hours, or a span below six.
    """
    if len(hours) < 6 or hours[-1].at_ms - hours[0].at_ms < 6 * HOUR_MS:
        return None
    some = _thinned(hours)
    slopes = [
        (after.mean - before.mean) / (after.at_ms - before.at_ms)
        for index, before in enumerate(some)
        for after in some[index + 1 :]
    ]
    return median(slopes) * HOUR_MS


def _thinned(hours: Sequence[Hour]) -> Sequence[Hour]:
    """Every so many hours, so that the pairs stay few."""
    step = -(-len(hours) // MOST_POINTS)
    return hours[-1::-step][::-1]


def reaches_at(hours: Sequence[Hour], limit: float, unit: str) -> int | None:
    """Return when the level falls to the limit, in ms since 1970, if it goes on as it did.

    As since the last fill or as in the last twelve hours of that, whichever is sooner. None while it does not
    fall, or not by more than noise might: three standard deviations over these hours.
    """
    run = since_last_fill(hours, unit)
    found = [_reached(some, limit) for some in (run, run[-RECENT_HOURS:])]
    return min((at_ms for at_ms in found if at_ms is not None), default=None)


def _reached(run: Sequence[Hour], limit: float) -> int | None:
    """When the line through these hours comes down to the limit."""
    slope = slope_an_hour(run)
    if slope is None or slope >= 0:
        return None
    span = (run[-1].at_ms - run[0].at_ms) / HOUR_MS
    falls = [before.mean - after.mean for before, after in pairwise(run)]
    if -slope * span < NOISE_OF_A_FALL * _noise(falls):
        return None
    now_ms = run[-1].at_ms
    level = median(hour.mean + slope * (now_ms - hour.at_ms) / HOUR_MS for hour in run)
    middle_ms = now_ms + HOUR_MS // 2  # an hour's mean is that of its middle
    return middle_ms + round(max(0.0, (level - limit) / -slope) * HOUR_MS)


def _noise(found: Sequence[float]) -> float:
    """The standard deviation, from the median absolute deviation: fills and withdrawals hardly move it."""
    middle = median(found)
    return MAD_TO_SIGMA * median(abs(one - middle) for one in found)
