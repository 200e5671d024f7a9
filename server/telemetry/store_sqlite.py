"""The hot statements on SQLite. The transaction is BEGIN IMMEDIATE, so nothing needs a lock of its own."""

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from server.telemetry.columns import Column
from server.telemetry.store import KnownAgent, Latest, Meanwhile, StreamKey, Undated

if TYPE_CHECKING:
    import sqlite3

_AT_ONCE = 16
"""Rows a statement: binding them together costs little more than half of one by one."""


def _insert(table: str, columns: Sequence[str], rows: int) -> str:
    marks = "(" + ",".join("?" * len(columns)) + ")"
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES {','.join([marks] * rows)}"  # noqa: S608  own names only


_READING = ("channel_id", "at_ms", "value", "quality")
_MANY, _ONE = _insert("reading", _READING, _AT_ONCE), _insert("reading", _READING, 1)
_DRILL = _insert("drill_reading", ("drill", *_READING), 1)
_UNDATED = _insert("undated_reading", (
    "agent_id", "boot", "stream", "seq", "channel_id", "since_boot_ms", "arrived_ms", "value", "quality",
), 1)  # fmt: skip
_LATEST = """
UPDATE channel SET
  latest_value = CASE WHEN latest_at_ms > :at THEN latest_value ELSE :value END,
  latest_quality = CASE WHEN latest_at_ms > :at THEN latest_quality ELSE :quality END,
  latest_at_ms = max(coalesce(latest_at_ms, :at), :at),
  number_at_ms = coalesce(max(number_at_ms, :number), number_at_ms, :number)
WHERE id = :id"""


class SqliteStore:
    """See `Store`."""

    def __init__(self, raw: Any) -> None:  # noqa: ANN401  whatever the pool's connection holds
        self._raw: sqlite3.Connection = raw

    def agents(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], KnownAgent]:
        """Find the agents."""
        found = {}
        sql = "SELECT id, org_id, revoked_at IS NOT NULL FROM agent WHERE site = ? AND code = ?"
        for name in names:
            row = self._raw.execute(sql, name).fetchone()
            if row is not None:
                found[name] = KnownAgent(row[0], row[1], bool(row[2]))
        return found

    def settled(self, keys: Sequence[StreamKey]) -> dict[StreamKey, str]:
        """Find the ranges; a stream not met before has none."""
        sql = "SELECT ranges FROM settled WHERE agent_id = ? AND boot = ? AND stream = ?"
        rows = ((key, self._raw.execute(sql, key).fetchone()) for key in keys)
        return {key: row[0] if row else "[]" for key, row in rows}

    def save_settled(self, ranges: Sequence[tuple[int, str, str, str]]) -> None:
        """Write the ranges."""
        self._raw.executemany(
            "INSERT INTO settled (agent_id, boot, stream, ranges) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (agent_id, boot, stream) DO UPDATE SET ranges = excluded.ranges",
            ranges,
        )

    def add_readings(self, columns: Iterable[Column], meanwhile: Meanwhile) -> None:
        """Store the readings, many rows a statement."""
        flat = list(
            chain.from_iterable(
                chain.from_iterable(
                    zip(repeat(c.channel_id), c.times, c.values, c.qualities, strict=False)
                    for c in columns
                )
            )
        )
        step = _AT_ONCE * 4
        full = len(flat) - len(flat) % step
        if full:
            self._raw.executemany(_MANY, [flat[i : i + step] for i in range(0, full, step)])
        if full < len(flat):
            self._raw.executemany(_ONE, [flat[i : i + 4] for i in range(full, len(flat), 4)])

    def add_drills(self, columns: Iterable[Column]) -> None:
        """Store readings of drills."""
        for c in columns:
            rows = zip(
                repeat(c.drill), repeat(c.channel_id), c.times, c.values, c.qualities, strict=False
            )
            self._raw.executemany(_DRILL, rows)

    def add_undated(self, rows: Sequence[Undated]) -> None:
        """Store values of undated rows."""
        self._raw.executemany(_UNDATED, [
            (r.agent_id, r.boot, r.stream, r.seq, r.channel_id, r.since_boot_ms, r.arrived_ms, r.value, r.quality)
            for r in rows
        ])  # fmt: skip

    def latest(self, rows: Sequence[Latest]) -> None:
        """Bring the channels up to date."""
        self._raw.executemany(_LATEST, [
            {"at": r.at_ms, "value": r.value, "quality": r.quality, "number": r.number_at_ms, "id": r.channel_id}
            for r in rows
        ])  # fmt: skip

    def hours_due(self, marks: Sequence[tuple[int, int]]) -> None:
        """Mark the hours."""
        self._raw.executemany(
            "INSERT OR IGNORE INTO hour_due (channel_id, hour_ms) VALUES (?, ?)", marks
        )
