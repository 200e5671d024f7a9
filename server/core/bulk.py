"""Many rows into one table at once: binary COPY on PostgreSQL, many rows a statement on SQLite.

A statement of one row costs SQLite several times what the row does, most of it in handing over; and
while it works on hundreds of rows, other threads have the interpreter.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Table,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from server.core.db import Base, UtcDateTime

_TYPES: Sequence[tuple[type[Any], str]] = (
    (UtcDateTime, "timestamptz"),
    (DateTime, "timestamptz"),
    (Date, "date"),
    (Boolean, "bool"),
    (BigInteger, "int8"),
    (Integer, "int4"),
    (Float, "float8"),
    (LargeBinary, "bytea"),
)

MOST_AT_ONCE = 200
"""Rows a statement on SQLite: 32,766 values are the most, and no table of ours has 160 columns."""

_APART = "\x1f"
"""Between the values of a list; ASCII has it for that, and no code and no id has it inside."""
_SEQUENCE = text("SELECT pg_get_serial_sequence(:name, 'id')")
_NEXT = text("SELECT nextval(CAST(:name AS regclass)) FROM generate_series(1, :count)")


def is_postgresql(session: Session) -> bool:
    """Say whether this session speaks to PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows of one table as the driver takes them."""

    table: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    flat: Sequence[tuple[Any, ...]] = ()
    """On SQLite the first rows, MOST_AT_ONCE in each: those that stand here are not in `rows`."""


def pack(
    session: Session, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Packed:
    """Make rows ready for `put`, which may follow in another session of the same database."""
    names = tuple(columns)
    if is_postgresql(session):
        return Packed(table.name, names, rows)
    whole = len(rows) - len(rows) % MOST_AT_ONCE
    parts = range(0, whole, MOST_AT_ONCE)
    flat = [tuple(chain.from_iterable(rows[at : at + MOST_AT_ONCE])) for at in parts]
    return Packed(table.name, names, [tuple(row) for row in rows[whole:]], flat)


def put(session: Session, packed: Packed) -> None:
    """Insert these rows, in the session's transaction; raises SQLAlchemy's errors, as its statements do."""
    if not (packed.rows or packed.flat):
        return
    session.flush()
    connection, columns = session.connection(), packed.columns
    table = Base.metadata.tables[packed.table]
    if is_postgresql(session):
        _copy(connection, table, columns, packed.rows)
        return
    if packed.flat:
        connection.exec_driver_sql(_insert(table, columns, MOST_AT_ONCE), list(packed.flat))
    if packed.rows:
        connection.exec_driver_sql(_insert(table, columns, 1), list(packed.rows))


def insert_many(
    session: Session, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert these rows as `put` does; moments are given as `moment` returns them."""
    put(session, pack(session, table, columns, rows))


def _copy(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> None:
    raw: Any = connection.connection.driver_connection
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)'
    with _told(connection, statement), raw.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(_types(table, columns))
        write = copy.write_row
        for row in rows:
            write(row)


@contextmanager
def _told(connection: Connection, statement: str) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy's."""
    known = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except known as error:
        raise DBAPIError.instance(statement, None, error, known) from error


def moment(session: Session, at: datetime) -> datetime | str:
    """Return the moment as `insert_many` takes it: SQLite keeps text without a zone."""
    if is_postgresql(session):
        return at
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def next_ids(session: Session, table: Table, count: int) -> Sequence[int]:
    """Return ids for so many new rows of this table, nobody else's."""
    if not count:
        return ()
    if is_postgresql(session):
        name = session.scalar(_SEQUENCE, {"name": table.name})
        return session.scalars(_NEXT, {"name": name, "count": count}).all()
    last = session.scalar(text(f'SELECT max(id) FROM "{table.name}"')) or 0  # noqa: S608  a table of ours
    return range(last + 1, last + count + 1)


def among(session: Session, column: str, values: Iterable[Any]) -> tuple[str, dict[str, Any]]:
    """Return a condition that the column is one of many values, however many, and its parameter."""
    listed = list(values)
    if not listed:
        return "1 = 0", {}
    if is_postgresql(session):  # as one text: the driver writes a long list item by item
        kind = "bigint" if isinstance(listed[0], int) else "text"
        array = f"CAST(string_to_array(:many, chr({ord(_APART)})) AS {kind}[])"
        return f"{column} = ANY({array})", {"many": _APART.join(map(str, listed))}

    inside = f"{column} IN (SELECT value FROM json_each(:many))"  # noqa: S608  a column of ours
    return inside, {"many": json.dumps(listed)}


@cache
def _insert(table: Table, columns: tuple[str, ...], rows: int) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    marks = f"({', '.join('?' * len(columns))})"
    return f'INSERT INTO "{table.name}" ({names}) VALUES {", ".join([marks] * rows)}'  # noqa: S608  columns of ours


@cache
def _types(table: Table, columns: tuple[str, ...]) -> list[str]:
    return [_type(table.columns[name].type) for name in columns]


def _type(kind: object) -> str:
    return next((name for known, name in _TYPES if isinstance(kind, known)), "text")
