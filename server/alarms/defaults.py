"""The rules that things begin with: channels by what they measure, and freezers. Pure tables."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from server.alarms.wishes import Wish
from server.telemetry import quantities

OXYGEN: Final = ("room_o2pct", "oxygen_pct")
LOW_OXYGEN_PCT: Final = 19.5
"""From here nobody goes in alone (BCGA, and most makers of room monitors)."""
EVACUATE_PCT: Final = 18.0
"""From here the room is left at once."""
FAULT_LASTS_S: Final = 60.0
"""A single bad sample at night calls nobody."""
_RISES = '{"direction": "up", "window_s": 600}'
_FALLS = '{"direction": "down", "window_s": 600}'

_LEVEL_MM: Final = (
    Wish("low", "high", 150.0, 5.0, 60.0),
    Wish("low", "critical", 75.0, 5.0),
    Wish("rate", "high", 3.0, params=_FALLS),
)
_LEVEL_PCT: Final = (Wish("low", "high", 40.0, 2.0, 60.0), Wish("low", "critical", 20.0, 2.0))
_COLD: Final = (Wish("high", "warning", -160.0, 2.0, 60.0), Wish("high", "critical", -150.0, 2.0))
_SUBMERGED: Final = (
    Wish("high", "warning", -185.0, 2.0, 60.0),
    Wish("high", "critical", -170.0, 2.0),
    Wish("rate", "warning", 1.0, params=_RISES),
)
"""A probe at the bottom reads -195 for as long as there is liquid: the top's limits would speak far too late."""
_LID: Final = (Wish("door", "warning", 0.5, 0.0, 180.0),)
_OXYGEN: Final = (
    Wish("low", "high", LOW_OXYGEN_PCT, 0.2),
    Wish("low", "critical", EVACUATE_PCT, 0.2, latching=True, acks_needed=2),
)
HOST: Final[Mapping[str, tuple[Wish, ...]]] = {
    "cpu_c": (Wish("high", "warning", 80.0, 5.0, 300.0, alarm_class="equipment"),),
    "disk_free_pct": (Wish("low", "warning", 10.0, 2.0, 300.0, alarm_class="equipment"),),
    "undervoltage": (Wish("high", "warning", 0.5, 0.0, 60.0, alarm_class="equipment"),),
}
"""The health of a node. From 80 °C a Raspberry Pi slows its processor down (its maker's documentation); a full disk
keeps no reading; a weak supply (1) spoils measurements and disks."""
_BY_KEY: Final[Mapping[str, tuple[Wish, ...]]] = {
    "level_mm": _LEVEL_MM,
    "level_pct": _LEVEL_PCT,
    "bottom_c": _SUBMERGED,
    **dict.fromkeys(OXYGEN, _OXYGEN),
    **HOST,
}
_WARM_BY_NATURE: Final = ("room_c", "cpu_c")

FREEZER: Final = (Wish("fill_long", "high", 1800.0, alarm_class="equipment"),)
"""A fill takes minutes; half an hour is a valve that sticks, or no nitrogen behind it."""


def of_channel(key: str, interval_s: float = 10.0) -> tuple[Wish, ...]:
    """Return the rules that a new channel begins with.

    Temperatures: warning above −160 °C for a minute, critical above −150 °C; one that stands in the liquid warns
    above −185 °C for a minute and when it rises by 1 K a minute over ten minutes, and is critical above −170 °C. Level: low below 150 mm, critical below 75 mm, and falling by
    3 mm a minute over ten minutes (30 mm; a fill that rises does not count). Lid: open longer than 3 minutes.
    Oxygen: life safety below 19.5 % and 18 %. Each: silent for three intervals, at least 30 s; and a probe at
    fault for a minute.
    """
    silence = Wish("stale", "high", max(3 * interval_s, 30.0))
    fault = Wish("probe_fault", "high", 0.0, delay_on_s=FAULT_LASTS_S)
    return tuple(classed(one, key) for one in (*_limits(key), silence, fault))


def _limits(key: str) -> tuple[Wish, ...]:
    if key in _BY_KEY:
        return _BY_KEY[key]
    if quantities.is_lid(key):
        return _LID
    is_cold = quantities.unit_of(key) == "°C" and key not in _WARM_BY_NATURE
    return _COLD if is_cold else ()


def classed(wish: Wish, key: str) -> Wish:
    """Return the wish with the class that it has by its channel: all of an oxygen meter is life safety."""
    if key in OXYGEN:
        return replace(wish, alarm_class="safety")
    is_plain = wish.kind == "probe_fault" and wish.alarm_class == "process"
    return replace(wish, alarm_class="equipment") if is_plain else wish
