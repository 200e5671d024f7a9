"""Many moved as one, from pages and by programs; and custody put right."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from server.parties.models import Project
from server.storage.models import Container, Custody, Vial
from tests.http.storage.conftest import Bank
from tests.support.shelves import START, Shelves
from tests.support.signed_in import sign_in


def send(bank: Bank, path: str, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
    answer = bank.api.post(f"/api/v1{path}", json=body, headers={**bank.manager.bearer, **headers})
    return answer.status_code, answer.get_json()


def where(bank: Bank, *codes: str) -> list[str]:
    found = [
        bank.api.get(f"/api/v1/vials/{code}", headers=bank.manager.bearer).get_json()
        for code in codes
    ]
    return [f"{one['box']} {one['position']}" for one in found]


def test_programs_move_many_and_take_it_back(bank: Bank) -> None:
    moves = [
        {"vial": "SH-1", "box": "FX12345678", "position": "A1"},
        {"vial": "SH-2", "box": "FX12345678"},
    ]
    status, made = send(bank, "/moves", {"moves": moves})
    assert (status, made["kind"], made["things"]) == (201, "move", 2)
    read = bank.api.get(f"/api/v1/moves/{made['id']}", headers=bank.reader.bearer).get_json()
    assert read["moved"][0] == {
        "kind": "vial", "code": "SH-1", "before": "D-044 C7", "now": "FX12345678 A1",
    }  # fmt: skip
    status, undone = send(bank, f"/moves/{made['id']}/undo", {})
    assert (status, undone["undoes"]) == (201, made["id"])
    assert where(bank, "SH-1", "SH-2") == ["D-044 C7", "D-044 C8"]


def test_programs_are_told_every_reason(bank: Bank) -> None:
    moves = [
        {"vial": "SH-1", "box": "D-044", "position": "A1"},
        {"vial": "SH-2", "box": "D-044", "position": "C8"},
        {"vial": "SH-3", "box": "D-044", "position": "A2"},
    ]
    status, told = send(bank, "/moves", {"moves": moves})
    assert (status, told["code"]) == (409, "several_reasons")
    assert [(one["code"], one["vial"], one["position"]) for one in told["errors"]] == [
        ("position_taken", "SH-1", "A1"),
        ("there_already", "SH-2", "C8"),
        ("wrong_state", "SH-3", "A2"),
    ]
    moves = [{"vial": "SH-8", "box": "D-044"}, {"vial": "SH-1", "box": "D-9"}]
    status, told = send(bank, "/moves", {"moves": moves})
    assert [one["code"] for one in told["errors"]] == ["no_such_vial", "no_such_container"]
    moves = [{"vial": "SH-1", "box": "D-044", "position": "Z99"}]
    status, told = send(bank, "/moves", {"moves": moves})
    assert (status, told["code"]) == (409, "no_such_position")


def test_programs_swap_and_put_in_another_order(bank: Bank) -> None:
    assert send(bank, "/moves/swap", {"vials": ["SH-1", "SH-2"]})[0] == 201
    assert where(bank, "SH-1", "SH-2") == ["D-044 C8", "D-044 C7"]
    assert send(bank, "/moves/swap", {"boxes": ["D-044", "D-045"]})[0] == 201
    positions = {"SH-1": "C7", "SH-2": "A1", "SH-9": "C8"}
    assert send(bank, "/boxes/D-044/order", {"positions": positions})[0] == 201
    assert where(bank, "SH-1", "SH-2", "SH-9") == ["D-044 C7", "D-044 A1", "D-044 C8"]
    assert send(bank, "/moves/swap", {"boxes": ["D-044"]})[1]["code"] == "not_two"


@pytest.mark.parametrize("path", ["/moves", "/moves/swap", "/boxes/D-044/order", "/moves/1/undo"])
def test_readers_and_strangers_move_nothing(bank: Bank, path: str) -> None:
    body = {"moves": []} if path == "/moves" else {"positions": {}} if "order" in path else {}
    answer = bank.api.post(f"/api/v1{path}", json=body, headers=bank.reader.bearer)
    assert answer.status_code == 403
    answer = bank.api.post("/api/v1/moves", json={"moves": [{"vial": "SH-1", "box": "D-044"}]}, headers=bank.stranger.bearer)  # fmt: skip
    assert answer.status_code in {403, 409}


def test_vials_are_chosen_in_the_box_and_moved(bank: Bank) -> None:
    page = bank.page.get("/boxes/D-044/select")
    assert page.status_code == 200
    assert 'name="vials" value="SH-1"' in page.text
    answer = bank.page.post(
        "/boxes/D-044/select",
        data={
            "csrf": bank.manager.csrf, "vials": ["SH-1"], "codes": "SH-2", "box": "FX12345678",
            "how": "same",
        },
        follow_redirects=True,
    )  # fmt: skip
    assert "Moved to FX12345678: 2 vials." in answer.text
    assert where(bank, "SH-1", "SH-2") == ["FX12345678 C7", "FX12345678 C8"]
    number = answer.text.split("/moves/")[1].split("/")[0]
    assert bank.page.get(f"/moves/{number}").text.count("SH-1") >= 1
    undone = bank.post(f"/moves/{number}/undo")
    assert undone.status_code == 302
    assert where(bank, "SH-1", "SH-2") == ["D-044 C7", "D-044 C8"]
    again = bank.post(f"/moves/{number}/undo")
    assert again.status_code == 422
    assert "taken back already" in again.text


def test_a_refused_choice_lists_every_reason(bank: Bank) -> None:
    answer = bank.post("/boxes/D-044/select", all="on", codes="", box="D-045", how="same")
    assert answer.status_code == 422
    assert answer.text.count("D-045 has no such place") == 2
    assert "SH-1 stands at C7" in answer.text
    answer = bank.post("/boxes/D-044/select", codes="SH-77 SH-78", box="D-045", how="free")
    assert "SH-77 is not in D-044." in answer.text
    assert "SH-78 is not in D-044." in answer.text
    answer = bank.post("/boxes/D-044/select", all="on", codes="", box="D-045", how="free")
    assert "D-045 has 1 free position of 1, but 3 are needed" in answer.text


def test_an_order_is_scanned_or_typed(bank: Bank) -> None:
    assert 'name="at-SH-1"' in bank.page.get("/boxes/D-044/reorder").text
    answer = bank.post("/boxes/D-044/reorder", scanned="SH-2\nSH-1\nSH-9")
    assert answer.status_code == 302
    assert where(bank, "SH-2", "SH-1", "SH-9") == ["D-044 A1", "D-044 A2", "D-044 A3"]
    typed = {"scanned": "", "at-SH-2": "a2", "at-SH-1": "A01"}
    answer = bank.page.post("/boxes/D-044/reorder", data={"csrf": bank.manager.csrf, **typed})
    assert answer.status_code == 302
    assert where(bank, "SH-2", "SH-1", "SH-9") == ["D-044 A2", "D-044 A1", "D-044 A3"]
    wrong = {"scanned": "", "at-SH-2": "Z9", "at-SH-1": "A33"}
    answer = bank.page.post("/boxes/D-044/reorder", data={"csrf": bank.manager.csrf, **wrong})
    assert answer.status_code == 422
    assert answer.text.count("is not a position of D-044") == 2


def test_boxes_change_places_on_a_page(bank: Bank) -> None:
    assert bank.page.get("/boxes/D-044/swap").status_code == 200
    assert bank.post("/boxes/D-044/swap", other="D-045").status_code == 302
    assert "No box has the code" in bank.post("/boxes/D-044/swap", other="D-999").text
    assert bank.page.get("/racks/R07/swap").status_code == 200
    assert "R07 cannot change places with itself." in bank.post("/racks/R07/swap", other="R07").text


def test_a_dragged_vial_moves_or_the_sentence_says_why_not(bank: Bank) -> None:
    assert "data-drag" in bank.page.get("/boxes/D-044").text
    assert bank.post("/boxes/D-044/drag", vial="SH-1", position="I9").status_code == 303
    assert where(bank, "SH-1") == ["D-044 I9"]
    refused = bank.post("/boxes/D-044/drag", vial="SH-1", position="A1")
    assert refused.status_code == 409
    assert "A1 of D-044 already holds SH-9." in refused.text
    assert bank.post("/boxes/D-044/drag", vial="SH-1", position="A1", swap="on").status_code == 303
    assert where(bank, "SH-1", "SH-9") == ["D-044 A1", "D-044 I9"]


def test_a_dragged_box_moves_within_its_rack_and_is_taken_back(bank: Bank) -> None:
    page = bank.page.get("/racks/R07").text
    assert 'data-drag="inner"' in page
    assert 'data-code="D-044"' in page
    assert "0 of 1 positions filled" in page
    assert 'data-drag="inner"' not in bank.reader.browser(bank.app).get("/racks/R07").text
    assert bank.post("/containers/R07/drag", inner="D-044", position="9").status_code == 303
    assert "LN2-03" in (told := bank.page.get("/vials/SH-1").text)
    assert "R07 · 9" in told
    refused = bank.post("/containers/R07/drag", inner="D-044", position="2")
    assert refused.status_code == 409
    assert "2 of R07 already holds D-045." in refused.text
    nowhere = bank.post("/containers/R07/drag", inner="D-044", position="Z99")
    assert "“Z99” is not a position of R07." in nowhere.text
    strange = bank.post("/containers/LN2-03/drag", inner="D-044", position="5")
    assert "D-044 is not in LN2-03." in strange.text
    browser, fields = bank.page, {"csrf": bank.manager.csrf, "inner": "R07", "position": "5"}
    assert browser.post("/containers/LN2-03/drag", data=fields).status_code == 303
    number = re.findall(r"/moves/(\d+)/undo", browser.get("/freezers/LN2-03").text)[0]
    assert bank.post(f"/moves/{number}/undo").status_code == 302
    assert 'data-place="1" data-code="R07"' in bank.page.get("/freezers/LN2-03").text


def quality(bank: Bank) -> tuple[FlaskClient, str]:
    with bank.database.writing() as session:
        vial = session.scalars(select(Vial)).first()
        assert vial is not None
        person = sign_in(session, vial.org_id, ("quality",))
    return person.browser(bank.app), person.csrf


def stay_of(bank: Bank, code: str) -> int:
    with bank.database.reading() as session:
        wanted = select(Custody.id).join(Vial, Vial.id == Custody.vial_id)
        return session.scalars(
            wanted.where(Vial.code == code, Custody.superseded_at.is_(None))
        ).one()


def test_quality_corrects_a_stay_and_both_stand_on_the_page(bank: Bank) -> None:
    (page, csrf), number = quality(bank), stay_of(bank, "SH-1")
    assert 'value="C7"' in page.get(f"/stays/{number}/correct").text
    fields = {"csrf": csrf, "box": "D-044", "position": "C9", "reason": "misread"}
    refused = page.post(f"/stays/{number}/correct", data={**fields, "reason": ""})
    assert refused.status_code == 422
    refused = page.post(f"/stays/{number}/correct", data={**fields, "position": "C8"})
    assert "C8 of D-044 holds SH-2 since" in refused.text
    assert page.post(f"/stays/{number}/correct", data=fields).status_code == 302
    shown = page.get("/vials/SH-1").text
    assert "recorded before: D-044 C7" in shown
    assert bank.page.get(f"/stays/{number}/correct").status_code == 403  # not by who moves


def test_the_stay_of_a_box_is_corrected_and_recorded_late_too(bank: Bank) -> None:
    page, csrf = quality(bank)
    with bank.database.reading() as session:
        wanted = select(Custody.id).join(Container, Container.id == Custody.child_id)
        number = session.scalars(wanted.where(Container.code == "D-044")).one()
    link = f"/stays/{number}/correct"
    assert link in page.get("/history/box/D-044").text
    assert link not in bank.page.get("/history/box/D-044").text
    assert 'value="R07"' in page.get(link).text
    fields = {"csrf": csrf, "box": "R07", "position": "9", "reason": "misread"}
    done = page.post(link, data=fields)
    assert (done.status_code, done.location) == (302, "/boxes/D-044")
    assert "R07 · 9" in page.get("/vials/SH-1").text
    assert bank.page.get(link).status_code == 403

    assert "/containers/D-044/late" in bank.page.get("/history/box/D-044").text
    assert "Rack or freezer" in bank.page.get("/containers/D-044/late").text
    late = {"happened": "2026-04-17 18:00", "until": "2026-04-17 18:20"}
    assert bank.post("/containers/D-044/late", **late).status_code == 422
    done = bank.post("/containers/D-044/late", box="R07", position="8", **late)
    assert done.location == "/boxes/D-044", done.text
    body = {"happened_at": "2026-04-17T11:00:00Z", "until": "2026-04-17T11:05:00Z", "box": "R07"}
    status, made = send(bank, "/containers/D-044/late", {**body, "position": "7"})
    assert (status, made["place"]) == (201, "position")
    stale = {"If-Match": '"1"'}
    assert send(bank, "/containers/D-044/late", body, **stale)[0] == 412
    data = {"csrf": bank.reader.csrf, "happened": "2026-04-17 18:00", "box": "R07"}
    assert (
        bank.reader.browser(bank.app).post("/containers/D-044/late", data=data).status_code == 403
    )


def test_what_was_known_and_what_was_true_are_asked_apart(bank: Bank) -> None:
    at = START.strftime("%Y-%m-%dT%H:%M:%S")
    answer = bank.api.get(f"/api/v1/vials/SH-1/where?at={at}", headers=bank.reader.bearer)
    assert answer.get_json()["place"] == "position"
    early = bank.api.get(
        "/api/v1/vials/SH-1/where?known=2020-01-01T00:00", headers=bank.reader.bearer
    )
    assert early.get_json()["place"] == ""
    assert bank.page.get("/vials/SH-1/where?at=2026-04-17+17:12:30").text.count("D-044") > 0
    assert bank.page.get("/vials/SH-1/where?at=yesterday").status_code == 422
    later = bank.page.get("/vials/SH-1/where?at=2999-01-01+00:00")
    assert later.status_code == 422
    assert "2998-12-31T16:00:00+00:00 has not come yet" in later.text
    for asked in ("at=2999-01-01T00:00Z", "known=2999-01-01T00:00"):
        told = bank.api.get(f"/api/v1/vials/SH-1/where?{asked}", headers=bank.reader.bearer)
        assert (told.status_code, told.get_json()["code"]) == (422, "future")


def test_what_nobody_recorded_is_recorded_late(bank: Bank) -> None:
    assert bank.page.get("/vials/SH-1/late").status_code == 200
    answer = bank.post(
        "/vials/SH-1/late", happened="2026-04-17 18:00", until="2026-04-17 18:20", reason="check"
    )
    assert answer.status_code == 302, answer.text
    shown = bank.page.get("/vials/SH-1").text
    assert "recorded later" in shown
    body = {"happened_at": "2026-04-17T11:00:00Z", "until": "2026-04-17T11:05:00Z"}
    status, made = send(bank, "/vials/SH-1/late", body)
    assert (status, made["place"]) == (201, "bench")
    assert send(bank, "/vials/SH-1/late", body, **{"If-Match": '"1"'})[0] == 412


def test_a_slot_is_kept_and_given_up(bank: Bank) -> None:
    answer = bank.post("/vials/SH-1/take-out", reason="", keep_slot="on", use="qc")
    assert answer.status_code == 302, answer.text
    assert "kept for a vial that is away" in bank.page.get("/boxes/D-044").text
    assert "Its slot is kept: D-044 C7." in bank.page.get("/vials/SH-1").text
    assert bank.post("/vials/SH-1/release-slot").status_code == 302
    assert "kept for a vial that is away" not in bank.page.get("/boxes/D-044").text
    assert bank.post("/vials/SH-1/release-slot").status_code == 409


def test_space_is_kept_for_a_project(bank: Bank) -> None:
    assert "no project yet" in bank.page.get("/space/D-044").text
    with bank.database.writing() as session:
        vial = session.scalars(select(Vial)).first()
        assert vial is not None
        session.add(Project(org_id=vial.org_id, code="HIPSCI", name="x", created_at=START))
    fields = {"project": "HIPSCI", "first": "A1", "last": "B9", "until": "2099-01-01"}
    assert bank.post("/space/D-044", **fields).status_code == 302
    page = bank.page.get("/space/D-044").text
    assert "A1 – B9" in page
    assert bank.post("/space/D-044", **{**fields, "until": "2001-01-01"}).status_code == 422
    refused = bank.post("/boxes/D-044/drag", vial="SH-1", position="B1")
    assert "B1 of D-044 is kept for project HIPSCI until 2099-01-02" in refused.text
    items = bank.api.get("/api/v1/containers/D-044/space", headers=bank.reader.bearer).get_json()[
        "items"
    ]
    assert (items[0]["first"], items[0]["last"]) == ("A1", "B9")
    status, _ = send(bank, f"/space/{items[0]['id']}/end", {}, **{"If-Match": '"9"'})
    assert status == 412
    assert bank.post(f"/space/{items[0]['id']}/end").status_code == 302
    assert "Nothing is kept here" in bank.page.get("/space/D-044").text
    body = {"project": "NONE", "until": "2099-01-01T00:00:00Z"}
    assert send(bank, "/containers/D-044/space", body)[1]["code"] == "no_such_project"


def test_banks_in_one_place_are_listed(bank: Bank) -> None:
    with bank.database.writing() as session:
        vial = session.scalars(select(Vial).where(Vial.code == "SH-9")).one()
        box = session.scalars(select(Container).where(Container.code == "D-044")).one()
        shelves = Shelves(session)
        shelves.vial(vial.lot, "SH-10", box, 2)
    assert "All 2 vials of L-0411 are in one freezer, LN2-03." in bank.page.get("/spread").text
    assert "A bank is kept in two places" in bank.page.get("/lots/L-0411").text
    assert "would be lost at once" in bank.page.get("/").text


def test_a_move_without_a_position_never_shuffles_what_is_there_already(bank: Bank) -> None:
    moves = [{"vial": code, "box": "D-044"} for code in ("SH-1", "SH-2")]
    answer = bank.api.post("/api/v1/moves", json={"moves": moves}, headers=bank.manager.bearer)

    assert (answer.status_code, answer.json["code"]) == (409, "several_reasons")
    assert [one["code"] for one in answer.json["errors"]] == ["there_already"] * 2
    one = bank.api.post(
        "/api/v1/vials/SH-1/move", json={"box": "D-044"}, headers=bank.manager.bearer
    )
    assert (one.status_code, one.json["code"]) == (409, "there_already")


def test_a_time_without_its_zone_is_refused(bank: Bank) -> None:
    body = {"box": "D-044", "position": "H1", "happened_at": "2026-04-17T17:00:00"}
    answer = bank.api.post("/api/v1/vials/SH-1/move", json=body, headers=bank.manager.bearer)

    assert (answer.status_code, answer.json["field"]) == (422, "happened_at")
    assert "2026-03-14T15:00:00Z is expected" in answer.json["detail"]


def test_who_presses_twice_neither_swaps_back_nor_undoes_the_undo(bank: Bank) -> None:
    (seen,) = re.findall(r'name="stay" value="([0-9]+)"', bank.page.get("/boxes/D-044/swap").text)
    swapped = [bank.post("/boxes/D-044/swap", other="D-045", stay=seen) for _press in range(2)]
    assert [one.status_code for one in swapped] == [302, 422]
    assert "D-044 has been moved since you looked" in swapped[1].text

    bank.post("/vials/SH-1/move", box="D-044", position="H1")
    (undo,) = re.findall(r'action="(/vials/SH-1/undo[^"]+)"', bank.page.get("/vials/SH-1").text)
    undone = [bank.post(undo) for _press in range(2)]
    assert [one.status_code for one in undone] == [302, 409]
    with bank.database.reading() as session:
        place = session.scalar(
            select(Custody.ordinal)
            .join(Vial)
            .where(Vial.code == "SH-1", Custody.ended_at.is_(None))
        )
    assert place == 25


def test_a_ticked_vial_that_left_meanwhile_stops_all_of_them(bank: Bank) -> None:
    form = {
        "csrf": bank.manager.csrf,
        "box": "FX12345678",
        "how": "free",
        "vials": ["SH-1", "SH-3"],
    }
    answer = bank.page.post("/boxes/D-044/select", data=form)

    assert answer.status_code == 422
    assert "SH-3 is not in D-044" in answer.text
