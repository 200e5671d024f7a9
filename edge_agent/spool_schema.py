"""The spool's tables, and how its file is opened."""

import sqlite3
from pathlib import Path
from typing import Final

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
    PRIMARY KEY (boot, stream, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS void (
    boot TEXT NOT NULL, stream TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (boot, stream, first)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused (
    id INTEGER PRIMARY KEY, boot TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, synced INTEGER NOT NULL, ch TEXT NOT NULL, body TEXT NOT NULL, q TEXT,
    why TEXT NOT NULL, refused_ms INTEGER NOT NULL);
"""


def open_database(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """Open the spool's file, making it if need be.

    A file that SQLite cannot read is moved aside, and its new name is the second answer.
    """
    try:
        return _open(path), None
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        aside = _move_aside(path)
        return _open(path), aside


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=5)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(_TABLES)
        connection.execute("SELECT count(*) FROM row").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _move_aside(path: Path) -> Path:
    """Rename the file and its companions to the first free name ending in .damaged-N."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for tail in ("", "-wal", "-shm"):
        part = path.with_name(path.name + tail)
        if part.exists():
            part.rename(aside.with_name(aside.name + tail))
    return aside
