"""What lights and buzzer say at the freezer, and what the button means. Knows no pin and no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from edge_agent.standing import ALARM

TROUBLE_SHOWN_MS: Final = 3_600_000
"""So long after damage to the spool the amber light tells of it."""


class Light(Enum):
    """How a light is."""

    OFF = "off"
    ON = "on"
    BLINKING = "blinking"


@dataclass(frozen=True, slots=True)
class Show:
    """What is to be seen and heard."""

    red: Light = Light.OFF
    amber: Light = Light.OFF
    green: Light = Light.OFF
    buzzer: bool = False

    def is_on(self, name: str, *, lit: bool) -> bool:
        """Whether this output is on now; `lit` says which half of a blink it is."""
        state = getattr(self, name)
        return lit if state is Light.BLINKING else state in {Light.ON, True}


class Panel:
    """Which local alarms stand, and which of them somebody at the freezer has acknowledged.

    Times are of the clock that never jumps. The server counts as reachable for a while after the start.
    """

    def __init__(
        self, now_ms: int, *, silent_ms: int, always: bool = False,
        stood: Mapping[ALARM, bool] | None = None,
    ) -> None:  # fmt: skip
        self._silent_ms, self._always = silent_ms, always
        self._heard_ms = now_ms
        self._trouble_ms: int | None = None
        self._acknowledged = dict(stood or {})

    @property
    def acknowledged(self) -> Mapping[ALARM, bool]:
        """Of each alarm that stands, whether it was acknowledged."""
        return self._acknowledged

    def heard(self, now_ms: int) -> None:
        """The server has answered."""
        self._heard_ms = now_ms

    def saw(self, events: Sequence[Mapping[str, Any]], now_ms: int) -> None:
        """Take the agent's own events: alarms that begin and end, and damage to the spool."""
        for event in events:
            if event["kind"] == "local_alarm_raised":
                self._acknowledged[_alarm(event)] = False
            elif event["kind"] == "local_alarm_cleared":
                self._acknowledged.pop(_alarm(event), None)
            elif event["kind"] == "spool_trouble":
                self._trouble_ms = now_ms

    def pressed(self) -> list[dict[str, Any]]:
        """The button: every standing alarm is acknowledged; an event for each."""
        self._acknowledged = dict.fromkeys(self._acknowledged, True)
        return [
            {
                "kind": "local_alarm_acknowledged",
                "stream": stream,
                "channel": channel,
                "limit": limit,
                "limit_value": value,
            }
            for stream, channel, limit, value in self._acknowledged
        ]

    def show(self, now_ms: int, *, in_memory_only: bool) -> Show:
        """What is to be seen and heard now; `in_memory_only`: rows wait that the disk does not take."""
        unreachable = now_ms - self._heard_ms > self._silent_ms
        trouble = in_memory_only or self._was_damaged(now_ms)
        ringing = not all(self._acknowledged.values())
        return Show(
            red=_light(bool(self._acknowledged), blinking=ringing),
            amber=_light(unreachable or trouble, blinking=trouble),
            green=_light(not (self._acknowledged or unreachable or trouble)),
            buzzer=ringing and (unreachable or self._always),
        )

    def _was_damaged(self, now_ms: int) -> bool:
        return self._trouble_ms is not None and now_ms - self._trouble_ms < TROUBLE_SHOWN_MS


def _light(is_on: bool, *, blinking: bool = False) -> Light:
    if not is_on:
        return Light.OFF
    return Light.BLINKING if blinking else Light.ON


def _alarm(event: Mapping[str, Any]) -> ALARM:
    return event["stream"], event["channel"], event["limit"], event.get("limit_value")
