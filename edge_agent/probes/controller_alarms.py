"""What a freezer's own controller alarms about, told as events when it comes and when it goes.

At the first answer after the agent's start an event says what stands: what ended while nobody asked is over.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

POWER: Final = "power failure"
"""This one is told as power_lost and power_back, as every loss of power is."""
FILLING: Final = "filling"
"""No alarm: told as fill_started and fill_ended."""
_SPANS: Final = {
    POWER: ("power_lost", "power_back"),
    FILLING: ("fill_started", "fill_ended"),
}


class ControllerAlarms:
    """The alarms that stood at the last reading. `codes` are the maker's codes, by the words for them."""

    def __init__(self, codes: Mapping[str, str] | None = None) -> None:
        self._codes = codes or {}
        self._standing: frozenset[str] | None = None

    def changed(self, alarms: Iterable[str]) -> tuple[Mapping[str, Any], ...]:
        """The events of what is new and of what is gone; those gone come first."""
        before, now = self._standing, frozenset(alarms)
        self._standing = now
        gone = (self._event(alarm, over=True) for alarm in sorted((before or frozenset()) - now))
        new = (self._event(alarm, over=False) for alarm in sorted(now - (before or frozenset())))
        first = () if before is not None else (self._all(now),)
        return (*first, *gone, *new)

    def _event(self, alarm: str, *, over: bool) -> Mapping[str, Any]:
        if alarm in _SPANS:
            return {"kind": _SPANS[alarm][over]}
        kind = "controller_alarm_over" if over else "controller_alarm"
        code = {"code": self._codes[alarm]} if alarm in self._codes else {}
        return {"kind": kind, "alarm": alarm, **code}

    def _all(self, now: Iterable[str]) -> Mapping[str, Any]:
        return {"kind": "controller_standing", "alarms": sorted(now)}
