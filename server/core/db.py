"""The database: one code base on SQLite (WAL, every commit on disk) and PostgreSQL."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.engine import URL, Connection, Dialect, make_url
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from server.core import connections

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

ByCode = String().with_variant(String(collation="C"), "postgresql")
"""Text in the order of its characters' numbers on both databases, so that a beginning is one range of an index."""
BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in an INTEGER key


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware and UTC in Python, whatever the database keeps; refuses a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"a moment without a time zone was given: {value!r}"
            raise ValueError(msg)
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The tables' common root."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012  SQLAlchemy reads it from the class


class Database:
    """One database, seen through reading and writing sessions."""

    def __init__(self, url: str, *, pool_size: int = 12) -> None:
        self.url: URL = normal_url(url)
        self.engine = _engine(self.url, pool_size)
        self.reading_engine = connections.reading(self.engine)
        self.info: dict[str, Any] = {}
        """What every session of this process is told at its making (`session.info`)."""
        self._readers = sessionmaker(self.reading_engine, expire_on_commit=False, info=self.info)
        self._writers = sessionmaker(
            self.engine.execution_options(cryokeep_writes=True),
            expire_on_commit=False,
            info=self.info,
        )

    @property
    def dialect(self) -> str:
        """Return "sqlite" or "postgresql"."""
        return self.url.get_backend_name()

    def reader(self) -> Session:
        """Return a session that only reads; the caller closes it.

        On PostgreSQL each of its statements sees what is committed by then, and writing is refused.
        """
        return self._readers()

    def writer(self) -> Session:
        """Return a session that may write; on SQLite it takes the write lock at its first statement."""
        return self._writers()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session for reads; nothing is kept."""
        with self._readers() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that is committed at the end, or rolled back if anything is raised."""
        with self._writers() as session, session.begin():
            yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self.reading_engine.dispose()


def normal_url(url: str) -> URL:
    """Return the URL with the driver that Cryokeep uses (psycopg 3, sqlite3)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL, pool_size: int) -> Engine:
    if url.get_backend_name() != "sqlite":
        return connections.postgresql(url, pool_size // 2)  # and as many that only read
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    patient = {"timeout": 30.0, "check_same_thread": False}
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size * 4,
        connect_args=patient,
        pool_use_lifo=True,  # what was used last has its pages at hand
    )
    event.listen(engine, "connect", _set_up_sqlite)
    Turns().watch(engine)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing; _begin_sqlite does
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # an acknowledgement is a promise that outlives a power cut
        "foreign_keys=ON",
        "busy_timeout=30000",
        "cache_size=-65536",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


class Turns:
    """Writers of one process take turns on SQLite.

    Without it each of them polls for the file's lock with ever longer sleeps, and the lock lies idle
    while they sleep: 32 writers at once took 60 ms each instead of 10.
    """

    WAIT_S = 15.0

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def watch(self, engine: Engine) -> None:
        """Take the turn when a writing transaction begins, give it back however that ends."""
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "commit", self._end)
        event.listen(engine, "rollback", self._end)
        for end in ("checkin", "invalidate"):
            event.listen(engine, end, lambda _connection, record, *_: self._give_back(record.info))

    def _begin(self, connection: Connection) -> None:
        if not connection.get_execution_options().get("cryokeep_writes", False):
            connection.exec_driver_sql("BEGIN")
            return
        connection.info["turn"] = self._turn.acquire(timeout=self.WAIT_S)
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            self._give_back(connection.info)
            raise

    def _end(self, connection: Connection) -> None:
        self._give_back(connection.info)

    def _give_back(self, info: dict[Any, Any]) -> None:
        if info.pop("turn", False):
            self._turn.release()
