"""What persons do about an alarm beyond acknowledging it, and what is set aside: pages and API, through the app."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from server.alarms import service
from server.alarms.models import AlarmRule, Episode, Suspension
from server.core.clock import SystemClock
from server.core.db import Database
from tests.http.alarms.test_pages import House
from tests.service.alarms.bank import add_rule, add_step, make_bank
from tests.support.signed_in import make_app, sign_in


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    bank, other = make_bank(database), make_bank(database, "BJ")
    now = SystemClock().now() - timedelta(minutes=1)
    with database.writing() as session:
        add_step(session, bank, 1, name="lee")
        rule = add_rule(session, bank, acks_needed=2, latching=True, needs_confirming=True)
        alarm_id = service.raise_episode(session, rule, raised_at=now, value=-149.0, now=now)
        manager = sign_in(session, bank.org_id, ("bank_manager",))
        technician = sign_in(session, bank.org_id, ("technician",))
        stranger = sign_in(session, other.org_id, ("bank_manager",))
    return House(
        make_app(database, tmp_path), database, bank, manager, technician, stranger, alarm_id
    )


def over(house: House) -> None:
    now = SystemClock().now()
    with house.database.writing() as session:
        service.clear_episode(session, session.scalars(select(AlarmRule)).one(), at=now, now=now)


def episode(house: House) -> Episode:
    with house.database.reading() as session:
        return session.get_one(Episode, house.alarm_id)


def test_an_alarm_is_answered_by_two_reset_and_confirmed_by_pages(house: House) -> None:
    page = f"/alarms/{house.alarm_id}"
    assert "2 persons must acknowledge it." in house.page(page)

    house.post(f"{page}/acknowledge", comment="I go")
    assert "1 person more must acknowledge" in house.page(page)
    assert "1 person more must acknowledge" in house.page("/alarms")
    assert house.post(f"{page}/acknowledge").status_code == 409
    assert house.post(f"{page}/reset").status_code == 409
    house.post(f"{page}/acknowledge", house.reader)
    over(house)
    assert "latched" in house.page(page)
    assert "over, to be reset" in house.page("/alarms")
    assert house.post(f"{page}/confirm", outcome=" ").status_code == 422
    assert house.post(f"{page}/reset").status_code == 302
    assert "over, to be confirmed" in house.page("/alarms")
    assert house.post(f"{page}/confirm", outcome="gasket replaced").status_code == 302

    text = house.page(page)
    assert "gasket replaced" in text
    assert "State after ISA-18.2: A, normal" in text
    assert house.post(f"{page}/confirm", outcome="again").status_code == 409
    assert "No alarm needs anybody now" in house.page("/alarms")


def test_an_alarm_is_shelved_listed_and_brought_back_by_pages(house: House) -> None:
    page = f"/alarms/{house.alarm_id}"
    wish = {"mode": "shelved_timed", "hours": "2", "reason": "defrosting"}
    assert house.post(f"{page}/shelve", **{**wish, "reason": ""}).status_code == 422
    assert house.post(f"{page}/shelve", **{**wish, "hours": "25"}).status_code == 422
    assert house.post(f"{page}/shelve", house.stranger, **wish).status_code == 404

    assert house.post(f"{page}/shelve", house.reader, **wish).status_code == 302

    assert episode(house).silenced == "shelved"
    listed = house.page("/alarms/shelved")
    assert "LN2-03, Top probe: too high" in listed
    assert "defrosting" in listed
    assert "1 alarm is silent" in listed
    board = house.page("/alarms")
    assert "1 set aside" in board
    assert "Critical, shelved" in board
    assert "not acknowledged" not in board  # nor does the strip shout
    with house.database.reading() as session:
        number = session.scalars(select(Suspension.id)).one()
    assert house.post(f"/alarms/shelved/{number}/end", house.stranger).status_code == 404
    assert house.post(f"/alarms/shelved/{number}/end").status_code == 302
    assert house.post(f"/alarms/shelved/{number}/end").status_code == 409
    assert episode(house).silenced == ""
    assert "Nothing is set aside" in house.page("/alarms/shelved")


def test_a_freezer_is_set_aside_by_one_and_agreed_to_by_another(house: House) -> None:
    wish = {"mode": "out_of_service", "hours": "24", "reason": "repair"}
    nothing = house.post("/alarms/shelved", what="freezer:LN2-99", **wish)
    assert nothing.status_code in {404, 409}
    assert house.post("/alarms/shelved", what="freezer:LN2-03", **wish).status_code == 302
    again = house.post("/alarms/shelved", what="freezer:LN2-03", **wish)
    assert (again.status_code, "End that first" in again.text) == (409, True)
    with house.database.reading() as session:
        number = session.scalars(select(Suspension.id)).one()

    assert "Life safety too" not in house.page("/alarms/shelved")
    assert "Life safety too" in house.page("/alarms/shelved", house.reader)
    assert house.post(f"/alarms/shelved/{number}/agree").status_code == 409
    assert house.post(f"/alarms/shelved/{number}/agree", house.reader).status_code == 302
    assert "life safety too, agreed by" in house.page("/alarms/shelved")


def test_programs_do_the_same(house: House) -> None:
    client, bearer = house.app.test_client(), house.manager.bearer
    other = house.reader.bearer
    page = f"/api/v1/alarms/{house.alarm_id}"

    first = client.post(f"{page}/acknowledge", json={}, headers=bearer).json
    assert (first["state"], first["acknowledgements_missing"]) == ("B", 1)
    assert client.post(f"{page}/acknowledge", json={}, headers=other).json["state"] == "C"
    wish = {"mode": "shelved_once", "hours": 4, "reason": "defrosting"}
    shelved = client.post(f"{page}/shelve", json=wish, headers=bearer)
    assert (shelved.status_code, shelved.json["what"]) == (201, "LN2-03, Top probe: too high")
    assert client.get(page, headers=bearer).json["state"] == "G"
    over(house)
    assert client.post(f"{page}/reset", headers=bearer).json["latched"] is False
    words = {"outcome": "gasket replaced"}
    assert client.post(f"{page}/confirm", json=words, headers=bearer).json["state"] == "A"

    wish = {"kind": "agent", "code": "sh/pi-1", "mode": "suppressed", "hours": 4, "reason": "moved"}
    made = client.post("/api/v1/suspensions", json=wish, headers=bearer)
    assert (made.status_code, made.json["what"]) == (201, "sh/pi-1")
    own = f"/api/v1/suspensions/{made.json['id']}"
    same = client.post(f"{own}/agree", headers=bearer)
    assert (same.status_code, same.json["code"]) == (409, "same_person")
    assert client.post(f"{own}/agree", headers=other).json["second_by_name"]
    assert client.post(f"{own}/end", headers=other).json["ended_at"]
    listed = client.get("/api/v1/suspensions", headers=bearer).json["items"]
    assert {one["mode"] for one in listed} == {"shelved_once", "suppressed"}
    strange = client.get("/api/v1/suspensions", headers=house.stranger.bearer).json
    assert strange["items"] == []
    wish["hours"] = 1e308
    refused = client.post("/api/v1/suspensions", json=wish, headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (422, "bad_duration")
    for code in ("99999999999", "x"):
        nobody = {**wish, "kind": "rule", "code": code}
        assert client.post("/api/v1/suspensions", json=nobody, headers=bearer).status_code == 404
