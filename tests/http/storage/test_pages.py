"""The pages of storage, as a browser asks for them."""

import io
import re

import pytest
from sqlalchemy import select

from server.accounts.models import Person
from server.catalogue.models import CellLine
from server.core.actor import Actor
from server.parties.models import Organisation
from server.storage.models import Container
from server.storage.service.upkeep import block
from tests.http.storage.conftest import Bank
from tests.support.shelves import START
from tests.support.signed_in import PASSWORD, sign_in

PAGES = [
    "/find?q=SH-1",
    "/find?q=",
    "/lots-without-parents",
    "/freezers",
    "/freezers/LN2-03",
    "/racks/R07",
    "/boxes/D-044",
    "/boxes/D-044/vials",
    "/boxes/D-044/move",
    "/racks/R07/move",
    "/vials/SH-1",
    "/vials/SH-3",
    "/vials/SH-1/move",
    "/vials/SH-1/take-out",
    "/vials/SH-1/discard",
    "/move",
    "/stock",
    "/places",
    "/places/Pudong/new",
    "/scans",
    "/freezers/new",
    "/racks/new",
    "/boxes/new",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens(bank: Bank, path: str) -> None:
    assert bank.page.get(path).status_code == 200


def test_a_scanned_vial_is_answered_with_its_way_its_box_and_itself(bank: Bank) -> None:
    text = bank.page.get("/find?q=sh-1").text

    for part in ("Pudong", "B1.04", "LN2-03", "R07 · 1", "D-044", "C7", "HEK293T", "L-0412", "P6"):
        assert part in text
    assert 'aria-current="true"' in text  # the vial is marked in the map


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("D-044", "/boxes/D-044"),
        ("R07", "/racks/R07"),
        ("LN2-03", "/freezers/LN2-03"),
        ("L-0412", "/lots/L-0412"),
        ("HEK293T", "/lines/SCB-0041"),
    ],
)
def test_any_other_code_leads_to_its_page(bank: Bank, asked: str, leads_to: str) -> None:
    answer = bank.page.get(f"/find?q={asked}")

    assert answer.status_code == 302
    assert answer.location == leads_to
    assert bank.page.get(leads_to).status_code == 200


def test_an_unknown_code_is_answered_with_the_nearest(bank: Bank) -> None:
    answer = bank.page.get("/find?q=SH-11")

    assert answer.status_code == 404
    assert "come nearest" in answer.text
    assert "SH-1" in answer.text


def test_a_move_is_said_and_can_be_taken_back(bank: Bank) -> None:
    moved = bank.page
    moved.post(
        "/vials/SH-1/move", data={"csrf": bank.manager.csrf, "box": "D-044", "position": "C8"}
    )
    refused = bank.post("/vials/SH-1/move", box="D-044", position="H5")
    assert refused.status_code == 302

    page = bank.page
    page.post(
        "/vials/SH-1/move", data={"csrf": bank.manager.csrf, "box": "D-044", "position": "H6"}
    )
    text = page.get("/vials/SH-1").text
    assert "SH-1 is at D-044 H6 now." in text
    undo = re.search(r'action="(/vials/SH-1/undo\?stay=\d+)"', text)
    assert undo, "the undo names the stay that it takes back"
    bank.post(undo[1])
    assert ">H5<" in bank.page.get("/vials/SH-1").text


@pytest.mark.parametrize(
    ("box", "position", "sentence"),
    [
        ("D-044", "C8", "C8 of D-044 already holds SH-2."),
        ("D-044", "Z9", "is not a position of D-044"),
        ("D-999", "", "No box has the code D-999."),
        ("R07", "1", "No box has the code R07."),
        ("", "", "This is empty; it is needed."),
    ],
)
def test_a_move_that_cannot_be_is_refused_beside_what_was_typed(
    bank: Bank, box: str, position: str, sentence: str
) -> None:
    answer = bank.post("/vials/SH-1/move", box=box, position=position)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{box}"' in answer.text


def test_a_full_box_says_so(bank: Bank) -> None:
    assert bank.post("/vials/SH-3/move", box="D-045").status_code == 302
    answer = bank.post("/vials/SH-1/move", box="D-045")

    assert "D-045 is full: its only position is taken." in answer.text


def test_vial_after_vial_is_moved_by_two_scans(bank: Bank) -> None:
    assert bank.post("/move", vial="SH-3", box="D-045").location == "/move"
    assert "No vial has the code SH-8" in bank.post("/move", vial="SH-8", box="D-044").text


def test_a_bank_vial_that_was_taken_out_is_not_offered_its_place(bank: Bank) -> None:
    bank.post("/vials/SH-9/take-out", reason="new working bank")
    text = bank.page.get("/vials/SH-9").text

    assert "does not go back into it" in text
    assert "Put back" not in text
    assert "does not go back" in bank.post("/vials/SH-9/move", box="D-044").text


def test_a_vial_is_destroyed_with_a_reason_and_a_signature(bank: Bank) -> None:
    wanted = {"reason": "broken", "meaning": "destroyed"}
    wrong = bank.post("/vials/SH-1/discard", **wanted, password="not it at all")
    assert wrong.status_code == 422
    without = bank.post("/vials/SH-1/discard", meaning="destroyed", password=PASSWORD)
    assert without.status_code == 422
    with bank.database.writing() as session:
        org_id = session.get_one(Person, bank.manager.person_id).org_id
        second = session.get_one(Person, sign_in(session, org_id, ("quality",)).person_id).email
    witness = {"witness_email": second, "witness_password": PASSWORD}
    right = bank.post("/vials/SH-1/discard", **wanted, password=PASSWORD, **witness)

    assert right.status_code == 302
    text = bank.page.get("/vials/SH-1").text
    assert "It was destroyed" in text
    assert "broken or leaking" in text


def test_places_and_containers_are_added(bank: Bank) -> None:
    post = bank.post
    assert post("/places", code="HQ", name="Hongqiao", time_zone="Asia/Shanghai").status_code == 302
    assert "not a time zone" in post("/places", code="X", time_zone="Mars").text
    for kind, code in (("room", "C2"), ("circuit", "circuit 7"), ("supply", "line 2")):
        assert post("/places/HQ/new", kind=kind, code=code).status_code == 302
    shape = {"rows": "1", "columns": "6", "labels": "number"}
    page = bank.page.get("/freezers/new").text
    room = page.split("Hongqiao · C2")[0].rsplit('value="', 1)[1].split('"')[0]
    assert post("/freezers/new", code="LN2-05", room=room, **shape).status_code == 302
    assert post("/racks/new", code="R01", into="LN2-05", **shape).location == "/racks/R01"
    assert post("/boxes/new", code="D-100", into="R01", **shape).location == "/boxes/D-100"
    assert "taken already" in post("/boxes/new", code="D-100", **shape).text
    codes = {"lot": "L-0412", "codes": "SH-20\nSH-21"}
    assert post("/boxes/D-100/vials", **codes).status_code == 302
    assert "taken already" in post("/boxes/D-100/vials", **codes).text
    assert post("/boxes/D-100/move", box="R07", position="9").status_code == 302
    assert "R07 · 9" in bank.page.get("/vials/SH-20").text


def upload(bank: Bank, content: bytes, **fields: str) -> object:
    file = (io.BytesIO(content), "rack.csv")
    data = {"csrf": bank.manager.csrf, "file": file, **fields}
    return bank.page.post("/scans", data=data, content_type="multipart/form-data")


def test_a_scan_is_shown_and_applied(bank: Bank) -> None:
    content = b"\xef\xbb\xbfFX12345678,A1,SH-3\r\nFX12345678,B1,SH-2\r\nFX12345678,C1,0363\r\n"
    staged = upload(bank, content, lot="L-0412")
    assert staged.status_code == 302
    text = bank.page.get(staged.location).text
    for part in ("is placed here", "is moved here", "is entered into the lot", "D-044 › C8"):
        assert part in text
    fingerprint = text.split('name="fingerprint" value="')[1].split('"')[0]
    applied = bank.post(f"{staged.location}/apply", fingerprint=fingerprint)
    assert applied.location == "/boxes/FX12345678"
    again = bank.post(f"{staged.location}/apply", fingerprint=fingerprint)
    assert again.status_code == 410
    assert list((bank.home / "documents").rglob("*/*"))
    assert "FX12345678" in bank.page.get("/find?q=0363").text


@pytest.mark.parametrize(
    ("content", "fields", "parts"),
    [
        (b"A1,SH-3\nI1,SH-2\n", {"box": "FX12345678"}, ["position", "I1", "from A1 to H12"]),
        (b"A1,SH-3\n", {}, ["does not name its rack"]),
        (b"FX9,A1,SH-3\n", {}, ["No box has the code FX9"]),
        (b"", {"box": "FX12345678"}, ["this one is empty"]),
        (b"A1,SH-3\n", {"box": "FX12345678", "lot": "L-9"}, ["L-9"]),
    ],
)
def test_a_scan_that_cannot_be_read_is_refused_in_words(
    bank: Bank, content: bytes, fields: dict[str, str], parts: list[str]
) -> None:
    answer = upload(bank, content, **fields)

    assert answer.status_code == 422
    for part in parts:
        assert part in answer.text


def test_a_scan_of_a_rack_that_the_box_cannot_prove_needs_a_tick(bank: Bank) -> None:
    staged = upload(bank, b"FX99,A1,SH-3\n", box="D-044").location
    text = bank.page.get(staged).text
    assert "The file names rack FX99" in text
    assert text.count("Apply all of it") == 1
    fingerprint = text.split('name="fingerprint" value="')[1].split('"')[0]
    refused = bank.post(f"{staged}/apply", fingerprint=fingerprint)
    assert refused.status_code == 422
    assert "Compare the rack" in refused.text
    applied = bank.post(f"{staged}/apply", fingerprint=fingerprint, compared="yes")
    assert applied.status_code == 302
    again = bank.post(f"{staged}/apply")

    assert again.status_code == 410
    assert "applied already" in again.text


def test_what_may_not_stand_there_is_told_before_it_is_pressed_and_the_rest_is_applied(
    bank: Bank,
) -> None:
    with bank.database.writing() as session:
        box = session.scalars(select(Container).where(Container.code == "FX12345678")).one()
        block(session, Actor.system("tests"), box, [1], at=START)
    staged = upload(bank, b"FX12345678,A1,SH-3\r\nFX12345678,B1,SH-2\r\n").location
    text = bank.page.get(staged).text
    assert "A1 of FX12345678 is blocked; nothing goes there." in text
    assert "Apply all of it" not in text
    fingerprint = text.split('name="fingerprint" value="')[1].split('"')[0]
    refused = bank.post(f"{staged}/apply", fingerprint=fingerprint)
    assert refused.status_code == 409
    assert refused.text.count("A1 of FX12345678 is blocked") == 3  # told, and in both lists

    applied = bank.post(f"{staged}/apply", fingerprint=fingerprint, leaving="yes")
    assert applied.location == "/boxes/FX12345678"
    assert "FX12345678" in bank.page.get("/vials/SH-2").text
    assert "FX12345678" not in bank.page.get("/vials/SH-3").text


def test_who_enters_no_vials_is_not_offered_a_lot(bank: Bank) -> None:
    with bank.database.writing() as session:
        org = session.scalars(select(Organisation).where(Organisation.code == "SCB")).one()
        technician = sign_in(session, org.id, ("technician",))
    page = technician.browser(bank.app)
    staged = upload(bank, b"A1,NEW-1\n", box="D-044").location

    assert 'name="lot"' not in page.get("/scans").text
    text = page.get(staged).text
    assert 'name="lot"' not in text
    assert "ask a bank manager" in text
    sent = {"csrf": technician.csrf, "lot": "L-0412"}
    assert page.post(f"{staged}/lot", data=sent).status_code == 403


def test_who_took_a_vial_out_is_said_in_the_sites_time(bank: Bank) -> None:
    bank.post("/vials/SH-1/take-out", reason="for a colleague")
    text = bank.page.get("/vials/SH-1").text

    assert "taken out by technician 4" in text
    assert "put by" not in text
    assert "Asia/Shanghai" in text


def test_nothing_of_others_is_shown(bank: Bank) -> None:
    page = bank.stranger.browser(bank.app)

    for path in ("/vials/SH-1", "/boxes/D-044", "/racks/R07", "/freezers/LN2-03", "/find?q=SH-1"):
        assert page.get(path).status_code == 404
        assert "HEK293T" not in page.get(path).text


def test_who_only_reads_is_offered_nothing_and_refused(bank: Bank) -> None:
    page = bank.reader.browser(bank.app)
    assert "Take out" not in page.get("/vials/SH-1").text
    answer = page.post("/vials/SH-1/take-out", data={"csrf": bank.reader.csrf})

    assert answer.status_code == 403


def test_a_vial_that_was_moved_since_it_was_shown_is_not_destroyed(bank: Bank) -> None:
    shown = bank.page.get("/vials/SH-1/discard").text
    version = shown.split('name="version" value="')[1].split('"')[0]
    bank.post("/vials/SH-1/move", box="D-045")
    wanted = {"reason": "broken", "meaning": "destroyed", "password": PASSWORD}

    refused = bank.post("/vials/SH-1/discard", **wanted, version=version)
    assert refused.status_code == 422
    assert "changed this in the meantime" in refused.text
    body = {"reason": "broken", "password": PASSWORD, "version": int(version)}
    by_api = bank.api.post("/api/v1/vials/SH-1/discard", json=body, headers=bank.manager.bearer)
    assert (by_api.status_code, by_api.json["code"]) == (409, "changed_meanwhile")
    now = bank.page.get("/vials/SH-1/discard").text
    version = now.split('name="version" value="')[1].split('"')[0]
    assert bank.post("/vials/SH-1/discard", **wanted, version=version).status_code == 302


def test_a_lot_without_a_recorded_parent_is_told_on_its_page_in_the_list_and_by_the_api(
    bank: Bank,
) -> None:
    page = bank.page
    assert "no parent vial recorded" in page.get("/lots/L-0412").text
    assert "L-0412" in page.get("/lots-without-parents").text
    listed = page.get("/api/v1/lots-without-parents", headers=bank.manager.bearer).json
    assert "L-0412" in [lot["code"] for lot in listed["items"]]
    over = {"code": "L-99", "tier": "working", "passage": 99}
    with bank.database.writing() as session:
        line = session.scalars(select(CellLine).where(CellLine.code == "SCB-0041")).one()
        line.passage_ceiling = 10
    refused = page.post("/api/v1/lines/SCB-0041/lots", json=over, headers=bank.manager.bearer)
    assert (refused.status_code, refused.json["code"]) == (422, "passage_ceiling")


def test_a_vial_that_is_moved_or_taken_by_its_position_says_that_it_is_not_verified(
    bank: Bank,
) -> None:
    page, unread = bank.page, "not verified: not read since it came where it is"
    moved = bank.post("/move", vial="SH-1", box="FX12345678", position="A1")
    assert moved.status_code == 302
    assert unread not in page.get("/vials/SH-1").text
    assert "SH-1" in page.get("/vials?verified=yes").text

    def told() -> str | None:
        answer = page.get("/api/v1/vials/SH-1", headers=bank.manager.bearer)
        return answer.json["verified_at"]

    assert told()
    other = bank.post("/vials/SH-1/move", box="FX12345678", position="A2", tube="SH-2")
    assert (other.status_code, "SH-2 is another tube than SH-1" in other.text) == (422, True)
    assert bank.post("/vials/SH-1/move", box="FX12345678", position="A2").status_code == 302
    assert unread in page.get("/vials/SH-1").text
    assert told() is None
    assert "SH-1" in page.get("/vials?verified=no").text
    assert bank.post("/vials/SH-1/take-out", tube="sh-1").status_code == 302
    assert told()
    body = {"box": "FX12345678", "position": "A3"}
    for scanned in (False, True):
        page.post("/api/v1/vials/SH-1/put-back", json=body, headers=bank.manager.bearer)
        page.post(
            "/api/v1/vials/SH-1/take-out", json={"scanned": scanned}, headers=bank.manager.bearer
        )
        assert bool(told()) is scanned
    rows = page.get("/vials.csv?lot=L-0412").text.splitlines()
    at = rows[0].split(",").index("verified")
    cells = next(row for row in rows if row.startswith("SH-1,")).split(",")
    assert cells[at].startswith("20")
