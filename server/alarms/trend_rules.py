"""Rules that look at more than one reading: what their numbers may be, what is compared with what. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from server.alarms import params as known
from server.alarms.wishes import Wish
from server.core.errors import Refusal
from server.core.words import N_, Sentence
from server.telemetry import quantities

KINDS: Final = ("usage", "boiloff", "forecast", "stuck", "disagree", "swapped", "calibration")
OF_LEVELS: Final = ("usage", "boiloff", "forecast")
OF_TWINS: Final = ("disagree", "swapped")
LEVELS: Final = ("level_mm", "level_pct", "liquid_l", "weight_kg")
TWINS: Final[Mapping[str, tuple[str, ...]]] = {
    "controller_c": ("top_c",),
    "top_c": ("controller_c",),
    **{key: tuple(other for other in LEVELS if other != key) for key in LEVELS},
}
"""The channels that move when this one should."""
MOVED: Final = {"°C": 1.0, "mm": 3.0, "%": 1.0, "L": 0.5, "kg": 0.5}
"""A twin that changed by so much has moved."""
LIVELY: Final = 0.9
"""A channel that moved in so many of its hours does not stand still by chance."""
HOURS_TO_KNOW: Final = 24
HOUR_S: Final = 3600
_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "usage": (0.001, 100_000.0),
    "boiloff": (1.1, 100.0),
    "forecast": (1.0, 30 * 24.0),
    "stuck": (2.0 * HOUR_S, 7 * 24.0 * HOUR_S),
    "disagree": (0.001, 300.0),
    "swapped": (0.0, 300.0),
    "calibration": (0.0, 366.0),
}
_MEANING: Final = {
    "usage": N_("what may be lost in a day"),
    "boiloff": N_("how many times the usual loss is too much"),
    "forecast": N_("how many hours ahead"),
    "stuck": N_("for how many seconds the number may stand still"),
    "disagree": N_("by how much the two may differ"),
    "swapped": N_("by how much the twin may be warmer"),
    "calibration": N_("how many days ahead"),
}


def why_not(wish: Wish, key: str) -> tuple[str, Refusal] | None:
    """Say which field of a rule of these kinds cannot be right for this channel and why, or None."""
    if wish.kind not in KINDS:
        return None
    if wish.kind in OF_LEVELS and key not in LEVELS:
        return "kind", Refusal(
            "no_level", N_("“%(key)s” is no level: nothing of it can be lost."), {"key": key}
        )
    if wish.kind != "calibration" and quantities.is_lid(key):
        because = N_("A lid is open or closed: watch for “open too long”.")
        return "kind", Refusal("is_a_door", because)
    least, most = _BOUNDS[wish.kind]
    if not least <= wish.value <= most:
        facts = {
            "found": f"{wish.value:g}", "least": f"{least:g}", "most": f"{most:g}",
            "meaning": Sentence(_MEANING[wish.kind]),
        }  # fmt: skip
        because = N_("Give %(meaning)s, from %(least)s to %(most)s; %(found)s was given.")
        return "value", Refusal("bad_number", because, facts)
    return _why_not_twin(wish, key)


def _why_not_twin(wish: Wish, key: str) -> tuple[str, Refusal] | None:
    """A rule of two that says no twin, of a channel that has no usual one, would never alarm."""
    twins = twin_key(wish.params, wish.kind, key) if wish.kind in OF_TWINS else ("",)
    if not twins:
        because = N_("“%(key)s” has no usual twin: choose the channel that it is held against.")
        return "twin", Refusal("no_twin", because, {"key": key})
    if key in twins:
        because = N_("A channel is not held against itself: choose another one.")
        return "twin", Refusal("own_twin", because)
    return None


def twin_key(params: str, kind: str, key: str) -> tuple[str, ...]:
    """Return the keys of the channels that it is held against, the first that is there counts."""
    if named := known.word(kind, params, "twin"):
        return (named,)
    return ("bottom_c",) if kind == "swapped" else TWINS.get(key, ())


def differs(one: float, other: float, limit: float, hysteresis: float, active: bool) -> bool:
    """Say whether two numbers that should be alike differ too much; an alarm ends `hysteresis` inside."""
    return abs(one - other) > limit - (hysteresis if active else 0.0)


def is_swapped(upper: float, lower: float, margin: float, hysteresis: float, active: bool) -> bool:
    """Say whether the upper probe is colder than the lower one by more than the margin."""
    return lower - upper > margin - (hysteresis if active else 0.0)


def is_stuck(
    least: float, greatest: float, twin_range: float | None, unit: str, hours: int, moving: int
) -> bool:
    """Say whether a number stands still that should not.

    It does where its twin has moved meanwhile, or where the channel itself, in `hours` before, hardly ever
    stood still (`moving` of them). A probe that is quiet by nature is not stuck.
    """
    if least != greatest:
        return False
    if twin_range is not None and twin_range >= MOVED.get(unit, 1.0):
        return True
    return hours >= HOURS_TO_KNOW and moving >= LIVELY * hours


def is_due(due: str, today: date, days_ahead: float, nearer: tuple[float, ...]) -> bool:
    """Say whether a calibration is due so soon, and none of the rules with fewer days says it already."""
    left = days_left(due, today)
    if left is None or left > days_ahead:
        return False
    return not any(left <= other for other in nearer if other < days_ahead)


def days_left(due: str, today: date) -> int | None:
    """Return the days until this date (ISO), below nought after it; None where it is no date."""
    try:
        return (date.fromisoformat(due[:10]) - today).days
    except ValueError:
        return None
