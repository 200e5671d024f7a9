"""The rules of trends that a channel begins with, by what it measures and what stands beside it. Pure tables."""

from collections.abc import Collection, Mapping
from typing import Final

from server.alarms.trend_rules import LEVELS, TWINS
from server.alarms.wishes import Wish, params_text
from server.telemetry import quantities

STUCK_S: Final = 6 * 3600.0
HALF_AN_HOUR_S: Final = 1800.0
"""Twins may differ so long: a lid that is open warms one before the other."""
DISAGREE_K: Final = 10.0
SWAPPED_K: Final = 2.0
_USAGE: Final[Mapping[str, float]] = {"level_mm": 60.0, "level_pct": 15.0}
"""Four times what a vapour freezer with a wide neck loses in a day."""
_CALIBRATIONS: Final = (
    Wish("calibration", "warning", 30.0, alarm_class="equipment"),
    Wish("calibration", "warning", 7.0, alarm_class="equipment"),
    Wish("calibration", "high", 0.0, alarm_class="equipment"),
)
_WARM_BY_NATURE: Final = ("room_c", "cpu_c")


def of_channel(key: str, beside: Collection[str]) -> tuple[Wish, ...]:
    """Return the rules of trends that a channel begins with; `beside` are the keys of its freezer's channels.

    A level: boil-off at twice the usual, the critical limit within a day, much use. A level or temperature: the
    same number for six hours. A controller's own probe against the independent top probe, the top against the
    bottom: only where both are there. Each but a lid: its calibration, 30 and 7 days before, and from the date on.
    """
    if quantities.is_lid(key):
        return ()
    wishes = [*_of_levels(key), *of_twins(key, beside)]
    is_cold = quantities.unit_of(key) == "°C" and key not in _WARM_BY_NATURE
    if is_cold or key in LEVELS:
        wishes.append(Wish("stuck", "warning", STUCK_S, alarm_class="equipment"))
    return (*wishes, *(_CALIBRATIONS if is_cold else ()))


def named_by(key: str) -> tuple[str, ...]:
    """Return the channels whose rules need this one: made earlier, they are given those rules now."""
    return tuple(
        other for other, twins in (("controller_c", TWINS["controller_c"]), ("top_c", ("bottom_c",)))
        if key in twins
    )  # fmt: skip


def _of_levels(key: str) -> tuple[Wish, ...]:
    if key not in LEVELS:
        return ()
    found = (Wish("boiloff", "high", 2.0), Wish("forecast", "high", 24.0, 6.0))
    return (*found, Wish("usage", "warning", _USAGE[key], 5.0)) if key in _USAGE else found


def of_twins(key: str, beside: Collection[str]) -> tuple[Wish, ...]:
    """Return the rules that hold a channel against its twin, where the twin is beside it."""
    if key == "controller_c" and "top_c" in beside:
        params = params_text(twin="top_c")
        return (Wish("disagree", "high", DISAGREE_K, 2.0, HALF_AN_HOUR_S, params=params),)
    if key == "top_c" and "bottom_c" in beside:
        params = params_text(twin="bottom_c")
        return (Wish("swapped", "warning", SWAPPED_K, 1.0, HALF_AN_HOUR_S, params=params),)
    return ()
