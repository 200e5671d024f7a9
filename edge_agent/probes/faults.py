"""Tells of a channel's fault once when it comes, and once when it has been gone for a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge_agent.wire.quality import Quality

SETTLED_MS: Final = 10_000
"""A fault is over when the channel has been good for so long: a loose contact is told once."""
_SOUND: Final = (Quality.GOOD, Quality.UNCERTAIN)


@dataclass(slots=True)
class _Told:
    fault: str = ""
    good_since_ms: int | None = None


class FaultWatch:
    """What has been told of each channel."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def consider(self, channel: str, q: int, fault: str, now_ms: int) -> list[Mapping[str, Any]]:
        """The events that this reading causes: probe_fault, or probe_fault_over."""
        told = self._told.setdefault(channel, _Told())
        if q in _SOUND:
            return self._good(channel, told, now_ms)
        told.good_since_ms = None
        if fault == told.fault:
            return []
        told.fault = fault
        return [{"kind": "probe_fault", "channel": channel, "quality": int(q), "fault": fault}]

    def _good(self, channel: str, told: _Told, now_ms: int) -> list[Mapping[str, Any]]:
        if not told.fault:
            return []
        if told.good_since_ms is None:
            told.good_since_ms = now_ms
        if now_ms - told.good_since_ms < SETTLED_MS:
            return []
        was, told.fault = told.fault, ""
        return [{"kind": "probe_fault_over", "channel": channel, "fault": was}]
