"""A rule's versions: what it said from when on, and what it will say, on both databases."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from server.alarms import jobs, service
from server.alarms.ingest import Judge
from server.alarms.models import AlarmRule, Episode, RuleVersion
from server.alarms.rules import Wish
from server.alarms.service import versions
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import FixedClock, to_ms
from server.core.errors import Conflict, Invalid
from server.telemetry.columns import Column
from server.telemetry.models import Channel
from tests.service.alarms.bank import NOON, make_bank

QUALITY = Actor(id=None, name="Lin Yi", kind="person", door="page")
WEEK = timedelta(days=7)
OLD, NEW = Wish("high", "critical", -150.0, 2.0), Wish("high", "critical", -140.0, 2.0)


@pytest.fixture
def rule_id(database):
    bank = make_bank(database)
    with database.writing() as session:
        channel = session.get_one(Channel, bank.channels["top_c"])
        return service.add_rule(session, QUALITY, channel, OLD, at=NOON).id


def plan(database, rule_id, wish=NEW, from_at=NOON + WEEK, because="Validated", at=NOON):
    with database.writing() as session:
        rule = session.get_one(AlarmRule, rule_id)
        return versions.plan(session, QUALITY, rule, wish, from_at, because, at=at).id


def rule(database, rule_id) -> AlarmRule:
    with database.reading() as session:
        return session.get_one(AlarmRule, rule_id)


def said(database) -> list[tuple[float, bool, bool]]:
    """Return (limit, counts, withdrawn) of each version, the oldest first."""
    with database.reading() as session:
        found = session.scalars(select(RuleVersion).order_by(RuleVersion.id))
        return [
            (
                json.loads(one.wish)["value"],
                one.applied_at is not None,
                one.withdrawn_at is not None,
            )
            for one in found
        ]


def test_each_change_is_kept_with_its_reason(database, rule_id):
    with database.writing() as session:
        found = session.get_one(AlarmRule, rule_id)
        service.change_rule(session, QUALITY, found, NEW, at=NOON + WEEK, because="New probe")

    assert said(database) == [(-150.0, True, False), (-140.0, True, False)]
    with database.reading() as session:
        newest = versions.of_rule(session, session.get_one(AlarmRule, rule_id))[0]
        assert (newest.because, newest.by_name) == ("New probe", "Lin Yi")


def test_a_planned_version_counts_from_its_moment_and_not_before(database, rule_id):
    plan(database, rule_id)
    judge = Judge()

    assert jobs.apply_planned(database, FixedClock(NOON + WEEK - timedelta(seconds=1))) == 0
    assert rule(database, rule_id).value == -150.0
    assert jobs.apply_planned(database, FixedClock(NOON + WEEK)) == 1
    assert rule(database, rule_id).value == -140.0
    assert jobs.apply_planned(database, FixedClock(NOON + 2 * WEEK)) == 0
    assert said(database) == [(-150.0, True, False), (-140.0, True, False)]
    now = NOON + WEEK
    with database.writing() as session:
        column = Column(rule(database, rule_id).channel_id, "", [to_ms(now)], [-145.0], [0])
        judge.consider(session, [column], now=now)
        assert session.scalars(select(Episode)).all() == []


def test_a_planned_version_is_withdrawn_once(database, rule_id):
    made = plan(database, rule_id)
    with database.writing() as session:
        versions.withdraw(session, QUALITY, session.get_one(RuleVersion, made), at=NOON)
        with pytest.raises(Conflict):
            versions.withdraw(session, QUALITY, session.get_one(RuleVersion, made), at=NOON)

    assert jobs.apply_planned(database, FixedClock(NOON + WEEK)) == 0
    assert said(database)[-1] == (-140.0, False, True)


def test_one_that_can_no_longer_be_right_is_withdrawn_and_said_so(database, rule_id):
    plan(database, rule_id)
    with database.writing() as session:
        channel = session.get_one(AlarmRule, rule_id).channel
        service.add_rule(session, QUALITY, channel, NEW, at=NOON)

    jobs.apply_planned(database, FixedClock(NOON + WEEK))

    assert rule(database, rule_id).value == -150.0
    with database.reading() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert last.action == "alarm_rule.change_withdrawn"
        assert "already a rule" in last.facts


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"because": " "}, "because"),
        ({"from_at": NOON}, "from_day"),
        ({"from_at": NOON + timedelta(days=400)}, "from_day"),
        ({"wish": Wish("high", "critical", -999.0)}, "value"),
    ],
    ids=["no reason", "now", "far ahead", "impossible"],
)
def test_what_cannot_be_planned_is_refused_at_its_field(database, rule_id, wish, field):
    with pytest.raises(Invalid) as refused:
        plan(database, rule_id, **wish)
    assert refused.value.field == field
