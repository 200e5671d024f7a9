"""Rows by the million into one database: COPY on PostgreSQL, executemany on SQLite, indexes afterwards."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Protocol

from sqlalchemy import Connection, text

from server.core.db import Database
from server.search import sources

AT_ONCE = 10_000
BIG = ("vial", "custody", "audit_entry", "search_word", "container", "lot")


class Filling(Protocol):
    """An open filling of one database."""

    def put(self, model: Any, rows: Iterable[dict[str, Any]]) -> None:
        """Put rows into the table of this class; all rows name the same columns."""

    def kinds(self) -> list[str]:
        """Return the kinds of the index of words."""


@contextmanager
def filling(database: Database) -> Iterator[Filling]:
    """Give a filling; at its end the indexes are there again and the planner knows the tables."""
    if database.dialect == "sqlite":
        with database.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            yield from _fill_sqlite(raw)
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield from _fill_postgresql(connection)


class _Rows:
    """Completes rows with the defaults that the ORM would give."""

    def kinds(self) -> list[str]:
        return sources.kinds()

    def _columns(self, model: Any, first: dict[str, Any]) -> tuple[list[str], tuple[Any, ...]]:
        """Return the columns to fill: those of the rows, then those with a default of the model's own."""
        plain = {
            column.name: column.default.arg
            for column in model.__table__.columns
            if column.name not in first and column.default is not None and column.default.is_scalar
        }
        return [*first, *plain], tuple(plain.values())


class _SqliteFilling(_Rows):
    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def put(self, model: Any, rows: Iterable[dict[str, Any]]) -> None:
        found = iter(rows)
        first = next(found, None)
        if first is None:
            return
        columns, more = self._columns(model, first)
        marks = ", ".join("?" * len(columns))
        # a table of words without rowid is written in the order of its key, or slowly
        statement = f"INSERT INTO {model.__tablename__} ({', '.join(columns)}) VALUES ({marks})"
        values = ((*map(_plain, row.values()), *map(_plain, more)) for row in chain([first], found))
        if model.__tablename__ == "search_word":
            values = iter(sorted(values))
        while part := list(islice(values, AT_ONCE)):
            self._raw.executemany(statement, part)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value


def _fill_sqlite(raw: sqlite3.Connection) -> Iterator[Filling]:
    for pragma in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
        raw.execute(f"PRAGMA {pragma}")
    raw.execute("BEGIN IMMEDIATE")
    named = ", ".join(f"'{name}'" for name in BIG)
    wanted = f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({named})"
    indexes = raw.execute(wanted).fetchall()
    for name, _sql in indexes:
        raw.execute(f"DROP INDEX {name}")
    yield _SqliteFilling(raw)
    for _name, sql in indexes:
        raw.execute(sql)
    raw.execute("COMMIT")
    raw.execute("ANALYZE")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
        raw.execute(f"PRAGMA {pragma}")


class _PostgresqlFilling(_Rows):
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, model: Any, rows: Iterable[dict[str, Any]]) -> None:
        found = iter(rows)
        first = next(found, None)
        if first is None:
            return
        columns, more = self._columns(model, first)
        named = ", ".join(f'"{name}"' for name in columns)
        raw = self._connection.connection.driver_connection
        assert raw is not None
        with (
            raw.cursor() as cursor,
            cursor.copy(f"COPY {model.__tablename__} ({named}) FROM STDIN") as copy,
        ):
            for row in chain([first], found):
                copy.write_row((*row.values(), *more))
        self._count_on(model)

    def _count_on(self, model: Any) -> None:
        if "id" in model.__table__.columns:
            name = model.__tablename__
            last = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
            self._connection.execute(text(last))


def _fill_postgresql(connection: Connection) -> Iterator[Filling]:
    wanted = text(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ANY(:big)"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    indexes = connection.execute(wanted, {"big": list(BIG)}).all()
    connection.execute(text("SET session_replication_role = replica"))  # no check of references
    connection.execute(text("SET maintenance_work_mem = '1GB'"))
    connection.execute(text("SET synchronous_commit = off"))
    for name, _definition in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
    yield _PostgresqlFilling(connection)
    for _name, definition in indexes:
        connection.execute(text(definition))
    for setting in ("session_replication_role", "maintenance_work_mem", "synchronous_commit"):
        connection.execute(text(f"RESET {setting}"))
    connection.execute(text("VACUUM ANALYZE"))
    connection.execute(text("CHECKPOINT"))
