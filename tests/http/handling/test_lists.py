"""Pages and API of work lists: made, walked, refused with both codes, closed; who may."""

import pytest
from sqlalchemy import select, text

from server.handling.queries.putting import rooms_for
from server.handling.rules.putting import Room
from server.handling.service import putting
from server.storage import service as storage
from server.storage.models import TierPolicy, Vial
from tests.http.storage.conftest import Bank
from tests.support.shelves import START, Shelves


def test_a_list_is_made_walked_and_done(bank: Bank) -> None:
    made = bank.post("/lists/new", kind="pick", codes="SH-1\nSH-2", title="thaw")
    page = bank.page.get(made.location).text
    assert "expected tube" in page
    assert "LN2-03" in page
    assert "Lid open, estimate" in page
    assert 'class="print-only sheet-code"' in page
    assert 'aria-label="P-0001"' in page

    wrong = bank.post(f"{made.location}/scan", tube="SH-9")
    assert wrong.status_code == 422
    assert "SH-9 is not on the list" in wrong.text
    assert 'data-tone="wrong"' in wrong.text
    assert "expected tube" in wrong.text
    right = bank.post(f"{made.location}/scan", tube="SH-1")
    assert right.status_code == 303
    assert 'data-tone="right"' in bank.page.get(right.location).text
    bank.post(f"{made.location}/not-there", tube="SH-2")
    done = bank.page.get(made.location).text
    assert "missing" in done
    assert "expected tube" not in done


def test_what_cannot_be_on_a_list_is_named_and_nothing_made(bank: Bank) -> None:
    refused = bank.post("/lists/new", kind="pick", codes="SH-1 SH-3")

    assert refused.status_code == 422
    assert "SH-3 has a label but no place yet" in refused.text
    assert "SH-1 SH-3" in refused.text
    assert "No list yet" in bank.page.get("/lists").text


def test_tubes_are_put_away_by_two_scans(bank: Bank) -> None:
    made = bank.post("/lists/new", kind="put_away", codes="SH-3", policy="together")
    page = bank.page.get(made.location).text
    assert "Scan the box" in page
    wrong = bank.post(f"{made.location}/put", tube="SH-3", box="FX12345678")
    assert wrong.status_code == 422
    assert "is not the box for SH-3; D-044 is" in wrong.text
    assert bank.post(f"{made.location}/put", tube="SH-3", box="D-044").status_code == 303
    assert "D-044" in bank.page.get("/vials/SH-3").text


def test_the_times_are_the_banks_own(bank: Bank) -> None:
    refused = bank.post("/lists/times", lid_s="fast", rack_s="1", box_s="1", tube_s="1")
    assert refused.status_code == 422
    bank.post("/lists/times", lid_s="100", rack_s="10", box_s="1", tube_s="0")
    made = bank.post("/lists/new", kind="pick", codes="SH-1 SH-2")

    assert "111 s" in bank.page.get(made.location).text


def test_the_api_makes_and_walks_a_list(bank: Bank) -> None:
    send = {"headers": bank.manager.bearer}
    made = bank.api.post("/api/v1/pick-lists", json={"vials": ["SH-2", "SH-1"]}, **send)
    assert made.status_code == 201
    assert [tube["vial"] for tube in made.json["tubes"]] == ["SH-1", "SH-2"]
    where = f"/api/v1/work-lists/{made.json['code']}"
    wrong = bank.api.post(f"{where}/scans", json={"tube": "SH-9"}, **send)
    assert wrong.status_code == 422
    assert wrong.json["field"] == "tube"
    taken = bank.api.post(f"{where}/scans", json={"tube": "SH-1"}, **send)
    assert [(tube["vial"], tube["state"]) for tube in taken.json["tubes"]] == [
        ("SH-2", "waiting"), ("SH-1", "done"),
    ]  # fmt: skip
    missing = bank.api.post(f"{where}/missing", json={"tube": "SH-2"}, **send)
    assert missing.json["state"] == "done"
    assert bank.api.get("/api/v1/work-lists", **send).json["items"] == [made.json["code"]]

    put = bank.api.post("/api/v1/put-away-lists", json={"vials": ["SH-3"]}, **send).json
    where = f"/api/v1/work-lists/{put['code']}"
    placed = bank.api.post(f"{where}/puts", json={"tube": "SH-3", "box": "D-045"}, **send)
    assert placed.json.get("state") == "done", placed.json
    closed = bank.api.post(f"{where}/close", json={}, **send)
    assert closed.status_code == 409


@pytest.mark.parametrize("who", ["reader", "stranger"])
def test_nobody_else_works_on_it(bank: Bank, who: str) -> None:
    made = bank.post("/lists/new", kind="pick", codes="SH-1")
    other = getattr(bank, who)
    answer = other.browser(bank.app).post(
        f"{made.location}/scan", data={"csrf": other.csrf, "tube": "SH-1"}
    )

    assert answer.status_code in {403, 404}
    assert "in storage" in bank.page.get("/vials/SH-1").text


def test_the_use_is_asked_where_a_bank_wants_it(bank: Bank) -> None:
    assert "quality control" in bank.page.get("/lists/new?kind=pick").text
    with bank.database.writing() as session:
        policy = session.scalars(select(TierPolicy).where(TierPolicy.tier == "master")).first()
        policy.uses = "qc"
    unsaid = bank.post("/lists/new", kind="pick", codes="SH-9")
    assert unsaid.status_code == 422
    assert "say for which of them" in unsaid.text
    made = bank.post("/lists/new", kind="pick", codes="SH-9", use="qc", title="mycoplasma")
    assert "mycoplasma · quality control · tube 1 of 1" in bank.page.get(made.location).text
    assert bank.post(f"{made.location}/scan", tube="SH-9").status_code == 303


def test_a_tube_that_somebody_took_meanwhile_is_left(bank: Bank) -> None:
    made = bank.post("/lists/new", kind="pick", codes="SH-1")
    with bank.database.writing() as session:
        vial = session.scalars(select(Vial).where(Vial.code == "SH-1")).one()
        storage.take_out(session, Shelves(session).actor, vial, at=START)
    page = bank.page.get(made.location).text
    assert "The record has SH-1 elsewhere by now" in page
    assert "Leave it" in page
    bank.post(f"{made.location}/not-there", tube="SH-1")
    assert "left" in bank.page.get(made.location).text
    with bank.database.reading() as session:
        state = select(Vial.state).where(Vial.code == "SH-1")
        assert session.scalar(state) == "checked_out"


def test_positions_are_suggested_beside_those_who_write(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def rooms(*given: object) -> list[Room]:
        with bank.database.writing() as session:  # waits for ever beside a transaction that writes
            session.execute(text("UPDATE vial SET comment = 'meanwhile'"))
        asked.append(given)
        return rooms_for(*given)

    monkeypatch.setattr(putting, "rooms_for", rooms)
    assert bank.post("/lists/new", kind="put_away", codes="SH-3").status_code == 302
    assert len(asked) == 1
