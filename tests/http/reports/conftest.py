"""A small bank behind the whole app."""

from tests.http.storage.conftest import bank as bank  # noqa: PLC0414  the fixture is used here too
