"""Statements about many rows that stay one short statement, on both databases.

A list of a hundred ids as a hundred parameters costs more to write, send and parse than to answer;
and a hundred rows inserted one by one cost PostgreSQL a hundred round trips.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Dialect,
    Integer,
    SQLColumnExpression,
    Text,
    TypeDecorator,
    bindparam,
    cast,
    func,
    insert,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from server.core.plain import Plain


class Listed(TypeDecorator[list[Any]]):
    """A list of whole numbers or texts as one parameter: an array's text on PostgreSQL, JSON on SQLite.

    The driver would write an array value by value, which takes longer than the statement.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> str:
        """Return the list as the driver takes it."""
        return (
            written(value or ()) if dialect.name == "postgresql" else json.dumps(list(value or ()))
        )


def written(values: Sequence[Any]) -> str:
    """Return whole numbers, texts and Nones as PostgreSQL reads an array."""
    return "{" + ",".join(map(_item, values)) + "}"


def _item(value: Any) -> str:  # noqa: ANN401  see above
    if isinstance(value, int):
        return str(value)
    if value is None:
        return "NULL"
    quoted = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


class among(FunctionElement[bool]):  # noqa: N801  reads as a function, as those of SQLAlchemy do
    """The condition that a column of ids or texts is one of those in the parameter of this name."""

    type = Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # else SQLite is asked for "... = 1" and reads the whole table

    def __init__(self, column: SQLColumnExpression[Any], name: str) -> None:
        parameter: BindParameter[Any] = bindparam(name, type_=Listed())
        super().__init__(column, parameter)


@compiles(among, "postgresql")
def _among_pg(element: among, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401  handed through
    column, listed = element.clauses
    kind = "BIGINT" if isinstance(column.type, Integer) else "TEXT"
    return f"{compiler.process(column, **words)} = ANY (CAST({compiler.process(listed, **words)} AS {kind}[]))"


@compiles(among, "sqlite")
def _among_sqlite(element: among, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401  handed through
    column, listed = element.clauses
    values = f"(SELECT value FROM json_each({compiler.process(listed, **words)}))"  # noqa: S608  both compiled
    return f"{compiler.process(column, **words)} IN {values}"


def insert_many(
    session: Session,
    table: type[DeclarativeBase],
    same: Mapping[str, object],
    each: Mapping[str, Sequence[Any]],
) -> None:
    """Insert one row for each place of the lists in `each`; what is in `same` stands in all of them.

    The lists hold whole numbers or text and are equally long. What the session has pending is
    written first.
    """
    if session.get_bind().dialect.name == "postgresql":
        lists = {f"each_{name}": each[name] for name in each}
        _unnested(table, tuple(same), tuple(each)).ask(session, **same, **lists)
    else:
        _one_by_one(table, tuple(same), tuple(each)).ask_many(session, same, each)


@cache
def _one_by_one(
    table: type[DeclarativeBase], same: tuple[str, ...], each: tuple[str, ...]
) -> Plain:
    given: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in (*same, *each)}
    return Plain(insert(table).values({**_defaults(table, given), **given}).inline())


@cache
def _unnested(table: type[DeclarativeBase], same: tuple[str, ...], each: tuple[str, ...]) -> Plain:
    columns = table.__table__.c
    lists = [
        cast(bindparam(f"each_{name}", type_=Listed()), ARRAY(_plain(columns[name].type)))
        for name in each
    ]
    rows = func.unnest(*lists).table_valued(*each).render_derived("given")
    picked = {name: literal_column(f"given.{name}", columns[name].type) for name in each}
    given = {name: bindparam(name, type_=columns[name].type) for name in same}
    plain = {
        name: literal(value, columns[name].type)
        for name, value in _defaults(table, (*same, *each)).items()
    }
    whole = {**plain, **given, **picked}
    chosen = select(*whole.values()).select_from(rows)
    return Plain(insert(table.__table__).from_select([*whole], chosen, include_defaults=False))  # type: ignore[arg-type]  # a class's table is a Table


def _defaults(table: type[DeclarativeBase], given: Collection[str]) -> dict[str, Any]:
    """Return what the model itself puts into the columns that are not given."""
    return {
        column.name: column.default.arg
        for column in table.__table__.columns
        if column.name not in given and column.default is not None and column.default.is_scalar
    }


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(kind, BigInteger):
        return BigInteger()
    return Integer() if isinstance(kind, Integer) else Text()
