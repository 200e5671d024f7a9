"""A small physical model of a nitrogen-vapour tank. Pure: a state and a step in, the next state out.

The figures are those of an MVE 1542R-190AF: 0.751 m2 of liquid, a fill that starts at 205 mm and stops
at 250 mm, 15 mm lost a day, the top at about -177.9 degrees Celsius, the bottom at -195.1.
"""

from dataclasses import dataclass, replace
from math import exp
from typing import Final

_DAY_S: Final = 86_400.0
STEP_S: Final = 30.0
_MOST_STEPS: Final = 2_000


@dataclass(frozen=True, slots=True)
class TankFigures:
    """What kind of tank it is. Times are seconds, temperatures degrees Celsius."""

    area_m2: float = 0.751
    height_mm: float = 782.0
    fill_starts_mm: float = 205.0
    fill_stops_mm: float = 250.0
    fill_l_per_min: float = 10.0
    usage_mm_per_day: float = 15.0
    lid_usage_l_per_min: float = 0.15
    top_c: float = -177.9
    top_at_level_mm: float = 231.0
    top_c_per_mm: float = 8.0 / 205.0
    """The top is warmer by this for each millimetre that the level is lower."""
    liquid_c: float = -195.8
    bottom_c: float = -195.1
    lid_open_c: float = -110.0
    ambient_c: float = 20.0
    lid_tau_s: float = 120.0
    recovery_tau_s: float = 1_200.0
    dry_tau_s: float = 20 * 3_600.0
    dry_tau_power: float = 0.5
    """A dry vessel warms faster by the vacuum's factor to this power: 1 where all the heat comes through the wall."""
    bypass_rise_c: float = 2.0
    """Warm gas at the beginning of a fill raises the top by so much."""

    @property
    def fill_mm_per_s(self) -> float:
        """How fast a fill raises the level: one millimetre is `area_m2` litres."""
        return self.fill_l_per_min / self.area_m2 / 60.0


@dataclass(frozen=True, slots=True)
class Hands:
    """What is being done to the tank, or is broken, during one step."""

    lid_open: bool = False
    vacuum_factor: float = 1.0
    """Boil-off is this many times the ordinary one."""
    valve_stuck: str = ""
    """"open", "closed" or empty."""


@dataclass(frozen=True, slots=True)
class TankState:
    """How the tank is."""

    level_mm: float = 231.0
    top_c: float = -177.9
    bottom_c: float = -195.1
    filling: bool = False


IDLE: Final = Hands()


def advance(
    figures: TankFigures, state: TankState, elapsed_s: float, hands: Hands = IDLE,
    step_s: float = STEP_S,
) -> TankState:  # fmt: skip
    """The tank `elapsed_s` seconds later, with the same hands all the while; in steps of about `step_s`."""
    if elapsed_s <= 0:
        return state
    steps = min(max(1, int(elapsed_s / step_s) + 1), _MOST_STEPS)
    for _ in range(steps):
        state = _step(figures, state, elapsed_s / steps, hands)
    return state


def _step(f: TankFigures, s: TankState, dt_s: float, hands: Hands) -> TankState:
    filling = _wants_filling(f, s, hands)
    level = s.level_mm - _loss_mm(f, hands, dt_s)
    if filling:
        level += f.fill_mm_per_s * dt_s
        if hands.valve_stuck != "open":
            level = min(level, f.fill_stops_mm + 1.0)
    level = min(max(level, 0.0), f.height_mm)
    settled = replace(s, level_mm=level, filling=filling)
    return replace(
        settled,
        top_c=_towards(s.top_c, _top_target(f, settled, hands), dt_s, _top_tau_s(f, settled, hands)),
        bottom_c=_towards(s.bottom_c, _bottom_target(f, settled), dt_s, _bottom_tau_s(f, settled, hands)),
    )  # fmt: skip


def _wants_filling(f: TankFigures, s: TankState, hands: Hands) -> bool:
    if hands.valve_stuck:
        return hands.valve_stuck == "open"
    return s.level_mm < f.fill_stops_mm if s.filling else s.level_mm <= f.fill_starts_mm


def _loss_mm(f: TankFigures, hands: Hands, dt_s: float) -> float:
    lid_mm_per_s = f.lid_usage_l_per_min / f.area_m2 / 60.0 if hands.lid_open else 0.0
    return (f.usage_mm_per_day * hands.vacuum_factor / _DAY_S + lid_mm_per_s) * dt_s


def _top_target(f: TankFigures, s: TankState, hands: Hands) -> float:
    if hands.lid_open:
        return f.lid_open_c if s.level_mm > 0 else f.ambient_c
    if s.level_mm <= 0:
        return f.ambient_c
    quiet = f.top_c + (f.top_at_level_mm - s.level_mm) * f.top_c_per_mm
    return max(f.liquid_c, quiet + (f.bypass_rise_c if s.filling else 0.0))


def _top_tau_s(f: TankFigures, s: TankState, hands: Hands) -> float:
    if hands.lid_open:
        return f.lid_tau_s
    if s.level_mm <= 0:
        return _dry_tau_s(f, hands)
    return f.recovery_tau_s


def _bottom_target(f: TankFigures, s: TankState) -> float:
    return f.bottom_c if s.level_mm > 0 else f.ambient_c


def _bottom_tau_s(f: TankFigures, s: TankState, hands: Hands) -> float:
    if s.level_mm > 0:
        return f.recovery_tau_s
    return 1.3 * _dry_tau_s(f, hands)


def _dry_tau_s(f: TankFigures, hands: Hands) -> float:
    return float(f.dry_tau_s / max(hands.vacuum_factor, 1.0) ** f.dry_tau_power)


def _towards(now: float, target: float, dt_s: float, tau_s: float) -> float:
    return target + (now - target) * exp(-dt_s / tau_s)
