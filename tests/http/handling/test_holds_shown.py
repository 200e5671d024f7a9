"""A hold and its cause stand beside the tube on lists, in stock-takes, rack scans and shipments, and go along to the tank."""

from io import BytesIO

import pytest
from sqlalchemy import select

from server.catalogue.models import CellLine
from server.genealogy import service as genealogy
from server.genealogy.models import Hold
from server.genealogy.rules import Ref
from server.storage.models import Vial
from server.storage.queries import holds_on_codes
from tests.http.storage.conftest import Bank
from tests.support.shelves import START, Shelves

CAUSE = "contamination is suspected or found"


def hold(bank: Bank, code: str = "SH-1") -> None:
    """Lay a hold on a vial."""
    with bank.database.writing() as session:
        vial = session.scalars(select(Vial).where(Vial.code == code)).one()
        target = Ref("vial", vial.id, vial.code)
        actor = Shelves(session).actor
        genealogy.lay(session, actor, target, vial.org_id, "contamination", "dish 4", at=START)


def rows_with(page: str, code: str) -> list[str]:
    """Return the rows of tables that name this tube and bear the badge of a hold."""
    rows = page.split("<tr>")[1:]
    return [row for row in rows if code in row.split("</tr>")[0] and "badge hold" in row]


def test_on_a_work_list_beside_the_tube_before_and_after(bank: Bank) -> None:
    made = bank.post("/lists/new", kind="pick", codes="SH-1 SH-2").location
    assert "badge hold" not in bank.page.get(made).text
    hold(bank)

    page = bank.page.get(made).text
    assert page.count(f"{CAUSE}: dish 4") == 2  # beside the expected tube, and in the walk
    assert len(rows_with(page, "SH-1")) == 1
    assert rows_with(page, "SH-2") == []
    told = bank.api.get("/api/v1/work-lists/P-0001", headers=bank.manager.bearer).json["tubes"]
    assert {one["vial"]: one["held"] for one in told} == {"SH-1": ["contamination"], "SH-2": []}
    assert bank.post(f"{made}/scan", tube="SH-1").status_code == 422
    bank.post(f"{made}/close")
    assert len(rows_with(bank.page.get(made).text, "SH-1")) == 1


def test_on_a_put_away_list(bank: Bank) -> None:
    hold(bank, "SH-3")
    made = bank.post("/lists/new", kind="put_away", codes="SH-3", policy="together").location

    assert CAUSE in bank.page.get(made).text


def test_goes_along_to_the_tank_with_its_words(bank: Bank) -> None:
    bank.post("/lists/new", kind="pick", codes="SH-1 SH-2")
    hold(bank)
    along = bank.api.get("/api/v1/offline-lists/P-0001", headers=bank.manager.bearer).json

    assert [one["held"] for one in along["tubes"]] == [["contamination"], []]
    for page in ("/tank", "/tank/offline"):
        words = bank.page.get(page).text
        assert "hold_contamination" in words
        assert CAUSE in words


def test_in_a_stock_take(bank: Bank) -> None:
    hold(bank)
    take = bank.post("/stock-takes/new", container="D-044").location
    box = f"{take}/boxes/D-044"
    bank.post(f"{box}/tube", position="C7", seen="tube", tube="SH-1")

    assert len(rows_with(bank.page.get(box).text, "SH-1")) == 1
    told = bank.api.get(f"/api/v1{box}", headers=bank.manager.bearer).json
    assert told["held"] == {"SH-1": ["contamination"]}
    bank.post(f"{box}/tube", position="C9", seen="tube", tube="SH-2")
    assert rows_with(bank.page.get(box).text, "SH-2") == []


def test_in_a_rack_scan(bank: Bank) -> None:
    hold(bank)
    sent = {
        "csrf": bank.manager.csrf, "box": "D-044",
        "file": (BytesIO(b"Position,Tube\nC7,SH-2\nC8,SH-1\n"), "scan.csv"),
    }  # fmt: skip
    staged = bank.page.post("/scans", data=sent)
    assert staged.status_code == 302, staged.text

    page = bank.page.get(staged.location).text
    assert len(rows_with(page, "SH-1")) == 2  # where it is recorded, and where it was scanned
    assert page.count(CAUSE) == 2
    told = bank.api.get(f"/api/v1{staged.location}", headers=bank.manager.bearer).json
    assert told["held"] == {"SH-1": ["contamination"]}


def test_in_a_shipment(bank: Bank) -> None:
    made = bank.post(
        "/shipments/new", kind="incoming", to_site="Pudong", manifest="N-1,L-0412\nN-2,L-0412"
    ).location
    bank.post(f"{made}/receive", tube="N-1", box="D-044")

    page = bank.page.get(made).text
    assert len(rows_with(page, "N-1")) == 1  # what arrives goes into quarantine
    assert rows_with(page, "N-2") == []
    told = bank.api.get(f"/api/v1{made}", headers=bank.manager.bearer).json["tubes"]
    assert {one["tube"]: len(one["held"]) for one in told} == {"N-1": 1, "N-2": 0}


@pytest.mark.parametrize("kind", ["vial", "lot", "line"])
def test_a_code_is_held_when_its_vial_its_lot_or_its_line_is(bank: Bank, kind: str) -> None:
    with bank.database.writing() as session:
        vial = session.scalars(select(Vial).where(Vial.code == "SH-1")).one()
        line = session.get_one(CellLine, vial.lot.line_id)
        thing = {"vial": vial, "lot": vial.lot, "line": line}[kind]
        genealogy.lay(
            session, Shelves(session).actor, Ref(kind, thing.id, thing.code), vial.org_id, "consent",
            at=START,
        )  # fmt: skip
        found = holds_on_codes(session, ["SH-1", "SH-2", "SH-9", "none"], vial.org_id)
        strange = holds_on_codes(session, ["SH-1"], vial.org_id + 1)

        assert all(isinstance(one, Hold) for holds in found.values() for one in holds)
        wanted = {"vial": {"SH-1"}, "lot": {"SH-1", "SH-2"}, "line": {"SH-1", "SH-2", "SH-9"}}
        assert set(found) == wanted[kind]
        assert strange == {}
