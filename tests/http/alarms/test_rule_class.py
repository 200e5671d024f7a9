"""What a rule is about: life safety is made, and taken away, only with a reason that the record keeps."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from server.alarms.models import AlarmRule
from server.audit.models import AuditEntry
from server.core.db import Database
from tests.http.alarms.test_pages import House
from tests.service.alarms.bank import make_bank
from tests.support.signed_in import make_app, sign_in

WHY = "The room has no other meter"
PATH = "/freezers/LN2-03/alarms"
WISH: dict[str, Any] = {"kind": "high", "severity": "high", "value": "-140"}


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    bank = make_bank(database)
    with database.writing() as session:
        manager = sign_in(session, bank.org_id, ("bank_manager",))
        reader = sign_in(session, bank.org_id, ("read_only",))
    return House(make_app(database, tmp_path), database, bank, manager, reader, reader, 0)


def classes(house: House) -> list[str]:
    with house.database.reading() as session:
        return list(session.scalars(select(AlarmRule.alarm_class)))


def test_life_safety_is_made_and_taken_away_by_page_with_a_reason(house):
    wish = WISH | {"channel": house.bank.channels["top_c"], "alarm_class": "safety"}

    refused = house.post(PATH, **wish)
    taken = house.post(PATH, **wish, because=WHY)

    assert (refused.status_code, taken.status_code) == (422, 302)
    assert "Say why it is to be life safety, or no longer so." in refused.text
    assert classes(house) == ["safety"]
    with house.database.reading() as session:
        rule = session.scalars(select(AlarmRule)).one()
        added = session.scalars(select(AuditEntry).where(AuditEntry.action == "alarm_rule.added"))
        assert [json.loads(one.facts)["reason"] for one in added] == [WHY]
    path = f"/alarms/rules/{rule.id}"
    assert 'value="safety" selected' in house.page(path)

    assert house.post(path, **WISH, because="Limit only").status_code == 302  # says no class
    assert classes(house) == ["safety"]
    off = WISH | {"alarm_class": "process"}
    assert house.post(path, **off, because=" ").status_code == 422
    assert house.post(path, **off, because="A meter is there now").status_code == 302
    assert classes(house) == ["process"]
    assert house.post(path, **WISH, alarm_class="holy", because="?").status_code == 422


def test_life_safety_is_made_and_taken_away_by_program_with_a_reason(house):
    client, bearer = house.app.test_client(), house.manager.bearer
    door = f"/api/v1/channels/{house.bank.channels['top_c']}/alarm-rules"
    wish = {"kind": "high", "severity": "high", "value": -140, "alarm_class": "safety"}

    refused = client.post(door, json=wish, headers=bearer)
    made = client.post(door, json=wish | {"because": "No other meter"}, headers=bearer)

    assert (refused.status_code, refused.json["field"]) == (422, "because")
    assert (made.status_code, made.json["alarm_class"]) == (201, "safety")
    path = f"/api/v1/alarm-rules/{made.json['id']}"
    plain = wish | {"alarm_class": "process"}
    silent = client.put(path, json=plain | {"because": ""}, headers=bearer)
    wrong = client.put(path, json=wish | {"alarm_class": "holy", "because": "?"}, headers=bearer)
    taken = client.put(path, json=plain | {"because": "A meter is there now"}, headers=bearer)

    assert (silent.status_code, silent.json["field"]) == (422, "because")
    assert (wrong.status_code, wrong.json["field"]) == (422, "alarm_class")
    assert (taken.status_code, taken.json["alarm_class"]) == (200, "process")
    own = {"what": "event:LL", "severity": "high", "alarm_class": "safety"}
    freezer = "/api/v1/freezers/LN2-03/alarm-rules"
    assert client.post(freezer, json=own, headers=bearer).json["field"] == "because"
    assert client.post(freezer, json=own | {"because": "?"}, headers=bearer).status_code == 201
