"""Rules of each kind, made and changed by page and by program."""

from pathlib import Path

import pytest
from sqlalchemy import select

from server.alarms import service, told
from server.alarms.models import AlarmRule, RuleVersion
from server.alarms.wishes import params_text
from server.core.clock import SystemClock
from server.core.db import Database
from server.telemetry.models import Agent, Channel
from tests.http.alarms.test_pages import House
from tests.service.alarms.bank import add_rule, make_bank
from tests.support.signed_in import make_app, sign_in

PATH = "/freezers/LN2-03/alarms"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    bank, other = make_bank(database), make_bank(database, "BJ")
    with database.writing() as session:
        add_rule(session, bank)
        manager = sign_in(session, bank.org_id, ("bank_manager",))
        reader = sign_in(session, bank.org_id, ("read_only",))
        stranger = sign_in(session, other.org_id, ("bank_manager",))
    return House(make_app(database, tmp_path), database, bank, manager, reader, stranger, 0)


def test_another_bank_and_who_may_only_read_change_nothing(house: House) -> None:
    own = {"what": "event:LL", "severity": "high"}

    assert house.post(f"{PATH}/own", house.reader, **own).status_code == 403
    assert house.post(f"{PATH}/own", house.stranger, **own).status_code == 302  # of their own
    assert house.bank.freezer_id not in {rule.freezer_id for rule in rules_of(house, "event")}


def rules_of(house: House, kind: str) -> list[AlarmRule]:
    with house.database.reading() as session:
        return list(session.scalars(select(AlarmRule).where(AlarmRule.kind == kind)))


def add_channel(house: House, key: str) -> int:
    with house.database.writing() as session:
        channel = Channel(
            agent_id=session.scalars(select(Agent.id).where(Agent.site == "sh")).one(), stream="room", key=key,
            freezer_id=house.bank.freezer_id, confirmed=True,
        )  # fmt: skip
        session.add(channel)
        session.flush()
        return channel.id


def test_a_rate_is_made_with_its_window_and_read_again(house: House) -> None:
    channel = house.bank.channels["top_c"]
    wish = {"channel": channel, "kind": "rate", "severity": "warning", "value": "1.5"}

    refused = house.post(PATH, **wish, window_s="5", direction="up")
    taken = house.post(PATH, **wish, window_s="900", direction="up")

    assert refused.status_code == 422
    assert "5 cannot be; a number from 60 to 86400 is expected." in refused.text
    assert taken.status_code == 302
    assert "rising by more than 1.5\u2009K a minute, over 15 min" in house.page(PATH)
    (rule,) = rules_of(house, "rate")
    form = house.page(f"/alarms/rules/{rule.id}")
    assert 'value="900"' in form


def test_a_probe_s_fault_needs_no_limit(house: House) -> None:
    channel = house.bank.channels["top_c"]
    taken = house.post(PATH, channel=channel, kind="probe_fault", severity="high", delay_on_s="60")

    assert taken.status_code == 302
    (rule,) = rules_of(house, "probe_fault")
    assert (rule.delay_on_s, rule.alarm_class) == (60.0, "equipment")


def test_limits_have_their_four_names(house: House) -> None:
    channel = house.bank.channels["top_c"]
    assert "High limit" in house.page(PATH)
    house.post(PATH, channel=channel, kind="high", severity="warning", value="-160")
    house.post(PATH, channel=channel, kind="low", severity="warning", value="-199")

    text = house.page(PATH)

    for name in ("High-high", "High limit", "Low limit"):
        assert name in text
    assert "Low-low" not in text


def test_whatever_watches_oxygen_is_life_safety_and_stays_so(house: House) -> None:
    channel = add_channel(house, "room_o2pct")
    house.post(PATH, channel=channel, kind="low", severity="high", value="19.5")
    (rule,) = rules_of(house, "low")
    assert rule.alarm_class == "safety"

    changed = house.post(
        f"/alarms/rules/{rule.id}", kind="low", severity="critical", value="19", because="Validated"
    )

    assert changed.status_code == 302
    assert rules_of(house, "low")[0].alarm_class == "safety"


def test_what_a_form_does_not_show_stays_as_it_was(house: House) -> None:
    with house.database.writing() as session:
        rule = session.scalars(select(AlarmRule)).one()
        rule.latching, rule.acks_needed, rule.ack_timeout_s = True, 2, 600.0
        rule_id = rule.id

    house.post(
        f"/alarms/rules/{rule_id}",
        kind="high",
        severity="critical",
        value="-145",
        because="Validated",
    )
    client, bearer = house.app.test_client(), house.manager.bearer
    wish = {"kind": "high", "severity": "critical", "value": -144, "because": "Validated"}
    put = client.put(
        f"/api/v1/alarm-rules/{rule_id}", json=wish, headers=bearer | _etag(house, rule_id)
    )

    assert put.status_code == 200
    with house.database.reading() as session:
        rule = session.scalars(select(AlarmRule)).one()
        assert (rule.value, rule.latching, rule.acks_needed, rule.ack_timeout_s) == (
            -144.0, True, 2, 600.0,
        )  # fmt: skip


def test_what_a_rule_asks_of_people_is_set_by_page_and_by_program(house: House) -> None:
    with house.database.reading() as session:
        rule_id = session.scalars(select(AlarmRule.id)).one()
    said = {"kind": "high", "severity": "critical", "value": "-145", "because": "Two must look"}
    asks = {"acks_needed": "2", "again_min": "15", "latching": "yes", "needs_confirming": "yes"}

    refused = house.post(f"/alarms/rules/{rule_id}", **said, again_min="3000")
    nobody = house.post(f"/alarms/rules/{rule_id}", **said, acks_needed="0")
    taken = house.post(f"/alarms/rules/{rule_id}", **said, **asks)

    assert (refused.status_code, nobody.status_code, taken.status_code) == (422, 422, 302)
    assert "3000 min is not possible; from 1 min to 24 h is expected." in refused.text
    assert "0 persons; from 1 to 5 are expected." in nobody.text
    listed = house.page(PATH)
    for words in (
        "2 persons must acknowledge it",
        "acknowledged and going on, it calls again after 15 min",
        "stays until a person resets it",
        "a person must say afterwards what was done",
    ):
        assert words in listed
    form = house.page(f"/alarms/rules/{rule_id}")
    assert 'value="15"' in form

    wish = {
        "kind": "high", "severity": "critical", "value": -145, "because": "One is enough",
        "acks_needed": 1, "latching": False, "needs_confirming": False, "ack_timeout_s": 1800,
    }  # fmt: skip
    put = house.app.test_client().put(
        f"/api/v1/alarm-rules/{rule_id}", json=wish,
        headers=house.manager.bearer | _etag(house, rule_id),
    )  # fmt: skip
    asked = ("acks_needed", "ack_timeout_s", "latching", "needs_confirming")
    assert put.json is not None
    assert [put.json[name] for name in asked] == [1, 1800.0, False, False]


def test_a_critical_rule_says_that_it_calls_again(house: House) -> None:
    assert "it calls again after 1 h" in house.page(PATH)


def test_a_rule_that_is_changed_by_page_keeps_its_twin_but_not_as_another_kind(
    house: House,
) -> None:
    held = params_text(twin="controller_c")
    add_channel(house, "controller_c")
    with house.database.writing() as session:
        rule = add_rule(session, house.bank, kind="disagree", value=10.0, params=held)
        number = rule.id
    wish = {"severity": "critical", "value": "12", "because": "Validated"}

    assert house.post(f"/alarms/rules/{number}", kind="disagree", **wish).status_code == 302
    (kept,) = rules_of(house, "disagree")
    assert (kept.value, kept.params) == (12.0, held)

    assert house.post(f"/alarms/rules/{number}", kind="calibration", **wish).status_code == 302
    assert [one.params for one in rules_of(house, "calibration")] == ["{}"]


def _etag(house: House, rule_id: int) -> dict[str, str]:
    found = house.app.test_client().get(
        f"/api/v1/alarm-rules/{rule_id}", headers=house.manager.bearer
    )
    return {"If-Match": found.headers["ETag"]} if "ETag" in found.headers else {}


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"what": "fill_long", "severity": "high", "value": "1200"}, 302, "a fill of more than 20 min"),
        ({"what": "fill_long", "severity": "high", "value": "5"}, 422, "5 s is not possible"),
        ({"what": "fill_long", "severity": "high"}, 422, "? s is not possible"),
        ({"what": "event:LL", "severity": "critical"}, 302, "code LL: the level is low"),
        ({"what": "event:ZO", "severity": "high"}, 422, "no code that can alarm"),
        ({"what": "event:other", "severity": "high"}, 302, "anything else that its controller says"),
        ({"what": "high", "severity": "high"}, 422, "Choose what the rule watches for"),
        ({"what": "", "severity": "high"}, 422, "Choose what the rule watches for"),
        ({"what": "event:LL", "severity": "terrible"}, 422, "How bad"),
    ],
)  # fmt: skip
def test_the_freezer_itself_is_watched(
    house: House,
    form: dict[str, str],
    status: int,
    said: str,
) -> None:
    answered = house.post(f"{PATH}/own", **form)

    assert answered.status_code == status
    assert said in (answered.text if status == 422 else house.page(PATH))


def test_a_rule_of_a_freezer_is_changed_and_switched_off(house: House) -> None:
    house.post(f"{PATH}/own", what="event:FD", severity="high", delay_on_s="900")
    (rule,) = rules_of(house, "event")
    assert "code FD: filling is disabled" in house.page(f"/alarms/rules/{rule.id}")

    changed = house.post(
        f"/alarms/rules/{rule.id}", severity="warning", delay_on_s="60", because="Validated"
    )
    assert changed.status_code == 302
    (rule,) = rules_of(house, "event")
    assert (rule.severity, rule.delay_on_s, rule.params) == ("warning", 60.0, '{"code": "FD"}')
    assert house.post(f"/alarms/rules/{rule.id}/off", reason="moved", hours="4").status_code == 302
    assert "switched off: moved" in house.page(PATH)


def test_a_rule_of_a_node_has_a_page_too(house: House) -> None:
    with house.database.writing() as session:
        agent = session.scalars(select(Agent).where(Agent.site == "sh")).one()
        rule = AlarmRule(
            org_id=house.bank.org_id, agent_id=agent.id, kind="agent_silent", severity="high",
            value=180.0, created_at=SystemClock().now(),
        )  # fmt: skip
        session.add(rule)
        session.flush()
        path = f"/alarms/rules/{rule.id}"

    assert "nothing said for 3 min" in house.page(path)
    assert house.post(path, severity="high", value="5").status_code == 422
    assert house.post(path, severity="high", value="300", because="Slow link").status_code == 302
    assert rules_of(house, "agent_silent")[0].value == 300.0


def test_programs_make_each_kind(house: House) -> None:
    client, bearer = house.app.test_client(), house.manager.bearer
    channel = house.bank.channels["top_c"]
    wish = {"kind": "rate", "severity": "high", "value": 2, "window_s": 300, "direction": "up"}

    rate = client.post(f"/api/v1/channels/{channel}/alarm-rules", json=wish, headers=bearer)
    own = {"what": "event:LL", "severity": "critical"}
    code = client.post("/api/v1/freezers/LN2-03/alarm-rules", json=own, headers=bearer)
    again = client.post("/api/v1/freezers/LN2-03/alarm-rules", json=own, headers=bearer)
    listed = client.get("/api/v1/alarm-rules", headers=bearer).json["items"]

    assert rate.json["watches"] == "rising by more than 2\u2009K a minute, over 5 min"
    assert (code.status_code, code.json["watches"]) == (201, "code LL: the level is low")
    assert (code.json["channel_id"], code.json["freezer_id"]) == (None, house.bank.freezer_id)
    assert (again.status_code, again.json["code"]) == (422, "same_rule")
    assert [one["limit_name"] for one in listed] == ["High", "", ""]


def test_a_change_can_count_from_a_day_to_come_and_is_withdrawn(house: House) -> None:
    with house.database.reading() as session:
        rule = session.scalars(select(AlarmRule)).one()
    change = {"kind": "high", "severity": "critical", "value": "-145", "because": "Validated"}
    path = f"/alarms/rules/{rule.id}"

    assert house.post(path, **{**change, "because": " "}).status_code == 422
    assert house.post(path, **change, from_day="2020-01-01").status_code == 422
    assert house.post(path, **change, from_day="2027-01-04").status_code == 302
    assert "Validated" in house.page(path)
    with house.database.reading() as session:
        assert session.scalars(select(AlarmRule.value)).one() == rule.value
        version = session.scalars(select(RuleVersion)).one()
    assert house.post(f"{path}/versions/{version.id}/withdraw").status_code == 302
    bearer = house.manager.bearer
    listed = house.app.test_client().get(
        f"/api/v1{path.replace('alarms/rules', 'alarm-rules')}/versions", headers=bearer
    )
    assert listed.json["items"][0]["withdrawn_at"]
    again = house.app.test_client().post(
        f"/api/v1/alarm-rules/{rule.id}/versions/{version.id}/withdraw", headers=bearer
    )
    assert again.status_code == 409


def test_the_board_says_what_to_do_and_the_alarm_no_limit_that_is_none(house: House) -> None:
    house.post(f"{PATH}/own", what="event:LL", severity="critical")
    channel = add_channel(house, "room_o2pct")
    house.post(PATH, channel=channel, kind="low", severity="critical", value="18")
    code, oxygen = rules_of(house, "event")[0], rules_of(house, "low")[0]
    now = SystemClock().now()
    with house.database.writing() as session:
        service.raise_episode(session, oxygen, raised_at=now, value=17.0, now=now)
        number = service.raise_episode(
            session, code, raised_at=now, value=None, now=now, detail=told.detail_of(code)
        )

    board, alarm = house.page("/alarms"), house.page(f"/alarms/{number}")

    assert "EVACUATE: everybody leaves the room at once. Nobody goes in alone" in board
    assert "Fill by hand" in board
    assert "<dd>0.5" not in alarm
    assert ">0.5<" not in alarm
    assert "Fill by hand" in alarm
