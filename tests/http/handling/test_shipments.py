"""Pages and API of shipments: announced, packed, sent, received, closed; who may."""

import io

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from server.storage import service as storage
from server.storage.models import Container, Site
from tests.http.storage.conftest import Bank
from tests.support.shelves import START, Shelves


@pytest.fixture
def two_sites(bank: Bank) -> Bank:
    """Add a second site with a box, and a box that travels."""
    with bank.database.writing() as session:
        shelves = Shelves(session)
        first = session.scalars(select(Site).where(Site.code == "Pudong")).one()
        site = storage.add_site(
            session, shelves.actor, first.org_id, "XH", "Xuhui", "UTC", at=START
        )
        room = storage.add_room(session, shelves.actor, site, "R1", at=START)
        inside = session.scalars(select(Container).where(Container.code == "D-044")).one()
        org = type("Org", (), {"id": inside.org_id})()
        shelves.box(org, "D-XH", shelves.rack(org, "R-XH", shelves.freezer(org, "LN2-XH", room)))
        shelves.box(org, "DRY-1").mobile = True
    return bank


def test_a_manifest_is_announced_and_received(bank: Bank) -> None:
    wrong = bank.post(
        "/shipments/new", kind="incoming", to_site="Pudong", manifest="N-1,NO-LOT\nSH-1,L-0412"
    )
    assert wrong.status_code == 422
    assert "there is no lot NO-LOT" in wrong.text
    assert "SH-1 is the code of another tube" in wrong.text
    assert "N-1,NO-LOT" in wrong.text
    made = bank.post(
        "/shipments/new", kind="incoming", to_site="Pudong", manifest="code,lot\nN-1,L-0412\nN-2,",
        lot="L-0412", sender="Coriell",
    )  # fmt: skip
    page = made.location
    assert "expected" in bank.page.get(page).text
    assert 'aria-label="S-' in bank.page.get(page).text
    strange = bank.post(f"{page}/receive", tube="N-9")
    assert strange.status_code == 422
    assert "N-9 is not among the tubes of" in strange.text
    assert 'data-tone="wrong"' in strange.text
    got = bank.post(f"{page}/receive", tube="N-1", box="D-044")
    assert got.status_code == 303
    assert "D-044" in got.location
    shown = bank.page.get("/vials/N-1").text
    assert "in storage" in shown
    assert "on hold" in shown
    assert "still here" not in bank.post(f"{page}/receive", tube="N-9", unannounced="yes").text
    unsaid = bank.post(f"{page}/close", reason="")
    assert unsaid.status_code == 422
    assert "Say what is known of them" in unsaid.text
    assert bank.post(f"{page}/close", reason="not in the box").status_code == 303
    text = bank.page.get(page).text
    assert "missing" in text
    assert "unexpected" in text
    assert "Coriell" in bank.page.get("/shipments").text


def send_file(bank: Bank, data: bytes, **fields: str) -> TestResponse:
    form = {"csrf": bank.manager.csrf, "kind": "incoming", "to_site": "Pudong", "lot": "L-0412"}
    return bank.page.post(
        "/shipments/new", data={**form, **fields, "file": (io.BytesIO(data), "manifest")}
    )


def test_a_manifest_comes_as_a_file_and_says_what_is_wrong_with_it(bank: Bank) -> None:
    assert send_file(bank, "编码\nF-1".encode("gbk")).status_code == 302
    picture = send_file(bank, b"\x89PNG" + bytes(20))
    assert picture.status_code == 422
    assert "neither text nor an XLSX sheet" in picture.text
    assert "rows were pasted" in send_file(bank, b"code\nF-2", manifest="F-3").text
    again = send_file(bank, b"code\nF-1")
    assert again.status_code == 422
    assert "F-1 is announced in the shipment S-0001 already" in again.text
    assert "D-044 is the code of a freezer, rack or box" in send_file(bank, b"code\nD-044").text


def test_a_transfer_is_packed_sent_and_received(two_sites: Bank) -> None:
    bank = two_sites
    assert "Dry shipper" in bank.page.get("/shipments/new?kind=transfer").text
    made = bank.post(
        "/shipments/new", kind="transfer", from_site="Pudong", to_site="XH", shipper="DRY-1"
    )
    page = made.location
    for tube in ("SH-1", "SH-2", "SH-9"):
        assert bank.post(f"{page}/pack", tube=tube).status_code == 303
    again = bank.post(f"{page}/pack", tube="SH-1")
    assert again.status_code == 422
    assert bank.post(f"{page}/unpack", packed="SH-9", box="D-044").status_code == 303
    assert bank.post(f"{page}/cancel", why="no").status_code == 422
    assert bank.post(f"{page}/send", carrier="road", waybill="WB 7").status_code == 303
    travelling = bank.page.get("/vials/SH-1").text
    assert "It is on its way in a shipment" in travelling
    assert page in travelling
    assert bank.post(f"{page}/receive", tube="SH-1").status_code == 422
    assert bank.post(f"{page}/receive", tube="SH-1", box="D-XH").status_code == 303
    assert bank.post(f"{page}/close", absent="SH-2", reason="searched").status_code == 303
    assert "missing" in bank.page.get("/vials/SH-2").text
    assert bank.post(f"{page}/close").status_code == 303
    assert "WB 7" in bank.page.get(page).text


def test_the_rule_of_quarantine_is_set(bank: Bank) -> None:
    assert "checked" in bank.page.get("/shipments/rules").text
    assert bank.post("/shipments/rules", transfer="yes").status_code == 302
    page = bank.page.get("/shipments/rules").text
    assert page.count(" checked") == 1


def test_mistakes_are_named(bank: Bank) -> None:
    assert (
        "SH-1 is no tube that was shipped"
        in bank.post("/shipments/new", kind="return", to_site="Pudong", manifest="SH-1").text
    )
    assert (
        "No site has the code"
        in bank.post("/shipments/new", kind="return", to_site="X", manifest="SH-1").text
    )
    assert bank.page.get("/shipments/S-9999").status_code == 404


def test_the_api_moves_tubes_between_sites(two_sites: Bank) -> None:
    bank = two_sites
    send = {"headers": bank.manager.bearer}

    def post(path: str, **body: object) -> object:
        return bank.api.post(f"/api/v1/shipments/{path}", json=body, **send)

    made = post("transfers", from_site="Pudong", to_site="XH", shipper="DRY-1")
    assert made.status_code == 201
    code = made.json["code"]
    for tube in ("SH-1", "SH-2"):
        assert post(f"{code}/pack", tube=tube).status_code == 200
    post(f"{code}/unpack", tube="SH-2", box="D-044")
    assert post(f"{code}/send", carrier="road").json["state"] == "in_transit"
    got = post(f"{code}/receive", tube="SH-1", box="D-XH").json
    assert {(one["tube"], one["state"]) for one in got["tubes"]} == {
        ("SH-1", "received"), ("SH-2", "unpacked"),
    }  # fmt: skip
    assert post(f"{code}/missing", tube="SH-2", reason="x").status_code == 409
    assert post(f"{code}/close").json["state"] == "received"

    coming = post("incoming", to_site="XH", tubes=[{"code": "N-1"}], lot="L-0412")
    assert coming.json["tubes"] == [
        {
            "tube": "N-1",
            "lot": "L-0412",
            "state": "expected",
            "damaged": False,
            "note": "",
            "held": [],
        }
    ]
    assert (
        post(f"{coming.json['code']}/cancel", reason="sent elsewhere").json["state"] == "cancelled"
    )
    assert post("returns", to_site="XH", tubes=["SH-1"]).status_code == 409
    listed = bank.api.get("/api/v1/shipments", **send).json["items"]
    assert listed == [coming.json["code"], code]
    assert bank.api.get(f"/api/v1/shipments/{code}", **send).json["shipper"] == "DRY-1"


def test_strangers_see_nothing_and_readers_change_nothing(bank: Bank) -> None:
    made = bank.post(
        "/shipments/new", kind="incoming", to_site="Pudong", manifest="N-1", lot="L-0412"
    )
    assert bank.stranger.browser(bank.app).get(made.location).status_code == 404
    reader = bank.reader.browser(bank.app)
    assert reader.get(made.location).status_code == 200
    data = {"csrf": bank.reader.csrf, "tube": "N-1"}
    assert reader.post(f"{made.location}/receive", data=data).status_code == 403


def test_a_whole_box_goes_by_one_scan(two_sites: Bank) -> None:
    bank = two_sites
    made = bank.post("/shipments/new", kind="transfer", from_site="Pudong", to_site="XH")
    page = made.location
    assert bank.post(f"{page}/pack", tube="D-044").status_code == 303
    shown = bank.page.get(page).text
    assert "Packed as one: D-044" in shown
    assert all(code in shown for code in ("SH-1", "SH-2", "SH-9"))
    assert bank.post(f"{page}/unpack", packed="D-044", box="R07", position="5").status_code == 303
    bank.post(f"{page}/pack", tube="d-044")
    bank.post(f"{page}/send")
    assert "Scan such a box and its rack" in bank.page.get(page).text
    wrong = bank.post(f"{page}/receive", tube="D-044", box="R07")
    assert wrong.status_code == 422
    assert "R07 is not at XH; D-044 goes into a rack or freezer there." in wrong.text
    assert bank.post(f"{page}/receive", tube="D-044", box="R-XH").status_code == 303
    assert "XH" in bank.page.get("/vials/SH-1").text


def test_a_whole_box_goes_by_the_api(two_sites: Bank) -> None:
    bank = two_sites

    def ask(path: str, **body: str) -> TestResponse:
        return bank.api.post(f"/api/v1/shipments{path}", json=body, headers=bank.manager.bearer)

    code = ask("/transfers", from_site="Pudong", to_site="XH").json["code"]
    assert ask(f"/{code}/boxes", box="D-044").json["boxes"] == ["D-044"]
    assert ask(f"/{code}/boxes/D-044/unpack", into="R07").json["boxes"] == []
    ask(f"/{code}/boxes", box="D-044")
    assert ask(f"/{code}/boxes", box="NOPE").status_code == 404
    ask(f"/{code}/send")
    done = ask(f"/{code}/boxes/D-044/receive", into="R-XH", position="2").json
    assert {one["state"] for one in done["tubes"]} == {"received"}
    assert done["boxes"] == []
