"""A sender on each database, with a web of receivers around it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.core.clock import SystemClock
from server.core.db import Database
from server.core.settings import Settings
from server.outbox.sender import Sender


@pytest.fixture
def make_sender(database: Database, tmp_path: Path) -> Iterator[Callable[..., Sender]]:
    """Give `make_sender(smtp=...)`: a started sender that is stopped when the test ends."""
    made: list[Sender] = []

    def make(smtp: str = "", *, start: bool = True) -> Sender:
        settings = Settings.read(
            {
                "CRYOKEEP_HOME": str(tmp_path),
                "CRYOKEEP_SMTP": smtp,
                "CRYOKEEP_PUBLIC_URL": "https://bank.example/",
            }
        )
        made.append(Sender(database, settings, None, SystemClock()))
        if start:
            made[-1].start()
        return made[-1]

    yield make
    for sender in made:
        sender.stop()
