"""A backup taken while others write loses nothing that was committed before it began."""

import dataclasses
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from server.cli import archive
from server.core.db import Database
from server.core.errors import Conflict, Invalid
from server.core.settings import Settings
from server.parties.models import Organisation

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def settings_for(home: Path, url: str) -> Settings:
    return dataclasses.replace(Settings.read({"CRYOKEEP_HOME": str(home)}), database=url)


def add_organisation(database: Database, number: int) -> None:
    with database.writing() as session:
        session.add(Organisation(code=f"O{number}", name=f"Organisation {number}", created_at=NOW))


class Writer(threading.Thread):
    """Commits one organisation after the other until it is told to stop."""

    def __init__(self, database: Database) -> None:
        super().__init__(daemon=True)
        self.database = database
        self.committed = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set() and self.committed < 5000:
            add_organisation(self.database, self.committed)
            self.committed += 1


@pytest.fixture
def empty_url(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if database.dialect == "sqlite":
        return f"sqlite:///{tmp_path / 'restored' / 'cryokeep.sqlite3'}"
    return str(request.getfixturevalue("pg_url"))


def test_nothing_committed_before_the_backup_is_lost(
    database: Database, empty_url: str, tmp_path: Path, eventually
) -> None:
    url = database.url.render_as_string(hide_password=False)
    home = settings_for(tmp_path / "home", url)
    (home.home / "ca").mkdir(parents=True)
    (home.home / "ca" / "ca.crt").write_text("a certificate")
    (home.home / "log").mkdir()
    (home.home / "log" / "web.log").write_text("not kept")
    writer = Writer(database)
    writer.start()
    eventually(lambda: writer.committed > 20, 20)

    before = writer.committed
    made = archive.make(home, tmp_path / "backup", NOW)
    writer.done.set()
    writer.join(20)
    target = settings_for(tmp_path / "restored", empty_url)
    found = archive.bring_back(target, tmp_path / "backup")

    restored = Database(empty_url)
    with restored.writing() as session:
        codes = set(session.scalars(select(Organisation.code)))
        session.add(Organisation(code="after", name="After", created_at=NOW))
    with restored.reading() as session:
        assert session.scalar(select(func.count()).select_from(Organisation)) == len(codes) + 1
    restored.close()
    assert {f"O{n}" for n in range(before)} <= codes
    assert made == found
    assert (target.home / "ca" / "ca.crt").read_text() == "a certificate"
    assert not (target.home / "log").exists()


def test_a_changed_backup_and_a_full_database_are_refused(
    database: Database, tmp_path: Path
) -> None:
    add_organisation(database, 1)
    home = settings_for(tmp_path / "home", database.url.render_as_string(hide_password=False))
    home.home.mkdir()
    (home.home / "key").write_text("a key")
    archive.make(home, tmp_path / "backup", NOW)

    with pytest.raises(Conflict, match="already holds key"):
        archive.bring_back(home, tmp_path / "backup")
    with pytest.raises(Conflict, match="already holds something"):
        archive.bring_back(dataclasses.replace(home, home=tmp_path / "fresh"), tmp_path / "backup")
    with pytest.raises(Invalid, match="inside Cryokeep's own home"):
        archive.make(home, home.home / "backup", NOW)
    with pytest.raises(Conflict, match="not empty"):
        archive.make(home, tmp_path / "backup", NOW)
    (tmp_path / "backup" / "home" / "key").write_text("another key")
    with pytest.raises(Invalid, match="home/key is missing or has been changed"):
        archive.bring_back(home, tmp_path / "backup")
    with pytest.raises(Invalid, match="no manifest"):
        archive.bring_back(home, tmp_path / "nothing")
