"""What a freezer's own controller alarms about, told as events when it comes and when it goes."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

POWER: Final = "power failure"
"""This one is told as power_lost and power_back, as every loss of power is."""


class ControllerAlarms:
    """The alarms that stood at the last reading."""

    def __init__(self) -> None:
        self._standing: frozenset[str] = frozenset()

    def changed(self, alarms: Iterable[str]) -> tuple[Mapping[str, Any], ...]:
        """The events of what is new and of what is gone; those gone come first."""
        before, self._standing = self._standing, frozenset(alarms)
        gone = (_event(alarm, over=True) for alarm in sorted(before - self._standing))
        new = (_event(alarm, over=False) for alarm in sorted(self._standing - before))
        return (*gone, *new)


def _event(alarm: str, *, over: bool) -> Mapping[str, Any]:
    if alarm == POWER:
        return {"kind": "power_back"} if over else {"kind": "power_lost"}
    if over:
        return {"kind": "controller_alarm_over", "alarm": alarm}
    return {"kind": "controller_alarm", "alarm": alarm}
