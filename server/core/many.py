"""Statements about many rows that stay one short statement, on both databases.

A list of a hundred ids as a hundred parameters costs more to write, send and parse than to answer;
and a hundred rows inserted one by one cost PostgreSQL a hundred round trips.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Dialect,
    Insert,
    Integer,
    SQLColumnExpression,
    String,
    Text,
    TypeDecorator,
    bindparam,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class Ids(TypeDecorator[list[int]]):
    """A list of row ids as one parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return how the database takes it."""
        pg = dialect.name == "postgresql"
        return dialect.type_descriptor(ARRAY(BigInteger()) if pg else Text())

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> Any:  # noqa: ANN401  as SQLAlchemy declares it
        """Return the list as the driver takes it."""
        ids = list(value or ())
        return ids if dialect.name == "postgresql" else json.dumps(ids)


class among(FunctionElement[bool]):  # noqa: N801  reads as a function, as those of SQLAlchemy do
    """The condition that a column is one of the ids in the parameter of this name."""

    type = Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # else SQLite is asked for "... = 1" and reads the whole table

    def __init__(self, column: SQLColumnExpression[Any], name: str) -> None:
        parameter: BindParameter[Any] = bindparam(name, type_=Ids())
        super().__init__(column, parameter)


@compiles(among, "postgresql")
def _among_pg(element: among, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401  handed through
    column, ids = element.clauses
    return f"{compiler.process(column, **words)} = ANY({compiler.process(ids, **words)})"


@compiles(among, "sqlite")
def _among_sqlite(element: among, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401  handed through
    column, ids = element.clauses
    listed = f"(SELECT value FROM json_each({compiler.process(ids, **words)}))"  # noqa: S608  both compiled
    return f"{compiler.process(column, **words)} IN {listed}"


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
    session.flush()
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        made = _unnested(table, tuple(same), tuple(each))
        connection.execute(made, {**same, **{f"each_{name}": each[name] for name in each}})
        return
    names = list(each)
    rows = [
        {**same, **dict(zip(names, values, strict=True))}
        for values in zip(*each.values(), strict=True)
    ]
    connection.execute(insert(table.__table__), rows)  # type: ignore[arg-type]  # a class's table is a Table


@cache
def _unnested(table: type[DeclarativeBase], same: tuple[str, ...], each: tuple[str, ...]) -> Insert:
    columns = table.__table__.c
    lists = [bindparam(f"each_{name}", type_=ARRAY(_plain(columns[name].type))) for name in each]
    rows = func.unnest(*lists).table_valued(*each).render_derived("given")
    picked = [literal_column(f"given.{name}", columns[name].type) for name in each]
    chosen = select(*(bindparam(name, type_=columns[name].type) for name in same), *picked)
    return insert(table.__table__).from_select([*same, *each], chosen.select_from(rows))  # type: ignore[arg-type]  # a class's table is a Table


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(kind, BigInteger):
        return BigInteger()
    return Integer() if isinstance(kind, Integer) else String()
