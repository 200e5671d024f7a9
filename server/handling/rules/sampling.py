"""Which positions are audited, and what the result says about all of them. Pure.

A sample is drawn by its seed alone: the same seed draws the same positions from the same ones, on
any machine and in any version of Python.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil, sqrt

from server.core.errors import Refusal
from server.core.words import N_

TARGET_PERCENT = 10
"""Of the positions in a year, where a bank has set nothing else for a freezer."""
MOST = 500
Z_95 = 1.959964
"""For an interval of 95 %."""


def drawn(seed: str, population: int, wanted: int) -> list[int]:
    """Return so many different numbers from 0 up to the population, each as likely as any other."""
    chosen: dict[int, None] = {}
    step = 0
    while len(chosen) < min(wanted, population):
        digest = sha256(f"{seed}:{step}".encode()).digest()
        chosen.setdefault(int.from_bytes(digest[:16]) % population)
        step += 1
    return list(chosen)


def sample(seed: str, positions: Sequence[tuple[int, int]], wanted: int) -> list[tuple[int, int]]:
    """Return so many of these positions (box, ordinal), in the order in which they were given."""
    return [positions[number] for number in sorted(drawn(seed, len(positions), wanted))]


@dataclass(frozen=True)
class Accuracy:
    """How many of the checked positions were as recorded, and what that says about all."""

    right: int
    checked: int

    @property
    def share(self) -> float | None:
        """Return the share that was right, from 0 to 1; None where nothing was checked."""
        return self.right / self.checked if self.checked else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return where the share of all positions lies, with 95 % confidence (Wilson); None without any."""
        return wilson(self.right, self.checked)


def wilson(right: int, checked: int, z: float = Z_95) -> tuple[float, float] | None:
    """Return the Wilson score interval of a share, from 0 to 1; None where nothing was checked."""
    if not checked:
        return None
    share, squared = right / checked, z * z
    middle = share + squared / (2 * checked)
    spread = z * sqrt(share * (1 - share) / checked + squared / (4 * checked * checked))
    bottom = 1 + squared / checked
    return max(0.0, (middle - spread) / bottom), min(1.0, (middle + spread) / bottom)


def still_to_check(positions: int, percent: int, checked: int) -> int:
    """Return how many positions are missing to the target of the year."""
    return max(0, ceil(positions * percent / 100) - checked)


def why_not_sample(freezer: str, wanted: int, left: int) -> Refusal | None:
    """Say why no such sample can be drawn, or None when it can."""
    if not left:
        because = N_("Every position of %(freezer)s was audited within a year, or it has none.")
        return Refusal("nothing_left", because, {"freezer": freezer})
    if not 0 < wanted <= MOST:
        because = N_("%(found)s positions were asked for; a sample has 1 to %(most)s.")
        return Refusal("many_positions", because, {"found": wanted, "most": MOST})
    return None


def verdict(expected: str, found: str, *, unread: bool) -> str:
    """Return whether a position is right, wrong, or its tube could not be read; "" is an empty one."""
    if unread:
        return "unread"
    return "right" if expected == found else "wrong"
