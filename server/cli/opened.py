"""Opens what most commands need: the database, at its newest schema."""

from collections.abc import Iterator
from contextlib import contextmanager

from server import schema
from server.core.db import Database
from server.core.errors import Conflict, Refusal
from server.core.settings import Settings
from server.core.words import N_


@contextmanager
def database(settings: Settings) -> Iterator[Database]:
    """Give the database of these settings; refuses one that `cryokeep migrate` has not led here."""
    opened = Database(settings.database)
    try:
        if not schema.is_current(opened):
            because = N_(
                "The database is not at this version's schema; run “cryokeep migrate” first."
            )
            raise Conflict(Refusal("schema_not_current", because))
        yield opened
    finally:
        opened.close()
