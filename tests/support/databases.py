"""Databases for tests: one PostgreSQL server a process, one database a test.

The tables are made once a session, by the migrations, into a template that every test copies.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.core.db import Database
from tests.support.postgres import PostgresServer

DIALECTS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql")))


def migrate(url: str) -> None:
    """Bring a database to the newest schema."""
    from server import schema  # the tests of the agent run without the server's tables

    database = Database(url)
    schema.upgrade(database)
    database.close()


@pytest.fixture(scope="session")
def pg_server() -> Iterator[PostgresServer]:
    """Give a running PostgreSQL, shared by all tests of this process."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture
def pg_url(pg_server: PostgresServer) -> Iterator[str]:
    """Give the SQLAlchemy address of an empty PostgreSQL database."""
    name = pg_server.new_database()
    yield pg_server.url(name)
    pg_server.drop(name)


@pytest.fixture(scope="session")
def pg_template(pg_server: PostgresServer) -> str:
    """Give the name of a migrated database that nobody is connected to."""
    name = pg_server.new_database()
    migrate(pg_server.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file that nobody has open."""
    file = tmp_path_factory.mktemp("template") / "template.sqlite3"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def make_database_url(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[str], str]]:
    """Give `make_database_url("sqlite" or "postgresql")`: a migrated, empty database's address."""
    made: list[str] = []

    def make(dialect: str) -> str:
        if dialect == "sqlite":
            file = tmp_path / f"cryokeep-{len(list(tmp_path.glob('*.sqlite3')))}.sqlite3"
            shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
            return f"sqlite:///{file}"
        server: PostgresServer = request.getfixturevalue("pg_server")
        made.append(server.new_database(request.getfixturevalue("pg_template")))
        return server.url(made[-1])

    yield make
    for name in made:
        request.getfixturevalue("pg_server").drop(name)


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest, make_database_url: Callable[[str], str]) -> str:
    """Give the address of a migrated, empty database: first SQLite, then PostgreSQL."""
    return make_database_url(request.param)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Give a migrated, empty database: first SQLite, then PostgreSQL."""
    opened = Database(database_url)
    yield opened
    opened.close()
