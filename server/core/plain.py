"""Plain statements: written with SQLAlchemy, compiled once a database, run on the driver's own connection.

For what somebody waits for: an alarm on its way out. SQLAlchemy's own way through a statement costs
several times what the statement does, and an object that is flushed costs more again.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect, Insert, bindparam, insert
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.compiler import SQLCompiler

Convert = Callable[[Any], Any]


class Asked:
    """A statement that is on its way; reading waits for it."""

    def __init__(self, cursor: Any) -> None:  # noqa: ANN401  either driver's
        self._cursor = cursor

    def rows(self) -> list[tuple[Any, ...]]:
        """Return what it gave, as the driver has it: on SQLite a moment is text and yes is 1."""
        return list(self._cursor.fetchall())

    def value(self) -> Any:  # noqa: ANN401  whatever the statement returns
        """Return the first field of the one row, or None where there was no row."""
        rows = self.rows()
        return rows[0][0] if rows else None


class Plain:
    """A statement whose values are `bindparam`s by name; no lists of them, and no ORM in between.

    It runs at once in the session's transaction; what the session has pending is written before it.
    """

    def __init__(
        self, statement: ClauseElement, on_postgresql: ClauseElement | None = None
    ) -> None:
        """Take the statement, and another one where PostgreSQL needs its own."""
        other = statement if on_postgresql is None else on_postgresql
        self._statements = {"sqlite": statement, "postgresql": other}
        self._ready: dict[str, _Ready] = {}

    def ask(self, session: Session, **values: object) -> Asked:
        """Run it; a statement that gives rows must be read before the transaction ends."""
        if session.autoflush and (session.new or session.dirty or session.deleted):
            session.flush()
        connection = session.connection()
        name = connection.dialect.name
        ready = self._ready.get(name)
        if ready is None:
            ready = self._ready[name] = _Ready.of(self._statements[name], connection.dialect)
        return Asked(_driver(connection).execute(ready.sql, ready.bound(values)))


@dataclass(frozen=True, slots=True)
class _Ready:
    sql: str
    order: tuple[str, ...] | None
    fixed: Mapping[str, object]
    converts: tuple[tuple[str, Convert], ...]

    @classmethod
    def of(cls, statement: ClauseElement, dialect: Dialect) -> "_Ready":
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        binds = compiled.binds
        made = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in binds.items()
        }
        return cls(
            compiled.string,
            tuple(compiled.positiontup) if compiled.positiontup is not None else None,
            {name: bind.value for name, bind in binds.items() if not bind.required},
            tuple((name, convert) for name, convert in made.items() if convert),
        )

    def bound(self, values: dict[str, object]) -> dict[str, object] | list[object]:
        """Return the values as the driver takes them."""
        bound = {**self.fixed, **values}
        for name, convert in self.converts:
            bound[name] = convert(bound[name])
        return bound if self.order is None else [bound[name] for name in self.order]


@contextmanager
def together(session: Session) -> Iterator[None]:
    """Let plain statements go to PostgreSQL without waiting for each other's answers; only such inside.

    Reading an answer waits for all before it, and so does the end. On SQLite there is no way to save.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        yield
        return
    with _driver(connection).pipeline():
        yield


def whole_row(model: type[DeclarativeBase]) -> Insert:
    """Return the insert of one row that is given every column by name, but for the id."""
    columns = (column.name for column in model.__table__.columns if column.name != "id")
    return insert(model).values({name: bindparam(name) for name in columns}).inline()


def _driver(connection: Connection) -> Any:  # noqa: ANN401  either driver's connection
    return connection.connection.driver_connection
