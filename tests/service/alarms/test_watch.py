"""Findings of watchers become episodes, with the delays of their rules, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.alarms import jobs, watch
from server.alarms.models import AlarmRule, Episode, RuleState
from server.alarms.watch import Finding
from server.core.clock import FixedClock, to_ms
from server.notify.rules import unpacked
from tests.service.alarms.bank import NOON, make_bank

NOW = NOON + timedelta(hours=1)


@pytest.fixture
def bank(database):
    return make_bank(database)


def rule_of(session, bank, **other) -> AlarmRule:
    rule = AlarmRule(
        org_id=bank.org_id, kind="event", severity="high", value=0.5, created_at=NOW,
        freezer_id=bank.freezer_id, **other,
    )  # fmt: skip
    session.add(rule)
    session.flush()
    return rule


def settled(database, bank_rule_id, holds, at, **other) -> int:
    with database.writing() as session:
        rule = session.get_one(AlarmRule, bank_rule_id)
        return watch.settle(session, [Finding(rule, holds, at, **other)], now=at)


def test_a_condition_raises_says_anew_and_clears(database, bank):
    with database.writing() as session:
        rule_id = rule_of(session, bank).id

    assert settled(database, rule_id, True, NOW, detail={"limit": "30 min"}) == 1
    assert settled(database, rule_id, True, NOW, detail={"limit": "31 min"}) == 0
    with database.reading() as session:
        episode = session.scalars(select(Episode)).one()
        assert (episode.freezer_id, episode.channel_id) == (bank.freezer_id, None)
        assert unpacked(episode.detail) == {"limit": "31 min"}
        assert episode.raised_at == NOW
    assert settled(database, rule_id, False, NOW + timedelta(minutes=5)) == 1
    with database.reading() as session:
        assert session.scalars(select(Episode)).one().cleared_at == NOW + timedelta(minutes=5)


def test_a_delay_must_pass_and_what_cannot_be_told_changes_nothing_but_the_memory(database, bank):
    with database.writing() as session:
        rule_id = rule_of(session, bank, delay_on_s=60.0).id

    assert settled(database, rule_id, True, NOW) == 0
    assert settled(database, rule_id, None, NOW + timedelta(seconds=59), memory="7") == 0
    with database.reading() as session:
        state = session.scalars(select(RuleState)).one()
        assert (state.phase, state.since_ms, state.memory) == ("pending", to_ms(NOW), "7")
        assert watch.memories(session, "event") == {rule_id: "7"}
    assert settled(database, rule_id, True, NOW + timedelta(seconds=60)) == 1


def test_looking_first_tells_what_would_be_written(database, bank):
    with database.writing() as session:
        rule_id = rule_of(session, bank).id

    def would(holds, memory=None) -> bool:
        with database.reading() as session:
            rule = session.get_one(AlarmRule, rule_id)
            return watch.changes_anything(session, [Finding(rule, holds, NOW, memory=memory)])

    assert not would(False)
    assert would(True)
    assert would(None, memory="1")
    settled(database, rule_id, True, NOW, memory="1")
    assert not would(True, memory="1")
    assert would(False)


def test_a_rule_that_is_off_is_left_alone(database, bank):
    with database.writing() as session:
        rule_id = rule_of(session, bank, enabled=False).id

    assert settled(database, rule_id, True, NOW) == 0


def test_only_a_new_detail_of_an_episode_that_goes_on_is_written(database, bank):
    with database.writing() as session:
        rule_id = rule_of(session, bank).id
    settled(database, rule_id, True, NOW, detail={"limit": "30 min"})

    def would(detail) -> bool:
        with database.reading() as session:
            rule = session.get_one(AlarmRule, rule_id)
            return watch.changes_anything(session, [Finding(rule, True, NOW, detail=detail)])

    assert not would({"limit": "30 min"})
    assert would({"limit": "40 min"})


def test_a_watcher_is_run_looks_first_and_settles_what_it_finds_anew(database, bank):
    with database.writing() as session:
        rule_id = rule_of(session, bank).id
    looks = []

    def findings(session, now):
        looks.append(now)
        return [Finding(session.get_one(AlarmRule, rule_id), True, now)]

    run = jobs.watcher(findings)

    assert run(database, FixedClock(NOW)) == 1
    assert run(database, FixedClock(NOW + timedelta(seconds=1))) == 0
    assert looks == [NOW, NOW, NOW + timedelta(seconds=1)]
