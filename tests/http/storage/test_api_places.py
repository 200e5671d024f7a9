"""Sites, freezers, types, scans and lineage, as a script asks for them."""

import pytest
from sqlalchemy import select

from server.core.actor import Actor
from server.storage import service as storage
from server.storage.models import Room, Site
from tests.http.storage.conftest import Bank
from tests.support.shelves import START

API = "/api/v1"


def send(bank: Bank, method: str, path: str, body: object = None, **headers: str) -> object:
    known = {**bank.manager.bearer, **headers}
    return bank.api.open(API + path, method=method, json=body, headers=known)


def test_a_site_its_rooms_and_a_freezer(bank: Bank) -> None:
    made = send(bank, "POST", "/sites", {"code": "Minhang", "time_zone": "Asia/Shanghai"})
    assert (made.status_code, made.json["rooms"]) == (201, [])
    for part, code in (("rooms", "A.01"), ("circuits", "C9"), ("supplies", "N2-1")):
        assert send(bank, "POST", f"/sites/Minhang/{part}", {"code": code}).status_code == 201
    stand = {"site": "Minhang", "room": "A.01", "circuit": "C9", "supply": "N2-1"}
    wanted = {**stand, "code": "LN2-77", "shape": {"rows": 1, "columns": 4}}
    freezer = send(bank, "POST", "/freezers", wanted)
    assert freezer.status_code == 201, freezer.json
    assert send(bank, "GET", "/containers/LN2-77").json["code"] == "LN2-77"

    elsewhere = send(bank, "PUT", "/freezers/LN2-77/stand", {"site": "Pudong", "room": "B1.04"})
    assert elsewhere.status_code == 200
    named = send(bank, "PATCH", "/containers/LN2-77", {"name": "the old one"})
    assert named.json["name"] == "the old one"


def test_what_is_not_at_a_site_is_named_with_what_is(bank: Bank) -> None:
    wanted = {"code": "X-1", "site": "Pudong", "room": "Z9", "shape": {"rows": 1, "columns": 1}}
    answer = send(bank, "POST", "/freezers", wanted)

    assert (answer.status_code, answer.json["field"]) == (404, "room")
    assert "B1.04" in answer.json["detail"]
    bad = send(bank, "POST", "/sites", {"code": "Nowhere", "time_zone": "Asia/Atlantis"})
    assert (bad.status_code, bad.json["field"]) == (422, "time_zone")


def test_types_are_changed_retired_and_brought_back(bank: Bank) -> None:
    shape = {"rows": 2, "columns": 5}
    body = {"code": "B-2x5", "name": "small", "kind": "box", "word": "box", "shape": shape}
    assert send(bank, "POST", "/container-types", body).status_code == 201
    tag = send(bank, "GET", "/container-types/B-2x5").headers["ETag"]
    changed = send(bank, "PUT", "/container-types/B-2x5", {**body, "name": "smaller"})
    assert changed.json["name"] == "smaller"
    assert changed.headers["ETag"] != tag
    off = send(bank, "PUT", "/container-types/B-2x5/offered", {"offered": False})
    assert off.status_code == 200
    assert send(bank, "PUT", "/container-types/B-2x5/offered", {"offered": True}).status_code == 200
    renamed = send(bank, "PUT", "/container-types/B-2x5", {**body, "code": "other"})
    assert (renamed.status_code, renamed.json["field"]) == (409, "code")
    built_in = next(
        one["code"]
        for one in send(bank, "GET", "/container-types").json["items"]
        if one["version"] is None
    )
    refused = send(bank, "PUT", f"/container-types/{built_in}/offered", {"offered": False})
    assert (refused.status_code, refused.json["code"]) == (409, "built_in")


FULL = "\n".join(
    f"FX12345678,{row}{column},{'SH-3' if (row, column) == ('A', 1) else 'NOTUBE'}"
    for row in "ABCDEFGH"
    for column in range(1, 13)
)


def test_a_scan_is_staged_looked_at_and_applied(bank: Bank) -> None:
    sent = bank.api.post(
        f"{API}/scans?box=FX12345678&file=rack.csv", data=FULL, headers=bank.manager.bearer
    )
    assert sent.status_code == 201, sent.json
    assert sent.json["counts"] == {"placed": 1}
    number, fingerprint = sent.json["number"], sent.json["fingerprint"]
    assert send(bank, "GET", "/scans").json["items"][0]["number"] == number
    stale = send(bank, "POST", f"/scans/{number}/apply", {"fingerprint": "0" * 16})
    assert stale.status_code == 409
    done = send(bank, "POST", f"/scans/{number}/apply", {"fingerprint": fingerprint})
    assert done.json["state"] == "applied", done.json
    assert send(bank, "GET", "/vials/SH-3").json["box"] == "FX12345678"


def test_a_file_that_cannot_be_read_is_refused_row_by_row(bank: Bank) -> None:
    broken = FULL.replace("A2,", "Q99,")
    sent = bank.api.post(f"{API}/scans?box=FX12345678", data=broken, headers=bank.manager.bearer)

    assert (sent.status_code, sent.json["field"]) == (422, "file")
    assert any("Q99" in sentence for sentence in sent.json["errors"].values()), sent.json


def test_a_scanner_of_ones_own(bank: Bank) -> None:
    made = send(bank, "POST", "/scanners", {"code": "RS-1", "mirrored": True})
    assert (made.status_code, made.json["mirrored"]) == (201, True)
    where = f"/scanners/{made.json['number']}"
    changed = send(bank, "PUT", where, {"down_first": True}, **{"If-Match": '"1"'})
    assert (changed.json["mirrored"], changed.json["down_first"]) == (False, True)
    assert send(bank, "PUT", where, {}, **{"If-Match": '"1"'}).status_code == 412
    assert send(bank, "POST", f"{where}/retire").json["offered"] is False


def test_parents_of_a_lot_and_a_line_taken_back(bank: Bank) -> None:
    wanted = {"parents": ["SH-9"], "relation": "expansion"}
    asked = send(bank, "POST", "/lots/L-0412/parents", wanted)
    assert asked.status_code == 200, asked.json
    (edge,) = asked.json["parents"]
    assert (edge["parent"], edge["child"]) == ("SH-9", "L-0412")
    gone = send(bank, "POST", f"/edges/{edge['number']}/supersede", {"note": "another tube"})
    assert gone.status_code == 204
    assert send(bank, "GET", "/lots/L-0412/lineage").json["parents"] == []
    assert send(bank, "POST", "/edges/999/supersede", {"note": "x"}).status_code == 404


def test_the_last_move_of_a_vial_is_undone(bank: Bank) -> None:
    send(bank, "POST", "/vials/SH-1/move", {"box": "D-044", "position": "I9"})

    back = send(bank, "POST", "/vials/SH-1/undo")

    assert (back.status_code, back.json["position"]) == (200, "C7")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/sites", {"code": "S", "time_zone": "UTC"}),
        ("POST", "/sites/Pudong/rooms", {"code": "R"}),
        ("PATCH", "/containers/D-044", {"name": "mine"}),
        ("GET", "/scans", None),
        ("POST", "/lots/L-0412/parents", {"parents": ["SH-9"], "relation": "expansion"}),
        ("POST", "/scanners", {"code": "RS-1"}),
    ],
)
def test_a_reader_may_none_of_it(bank: Bank, method: str, path: str, body: object) -> None:
    answer = bank.api.open(API + path, method=method, json=body, headers=bank.reader.bearer)

    assert answer.status_code == 403


TAGGED = [
    "/vials/SH-1", "/containers/D-044", "/boxes/D-044", "/lots/L-0412", "/lines/SCB-0041",
    "/sites/Pudong",
]  # fmt: skip


@pytest.mark.parametrize("path", TAGGED)
def test_a_single_thing_carries_its_tag(bank: Bank, path: str) -> None:
    first, second = send(bank, "GET", path), send(bank, "GET", path)

    assert first.headers["ETag"] == second.headers["ETag"]


def test_the_tag_of_a_box_changes_with_what_is_in_it(bank: Bank) -> None:
    before = send(bank, "GET", "/boxes/D-044").headers["ETag"]
    vial = send(bank, "GET", "/vials/SH-1").headers["ETag"]

    moved = send(
        bank, "POST", "/vials/SH-1/move", {"box": "D-044", "position": "I9"}, **{"If-Match": vial}
    )

    assert moved.status_code == 200
    assert moved.headers["ETag"] == send(bank, "GET", "/vials/SH-1").headers["ETag"] != vial
    assert send(bank, "GET", "/boxes/D-044").headers["ETag"] != before
    again = send(bank, "POST", "/vials/SH-1/move", {"box": "D-044"}, **{"If-Match": vial})
    assert again.status_code == 412


def test_where_a_freezer_stood_is_told_by_its_history_and_by_the_api(bank: Bank) -> None:
    page, bearer = bank.page, bank.manager.bearer
    with bank.database.writing() as session:
        site = session.scalars(select(Site)).first()
        storage.add_room(session, Actor.system("tests"), site, "C9", at=START)
        old = session.scalars(select(Room.code).order_by(Room.id)).first()
    body = {"site": site.code, "room": "C9", "happened_at": "2026-05-01T08:00:00Z"}
    moved = page.put("/api/v1/freezers/LN2-03/stand", json=body, headers=bearer)
    assert moved.status_code == 200, moved.text
    told = page.get("/api/v1/freezers/LN2-03/places", headers=bearer).json["items"]
    assert [(one["room"], bool(one["began_at"]), bool(one["ended_at"])) for one in told] == [
        ("C9", True, False),
        (old, False, True),
    ]
    shown = page.get("/history/freezer/LN2-03").text
    assert "as far back as is known" in shown
    assert f"› {old}" in shown
    for day, room in (("2026-04-18", old), ("2026-05-02", "C9")):
        answer = page.get(f"/api/v1/vials/SH-1/where?at={day}T00:00", headers=bearer)
        assert [one["code"] for one in answer.json["way"] if one["kind"] == "room"] == [room]
