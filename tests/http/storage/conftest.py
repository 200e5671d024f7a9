"""A small bank behind the whole app, and people who are signed in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.core.db import Database
from server.storage import service as storage
from server.storage.positions import BoxShape
from tests.support.shelves import START, Shelves
from tests.support.signed_in import SignedIn, make_app, sign_in


@dataclass(frozen=True)
class Bank:
    """The app with one freezer, one rack, two boxes and a few vials."""

    app: Flask
    database: Database
    manager: SignedIn
    reader: SignedIn
    stranger: SignedIn
    home: Path

    @property
    def page(self) -> FlaskClient:
        """The manager's browser."""
        return self.manager.browser(self.app)

    @property
    def api(self) -> FlaskClient:
        """A client without a cookie; send `headers=bank.manager.bearer`."""
        return self.app.test_client()

    def post(self, path: str, **fields: str) -> object:
        """Post a form of the manager's."""
        return self.page.post(path, data={"csrf": self.manager.csrf, **fields})


@pytest.fixture
def bank(make_database_url: object, tmp_path: Path) -> Iterator[Bank]:
    database = Database(make_database_url("sqlite"))
    with database.writing() as session:
        shelves = Shelves(session)
        org, other = shelves.org("SCB"), shelves.org("LAB")
        room = storage.add_room(
            session, shelves.actor, shelves.site(org, "Pudong"), "B1.04", at=START
        )
        rack = shelves.rack(org, "R07", shelves.freezer(org, "LN2-03", room))
        box = shelves.box(org, "D-044", rack)
        shelves.box(org, "D-045", rack, shape=BoxShape(1, 1))
        shelves.box(org, "FX12345678", rack, shape=BoxShape(8, 12))
        line = shelves.line(org, code="SCB-0041")
        lot = shelves.lot(org, line=line, code="L-0412", passage=6)
        master = shelves.lot(org, "master", line, code="L-0411")
        shelves.vial(lot, "SH-1", box, 25)
        shelves.vial(lot, "SH-2", box, 26)
        shelves.vial(lot, "SH-3")
        shelves.vial(master, "SH-9", box, 1)
        manager = sign_in(session, org.id)
        reader = sign_in(session, org.id, ("read_only",))
        stranger = sign_in(session, other.id)
    yield Bank(make_app(database, tmp_path), database, manager, reader, stranger, tmp_path)
    database.close()
