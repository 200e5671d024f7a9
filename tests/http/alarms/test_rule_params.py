"""What kinds read besides their limit: each parameter of the table through the form and through the API."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from server.alarms import params
from server.alarms.kinds import KINDS
from server.alarms.models import AlarmRule, RuleVersion
from server.core.clock import SystemClock
from server.core.db import Database
from server.storage.models import Container, ContainerType
from server.telemetry.models import Agent, Channel
from tests.http.alarms.test_pages import House
from tests.service.alarms.bank import make_bank
from tests.support.signed_in import make_app, sign_in

PATH = "/freezers/LN2-03/alarms"
GIVEN: dict[str, Any] = {
    "window_s": 900, "direction": "up", "twin": "bottom_c", "usual_a_day": 2.5, "widths": 8,
    "limit": 60,
}  # fmt: skip
VALUES = {"rate": 1.5, "boiloff": 2, "forecast": 24, "disagree": 10, "swapped": 3, "stuck": 86_400}
EACH = [(kind, one.name) for kind in params.PARAMS for one in params.fields(kind)]


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    bank = make_bank(database)
    with database.writing() as session:
        manager = sign_in(session, bank.org_id, ("bank_manager",))
        reader = sign_in(session, bank.org_id, ("read_only",))
        agent = session.scalars(select(Agent.id).where(Agent.site == "sh")).one()
        for key in ("level_mm", "controller_c", "bottom_c", "top_c"):
            if key not in bank.channels:
                made = Channel(
                    agent_id=agent, stream="more", key=key, freezer_id=bank.freezer_id, confirmed=True
                )  # fmt: skip
                session.add(made)
                session.flush()
                bank.channels[key] = made.id
        kind = ContainerType(
            org_id=bank.org_id, code="HECO", name="HEco", kind="freezer", word="tank", rows=1,
            columns=4, created_at=SystemClock().now(),
        )  # fmt: skip
        session.add(kind)
        session.flush()
        session.get_one(Container, bank.freezer_id).type_id = kind.id
    return House(make_app(database, tmp_path), database, bank, manager, reader, reader, 0)


def channel_for(house: House, kind: str) -> int:
    return house.bank.channels["level_mm" if kind in {"boiloff", "forecast"} else "top_c"]


def stored(house: House) -> list[dict[str, Any]]:
    with house.database.reading() as session:
        return [json.loads(one) for one in session.scalars(select(AlarmRule.params))]


def by_page(house: House, kind: str, **said: object) -> Any:
    wish = {"kind": kind, "severity": "high", "value": VALUES[kind], **said}
    return house.post(PATH, channel=channel_for(house, kind), **wish)


def by_program(house: House, kind: str, **said: object) -> Any:
    return house.app.test_client().post(
        f"/api/v1/channels/{channel_for(house, kind)}/alarm-rules",
        json={"kind": kind, "severity": "high", "value": VALUES[kind], **said},
        headers=house.manager.bearer,
    )


@pytest.mark.parametrize(("kind", "name"), EACH)
def test_each_reaches_the_rule_by_page_and_its_form_shows_it(house, kind, name):
    assert by_page(house, kind, **{name: str(GIVEN[name])}).status_code == 302

    (kept,) = stored(house)
    assert kept[name] == GIVEN[name]
    with house.database.reading() as session:
        rule = session.scalars(select(AlarmRule)).one()
        version = session.scalars(select(RuleVersion)).one()
        assert json.loads(version.wish)["params"] == rule.params
    form = house.page(f"/alarms/rules/{rule.id}")
    assert f'name="{name}"' in form
    assert f'value="{GIVEN[name]}"' in form


@pytest.mark.parametrize(("kind", "name"), EACH)
def test_each_reaches_the_rule_by_program_stays_and_is_taken_away(house, kind, name):
    made = by_program(house, kind, **{name: GIVEN[name]})
    assert made.status_code == 201
    assert made.json["params"][name] == GIVEN[name]
    assert stored(house)[0][name] == GIVEN[name]
    path = f"/api/v1/alarm-rules/{made.json['id']}"
    wish = {"kind": kind, "severity": "warning", "value": VALUES[kind], "because": "Validated"}

    client = house.app.test_client()
    assert client.put(path, json=wish, headers=house.manager.bearer).status_code == 200
    assert stored(house)[0][name] == GIVEN[name]
    put = client.put(path, json=wish | {name: None}, headers=house.manager.bearer)

    usual = {one.name: one.default for one in params.of(kind)}[name]
    assert put.json["params"].get(name) == usual


@pytest.mark.parametrize(
    ("kind", "name", "wrong", "said"),
    [
        ("boiloff", "widths", 1, "1 cannot be; a number from 2 to 50 is expected."),
        ("boiloff", "usual_a_day", 0, "0 cannot be; a number from 0.001 to 100000 is expected."),
        ("forecast", "limit", -5, "-5 cannot be; a number from 0 to 100000 is expected."),
        ("disagree", "twin", "nowhere_c", "is no other channel of this freezer; choose one of:"),
        ("swapped", "twin", "top_c", "A channel is not held against itself"),
        ("rate", "direction", "sideways", "both, up, down is expected."),
        ("forecast", "twin", "bottom_c", "it reads: limit. Leave it out."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_field_at_both_doors(house, kind, name, wrong, said):
    page = by_page(house, kind, **{name: str(wrong)})
    program = by_program(house, kind, **{name: wrong})

    assert page.status_code == 422
    assert said in page.text
    assert program.status_code == 422
    assert program.json["field"] == name
    assert said in str(program.json)
    assert stored(house) == []


def test_the_kind_is_chosen_first_and_only_its_fields_are_asked_for(house):
    top, level = house.bank.channels["top_c"], house.bank.channels["level_mm"]
    before = house.page(PATH)
    assert 'name="severity"' not in before

    for kind in ("high", "stale", "door", "probe_fault", *VALUES):
        chosen = house.page(f"{PATH}?channel={channel_for(house, kind)}&kind={kind}")
        assert ('name="value"' in chosen) == bool(KINDS[kind].limit), kind
        assert ('name="hysteresis"' in chosen) == KINDS[kind].way_back, kind
        shown = {name for name in params.NAMES if f'name="{name}"' in chosen}
        assert shown == {one.name for one in params.fields(kind)}, kind

    assert "mm/d" in house.page(f"{PATH}?channel={level}&kind=boiloff")
    twins = house.page(f"{PATH}?channel={top}&kind=disagree")
    assert 'value="bottom_c"' in twins
    assert 'value="top_c"' not in twins
    assert 'name="value"' in house.page(f"{PATH}?what=fill_long")
    assert 'name="value"' not in house.page(f"{PATH}?what=event:LL")


def test_a_type_s_rule_is_asked_for_in_the_same_way(house):
    page = house.page("/alarms/types")
    of = page.split(f'value="{house.bank.org_id}:', 1)[1].split('"', 1)[0]
    of = f"{house.bank.org_id}:{of}"
    assert 'name="severity"' not in page

    chosen = house.page(f"/alarms/types?of={of}&channel_key=level_mm&kind=boiloff")
    assert 'name="widths"' in chosen
    assert 'name="twin"' not in chosen
    said = {
        "of": of,
        "channel_key": "level_mm",
        "kind": "boiloff",
        "severity": "high",
        "value": "2",
    }
    refused = house.post("/alarms/types", **said, widths="1", because="Noisy scales")
    taken = house.post("/alarms/types", **said, widths="9", because="Noisy scales")

    assert (refused.status_code, taken.status_code) == (422, 302)
    listed = house.app.test_client().get("/api/v1/type-rules", headers=house.manager.bearer)
    assert [one["params"] for one in listed.json["items"]] == [{"widths": 9}]
