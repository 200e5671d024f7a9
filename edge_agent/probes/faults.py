"""Tells of a channel's fault once when it comes, and once when it has been gone for a while."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edge_agent.wire.quality import Quality

SETTLED_MS: Final = 10_000
"""A fault is over when the channel has been good for so long: a loose contact is told once."""
AGAIN_MS: Final = 600_000
"""A quality that was told is told again in other words so much later at the earliest: noise has many words."""
_SOUND: Final = (Quality.GOOD, Quality.UNCERTAIN)


@dataclass(slots=True)
class _Told:
    fault: str = ""
    at_ms: dict[int, int] = field(default_factory=dict)
    """When each quality was told, since the channel was last good."""
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
        if not _is_news(told, q, fault, now_ms):
            return []
        told.fault, told.at_ms[q] = fault, now_ms
        return [{"kind": "probe_fault", "channel": channel, "quality": int(q), "fault": fault}]

    def _good(self, channel: str, told: _Told, now_ms: int) -> list[Mapping[str, Any]]:
        if not told.fault:
            return []
        if told.good_since_ms is None:
            told.good_since_ms = now_ms
        if now_ms - told.good_since_ms < SETTLED_MS:
            return []
        was, told.fault, told.at_ms = told.fault, "", {}
        return [{"kind": "probe_fault_over", "channel": channel, "fault": was}]


def _is_news(told: _Told, q: int, fault: str, now_ms: int) -> bool:
    """A quality that has not been told; or other words than the last, when this one was told long ago."""
    if q not in told.at_ms:
        return True
    return fault != told.fault and now_ms - told.at_ms[q] >= AGAIN_MS
