"""The hot statements on PostgreSQL: one statement a group, binary COPY for the readings.

Rows are locked in sorted order, so that two workers wait for each other and never deadlock. An agent's
row is locked first: whoever holds it alone stores rows of that agent, and a revocation waits for it.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from struct import Struct
from typing import TYPE_CHECKING, Any

from server.telemetry.columns import Column
from server.telemetry.store import FEW, KnownAgent, Latest, Meanwhile, StreamKey, Undated

if TYPE_CHECKING:
    import psycopg

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_ROW = Struct(">hiiiqidih").pack
"""4 fields; channel_id int4, at_ms int8, value float8, quality int2, each behind its length."""
_ROW_WITHOUT = Struct(">hiiiqiih").pack
"""The same with a null for the value."""

_FEW = """
INSERT INTO reading (channel_id, at_ms, value, quality)
SELECT * FROM unnest(%s::int[], %s::bigint[], %s::float8[], %s::smallint[])"""
_AGENTS = """
SELECT site, code, id, org_id, revoked_at IS NOT NULL FROM agent
WHERE (site, code) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
ORDER BY id FOR NO KEY UPDATE"""
_SETTLED = """
SELECT s.agent_id, s.boot, s.stream, s.ranges FROM settled s
JOIN unnest(%s::int[], %s::text[], %s::text[]) AS k(agent_id, boot, stream)
  USING (agent_id, boot, stream)
ORDER BY s.agent_id, s.boot, s.stream FOR UPDATE OF s"""
_BEGIN_SETTLED = """
INSERT INTO settled (agent_id, boot, stream, ranges)
SELECT agent_id, boot, stream, '[]' FROM unnest(%s::int[], %s::text[], %s::text[]) AS k(agent_id, boot, stream)
ORDER BY agent_id, boot, stream ON CONFLICT DO NOTHING"""
_SAVE_SETTLED = """
UPDATE settled s SET ranges = k.ranges
FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[]) AS k(agent_id, boot, stream, ranges)
WHERE s.agent_id = k.agent_id AND s.boot = k.boot AND s.stream = k.stream"""
_LATEST = """
UPDATE channel c SET
  latest_value = CASE WHEN c.latest_at_ms > k.at_ms THEN c.latest_value ELSE k.value END,
  latest_quality = CASE WHEN c.latest_at_ms > k.at_ms THEN c.latest_quality ELSE k.quality END,
  latest_at_ms = greatest(c.latest_at_ms, k.at_ms),
  number_at_ms = greatest(c.number_at_ms, k.number_at_ms)
FROM unnest(%s::int[], %s::bigint[], %s::float8[], %s::int[], %s::bigint[]) AS k(id, at_ms, value, quality, number_at_ms)
WHERE c.id = k.id"""
_HOURS_DUE = """
INSERT INTO hour_due (channel_id, hour_ms) SELECT * FROM unnest(%s::int[], %s::bigint[]) ORDER BY 1, 2
ON CONFLICT (channel_id, hour_ms) DO UPDATE SET hour_ms = excluded.hour_ms"""


class PostgresqlStore:
    """See `Store`."""

    def __init__(self, raw: Any) -> None:  # noqa: ANN401  whatever the pool's connection holds
        self._cursor: psycopg.Cursor[Any] = raw.cursor()

    def agents(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], KnownAgent]:
        """Find the agents and lock their rows."""
        rows = self._cursor.execute(_AGENTS, _columns(names, 2))
        return {(row[0], row[1]): KnownAgent(row[2], row[3], row[4]) for row in rows}

    def settled(self, keys: Sequence[StreamKey]) -> dict[StreamKey, str]:
        """Find the ranges and lock them; a row that is not there yet can only be locked once it is."""
        found = self._settled(keys)
        if len(found) < len(keys):
            missing = [key for key in keys if key not in found]
            self._cursor.execute(_BEGIN_SETTLED, _columns(missing, 3))
            found |= self._settled(missing)
        return found

    def _settled(self, keys: Sequence[StreamKey]) -> dict[StreamKey, str]:
        rows = self._cursor.execute(_SETTLED, _columns(keys, 3))
        return {(row[0], row[1], row[2]): row[3] for row in rows}

    def save_settled(self, ranges: Sequence[tuple[int, str, str, str]]) -> None:
        """Write the ranges."""
        self._cursor.execute(_SAVE_SETTLED, _columns(ranges, 4))

    def add_readings(self, columns: Iterable[Column], meanwhile: Meanwhile) -> None:
        """Store the readings by binary COPY; the server stores a column while the next one is packed.

        A few are stored by a statement: COPY takes two round trips, and none of them with others.
        """
        if sum(len(c.times) for c in columns) <= FEW:
            self._add_few(columns)
            return
        count = 0
        sql = "COPY reading (channel_id, at_ms, value, quality) FROM STDIN (FORMAT BINARY)"
        with self._cursor.copy(sql) as copy:
            copy.write(_HEADER)
            for column in columns:
                copy.write(b"".join(_packed(column)))
                count += len(column.times)
            copy.write(_TRAILER)
            meanwhile(count)

    def _add_few(self, columns: Iterable[Column]) -> None:
        rows = [
            (c.channel_id, at, None if value is None else float(value), quality)
            for c in columns
            for at, value, quality in zip(c.times, c.values, c.qualities, strict=False)
        ]
        self._cursor.execute(_FEW, _columns(rows, 4))

    def add_drills(self, columns: Iterable[Column]) -> None:
        """Store readings of drills."""
        sql = "COPY drill_reading (drill, channel_id, at_ms, value, quality) FROM STDIN"
        with self._cursor.copy(sql) as copy:
            for c in columns:
                for row in zip(
                    repeat(c.drill),
                    repeat(c.channel_id),
                    c.times,
                    c.values,
                    c.qualities,
                    strict=False,
                ):
                    copy.write_row(row)

    def add_undated(self, rows: Sequence[Undated]) -> None:
        """Store values of undated rows."""
        sql = (
            "COPY undated_reading (agent_id, boot, stream, seq, channel_id, since_boot_ms, "
            "arrived_ms, value, quality) FROM STDIN"
        )
        with self._cursor.copy(sql) as copy:
            for r in rows:
                copy.write_row(
                    (r.agent_id, r.boot, r.stream, r.seq, r.channel_id, r.since_boot_ms,
                     r.arrived_ms, r.value, r.quality)
                )  # fmt: skip

    def latest(self, rows: Sequence[Latest]) -> None:
        """Bring the channels up to date."""
        table = [
            (
                r.channel_id,
                r.at_ms,
                None if r.value is None else float(r.value),
                r.quality,
                r.number_at_ms,
            )
            for r in rows
        ]
        self._cursor.execute(_LATEST, _columns(table, 5))

    def hours_due(self, marks: Sequence[tuple[int, int]]) -> None:
        """Mark the hours; an existing mark is locked, so that the roll-up waits for these readings."""
        self._cursor.execute(_HOURS_DUE, _columns(marks, 2))


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _packed(c: Column) -> Iterable[bytes]:
    cid = c.channel_id
    return [
        _ROW(4, 4, cid, 8, at, 8, value, 2, quality)
        if value is not None
        else _ROW_WITHOUT(4, 4, cid, 8, at, -1, 2, quality)
        for at, value, quality in zip(c.times, c.values, c.qualities, strict=False)
    ]
