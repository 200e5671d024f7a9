"""Many rows into one table at once: binary COPY on PostgreSQL, executemany on SQLite."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Float, Integer, LargeBinary, Table, text
from sqlalchemy.orm import Session

from server.core.db import UtcDateTime

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


def is_postgresql(session: Session) -> bool:
    """Say whether this session speaks to PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


def insert_many(
    session: Session, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert these rows, in the session's transaction; moments are given as `moment` returns them."""
    if not rows:
        return
    session.flush()
    connection = session.connection()
    if is_postgresql(session):
        raw: Any = connection.connection.driver_connection
        names = ", ".join(f'"{name}"' for name in columns)
        with (
            raw.cursor() as cursor,
            cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)') as copy,
        ):
            copy.set_types(_types(table, tuple(columns)))
            write = copy.write_row
            for row in rows:
                write(row)
        return
    connection.exec_driver_sql(_insert(table, tuple(columns)), rows)


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
        wanted = text(
            "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)"
        )
        return session.scalars(wanted, {"name": table.name, "count": count}).all()
    last = session.scalar(text(f'SELECT max(id) FROM "{table.name}"')) or 0  # noqa: S608  a table of ours
    return range(last + 1, last + count + 1)


def among(session: Session, column: str, values: Iterable[Any]) -> tuple[str, dict[str, Any]]:
    """Return a condition that the column is one of many values, however many, and its parameter."""
    listed = list(values)
    if is_postgresql(session):
        return f"{column} = ANY(:many)", {"many": listed}

    inside = f"{column} IN (SELECT value FROM json_each(:many))"  # noqa: S608  a column of ours
    return inside, {"many": json.dumps(listed)}


@cache
def _insert(table: Table, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608  columns of ours


@cache
def _types(table: Table, columns: tuple[str, ...]) -> list[str]:
    return [_type(table.columns[name].type) for name in columns]


def _type(kind: object) -> str:
    return next((name for known, name in _TYPES if isinstance(kind, known)), "text")
