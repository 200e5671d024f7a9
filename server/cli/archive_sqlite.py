"""The SQLite side of a backup: SQLite's own online copy, taken from one moment."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from server.core.db import Database
from server.core.errors import Conflict, Refusal
from server.core.words import N_

FILE = "cryokeep.sqlite3"


def copy_out(database: Database, folder: Path) -> tuple[str, dict[str, int]]:
    """Copy the database into the folder; returns its revision and its rows by table."""
    folder.mkdir(mode=0o700)
    target = folder / FILE
    with (
        closing(sqlite3.connect(str(database.url.database), timeout=30)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        counts = _rows_by_table(copy)
        revision: str = copy.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return revision, counts


def refuse_unless_empty(database: Database) -> None:
    """Refuse a database file that is already there with tables in it."""
    path = Path(str(database.url.database))
    if not path.exists():
        return
    with closing(sqlite3.connect(path)) as found:
        tables = found.execute(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
        ).fetchone()[0]
    if tables:
        because = N_(
            "The database %(path)s already holds something; a backup is restored only where nothing is."
        )
        raise Conflict(Refusal("database_not_empty", because, {"path": str(path)}))


def copy_in(database: Database, folder: Path, _revision: str) -> None:
    """Put the copied file in its place, whole or not at all."""
    database.close()
    path = Path(str(database.url.database))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    arriving = path.with_suffix(".arriving")
    shutil.copyfile(folder / FILE, arriving)
    with arriving.open("rb") as file:
        os.fsync(file.fileno())
    arriving.replace(path)


def _rows_by_table(connection: sqlite3.Connection) -> dict[str, int]:
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    ).fetchall()
    return {name: _count(connection, name) for (name,) in names}


def _count(connection: sqlite3.Connection, table: str) -> int:
    found = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608  names of our own tables
    return int(found[0])
