"""Readers on PostgreSQL: they cannot write, begin nothing, and survive a server that let go of them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from server.core import connections
from server.core.db import Database

pytestmark = pytest.mark.needs("postgresql")


@pytest.fixture
def database(pg_url: str) -> Iterator[Database]:
    """Give an empty database."""
    made = Database(pg_url)
    yield made
    made.close()


def test_a_reading_session_cannot_write(database: Database) -> None:
    with database.reading() as session, pytest.raises(DBAPIError, match="read-only"):
        session.execute(text("CREATE TABLE kept (id int)"))


def test_a_reading_session_holds_no_transaction_open(database: Database) -> None:
    idle = text("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'")
    with database.reading() as session, database.reading() as other:
        session.execute(text("SELECT 1"))

        assert other.scalar(idle) == 0


def test_a_reading_session_sees_what_is_committed_meanwhile(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("CREATE TABLE kept (id int)"))
    counted = text("SELECT count(*) FROM kept")
    with database.reading() as session:
        before = session.scalar(counted)
        with database.writing() as writer:
            writer.execute(text("INSERT INTO kept VALUES (1)"))

        assert (before, session.scalar(counted)) == (0, 1)


@pytest.mark.parametrize("engine", ["engine", "reading_engine"])
def test_connections_that_the_server_ended_are_replaced_unnoticed(
    database: Database, engine: str
) -> None:
    found = getattr(database, engine)
    with found.connect() as one, found.connect() as two:
        pids = {each.scalar(text("SELECT pg_backend_pid()")) for each in (one, two)}
    with database.writing() as session:
        ended = text(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = :pid"
        )
        for pid in pids - {session.scalar(text("SELECT pg_backend_pid()"))}:
            session.execute(ended, {"pid": pid})

    with found.connect() as one, found.connect() as two:
        assert [each.scalar(text("SELECT 1")) for each in (one, two)] == [1, 1]


@pytest.mark.parametrize(("idle_s", "asked"), [(30.0, []), (0.0, ["ping"])])
def test_only_a_connection_that_was_idle_for_long_is_asked_whether_it_lives(
    database: Database, monkeypatch: pytest.MonkeyPatch, idle_s: float, asked: list[str]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(connections, "IDLE_S", idle_s)
    monkeypatch.setattr(
        database.reading_engine.dialect, "do_ping", lambda _connection: said.append("ping")
    )
    for _again in range(2):
        with database.reading() as session:
            session.execute(text("SELECT 1"))

    assert said == asked
