"""Moments in SQL as whole milliseconds since 1970 UTC, for spans and differences that the database works out."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class _Milliseconds(FunctionElement[int]):
    name = "milliseconds"
    type = BigInteger()
    inherit_cache = True


def ms_of(column: Any) -> ColumnElement[int]:  # noqa: ANN401  a column or expression of a moment
    """Return the moment (`UtcDateTime`) in whole milliseconds since 1970 UTC; null where there is none."""
    return _Milliseconds(column)


def ms_between(since: Any, until: Any) -> ColumnElement[int]:  # noqa: ANN401  columns or expressions of moments
    """Return the whole milliseconds from one moment to another."""
    return ms_of(until) - ms_of(since)


@compiles(_Milliseconds, "sqlite")
def _on_sqlite(element: _Milliseconds, compiler: Any, **more: Any) -> str:  # noqa: ANN401  SQLAlchemy's own kinds
    at = compiler.process(element.clauses, **more)
    return f"CAST(round((julianday({at}) - 2440587.5) * 86400000.0) AS INTEGER)"


@compiles(_Milliseconds, "postgresql")
def _on_postgresql(element: _Milliseconds, compiler: Any, **more: Any) -> str:  # noqa: ANN401  SQLAlchemy's own kinds
    at = compiler.process(element.clauses, **more)
    return f"CAST(round(extract(epoch FROM {at}) * 1000) AS bigint)"
