"""The page of drills and its API, through the whole app."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.alarms.models import Drill, DrillPlan
from server.alarms.service import drills
from server.core.clock import FixedClock
from server.telemetry.models import AgentCommand
from tests.service.alarms.bank import NOON, add_rule, make_bank
from tests.support.signed_in import make_app, sign_in


@pytest.fixture
def house(database, tmp_path):
    bank, other = make_bank(database), make_bank(database, "BJ")
    with database.writing() as session:
        add_rule(session, bank)
        manager = sign_in(session, bank.org_id)
        reader = sign_in(session, bank.org_id, ("read_only",))
        stranger = sign_in(session, other.org_id)
    app = make_app(database, tmp_path, FixedClock(NOON))
    return app, bank, {"manager": manager, "reader": reader, "stranger": stranger}


def post(house, who, path, **fields):
    app, _bank, people = house
    return people[who].browser(app).post(path, data={"csrf": people[who].csrf, **fields})


def page(house, who="manager") -> str:
    app, _bank, people = house
    answer = people[who].browser(app).get("/alarms/drills")
    assert answer.status_code == 200
    return answer.text


def test_a_drill_is_begun_from_the_page_and_stopped_with_a_reason(house, database):
    _app, bank, _people = house
    top = bank.channels["top_c"]

    assert post(house, "manager", "/alarms/drills", now_channel=top).status_code == 302
    with database.reading() as session:
        assert session.scalars(select(AgentCommand.kind)).all() == ["drill"]
        code = session.scalars(select(Drill.code)).one()
    assert code in page(house)
    assert post(house, "manager", "/alarms/drills", now_channel=top).status_code == 409
    assert post(house, "manager", f"/alarms/drills/{code}/stop", reason=" ").status_code == 422
    assert (
        post(house, "manager", f"/alarms/drills/{code}/stop", reason="A delivery").status_code
        == 302
    )
    assert "A delivery" in page(house)


def test_a_drill_is_planned_and_rests(house, database):
    _app, bank, _people = house
    plan = {"channel": bank.channels["top_c"], "weekday": 0, "time": "09:30", "answer_min": 30}

    assert post(house, "manager", "/alarms/drills/plans", **plan).status_code == 302
    with database.reading() as session:
        made = session.scalars(select(DrillPlan)).one()
        assert (made.weekday, made.at_minute, made.answer_within_s) == (0, 570, 1800)
        assert made.next_at == NOON.replace(day=16, hour=1, minute=30)  # 09:30 in Shanghai
    until = f"{NOON + timedelta(days=9):%Y-%m-%d}"
    path = f"/alarms/drills/plans/{made.id}/rest"
    assert post(house, "manager", path, until=until, because="Moving house").status_code == 302
    assert "Moving house" in page(house)


@pytest.mark.parametrize(
    ("field", "typed"), [("time", "9"), ("time", "25:00"), ("weekday", "8"), ("answer_min", "1")]
)
def test_a_plan_that_cannot_be_stays_as_typed(house, field, typed):
    _app, bank, _people = house
    plan = {"channel": bank.channels["top_c"], "weekday": 0, "time": "09:30", "answer_min": 30}

    answer = post(house, "manager", "/alarms/drills/plans", **{**plan, field: typed})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text or "error" in answer.text


def test_who_may_only_read_plans_nothing_and_another_bank_sees_nothing(house, database, tmp_path):
    app, bank, people = house
    top = bank.channels["top_c"]
    with database.writing() as session:
        from server.core.actor import Actor
        from server.telemetry.models import Channel

        channel = session.get_one(Channel, top)
        code = drills.begin(session, Actor.system("test"), tmp_path, channel, 600, at=NOON).code

    assert post(house, "reader", "/alarms/drills", now_channel=top).status_code == 403
    assert post(house, "stranger", "/alarms/drills", now_channel=top).status_code in {404, 409}
    assert code not in page(house, "stranger")
    assert code in page(house, "reader")
    stop = f"/alarms/drills/{code}/stop"
    assert post(house, "stranger", stop, reason="Mine").status_code == 404
    headers = {"Authorization": f"Bearer {people['stranger'].token}"}
    found = app.test_client().get("/api/v1/drills", headers=headers)
    assert found.json["items"] == []


def test_a_program_does_the_same(house):
    app, bank, people = house
    headers = {"Authorization": f"Bearer {people['manager'].token}"}
    client = app.test_client()
    wish = {"channel_id": bank.channels["top_c"], "weekday": 2, "at_minute": 600}

    planned = client.post("/api/v1/drill-plans", json=wish, headers=headers)
    assert planned.status_code == 201, planned.text
    begun = client.post("/api/v1/drills", json={"channel_id": wish["channel_id"]}, headers=headers)
    assert begun.status_code == 201, begun.text
    stop = f"/api/v1/drills/{begun.json['code']}/stop"
    assert (
        client.post(stop, json={"because": "Enough"}, headers=headers).json["outcome"] == "stopped"
    )
    rest = f"/api/v1/drill-plans/{planned.json['id']}/rest"
    until = (NOON + timedelta(days=3)).isoformat()
    rested = client.post(rest, json={"until": until, "because": "Works"}, headers=headers)
    assert rested.json["next_at"] is None
    assert client.get("/api/v1/drills", headers=headers).json["items"][0]["why"] == "Enough"
    assert (
        client.get("/api/v1/drill-plans", headers=headers).json["items"][0]["off_because"]
        == "Works"
    )


def test_how_a_bank_is_told_of_what_is_found_late_is_set_by_page_and_by_program(house):
    app, bank, people = house
    manager = people["manager"]
    form = {"csrf": manager.csrf, "organisation": bank.org_id, "policy": "call"}

    assert manager.browser(app).post("/alarms/late", data=form).status_code == 302
    assert "call as for any alarm" in manager.browser(app).get("/alarms/late").text
    other = {**form, "csrf": people["stranger"].csrf}
    assert people["stranger"].browser(app).post("/alarms/late", data=other).status_code == 403
    headers = {"Authorization": f"Bearer {manager.token}"}
    wish = {"organisation_id": bank.org_id, "policy": "none"}
    answer = app.test_client().put("/api/v1/late-policy", json=wish, headers=headers)
    assert (answer.status_code, answer.json["policy"]) == (200, "none")
    wish["policy"] = "loudly"
    assert (
        app.test_client().put("/api/v1/late-policy", json=wish, headers=headers).status_code == 422
    )


def test_warmth_is_expected_and_ended_by_page_and_by_program(house):
    app, _bank, people = house
    manager = people["manager"]
    browser = manager.browser(app)
    form = {
        "csrf": manager.csrf,
        "limit_c": "-155",
        "begins_in": "0",
        "hours": "2",
        "because": "Load",
    }

    assert browser.post("/freezers/LN2-03/warmth", data=form).status_code == 302
    assert "Load" in browser.get("/freezers/LN2-03/warmth").text
    assert browser.post("/freezers/LN2-03/warmth", data={**form, "hours": "99"}).status_code == 422
    headers = {"Authorization": f"Bearer {manager.token}"}
    client = app.test_client()
    listed = client.get("/api/v1/freezers/LN2-03/warmth", headers=headers).json["items"]
    ended = client.post(f"/api/v1/freezers/LN2-03/warmth/{listed[0]['id']}/end", headers=headers)
    assert ended.json["ended_at"]
    wish = {"limit_c": -155, "from_at": NOON.isoformat(), "because": "Stock-take",
            "until": (NOON + timedelta(hours=1)).isoformat()}  # fmt: skip
    made = client.post("/api/v1/freezers/LN2-03/warmth", json=wish, headers=headers)
    assert made.status_code == 201, made.text
    path = f"/freezers/LN2-03/warmth/{made.json['id']}/end"
    assert browser.post(path, data={"csrf": manager.csrf}).status_code == 302
    stranger = people["stranger"]
    denied = stranger.browser(app).post(path, data={"csrf": stranger.csrf})
    assert denied.status_code == 404
