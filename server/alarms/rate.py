"""How fast a quantity changes: the slope of its last minutes by least squares. Pure.

A slope over a window is not moved by one noisy sample, and needs no memory: it is worked out of the readings as
they are kept, so a restart, a late row or one that came twice changes nothing.
"""

from dataclasses import dataclass
from typing import Final

from server.alarms import params as known

DIRECTIONS: Final = ("both", "up", "down")
DIRECTION_WORDS: Final = known.DIRECTION_WORDS
WINDOW_S: Final = 600
SHORTEST_S, LONGEST_S = 60, 86_400
FEWEST: Final = 3
"""Fewer numbers than these tell no slope."""
MS_A_MIN: Final = 60_000.0


@dataclass(frozen=True)
class Window:
    """Over which time a rate is taken, and which direction counts."""

    seconds: int = WINDOW_S
    direction: str = "both"

    @property
    def is_possible(self) -> bool:
        """Say whether anything can be worked out with it: from one minute to one day."""
        return SHORTEST_S <= self.seconds <= LONGEST_S and self.direction in DIRECTIONS


@dataclass(frozen=True)
class Sums:
    """What a window's numbers add up to; t in minutes from any zero near them, v the value."""

    n: int
    t: float
    v: float
    tt: float
    tv: float
    first_ms: int
    last_ms: int


def window_of(params: str) -> Window:
    """Return the window of a rule's parameters; what is missing or unreadable is as usual."""
    seconds = known.number("rate", params, "window_s")
    return Window(int(seconds or 0), known.word("rate", params, "direction"))


def per_min(sums: Sums, window: Window) -> float | None:
    """Return the change a minute along a window.

    None where it cannot be told: fewer than three numbers, or none over half of the window.
    """
    if sums.n < FEWEST or (sums.last_ms - sums.first_ms) * 2 < window.seconds * 1000:
        return None
    spread = sums.n * sums.tt - sums.t * sums.t
    return None if spread <= 0 else (sums.n * sums.tv - sums.t * sums.v) / spread


def counted(slope: float, window: Window) -> float:
    """Return how fast it changes in the direction that counts; 0 where it goes the other way."""
    if window.direction == "both":
        return abs(slope)
    return max(slope if window.direction == "up" else -slope, 0.0)


def holds(slope: float, limit: float, hysteresis: float, window: Window) -> bool | None:
    """Say whether a slope is beyond the limit; None in between, where neither begins nor ends anything."""
    speed = counted(slope, window)
    if speed > limit:
        return True
    return False if speed <= max(limit - hysteresis, 0.0) else None
