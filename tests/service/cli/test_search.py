"""`cryokeep search rebuild` makes the index of words anew."""

from pathlib import Path

import pytest
from sqlalchemy import delete, select

from server.cli import command_line
from server.core.db import Database
from server.search.models import SearchWord
from tests.support.shelves import Shelves


def test_what_was_lost_is_found_again(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        shelves.line(shelves.org(), name="Vero")
    with database.writing() as session:
        session.execute(delete(SearchWord))
    monkeypatch.setenv("CRYOKEEP_HOME", str(tmp_path))
    monkeypatch.setenv("CRYOKEEP_DATABASE", database.url.render_as_string(hide_password=False))

    assert command_line.main(["search", "rebuild"]) == 0
    assert "The words of 2 things were read again." in capsys.readouterr().out
    with database.reading() as session:
        assert "vero" in set(session.scalars(select(SearchWord.word)))
