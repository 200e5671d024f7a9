"""The agent's own alarm: the same judgement as the server's, for when no server is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge_agent.config import LimitSettings
from edge_agent.rows import NewRow
from edge_agent.wire.limits import NORMAL, Change, JudgeState, judge, judge_silence, tick
from edge_agent.wire.quality import has_number

KEEP_AROUND_MS: Final = 600_000
"""Rows so long before an alarm, during it and so long after are never thinned."""


_STANDS: Final = ("active", "clearing")


@dataclass(slots=True)
class Watch:
    """One limit and where it stands. Times are of the clock that never jumps."""

    settings: LimitSettings
    last_number_ms: int
    state: JudgeState = NORMAL


class LocalAlarm:
    """Judges every row and the silence between; answers with events to record."""

    def __init__(self, limits: Sequence[LimitSettings], now_ms: int) -> None:
        self._watches = [Watch(limit, now_ms) for limit in limits]
        self._rang_ms: int | None = None

    def consider(self, row: NewRow, now_ms: int) -> list[dict[str, Any]]:
        """The events that this row causes."""
        events = []
        for watch in self._watches:
            if watch.settings.stream == row.stream and watch.settings.channel in row.ch:
                at = row.ch.index(watch.settings.channel)
                value, quality = row.values[at], row.q[at] if row.q else 0
                events += self._judge(watch, now_ms, value, quality)
        return events

    def tick(self, now_ms: int) -> list[dict[str, Any]]:
        """The events that the passing of time causes."""
        events = []
        for watch in self._watches:
            limit = watch.settings.limit
            if limit.kind == "stale":
                judged = judge_silence(limit, watch.state, watch.last_number_ms, now_ms)
            else:
                judged = tick(limit, watch.state, now_ms)
            events += _changed(watch, *judged)
        return events

    def rings(self) -> bool:
        """Say whether an alarm stands now."""
        return any(watch.state.phase in _STANDS for watch in self._watches)

    def keeps(self, now_ms: int) -> bool:
        """Say whether what is read now belongs to the time of an alarm."""
        if self.rings():
            self._rang_ms = now_ms
        return self._rang_ms is not None and now_ms - self._rang_ms <= KEEP_AROUND_MS

    def _judge(
        self, watch: Watch, now_ms: int, value: float | None, quality: int
    ) -> list[dict[str, Any]]:
        if value is not None and has_number(quality):
            watch.last_number_ms = now_ms
        judged = judge(watch.settings.limit, watch.state, now_ms, value, quality)
        return _changed(watch, *judged, value)


def _changed(
    watch: Watch, state: JudgeState, change: Change | None, value: float | None = None
) -> list[dict[str, Any]]:
    extreme = state.extreme if state.extreme is not None else watch.state.extreme
    watch.state = state
    if change is None:
        return []
    event = {
        "kind": f"local_alarm_{change}",
        "stream": watch.settings.stream,
        "channel": watch.settings.channel,
        "limit": watch.settings.limit.kind,
        "limit_value": watch.settings.limit.value,
        "value": value,
        "extreme": extreme,
    }
    return [{key: fact for key, fact in event.items() if fact is not None}]
