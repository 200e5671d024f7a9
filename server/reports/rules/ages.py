"""How old what is stored is. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

YEAR = 365.25
LIMITS = (1, 2, 5, 10)
"""Years that part the classes; the last class is open."""


@dataclass(frozen=True)
class Ages:
    """How many vials of one tier are of each class of age, and of unknown age."""

    tier: str
    counts: tuple[int, ...]
    unknown: int

    @property
    def total(self) -> int:
        """Return how many vials there are in all."""
        return sum(self.counts) + self.unknown


def age_class(frozen_on: date | None, today: date) -> int | None:
    """Return the number of the class from 0 (youngest), or None for what has no date or a later one."""
    if frozen_on is None or frozen_on > today:
        return None
    years = (today - frozen_on).days / YEAR
    return next((number for number, limit in enumerate(LIMITS) if years < limit), len(LIMITS))


def by_tier(lots: Iterable[tuple[str, date | None, int]], today: date) -> list[Ages]:
    """Return the ages of (tier, frozen on, vials), one row a tier, in the order of the tiers' names."""
    counts: dict[str, list[int]] = {}
    unknown: dict[str, int] = {}
    for tier, frozen_on, vials in lots:
        row = counts.setdefault(tier, [0] * (len(LIMITS) + 1))
        number = age_class(frozen_on, today)
        if number is None:
            unknown[tier] = unknown.get(tier, 0) + vials
        else:
            row[number] += vials
    return [Ages(tier, tuple(counts[tier]), unknown.get(tier, 0)) for tier in sorted(counts)]
