"""Lines and lots through pages and API, on both databases."""

import pytest

from server.catalogue.models import CellLine, Lot
from server.core.db import Database
from tests.support.shelves import Shelves
from tests.support.signed_in import PASSWORD, make_app, sign_in


class Place:
    """A bank with its manager, quality and a reader; and a second bank."""

    def __init__(self, database, home):
        self.app = make_app(database, home)
        with database.writing() as session:
            shelves = Shelves(session)
            bank, other = shelves.org("BANK"), shelves.org("OTHER")
            line = shelves.line(bank, code="SH0041")
            shelves.lot(bank, line=line, code="L-1", disposition="quarantined")
            shelves.line(other, "Foreign line", code="XX0001")
            self.people = {
                "manager": sign_in(session, bank.id, ("bank_manager",)),
                "quality": sign_in(session, bank.id, ("quality",), name="Shen Qing"),
                "reader": sign_in(session, bank.id, ("read_only",)),
            }

    def get(self, who, path):
        return self.people[who].browser(self.app).get(path)

    def post(self, who, path, **form):
        person = self.people[who]
        return person.browser(self.app).post(path, data={"csrf": person.csrf, **form})

    def api(self, who, method, path, body=None, **headers):
        client = self.app.test_client()
        headers = {**self.people[who].bearer, **headers}
        return client.open(f"/api/v1{path}", method=method, json=body, headers=headers)


@pytest.fixture
def place(database: Database, tmp_path):
    return Place(database, tmp_path)


LINE = {
    "code": "sh0063",
    "name": "HeLa",
    "accession": "CVCL_0030",
    "biosafety_level": "2",
    "names": "He La\nHELA",
}


def test_a_line_is_entered_found_by_another_name_and_changed(place, database):
    assert place.post("manager", "/lines/new", **LINE).location.endswith("/lines/SH0063")
    assert "HeLa" in place.get("reader", "/lines?q=he la").text
    assert "He La" in place.get("reader", "/lines/SH0063").text
    place.post("manager", "/lines/SH0063/edit", **{**LINE, "names": "HELA", "listed": "yes"})

    with database.reading() as session:
        line = session.query(CellLine).where(CellLine.code == "SH0063").one()
        assert [name.name for name in line.names] == ["HELA"]
        assert line.listed


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"accession": "CVCL_3"}, "is not a Cellosaurus accession"),
        ({"code": "sh0041"}, "already a cell line with the code SH0041"),
        ({"name": ""}, "This is empty"),
        ({"biosafety_level": "4"}, "not one of the choices"),
    ],
)
def test_a_refused_line_stays_as_typed(place, form, said):
    answer = place.post("manager", "/lines/new", **{**LINE, **form})

    assert answer.status_code == 422
    assert said in answer.text
    assert "HELA" in answer.text


def test_a_lot_begins_in_quarantine_and_is_released_with_a_signature(place, database):
    form = {
        "code": "l-2",
        "tier": "distribution",
        "frozen_on": "2026-01-05",
        "million_cells": "2,5",
        "reserve_floor": "3",
    }
    assert place.post("manager", "/lines/SH0041/lots/new", **form).location.endswith("/lots/L-2")
    assert place.get("manager", "/lots/L-2/decide").status_code == 403
    decided = {"reason": "All tests passed.", "meaning": "released"}
    wrong = place.post("quality", "/lots/L-2/decide", **decided, password="guess")
    assert wrong.status_code == 422
    assert "not your password" in wrong.text
    assert (
        place.post("quality", "/lots/L-2/decide", **decided, password=PASSWORD).status_code == 303
    )

    with database.reading() as session:
        lot = session.query(Lot).where(Lot.code == "L-2").one()
        assert (lot.disposition, lot.cells_per_vial, lot.reserve_floor) == (
            "released",
            2_500_000,
            3,
        )
    assert "Shen Qing: I release this lot" in place.get("reader", "/lots/L-2").text


@pytest.mark.parametrize(
    "change", [{"tier": "master"}, {"reserve_floor": "0"}, {"passage": "9"}, {"code": "L-1B"}]
)
def test_a_released_lot_is_not_changed(place, database, change):
    as_it_is = {"code": "L-1", "tier": "distribution", "reserve_floor": "3"}
    place.post("manager", "/lots/L-1/edit", **as_it_is)
    decided = {"reason": "All tests passed.", "meaning": "released", "password": PASSWORD}
    place.post("quality", "/lots/L-1/decide", **decided)
    assert "L-1 is released as it is" in place.get("manager", "/lots/L-1/edit").text

    refused = place.post("manager", "/lots/L-1/edit", **{**as_it_is, **change})
    assert refused.status_code == 422
    assert "puts it back into quarantine before a change" in refused.text
    assert place.post("manager", "/lots/L-1/edit", **as_it_is).status_code == 303
    with database.reading() as session:
        lot = session.query(Lot).where(Lot.code == "L-1").one()
        assert (lot.tier, lot.reserve_floor, lot.passage) == ("distribution", 3, None)
    assert "(void" not in place.get("reader", "/lots/L-1").text


def test_a_change_makes_the_signature_void(place):
    for meaning in ("released", "quarantined"):
        decided = {"reason": "All tests passed.", "meaning": meaning, "password": PASSWORD}
        place.post("quality", "/lots/L-1/decide", **decided)
    place.post("manager", "/lots/L-1/edit", code="L-1", tier="distribution", passage="9")

    assert "(void: the lot was changed)" in place.get("reader", "/lots/L-1").text


def test_what_was_changed_since_it_was_shown_is_not_signed(place, database):
    shown = place.get("quality", "/lots/L-1/decide").text
    version = shown.split('name="version" value="')[1].split('"')[0]
    place.post("manager", "/lots/L-1/edit", code="L-1", tier="distribution", passage="9")
    decided = {"reason": "All tests passed.", "meaning": "released", "password": PASSWORD}

    for _again in range(2):  # what was shown stays stale until the page is loaded again
        answer = place.post("quality", "/lots/L-1/decide", **decided, version=version)
        assert answer.status_code == 422
        assert "changed this in the meantime" in answer.text
        version = answer.text.split('name="version" value="')[1].split('"')[0]
    with database.reading() as session:
        lot = session.query(Lot).where(Lot.code == "L-1").one()
        assert lot.disposition == "quarantined"
        version = lot.version
    answer = place.post("quality", "/lots/L-1/decide", **decided, version=version)
    assert answer.status_code == 303


def test_lists_sort_search_and_stay_within_the_organisation(place):
    for sort in ("code", "name", "species", "category", "level", "nonsense"):
        for way in ("asc", "desc"):
            text = place.get("reader", f"/lines?sort={sort}&dir={way}&page=7").text
            assert "SH0041" in text
            assert "XX0001" not in text
    for sort in ("code", "line", "tier", "disposition", "passage", "frozen"):
        assert "L-1" in place.get("reader", f"/lots?sort={sort}&q=293").text
    assert place.get("reader", "/lines/XX0001").status_code == 404


def test_the_api_writes_what_it_reads_and_refuses_what_was_not_seen(place):
    line = place.api(
        "manager", "POST", "/lines", {"code": "SH9", "name": "U-937", "names": ["U937"]}
    )
    assert (line.status_code, line.json["names"]) == (201, ["U937"])
    lot = place.api(
        "manager",
        "POST",
        "/lines/SH9/lots",
        {"code": "L-9", "tier": "master", "frozen_on": "2026-02-03"},
    )
    assert (lot.status_code, lot.json["disposition"], lot.json["frozen_on"]) == (
        201,
        "quarantined",
        "2026-02-03",
    )
    stale = place.api(
        "manager", "PUT", "/lots/L-9", {"code": "L-9", "tier": "working"}, **{"If-Match": '"99"'}
    )
    assert stale.status_code == 412
    assert (
        place.api("manager", "PUT", "/lots/L-9", {"code": "L-9", "tier": "attic"}).json["code"]
        == "bad_tier"
    )
    assert place.api("reader", "POST", "/lines", {"code": "X", "name": "Y"}).status_code == 403
    assert [row["code"] for row in place.api("reader", "GET", "/lots?q=u937").json["items"]] == [
        "L-9"
    ]
    assert {row["code"] for row in place.api("reader", "GET", "/lines").json["items"]} == {
        "SH0041",
        "SH9",
    }
