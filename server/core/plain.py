"""Plain statements: written with SQLAlchemy, compiled once a database, run on the driver's own connection.

For what somebody waits for: an alarm on its way out, a code that was scanned. SQLAlchemy's own way through a
statement costs several times what the statement does, and an object that is loaded or flushed costs more
again.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect, Insert, bindparam, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]


class Asked:
    """A statement that is on its way; reading waits for it."""

    def __init__(self, cursor: Any, ready: "_Ready", dialect: Dialect) -> None:  # noqa: ANN401  either driver's
        self._cursor, self._ready, self._dialect = cursor, ready, dialect

    def rows(self) -> list[tuple[Any, ...]]:
        """Return what it gave, as the driver has it: on SQLite a moment is text and yes is 1."""
        with _told(self._dialect):
            return list(self._cursor.fetchall())

    def found(self) -> list[Any]:
        """Return what it gave as SQLAlchemy has it, moments and all, the columns by their names too."""
        with _told(self._dialect):
            rows = self._cursor.fetchall()
        return self._ready.read(rows, self._cursor, self._dialect) if rows else []

    def value(self) -> Any:  # noqa: ANN401  whatever the statement returns
        """Return the first field of the one row, or None where there was no row."""
        rows = self.rows()
        return rows[0][0] if rows else None


class Plain:
    """A statement whose values are `bindparam`s by name; lists only by `many.among`, and no ORM in between.

    It runs at once in the session's transaction; what the session has pending is written before it. What the
    driver refuses is raised as SQLAlchemy does.
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
        connection = _connection(session)
        ready = self._of(connection.dialect)
        with _told(connection.dialect, ready.sql):
            cursor = _driver(connection).execute(ready.sql, ready.bound(values))
        return Asked(cursor, ready, connection.dialect)

    def ask_many(
        self, session: Session, same: Mapping[str, object], each: Mapping[str, Sequence[Any]]
    ) -> None:
        """Run it once for each place of the lists in `each`, which are equally long; `same` is in all of them."""
        connection = _connection(session)
        ready = self._of(connection.dialect)
        with _told(connection.dialect, ready.sql):
            _driver(connection).cursor().executemany(ready.sql, ready.bound_many(same, each))

    def _of(self, dialect: Dialect) -> "_Ready":
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _Ready.of(self._statements[dialect.name], dialect)
        return ready


@dataclass(frozen=True, slots=True)
class _Ready:
    sql: str
    order: tuple[str, ...] | None
    fixed: Mapping[str, object]
    converts: Mapping[str, Convert]
    columns: Sequence[tuple[str, TypeEngine[Any]]]
    reading: list["_Reading"] = field(default_factory=list)
    """How rows are read: made when the first ones come, for only then the driver says what they are."""

    @classmethod
    def of(cls, statement: ClauseElement, dialect: Dialect) -> "_Ready":
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        binds = compiled.binds
        made = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in binds.items()
        }
        given: Any = getattr(statement, "exported_columns", ())
        return cls(
            compiled.string,
            tuple(compiled.positiontup) if compiled.positiontup is not None else None,
            {name: bind.value for name, bind in binds.items() if not bind.required},
            {name: convert for name, convert in made.items() if convert},
            [(column.key, column.type) for column in given],
        )

    def bound(self, values: Mapping[str, object]) -> dict[str, object] | list[object]:
        """Return the values as the driver takes them."""
        bound = {**self.fixed, **values}
        for name, convert in self.converts.items():
            bound[name] = convert(bound[name])
        return bound if self.order is None else [bound[name] for name in self.order]

    def bound_many(
        self, same: Mapping[str, object], each: Mapping[str, Sequence[Any]]
    ) -> list[Any]:
        """Return the values of many runs; each is converted once where it is the same in all of them."""
        values: dict[str, object] = {**self.fixed, **same}
        for name in self.converts.keys() & values.keys():
            values[name] = self.converts[name](values[name])
        lists = {name: self._converted(name, given) for name, given in each.items()}
        rows = (
            {**values, **dict(zip(lists, row, strict=True))}
            for row in zip(*lists.values(), strict=True)
        )
        order = self.order
        return list(rows) if order is None else [[row[name] for name in order] for row in rows]

    def _converted(self, name: str, given: Sequence[Any]) -> Sequence[Any]:
        convert = self.converts.get(name)
        return [convert(one) for one in given] if convert else given

    def read(self, rows: Sequence[Any], cursor: Any, dialect: Dialect) -> list[Any]:  # noqa: ANN401  either driver's
        """Return the rows with names, each value as its column's type has it."""
        if not self.reading:
            self.reading.append(_Reading.of(self.columns, cursor.description, dialect))
        return self.reading[0].read(rows)


class _Reading:
    """How the rows of one statement become rows with names."""

    def __init__(self, names: Sequence[str], converts: Sequence[tuple[int, Convert]]) -> None:
        row: Any = namedtuple("Found", names, rename=True)  # type: ignore[misc]  # the statement names them
        self._make = row._make
        self._converts = converts

    @classmethod
    def of(
        cls, columns: Sequence[tuple[str, TypeEngine[Any]]], told: Sequence[Any], dialect: Dialect
    ) -> "_Reading":
        made = (
            kind.dialect_impl(dialect).result_processor(dialect, column[1])
            for (_name, kind), column in zip(columns, told, strict=True)
        )
        return cls(
            [name for name, _kind in columns],
            [(at, convert) for at, convert in enumerate(made) if convert],
        )

    def read(self, rows: Sequence[Any]) -> list[Any]:
        if not self._converts:
            return [self._make(row) for row in rows]
        return [self._make(self._converted(row)) for row in rows]

    def _converted(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for at, convert in self._converts:
            values[at] = convert(values[at])
        return values


@contextmanager
def together(session: Session) -> Iterator[None]:
    """Let plain statements go to PostgreSQL without waiting for each other's answers; only such inside.

    Reading an answer waits for all before it, and so does the end. On SQLite there is no way to save.
    """
    connection = _connection(session)  # what is pending is written before
    if connection.dialect.name == "sqlite":
        yield
        return
    with _told(connection.dialect), _driver(connection).pipeline():
        yield


@contextmanager
def apart(session: Session) -> Iterator[None]:
    """Let plain statements go together, and leave nothing of themselves when anything is raised; only such inside."""
    connection = _connection(session)
    raw = _driver(connection)
    try:
        with together(session):
            raw.execute("SAVEPOINT apart")
            yield
            raw.execute("RELEASE SAVEPOINT apart")
    except BaseException:
        with _told(connection.dialect):
            raw.execute("ROLLBACK TO SAVEPOINT apart")
        raise


def whole_row(model: type[DeclarativeBase]) -> Insert:
    """Return the insert of one row that is given every column by name, but for the id."""
    columns = (column.name for column in model.__table__.columns if column.name != "id")
    return insert(model).values({name: bindparam(name) for name in columns}).inline()


@contextmanager
def _told(dialect: Dialect, sql: str = "") -> Iterator[None]:
    """Raise what the driver refuses as SQLAlchemy raises it."""
    driver = dialect.loaded_dbapi
    try:
        yield
    except driver.Error as error:
        raise DBAPIError.instance(sql, None, error, driver.Error, dialect=dialect) from error


def _connection(session: Session) -> Connection:
    if session.autoflush and (session.new or session.dirty or session.deleted):
        session.flush()
    return session.connection()


def _driver(connection: Connection) -> Any:  # noqa: ANN401  either driver's connection
    return connection.connection.driver_connection
