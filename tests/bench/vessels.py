"""The vessels of the detection table: three sizes of the twin, as they are used on ordinary days.

Figures: a 47 L dewar that loses 0.39 L a day, a 165 L one that loses 0.99, and a vapour freezer with a pool of
150 L that loses 6 L a day; each dry one warms through its wall in proportion to the heat that comes in.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from edge_agent.probes.tank_model import Hands, TankFigures, TankState, advance
from server.alarms.levels import DAY_MS, HOUR_MS, Hour

HOUR_S: Final = 3_600.0
SAMPLE_S: Final = 600.0
SAMPLES: Final = 6
STEP_S: Final = 300.0
BEGIN_MS: Final = 20_000 * DAY_MS
PROBES: Final = (("probe, 0.3 L", 0.3), ("scale, 0.05 L", 0.05))
"""How the level is measured, and the standard deviation of one sample in litres."""
GLASS_C: Final = -135.0


@dataclass(frozen=True)
class Vessel:
    """One size: its figures, and how many times a lid is opened on a working day."""

    name: str
    figures: TankFigures
    openings: tuple[int, int]

    def litres(self, level_mm: float) -> float:
        """Return the litres at this level."""
        return level_mm * self.figures.area_m2


@dataclass(frozen=True, slots=True)
class TrueHour:
    """One hour as it was: the mean litres, and what was done."""

    litres: float
    opened: bool
    filled: bool


def _vessel(
    name: str, litres: float, area_m2: float, litres_a_day: float, dry_h: float, openings: tuple[int, int]
) -> Vessel:  # fmt: skip
    full = litres / area_m2
    figures = TankFigures(
        area_m2=area_m2, height_mm=full, fill_starts_mm=0.88 * full, fill_stops_mm=0.98 * full,
        fill_l_per_min=5.0, usage_mm_per_day=litres_a_day / area_m2, top_at_level_mm=full,
        top_c_per_mm=8.0 / full, dry_tau_s=dry_h * HOUR_S, dry_tau_power=1.0,
    )  # fmt: skip
    return Vessel(name, figures, openings)


VESSELS: Final = (
    _vessel("dewar, 47 L", 47.0, 0.113, 0.39, 327.0, (0, 2)),
    _vessel("dewar, 165 L", 165.0, 0.25, 0.99, 650.0, (1, 3)),
    _vessel("vapour freezer, 150 L", 150.0, 0.751, 6.0, 1_000.0, (2, 5)),
)


class Life:
    """A vessel's days, hour by hour; the same for the same seed."""

    def __init__(
        self, vessel: Vessel, seed: int, state: TankState | None = None, hour: int = 0
    ) -> None:
        self.vessel = vessel
        self.state = state or TankState(level_mm=0.95 * vessel.figures.height_mm)
        self.hour = hour
        self._dice = random.Random(seed)  # days of work, not secrets
        self._day = -1
        self._openings: dict[int, float] = {}

    def hours(self, count: int, factor: float = 1.0) -> Iterator[TrueHour]:
        """Yield so many hours; a vessel whose vacuum fails (`factor` above 1) is not filled any more."""
        stuck = "closed" if factor > 1 else ""
        for _ in range(count):
            yield self._one_hour(Hands(vacuum_factor=factor, valve_stuck=stuck))
            self.hour += 1

    def _one_hour(self, hands: Hands) -> TrueHour:
        total, filled, opened_s = 0.0, False, self._open_seconds()
        for sample in range(SAMPLES):
            before, rest_s = self.state, SAMPLE_S
            if opened_s and sample == 2:
                rest_s -= opened_s
                lid = replace(hands, lid_open=True)
                self.state = advance(self.vessel.figures, self.state, opened_s, lid, STEP_S)
            self.state = advance(self.vessel.figures, self.state, rest_s, hands, STEP_S)
            filled = filled or self.state.filling or self.state.level_mm > before.level_mm
            total += self.vessel.litres(self.state.level_mm)
        return TrueHour(total / SAMPLES, bool(opened_s), filled)

    def _open_seconds(self) -> float:
        """For how long the lid is open in this hour: at work from 8 to 18 h, for one to three minutes."""
        day, hour = divmod(self.hour, 24)
        if day != self._day:
            self._day = day
            times = self._dice.randint(*self.vessel.openings) if day % 7 < 5 else 0
            self._openings = {
                self._dice.randrange(8, 18): self._dice.uniform(60, 180) for _ in range(times)
            }
        return self._openings.get(hour, 0.0)


def measured(
    hour: TrueHour, number: int, sigma: float, noise: random.Random, *, contact: bool = True
) -> Hour:
    """Return the hour as the server has it: the mean of six noisy samples, and what agents told of it.

    Without a `contact` at the lid nobody tells of openings.
    """
    mean = hour.litres + noise.gauss(0, sigma / SAMPLES**0.5)
    busy = hour.filled or (contact and hour.opened)
    return Hour(BEGIN_MS + number * HOUR_MS, mean, busy)


def hours_to_glass(vessel: Vessel, state: TankState, factor: float) -> int:
    """Return after how many hours the top is warmer than −135 °C, the lid closed and nobody filling."""
    hands, hours = Hands(vacuum_factor=factor, valve_stuck="closed"), 0
    while state.top_c <= GLASS_C:
        state = advance(vessel.figures, state, HOUR_S, hands, STEP_S)
        hours += 1
    return hours
