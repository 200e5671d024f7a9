"""The health of a node alarms by rules that come by themselves, on both databases."""

import pytest
from sqlalchemy import select

from server.alarms import jobs, timers, wording
from server.alarms.ingest import Judge
from server.alarms.models import AlarmRule, Episode
from server.alarms.wording import Sighting
from server.audit.models import AuditEntry
from server.core.clock import FixedClock, to_ms
from server.telemetry.columns import Column
from server.telemetry.models import Agent, Channel
from tests.service.alarms.bank import NOON, later, make_bank

KEYS = ("cpu_c", "disk_free_pct", "undervoltage")


@pytest.fixture
def bank(database):
    bank = make_bank(database, keys=KEYS)
    with database.writing() as session:
        for channel in session.scalars(select(Channel)):
            channel.freezer_id = None  # a node stands in no freezer
    jobs.make_own_rules(database, FixedClock(NOON))
    return bank


def rules(database):
    with database.reading() as session:
        wanted = select(AlarmRule, Channel.key).join(Channel, Channel.id == AlarmRule.channel_id)
        found = session.execute(wanted.order_by(AlarmRule.id))
        return [(key, rule.kind, rule.severity, rule.value) for rule, key in found]


def test_each_channel_of_a_nodes_health_is_watched_once_and_in_the_record(database, bank):
    assert rules(database) == [
        ("cpu_c", "high", "warning", 80.0),
        ("disk_free_pct", "low", "warning", 10.0),
        ("undervoltage", "high", "warning", 0.5),
    ]
    assert jobs.make_own_rules(database, FixedClock(later(60))) == 0
    with database.reading() as session:
        added = select(AuditEntry.facts).where(AuditEntry.action == "alarm_rule.added")
        assert sum('"cpu_c"' in facts for facts in session.scalars(added)) == 1


def test_one_that_is_off_stays_off_and_a_revoked_node_gets_none(database, bank):
    with database.writing() as session:
        for rule in session.scalars(select(AlarmRule).where(AlarmRule.channel_id.is_not(None))):
            rule.enabled = False
        gone = Agent(
            org_id=bank.org_id, site="sh", code="pi-9", enrolled_at=NOON, revoked_at=NOON
        )  # fmt: skip
        session.add(gone)
        session.flush()
        session.add(Channel(agent_id=gone.id, stream="host", key="cpu_c", confirmed=True))

    assert jobs.make_own_rules(database, FixedClock(later(60))) == 0


@pytest.mark.parametrize(
    ("key", "fine", "bad", "lasts"),
    [("cpu_c", 80.0, 80.5, 300), ("disk_free_pct", 10.0, 9.5, 300), ("undervoltage", 0.0, 1.0, 60)],
)
def test_it_alarms_when_it_lasts_and_ends(database, bank, key, fine, bad, lasts):
    def read(second, value):
        at = [to_ms(later(second))]
        with database.writing() as session:
            column = Column(bank.channels[key], "", at, [value], [0])
            Judge().consider(session, [column], now=later(second))
            timers.tick(session, later(second))

    def stand():
        with database.reading() as session:
            found = session.scalars(select(Episode)).all()
            return [(one.severity, one.cleared_at is None) for one in found]

    read(0, fine)
    read(10, bad)
    read(9 + lasts, bad)
    assert stand() == []
    read(11 + lasts, bad)
    assert stand() == [("warning", True)]
    read(30 + lasts, {"cpu_c": 70.0, "disk_free_pct": 20.0, "undervoltage": 0.0}[key])
    assert stand() == [("warning", False)]


def test_a_weak_supply_is_said_in_words_not_in_numbers():
    seen = Sighting("high", "warning", "undervoltage", "", 0.5, 1.0, NOON)

    assert wording.title("high", "undervoltage").text("en") == "Supply of the node too weak"
    assert wording.distance(seen).text("en") == "The supply of the node is too weak"
    said = wording.letter(seen, wording.Place(""), None)
    assert not [line for line in said if "0.5" in line.text("en")]
