"""The spool's tables, and how its file is opened, checked and, where it is damaged, moved aside."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final
from zlib import crc32

_TAILS: Final = ("", "-wal", "-shm")
UNCHECKED: Final = -1
"""The checksum of a row that was written before rows had one."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS boot (
    id INTEGER PRIMARY KEY, boot TEXT NOT NULL UNIQUE, began_ms INTEGER NOT NULL,
    kernel TEXT NOT NULL, zero_ms INTEGER NOT NULL, dated INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stream (
    boot TEXT NOT NULL, stream TEXT NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY (boot, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS row (
    boot TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    synced INTEGER NOT NULL, off_ms REAL, ch TEXT NOT NULL, drill TEXT, body TEXT NOT NULL, q TEXT,
    keep INTEGER NOT NULL DEFAULT 0, crc INTEGER NOT NULL DEFAULT -1,
    PRIMARY KEY (boot, stream, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS void (
    boot TEXT NOT NULL, stream TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (boot, stream, first)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS thinned (
    boot TEXT NOT NULL, stream TEXT NOT NULL, level INTEGER NOT NULL, upto INTEGER NOT NULL,
    PRIMARY KEY (boot, stream, level)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused (
    id INTEGER PRIMARY KEY, boot TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, synced INTEGER NOT NULL, ch TEXT NOT NULL, body TEXT NOT NULL, q TEXT,
    why TEXT NOT NULL, refused_ms INTEGER NOT NULL);
"""
INSERT_ROW: Final = "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LATER: Final = {
    "keep": "INTEGER NOT NULL DEFAULT 0",
    "crc": f"INTEGER NOT NULL DEFAULT {UNCHECKED}",
}
"""Columns of `row` that earlier versions did not have."""


def checksum(
    boot: str, stream: str, seq: int, at_ms: int, synced: int, ch: str, drill: str | None,
    body: str, q: str | None,
) -> int:  # fmt: skip
    """The CRC-32 of a row: SQLite itself does not notice a flipped bit in a value."""
    parts = (boot, stream, seq, at_ms, int(synced), ch, drill, body, q)
    return crc32("\x1f".join(map(str, parts)).encode())


def is_damage(error: sqlite3.Error) -> bool:
    """Say whether the file itself is broken, rather than full, read-only or in use."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE or code == _SHORT_READ


_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SHORT_READ: Final = sqlite3.SQLITE_IOERR_SHORT_READ


class Damaged(sqlite3.DatabaseError):
    """The file can be read, but what stands in it is not what was written."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def open_database(path: Path) -> sqlite3.Connection:
    """Open the spool's file, making it if need be; a DatabaseError that `is_damage` where it is damaged."""
    rescued = _rescued(path)
    if rescued.exists() and not path.exists():
        rescued.rename(path)  # the power went after the damaged file was moved aside
    return _open(path)


def replace(
    path: Path, fill: Callable[[sqlite3.Connection], None]
) -> tuple[sqlite3.Connection, Path]:
    """Put a new file, filled, in the place of a damaged one; the second answer is where the old one is.

    The new one is whole on the disk before the old one is moved: a power cut on the way loses nothing.
    """
    rescued = _rescued(path)
    for tail in _TAILS:
        rescued.with_name(rescued.name + tail).unlink(missing_ok=True)
    made = _open(rescued)
    try:
        made.execute("BEGIN IMMEDIATE")
        fill(made)
        made.commit()
    finally:
        made.close()  # which also leaves it without companions
    aside = _move_aside(path)
    rescued.rename(path)
    return _open(path), aside


def _rescued(path: Path) -> Path:
    return path.with_name(path.name + ".rescued")


def connect(path: Path) -> sqlite3.Connection:
    """Connect to a file as it is. Text that is not UTF-8 is read all the same: its checksum is wrong."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5)
    connection.text_factory = _text
    return connection


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _open(path: Path) -> sqlite3.Connection:
    connection = connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _check(connection)
        connection.executescript(_TABLES)
        _add_later_columns(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    """Look whether every page holds together and every table is there under its name."""
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    names = {name for name in names if not name.startswith("sqlite_")}
    if names and not FIRST_TABLES <= names <= FIRST_TABLES | {"thinned"}:
        raise Damaged(f"the tables are {', '.join(sorted(names))}")
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise Damaged(found)


FIRST_TABLES: Final = frozenset({"boot", "stream", "row", "void", "refused"})


def _add_later_columns(connection: sqlite3.Connection) -> None:
    known = {column[1] for column in connection.execute("PRAGMA table_info(row)")}
    for name, kind in _LATER.items():
        if name not in known:
            connection.execute(f"ALTER TABLE row ADD COLUMN {name} {kind}")


def _move_aside(path: Path) -> Path:
    """Rename the file and its companions to the first free name ending in .damaged-N."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for tail in _TAILS:
        part = path.with_name(path.name + tail)
        if part.exists():
            part.rename(aside.with_name(aside.name + tail))
    return aside
