"""Fills, power and the codes of controllers: from an agent's event to an episode, on both databases."""

import json

import pytest
from sqlalchemy import select

from server.alarms import happenings, jobs, service, timers
from server.alarms.models import AlarmRule, Episode, RuleState
from server.alarms.watchers import events
from server.audit.models import AuditEntry
from server.core.clock import FixedClock, to_ms
from server.notify.models import Call
from server.notify.rules import unpacked
from server.telemetry.device_events import Happened
from server.telemetry.models import Agent, DeviceEvent
from tests.service.alarms.bank import NOON, later, make_bank


@pytest.fixture
def bank(database):
    return make_bank(database)


def tell(database, bank, second, kind, *, drill="", now=None, **facts):
    """Let the agent say something, as the ingest path does."""
    with database.writing() as session:
        agent = session.scalars(select(Agent)).one()
        at_ms = to_ms(later(second))
        session.add(
            DeviceEvent(
                agent_id=agent.id, freezer_id=bank.freezer_id, boot="b", seq=1, at_ms=at_ms,
                kind=kind, facts=json.dumps(facts), drill=drill,
            )
        )  # fmt: skip
        one = Happened(agent.id, bank.freezer_id, kind, facts, at_ms, drill)
        return happenings.consider(session, [one], now=now or later(second))


def tick(database, second):
    with database.writing() as session:
        return timers.tick(session, later(second))


def look_back(database, second):
    return jobs.watcher(events.findings)(database, FixedClock(later(second)))


def add(database, bank, kind, **wish):
    with database.writing() as session:
        rule = AlarmRule(
            org_id=bank.org_id, kind=kind, severity="high", created_at=NOON,
            **{"value": 0.5, "freezer_id": bank.freezer_id, **wish},
        )  # fmt: skip
        session.add(rule)
        session.flush()
        return rule.id


def add_power(database, bank):
    with database.reading() as session:
        agent_id = session.scalars(select(Agent.id)).one()
    return add(database, bank, "power", freezer_id=None, agent_id=agent_id)


def stand(database, kind):
    """Return (code or limit, is it over) of the episodes of this kind, the oldest first."""
    with database.reading() as session:
        found = session.scalars(select(Episode).filter_by(kind=kind).order_by(Episode.id)).all()
        return [(unpacked(one.detail).get("code", ""), one.cleared_at is not None) for one in found]


# fills


def test_a_fill_without_end_alarms_when_it_has_taken_too_long(database, bank):
    add(database, bank, "fill_long", value=1800.0)
    tell(database, bank, 0, "fill_started", level_mm=205)

    assert tick(database, 1799) == 0
    assert tick(database, 1801) == 1
    with database.reading() as session:
        episode = session.scalars(select(Episode)).one()
        assert (episode.freezer_id, episode.raised_at) == (bank.freezer_id, later(1801))
        (call,) = session.scalars(select(Call)).all()
        assert "30" in call.words

    assert tell(database, bank, 2000, "fill_ended", level_mm=250) == 1
    assert stand(database, "fill_long") == [("", True)]


def test_a_fill_that_ends_in_time_alarms_nobody_and_the_next_one_counts_anew(database, bank):
    add(database, bank, "fill_long", value=1800.0)
    for start in (0, 4000):
        tell(database, bank, start, "fill_started")
        tell(database, bank, start + 1700, "fill_ended")

    assert tick(database, 9000) == 0
    assert stand(database, "fill_long") == []


def test_a_fill_that_ended_too_late_while_nobody_looked_is_recorded(database, bank):
    add(database, bank, "fill_long", value=1800.0)
    tell(database, bank, 0, "fill_started", now=later(9000))

    assert tell(database, bank, 5000, "fill_ended", now=later(9000)) == 2
    assert stand(database, "fill_long") == [("", True)]


def test_a_clock_that_runs_ahead_does_not_let_a_fill_go_on_unseen(database, bank):
    add(database, bank, "fill_long", value=1800.0)
    tell(database, bank, 86_400, "fill_started", now=later(0))

    assert tick(database, 1801) == 1


def test_the_first_fill_of_a_freezer_gives_it_a_rule_and_says_so_in_the_record(database, bank):
    tell(database, bank, 0, "fill_started")
    tell(database, bank, 100, "fill_ended")
    tell(database, bank, 200, "fill_started")

    with database.reading() as session:
        (rule,) = session.scalars(select(AlarmRule).where(AlarmRule.freezer_id.is_not(None)))
        assert (rule.kind, rule.value, rule.org_id) == ("fill_long", 1800.0, bank.org_id)
        (entry,) = session.scalars(
            select(AuditEntry).where(AuditEntry.subject_code == str(rule.id))
        )
        assert (entry.action, json.loads(entry.facts)["freezer"]) == ("alarm_rule.added", "LN2-03")
    assert tick(database, 2001) == 1


def test_one_that_was_switched_off_stays_off(database, bank):
    add(database, bank, "fill_long", value=10.0, enabled=False)

    assert tell(database, bank, 0, "fill_started") == 0
    assert tick(database, 9000) == 0


# power


def test_power_lost_and_back(database, bank):
    add_power(database, bank)

    assert tell(database, bank, 0, "power_lost", stream="ln2-03") == 1
    assert tell(database, bank, 5, "power_lost", stream="ln2-03") == 0
    assert tell(database, bank, 60, "power_back", stream="ln2-03") == 1
    assert stand(database, "power") == [("", True)]


def test_power_that_came_back_while_the_agent_was_away_is_back(database, bank):
    add_power(database, bank)
    tell(database, bank, 0, "power_lost")

    assert tell(database, bank, 900, "controller_standing", alarms=["power failure"]) == 0
    assert tell(database, bank, 1800, "controller_standing", alarms=[]) == 1
    assert stand(database, "power") == [("", True)]


# codes of a controller


def test_the_first_code_of_a_controller_alarms_and_gives_the_freezer_all_rules(database, bank):
    assert tell(database, bank, 0, "controller_alarm", alarm="level low", code="LL") == 1

    with database.reading() as session:
        episode = session.scalars(select(Episode)).one()
        assert (episode.severity, episode.alarm_class) == ("critical", "equipment")
        rules = session.scalars(select(AlarmRule).where(AlarmRule.kind == "event")).all()
        assert len(rules) == 21
        (call,) = session.scalars(select(Call)).all()
        assert "the level is low" in call.words
        assert "Fill by hand" in call.words


def test_two_codes_stand_beside_each_other_and_end_by_themselves(database, bank):
    tell(database, bank, 0, "controller_alarm", code="LL", alarm="level low")
    tell(database, bank, 1, "controller_alarm", code="UW", alarm="unusual use of liquid")
    tell(database, bank, 2, "controller_alarm_over", code="LL", alarm="level low")

    assert stand(database, "event") == [("LL", True), ("UW", False)]


def test_fill_disabled_waits_a_quarter_of_an_hour(database, bank):
    tell(database, bank, 0, "controller_alarm", code="FD", alarm="filling disabled")

    assert tick(database, 899) == 0
    assert tick(database, 901) == 1
    assert stand(database, "event") == [("FD", False)]


@pytest.mark.parametrize("code", ["F", "ZO"])
def test_what_is_only_recorded_alarms_nobody(database, bank, code):
    assert tell(database, bank, 0, "controller_alarm", code=code) == 0
    with database.reading() as session:
        assert session.scalars(select(AlarmRule)).all() == []


def test_what_ended_while_the_agent_was_away_is_over(database, bank):
    tell(database, bank, 0, "controller_alarm", code="LL", alarm="level low")
    tell(database, bank, 1, "controller_alarm", code="LH", alarm="level high")

    assert tell(database, bank, 60, "controller_standing", alarms=["level high"]) == 1
    assert stand(database, "event") == [("LL", True), ("LH", False)]


def test_another_makers_words_are_one_alarm_that_says_them_all(database, bank):
    tell(database, bank, 0, "controller_alarm", alarm="too warm")
    tell(database, bank, 1, "controller_alarm", alarm="error 07")
    assert stand(database, "event") == [("error 07, too warm", False)]

    tell(database, bank, 2, "controller_alarm_over", alarm="too warm")
    assert stand(database, "event") == [("error 07", False)]
    assert tell(database, bank, 3, "controller_alarm_over", alarm="error 07") == 1
    assert [over for _code, over in stand(database, "event")] == [True]


def test_a_drill_has_an_alarm_of_its_own(database, bank):
    add_power(database, bank)
    tell(database, bank, 0, "power_lost", drill="weekly")
    tell(database, bank, 5, "power_back")

    with database.reading() as session:
        episode = session.scalars(select(Episode)).one()
        assert (episode.drill, episode.cleared_at) == ("weekly", None)


def test_an_event_of_no_freezer_changes_nothing_of_any(database, bank):
    with database.writing() as session:
        agent = session.scalars(select(Agent)).one()
        one = Happened(agent.id, None, "controller_alarm", {"code": "LL"}, to_ms(NOON))
        assert happenings.consider(session, [one], now=NOON) == 0


# rules that are younger than what they watch


def test_a_rule_that_is_made_while_it_holds_alarms(database, bank):
    tell(database, bank, 0, "controller_alarm", code="LL", alarm="level low")
    with database.writing() as session:
        rule = session.scalars(select(AlarmRule).where(AlarmRule.severity == "critical")).one()
        session.delete(session.get_one(RuleState, (rule.id, "")))  # as changing a rule does
        service.clear_episode(session, rule, at=later(10), now=later(10))
    assert stand(database, "event") == [("LL", True)]

    assert look_back(database, 20) == 1
    assert stand(database, "event") == [("LL", True), ("LL", False)]


def test_a_fill_that_had_begun_before_its_rule_counts_from_its_beginning(database, bank):
    rule_id = add(database, bank, "fill_long", value=1800.0, enabled=False)
    tell(database, bank, 0, "fill_started")
    with database.writing() as session:
        session.get_one(AlarmRule, rule_id).enabled = True

    look_back(database, 1700)
    assert tick(database, 1701) == 0
    assert look_back(database, 1800) + tick(database, 3501) == 1


def test_each_rule_is_looked_back_for_once(database, bank):
    tell(database, bank, 0, "controller_alarm", code="LO", alarm="lid open")

    assert look_back(database, 5) == 0
    with database.reading() as session:
        assert events.findings(session, later(10)) == []
    assert tick(database, 181) == 1
