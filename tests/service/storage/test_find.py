"""One box for every code."""

import pytest

from server.core.actor import Actor
from server.core.db import Database
from server.storage import queries
from tests.support.shelves import Shelves


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ("SH0041-27-1184", ["vial"]),
        ("sh0041-27-1184", ["vial"]),
        ("  SH0041-27-1184 ", ["vial"]),
        ("MCB-118", ["box"]),
        ("FX12345678", ["box"]),
        ("R07", ["rack"]),
        ("LN2-03", ["freezer"]),
        ("L-0412", ["lot"]),
        ("hek293t", ["line"]),
        ("CVCL_0063", ["line"]),
        ("SCB-0041", ["line"]),
        ("", []),
        ("nothing of the kind", []),
        ("%", []),
    ],
)
def test_any_code_leads_to_its_thing(database: Database, asked: str, kinds: list[str]) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        line = shelves.line(org, code="SCB-0041")
        freezer = shelves.freezer(org, "LN2-03")
        box = shelves.box(org, "MCB-118", shelves.rack(org, "R07", freezer), barcode="FX12345678")
        lot = shelves.lot(org, line=line, code="L-0412")
        shelves.vial(lot, "SH0041-27-1184", box, 25)

        found = queries.find(session, shelves.actor, asked)

        assert [hit.kind for hit in found.hits] == kinds


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("SH0041-27-118X", "SH0041-27-1180"),
        ("SH0041-27-11844", "SH0041-27-1184"),
        ("1184", "SH0041-27-1184"),
        ("27-1184", "SH0041-27-1184"),
        ("MCB-119", "MCB-118"),
        ("HEK293", "SCB-0041"),
    ],
)
def test_a_wrong_code_is_answered_with_the_nearest(
    database: Database, typed: str, nearest: str
) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        line = shelves.line(org, code="SCB-0041")
        lot = shelves.lot(org, line=line)
        shelves.box(org, "MCB-118")
        for number in range(1150, 1230):
            shelves.vial(lot, f"SH0041-27-{number}")

        found = queries.find(session, shelves.actor, typed)

        assert not found.hits
        assert found.near[0].code == nearest


def test_nobody_finds_what_belongs_to_others(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        mine, theirs = shelves.org(), shelves.org()
        box = shelves.box(theirs, "MCB-118", shelves.rack(theirs, "R07", shelves.freezer(theirs)))
        shelves.vial(shelves.lot(theirs, code="L-0412"), "SH-1", box, 1)
        me = Actor(
            id=None, name="I", permissions={"storage.read": frozenset({mine.id})}, org_id=mine.id
        )

        for code in ("SH-1", "MCB-118", "R07", "L-0412", "HEK293T", "CVCL_0063"):
            found = queries.find(session, me, code)
            assert (found.hits, found.near) == ([], []), code
        assert queries.freezers(session, me) == []
        assert queries.places(session, me).sites == []
        assert queries.stock_by_line(session, me) == []
        assert queries.recent_scans(session, me) == []
