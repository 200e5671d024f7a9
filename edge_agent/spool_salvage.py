"""What can still be read of a damaged spool: every row whose checksum holds, and all that is known beside them.

A page that SQLite cannot read costs the rows on it. Everything else is found by asking around it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edge_agent.rows import Key
from edge_agent.spool_schema import INSERT_ROW, UNCHECKED, checksum, connect
from edge_agent.wire.ranges import Ranges, missing, of_numbers

Row = tuple[Any, ...]
AT_ONCE: Final = 512
MOST_IN_VAIN: Final = 20_000
"""After so many numbers in a row that cannot be read, the rest of a stretch is given up."""
COLUMNS: Final = "boot, stream, seq, at_ms, synced, off_ms, ch, drill, body, q, keep, crc"
_BEFORE: Final = "boot, stream, seq, at_ms, synced, off_ms, ch, drill, body, q"
_TABLES: Final = {
    "boot": "SELECT boot, began_ms, kernel, zero_ms, dated FROM boot ORDER BY id",
    "stream": "SELECT boot, stream, next FROM stream",
    "void": "SELECT boot, stream, first, last FROM void",
    "thinned": "SELECT boot, stream, level, upto FROM thinned",
    "refused": (
        "SELECT boot, stream, seq, at_ms, synced, ch, body, q, why, refused_ms FROM refused"
    ),
}


@dataclass(slots=True)
class Salvage:
    """What was found. `rows` are whole rows of the table, in order."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    rows: dict[Key, list[Row]] = field(default_factory=dict)
    nexts: dict[Key, int] = field(default_factory=dict)
    """The number that would have come next, as far as it is known."""


def salvage(path: Path, nexts: dict[Key, int]) -> Salvage:
    """Everything that can be read in this file; `nexts` is what is known of it from elsewhere."""
    found = Salvage()
    with suppress(sqlite3.Error):
        connection = connect(path)
        try:
            for table, question in _TABLES.items():
                found.tables[table] = list(_readable(connection, question))
            _read_rows(connection, found, nexts)
        finally:
            connection.close()
    return found


def _readable(connection: sqlite3.Connection, question: str) -> Iterator[Row]:
    with suppress(sqlite3.Error):
        yield from connection.execute(question)


def _read_rows(connection: sqlite3.Connection, found: Salvage, nexts: dict[Key, int]) -> None:
    columns = COLUMNS if _has_checksums(connection) else f"{_BEFORE}, 0, {UNCHECKED}"
    told = {(boot, stream): _whole(upto) for boot, stream, upto in found.tables["stream"]}
    rows = _as_stored(connection, columns)
    for key in dict.fromkeys([*nexts, *told, *_keys(connection), *rows]):
        own = rows.get(key, {})
        known = nexts.get(key) or told.get(key) or max(own, default=0) + 1
        for first, last in missing(of_numbers(sorted(own)), 1, known - 1):
            own |= {row[2]: row for row in _rows(connection, columns, key, first, last)}
        if own or key in nexts or key in told:
            found.rows[key] = [own[seq] for seq in sorted(own)]
            found.nexts[key] = max(known, max(own, default=0) + 1)


def _as_stored(connection: sqlite3.Connection, columns: str) -> dict[Key, dict[int, Row]]:
    """The whole rows from the first on, and from the last back, as far as the pages hold."""
    found: dict[Key, dict[int, Row]] = {}
    for order in ("", " ORDER BY boot DESC, stream DESC, seq DESC"):
        for row in _readable(connection, f"SELECT {columns} FROM row{order}"):  # noqa: S608  # our own names
            if is_whole(row):
                found.setdefault((row[0], row[1]), {})[row[2]] = row
    return found


def _has_checksums(connection: sqlite3.Connection) -> bool:
    with suppress(sqlite3.Error):
        return "crc" in {row[1] for row in connection.execute("PRAGMA table_info(row)")}
    return True


def _whole(number: object) -> int:
    return number if isinstance(number, int) and 0 < number < 2**53 else 1


def is_whole(row: Row) -> bool:
    """Say whether a row of the table is as it was written; one without a checksum is believed."""
    boot, stream, seq, at_ms, synced, _, ch, drill, body, q, _, crc = row
    if crc == UNCHECKED:
        return isinstance(seq, int) and isinstance(at_ms, int) and isinstance(body, str)
    try:
        return bool(checksum(boot, stream, seq, at_ms, synced, ch, drill, body, q) == crc)
    except (TypeError, ValueError):
        return False


def _keys(connection: sqlite3.Connection) -> Iterator[Key]:
    """The boots and streams that rows themselves name, as far as they can be walked."""
    key: tuple[Any, Any] = ("", "")
    with suppress(sqlite3.Error):
        while True:
            row = connection.execute(
                "SELECT boot, stream FROM row WHERE (boot, stream) > (?, ?)"
                " ORDER BY boot, stream LIMIT 1",
                key,
            ).fetchone()
            if row is None or (row[0], row[1]) <= key:
                return
            key = (row[0], row[1])
            yield key


def _rows(
    connection: sqlite3.Connection, columns: str, key: Key, first: int, last: int
) -> Iterator[Row]:
    """The whole rows of a stretch; around what cannot be read with ever smaller steps."""
    question = (
        f"SELECT {columns} FROM row WHERE boot = ? AND stream = ? AND seq BETWEEN ? AND ?"  # noqa: S608  # our own names
        " ORDER BY seq"
    )
    at, step, in_vain = first, AT_ONCE, 0
    while at <= last and in_vain < MOST_IN_VAIN:
        end = min(at + step - 1, last)
        try:
            rows = connection.execute(question, (*key, at, end)).fetchall()
        except sqlite3.Error:
            in_vain += 1
            at, step = (at, max(1, step // 4)) if step > 1 else (at + 1, 1)
            continue
        yield from (row for row in rows if is_whole(row))
        at, step, in_vain = end + 1, min(AT_ONCE, step * 2) if rows else step * 2, 0


def fill(db: sqlite3.Connection, found: Salvage, void: dict[Key, Ranges], boot: str) -> None:
    """Write what was saved of a damaged file into a new one."""
    boots = {row[0]: row for row in found.tables.get("boot", []) if _is_boot(row)}
    for name, _ in found.rows:
        boots.setdefault(name, (name, 0, "", 0, 1))
    if boot:
        boots[boot] = boots.pop(boot, (boot, 0, "", 0, 1))  # the present one stays the last
    db.executemany(
        "INSERT INTO boot (boot, began_ms, kernel, zero_ms, dated) VALUES (?, ?, ?, ?, ?)",
        list(boots.values()),
    )
    db.executemany(
        "INSERT INTO stream VALUES (?, ?, ?)", [(*key, n) for key, n in found.nexts.items()]
    )
    for rows in found.rows.values():
        db.executemany(INSERT_ROW, [(*row[:11], _sum(row)) for row in rows])
    gone = [(*key, *piece) for key, pieces in void.items() for piece in pieces]
    db.executemany("INSERT INTO void VALUES (?, ?, ?, ?)", gone)
    refused = [row for row in found.tables.get("refused", []) if _is_refused(row)]
    db.executemany(
        "INSERT INTO refused (boot, stream, seq, at_ms, synced, ch, body, q, why, refused_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        refused,
    )


def _sum(row: Row) -> int:
    boot, stream, seq, at_ms, synced, _, ch, drill, body, q, *_ = row
    return checksum(boot, stream, seq, at_ms, synced, ch, drill, body, q)


def _is_boot(row: Row) -> bool:
    kinds = (str, int, str, int, int)
    return all(isinstance(value, kind) for value, kind in zip(row, kinds, strict=True))


def _is_refused(row: Row) -> bool:
    kinds = (str, str, int, int, int, str, str, str | None, str, int)
    return all(isinstance(value, kind) for value, kind in zip(row, kinds, strict=True))
