"""Many ids in one parameter: a thousand parameters cost more than the query that takes them."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Text, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class _Among(FunctionElement[bool]):
    name = "among"
    type = Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # else SQLite is asked for "... = 1" and reads the whole table


def among(column: Any, ids: Iterable[int]) -> ColumnElement[bool]:  # noqa: ANN401  a column of ids
    """Return the condition that the column's id is one of these; the statement is the same for any number."""
    return _Among(column, literal(json.dumps(list(ids)), Text))


@compiles(_Among, "sqlite")
def _on_sqlite(element: _Among, compiler: Any, **more: Any) -> str:  # noqa: ANN401  SQLAlchemy's own kinds
    column, ids = element.clauses
    named, listed = (compiler.process(part, **more) for part in (column, ids))
    return f"({named} IN (SELECT value FROM json_each({listed})))"  # noqa: S608  both parts are compiled by SQLAlchemy


@compiles(_Among, "postgresql")
def _on_postgresql(element: _Among, compiler: Any, **more: Any) -> str:  # noqa: ANN401  SQLAlchemy's own kinds
    column, ids = element.clauses
    listed = f"CAST(translate({compiler.process(ids, **more)}, '[]', '{{}}') AS bigint[])"
    return f"({compiler.process(column, **more)} = ANY ({listed}))"
