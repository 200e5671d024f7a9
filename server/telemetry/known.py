"""What one worker remembers between transactions; forgotten whenever a transaction fails."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from server.telemetry.columns import HOUR_MS
from server.telemetry.models import Channel

CHANNELS_AN_AGENT = 512
"""More than this is no freezer but a fault; rows with further channels are refused."""

_CREATE = text(
    "INSERT INTO channel (agent_id, stream, key, confirmed, label, probe_serial, calibration_due, interval_s)"
    " VALUES (:agent_id, :stream, :key, :no, '', '', '', 10.0) ON CONFLICT DO NOTHING"
)


class Known:
    """Channel ids by name, which hours are marked already, how often agents were marked as seen."""

    def __init__(self) -> None:
        self._ids: dict[tuple[int, str, tuple[str, ...]], tuple[int, ...]] = {}
        self._marked: set[tuple[int, int]] = set()
        self._latest: dict[int, int] = {}
        self._seen: dict[int, datetime] = {}

    def forget(self) -> None:
        """Forget everything: what was learnt in a transaction that failed is not true."""
        for memory in (self._ids, self._marked, self._latest, self._seen):
            memory.clear()

    def channel_ids(
        self, session: Session, agent_id: int, stream: str, keys: tuple[str, ...]
    ) -> tuple[int, ...] | None:
        """Return the channels' ids, creating unknown ones unconfirmed; None where that would be too many."""
        ids = self._ids.get((agent_id, stream, keys))
        if ids is None:
            ids = _find_or_create(session, agent_id, stream, keys)
            if ids is not None:
                self._ids[agent_id, stream, keys] = ids
        return ids

    def hours_to_mark(self, marks: set[tuple[int, int]], now_ms: int) -> list[tuple[int, int]]:
        """Return, in order, the marks that must be written.

        An hour that is not over is marked once: the roll-up takes no hour before it has been over for a
        minute. A past hour is marked each time, because its mark may have been taken in between.
        """
        over = {mark for mark in marks if mark[1] + HOUR_MS <= now_ms}
        new = sorted(over | (marks - self._marked))
        if new:
            self._marked = {mark for mark in self._marked if mark[1] + HOUR_MS > now_ms}
            self._marked |= marks - over
        return new

    def is_youngest(self, channel_id: int, at_ms: int) -> bool:
        """Say whether this worker has not yet written a younger reading of the channel."""
        if at_ms < self._latest.get(channel_id, 0):
            return False
        self._latest[channel_id] = at_ms
        return True

    def not_seen_lately(self, agent_ids: set[int], now: datetime) -> list[int]:
        """Return, in order, the agents that were not marked as seen within the last second."""
        due = sorted(
            i
            for i in agent_ids
            if i not in self._seen or (now - self._seen[i]).total_seconds() >= 1
        )
        self._seen.update(dict.fromkeys(due, now))
        return due


def _find_or_create(
    session: Session, agent_id: int, stream: str, keys: Sequence[str]
) -> tuple[int, ...] | None:
    ids = _find(session, agent_id, stream, keys)
    missing = sorted(set(keys) - set(ids))
    if missing:
        count = session.scalar(select(func.count()).where(Channel.agent_id == agent_id)) or 0
        if count + len(missing) > CHANNELS_AN_AGENT:
            return None
        rows = [
            {"agent_id": agent_id, "stream": stream, "key": key, "no": False} for key in missing
        ]
        session.execute(_CREATE, rows)
        ids = _find(session, agent_id, stream, keys)
    return tuple(ids[key] for key in keys)


def _find(session: Session, agent_id: int, stream: str, keys: Sequence[str]) -> dict[str, int]:
    found = session.execute(
        select(Channel.key, Channel.id).where(
            Channel.agent_id == agent_id, Channel.stream == stream, Channel.key.in_(keys)
        )
    )
    return {key: channel_id for key, channel_id in found}  # noqa: C416  rows are no pairs to a type checker
