"""Freezers are watched as their type says, unless they differ on purpose; on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.alarms import jobs, service
from server.alarms.models import AlarmRule, TypeRule
from server.alarms.rules import Wish
from server.alarms.service import type_rules
from server.core.actor import Actor
from server.core.clock import FixedClock
from server.core.errors import Conflict, Invalid
from server.storage.models import Container, ContainerType
from server.telemetry.models import Channel
from tests.service.alarms.bank import NOON, make_bank
from tests.support.signed_in import make_app, sign_in

QUALITY = Actor(id=None, name="Lin Yi", kind="person", door="page")
WARN = Wish("high", "warning", -165.0, 2.0, 60.0)
LATER = NOON + timedelta(days=3)


@pytest.fixture
def bank(database):
    bank = make_bank(database)
    with database.writing() as session:
        kind = ContainerType(
            org_id=bank.org_id, code="HECO", name="HEco", kind="freezer", word="tank", rows=1,
            columns=4, created_at=NOON,
        )  # fmt: skip
        session.add(kind)
        session.flush()
        session.get_one(Container, bank.freezer_id).type_id = kind.id
    return bank


def set_rule(database, bank, wish=WARN, why="Validated", at=NOON, **other) -> int:
    with database.writing() as session:
        kind = session.scalars(select(ContainerType)).one()
        made = type_rules.set_rule(
            session, QUALITY, bank.org_id, kind, "top_c", wish, why, at=at, **other
        )
        return made.id


def tend(database, at=NOON) -> int:
    return jobs.follow_types(database, FixedClock(at))


def warnings(database) -> list[tuple[float, bool]]:
    """Return (limit, follows) of each warning."""
    with database.reading() as session:
        wanted = select(AlarmRule).where(AlarmRule.kind == "high", AlarmRule.severity == "warning")
        found = session.scalars(wanted.order_by(AlarmRule.id))
        return [(one.value, one.type_rule_id is not None) for one in found]


def test_a_missing_rule_is_made_once(database, bank):
    set_rule(database, bank)

    assert tend(database) == 1
    assert tend(database) == 0
    assert warnings(database) == [(-165.0, True)]


def test_a_usual_rule_that_nobody_touched_is_taken_over(database, bank):
    with database.writing() as session:
        channel = session.get_one(Channel, bank.channels["top_c"])
        service.default_rules(session, QUALITY, channel, at=NOON)
    set_rule(database, bank)

    tend(database)

    assert warnings(database) == [(-165.0, True)]


def test_a_rule_that_a_person_changed_differs_on_purpose_until_it_follows_again(database, bank):
    set_rule(database, bank)
    tend(database)
    with database.writing() as session:
        rule = session.scalars(select(AlarmRule)).one()
        service.change_rule(session, QUALITY, rule, Wish("high", "warning", -155.0), at=NOON)
    set_rule(database, bank, Wish("high", "warning", -170.0))

    assert tend(database) == 0
    assert warnings(database) == [(-155.0, False)]
    with database.writing() as session:
        rule = session.scalars(select(AlarmRule)).one()
        type_rules.follow(session, QUALITY, rule, at=NOON)
    assert warnings(database) == [(-170.0, True)]


def test_a_new_rule_of_the_type_counts_from_its_day_and_reaches_all_that_follow(database, bank):
    set_rule(database, bank)
    tend(database)
    set_rule(database, bank, Wish("high", "warning", -170.0), effective_from=LATER)

    assert tend(database, LATER - timedelta(seconds=1)) == 0
    assert tend(database, LATER) == 1
    assert warnings(database) == [(-170.0, True)]
    with database.reading() as session:
        first, second = session.scalars(select(TypeRule).order_by(TypeRule.id))
        assert (first.ended_at, first.superseded_by_id) == (LATER, second.id)


def test_what_is_withdrawn_leaves_the_freezers_what_they_have(database, bank):
    made = set_rule(database, bank)
    tend(database)
    with database.writing() as session:
        rule = session.get_one(TypeRule, made)
        with pytest.raises(Invalid):
            type_rules.withdraw(session, QUALITY, rule, " ", at=LATER)
        type_rules.withdraw(session, QUALITY, rule, "Vessels differ", at=LATER)
        with pytest.raises(Conflict):
            type_rules.withdraw(session, QUALITY, rule, "Again", at=LATER)

    assert tend(database, LATER) == 0
    assert warnings(database) == [(-165.0, False)]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"why": " "}, "because"),
        ({"wish": Wish("high", "warning", -999.0)}, "value"),
        ({"effective_from": NOON - timedelta(days=1)}, "from_day"),
    ],
    ids=["no reason", "impossible", "past"],
)
def test_what_cannot_be_is_refused_at_its_field(database, bank, wish, field):
    with pytest.raises(Invalid) as refused:
        set_rule(database, bank, **wish)
    assert refused.value.field == field


def test_by_page_and_by_program(database, bank, tmp_path):
    other = make_bank(database, "BJ")
    with database.writing() as session:
        manager, stranger = sign_in(session, bank.org_id), sign_in(session, other.org_id)
        kind_id = session.scalars(select(ContainerType.id)).one()
    app = make_app(database, tmp_path, FixedClock(NOON))
    form = {"csrf": manager.csrf, "of": f"{bank.org_id}:{kind_id}", "channel_key": "top_c",
            "kind": "high", "severity": "warning", "value": "-165", "because": "Validated"}  # fmt: skip

    assert manager.browser(app).post("/alarms/types", data=form).status_code == 302
    assert "Validated" in manager.browser(app).get("/alarms/types").text
    assert "Validated" not in stranger.browser(app).get("/alarms/types").text
    assert stranger.browser(app).post(
        "/alarms/types", data={**form, "csrf": stranger.csrf}
    ).status_code == 404  # fmt: skip
    tend(database)
    headers = {"Authorization": f"Bearer {manager.token}"}
    client = app.test_client()
    listed = client.get("/api/v1/type-rules", headers=headers).json["items"]
    assert [one["value"] for one in listed] == [-165.0]
    wish = {"organisation_id": bank.org_id, "container_type_id": kind_id, "channel_key": "top_c",
            "kind": "high", "severity": "warning", "value": -170, "because": "Better"}  # fmt: skip
    made = client.post("/api/v1/type-rules", json=wish, headers=headers)
    assert made.status_code == 201, made.text
    with database.reading() as session:
        rule_id = session.scalars(select(AlarmRule.id)).one()
    followed = client.post(f"/api/v1/alarm-rules/{rule_id}/follow", headers=headers)
    assert followed.json["value"] == -170.0
    assert "follows the freezer" in manager.browser(app).get(f"/alarms/rules/{rule_id}").text
    withdrawn = client.post(
        f"/api/v1/type-rules/{made.json['id']}/withdraw",
        json={"because": "Enough"},
        headers=headers,
    )
    assert withdrawn.json["ended_at"]
    answer = manager.browser(app).post(
        f"/alarms/types/{made.json['id']}/withdraw",
        data={"csrf": manager.csrf, "because": "Again"},
    )
    assert answer.status_code == 409
    again = manager.browser(app).post(
        f"/alarms/rules/{rule_id}/follow", data={"csrf": manager.csrf}
    )
    assert again.status_code == 409
