"""The PostgreSQL side of a backup: binary COPY of every table from one repeatable-read snapshot.

It needs no pg_dump beside the server, and brings back the same rows under the same numbers.
"""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from server import schema
from server.core.db import Database
from server.core.errors import Conflict, Refusal
from server.core.words import N_

COLUMNS = "columns.json"


def copy_out(database: Database, folder: Path) -> tuple[str, dict[str, int]]:
    """Copy every table into the folder; returns the revision and the rows by table."""
    folder.mkdir(mode=0o700)
    counts: dict[str, int] = {}
    columns: dict[str, list[str]] = {}
    snapshot = database.engine.connect().execution_options(isolation_level="REPEATABLE READ")
    with snapshot as connection:
        revision: str = connection.scalar(text("SELECT version_num FROM alembic_version"))
        for table in _tables(connection):
            columns[table] = _columns(connection, table)
            counts[table] = _copy_table_out(
                connection, table, columns[table], folder / f"{table}.copy"
            )
    (folder / COLUMNS).write_text(json.dumps(columns, indent=1))
    return revision, counts


def refuse_unless_empty(database: Database) -> None:
    """Refuse a database that already has tables."""
    with database.engine.connect() as connection:
        if _tables(connection) or connection.scalar(text("SELECT to_regclass('alembic_version')")):
            because = N_(
                "The database %(path)s already holds something; a backup is restored only where nothing is."
            )
            raise Conflict(
                Refusal("database_not_empty", because, {"path": str(database.url.database)})
            )


def copy_in(database: Database, folder: Path, revision: str) -> None:
    """Make the schema of that revision, fill it, and let the numbers go on where they were."""
    schema.upgrade(database, revision)
    columns: dict[str, list[str]] = json.loads((folder / COLUMNS).read_text())
    with database.engine.begin() as connection:
        for table in _in_order(columns):
            _copy_table_in(connection, table, columns[table], folder / f"{table}.copy")
            _go_on_counting(connection, table, columns[table])


def _tables(connection: Connection) -> list[str]:
    found = connection.scalars(
        text(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'alembic_version' ORDER BY 1"
        )
    )
    return list(found)


def _in_order(columns: dict[str, list[str]]) -> list[str]:
    known = [table.name for table in schema.METADATA.sorted_tables if table.name in columns]
    return known + sorted(set(columns) - set(known))


def _columns(connection: Connection, table: str) -> list[str]:
    found = connection.scalars(
        text(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() "
            "AND table_name = :table AND is_generated = 'NEVER' ORDER BY ordinal_position"
        ),
        {"table": table},
    )
    return list(found)


def _list(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _copy_table_out(connection: Connection, table: str, columns: list[str], path: Path) -> int:
    cursor = _cursor(connection)
    with (
        path.open("wb") as file,
        cursor.copy(f'COPY "{table}" ({_list(columns)}) TO STDOUT (FORMAT BINARY)') as copy,
    ):
        for part in copy:
            file.write(part)
    return max(0, int(cursor.rowcount))


def _copy_table_in(connection: Connection, table: str, columns: list[str], path: Path) -> None:
    statement = f'COPY "{table}" ({_list(columns)}) FROM STDIN (FORMAT BINARY)'
    with path.open("rb") as file, _cursor(connection).copy(statement) as copy:
        while part := file.read(1 << 20):
            copy.write(part)


def _go_on_counting(connection: Connection, table: str, columns: list[str]) -> None:
    for column in columns:
        counter = connection.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": f'"{table}"', "column": column},
        )
        if counter:
            highest = f'SELECT max("{column}") FROM "{table}"'  # noqa: S608  names of our own tables
            statement = text(
                f"SELECT setval(:counter, greatest(({highest}), 1), ({highest}) IS NOT NULL)"
            )
            connection.execute(statement, {"counter": counter})


def _cursor(connection: Connection) -> Any:  # noqa: ANN401  the driver is an extra, unknown to the checker
    """Return the driver's own cursor; COPY is not in SQLAlchemy's language."""
    driver = connection.connection.driver_connection
    assert driver is not None
    return driver.cursor()
