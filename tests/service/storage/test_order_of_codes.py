"""Codes stand in the order of their characters' numbers on both databases: a beginning is one range of an index."""

import pytest
from sqlalchemy import select, text

from server.core.actor import Actor
from server.core.db import Database
from server.storage.models import Vial
from server.storage.queries.find import find
from server.storage.queries.vial_list import SORTS, Order, base, page
from tests.support.shelves import Shelves

CODES = ("SH-0001", "SH_0001", "SH0001", "SH-00A1", "SI-0001", "SH-9", "SH-0001.2")
RANGES = {
    ("vial", "code"), ("vial_alias", "code"), ("container", "code"), ("lot", "code"), ("cell_line", "code"),
    ("cell_line", "name"), ("search_word", "word"),
}  # fmt: skip


@pytest.fixture
def actor(database: Database) -> Actor:
    with database.writing() as session:
        shelves = Shelves(session)
        lot = shelves.lot(shelves.org("BANK"))
        for code in CODES:
            shelves.vial(lot, code)
    return shelves.actor


def test_what_is_asked_for_by_ranges_has_an_order_of_its_own(database: Database) -> None:
    if (
        database.engine.dialect.name == "sqlite"
    ):  # it has one order only, unless a column says otherwise
        with database.reading() as session:
            said = session.scalars(text("SELECT sql FROM sqlite_master WHERE sql LIKE '%COLLATE%'"))
            assert not said.all()
        return
    with database.reading() as session:
        asked = text(
            "SELECT table_name, column_name FROM information_schema.columns WHERE collation_name = 'C' AND table_schema = 'public'"
        )
        assert {tuple(row) for row in session.execute(asked)} == RANGES


def test_what_begins_so_is_found(database: Database, actor: Actor) -> None:
    with database.reading() as session:
        near = find(session, actor, "SH-00B7").near
        assert {hit.code for hit in near} == {"SH-0001", "SH-00A1", "SH-0001.2"}


@pytest.mark.parametrize("sort", sorted(SORTS))
def test_pages_of_the_list_hold_each_vial_once(database: Database, actor: Actor, sort: str) -> None:
    shown: list[str] = []
    after = ""
    with database.reading() as session:
        while True:
            rows, after = page(session, base(actor, []), Order(sort, after=after), size=3)
            shown += [row.facts.code for row in rows]
            if not after:
                break
        assert list(session.scalars(select(Vial.code).order_by(Vial.code))) == sorted(CODES)
    assert sorted(shown) == sorted(CODES)
    assert sort != "code" or shown == sorted(CODES)
