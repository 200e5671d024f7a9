"""The agent's own alarm: the same judgement as the server's, for when no server is there."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge_agent.config import LimitSettings
from edge_agent.rows import NewRow
from edge_agent.standing import ALARM, Standing
from edge_agent.wire.limits import NORMAL, Change, JudgeState, judge, judge_silence, tick
from edge_agent.wire.quality import has_number

_LOG = logging.getLogger(__name__)
KEEP_AROUND_MS: Final = 600_000
"""Rows so long before an alarm, during it and so long after are never thinned."""
AWAY_MS: Final = 60_000
"""A delay that ran when the agent ended goes on running, unless it has been over for so long."""


_STANDS: Final = ("active", "clearing")


@dataclass(slots=True)
class Watch:
    """One limit and where it stands. Times are of the clock that never jumps."""

    settings: LimitSettings
    last_number_ms: int
    state: JudgeState = NORMAL
    raised_ms: int = 0

    @property
    def alarm(self) -> ALARM:
        """Which alarm it is."""
        limit = self.settings.limit
        return self.settings.stream, self.settings.channel, limit.kind, limit.value

    def restore(self, stood: Standing, now_ms: int) -> bool:
        """Go on where an earlier start of the agent was; say whether an alarm stands by it."""
        limit = self.settings.limit
        stands = stood.phase == "active"
        if not stands and now_ms - stood.since_ms - limit.delay_on_ms > AWAY_MS:
            return False
        self.state = JudgeState(stood.phase, stood.since_ms)
        self.raised_ms = stood.since_ms
        if limit.kind == "stale":  # the silence is as long as it must have been
            delay_ms = limit.delay_on_ms if stands else 0
            self.last_number_ms = stood.since_ms - delay_ms - round(limit.value * 1000) - 1
        return stands


class LocalAlarm:
    """Judges every row and the silence between; answers with events to record."""

    def __init__(
        self, limits: Sequence[LimitSettings], now_ms: int, stood: Sequence[Standing] = ()
    ) -> None:
        self._watches = [Watch(limit, now_ms) for limit in limits]
        self._rang_ms: int | None = None
        self.restored: dict[ALARM, bool] = {}
        """Alarms that still stand since an earlier start, and whether they were acknowledged."""
        self._ended = [event for one in stood for event in self._restore(one, now_ms)]

    def _restore(self, stood: Standing, now_ms: int) -> list[dict[str, Any]]:
        """Go on with what stood before; the event that ends it where it is watched no longer."""
        watch = self._watch_of(stood)
        if watch is None:
            return [_no_longer(stood)] if stood.phase == "active" else []
        if watch.restore(stood, now_ms):
            self.restored[watch.alarm] = stood.acknowledged
            _LOG.warning("the alarm of %s %s (%s %s) still stands", *watch.alarm)
        return []

    def _watch_of(self, stood: Standing) -> Watch | None:
        """Who watches this: the same limit, or one of its kind that was set to another value meanwhile."""
        free = [watch for watch in self._watches if watch.state == NORMAL]
        same = [watch for watch in free if watch.alarm == stood.alarm]
        like = [watch for watch in free if watch.alarm[:3] == stood.alarm[:3]]
        return next(iter([*same, *like]), None)

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
        events, self._ended = self._ended, []
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

    def standing(self, acknowledged: Mapping[ALARM, bool]) -> list[Standing]:
        """What a later start of the agent must know; what is about to clear counts as standing."""
        return [
            Standing(*watch.alarm, "active", watch.raised_ms, acknowledged.get(watch.alarm, False))
            if watch.state.phase in _STANDS
            else Standing(*watch.alarm, "pending", watch.state.since_ms)
            for watch in self._watches
            if watch.state.phase != "normal"
        ]

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


def _no_longer(stood: Standing) -> dict[str, Any]:
    return {
        "kind": "local_alarm_cleared",
        "stream": stood.stream,
        "channel": stood.channel,
        "limit": stood.kind,
        "limit_value": stood.value,
        "why": "no longer watched",
    }


def _changed(
    watch: Watch, state: JudgeState, change: Change | None, value: float | None = None
) -> list[dict[str, Any]]:
    extreme = state.extreme if state.extreme is not None else watch.state.extreme
    watch.state = state
    if change == "raised":
        watch.raised_ms = state.since_ms
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
