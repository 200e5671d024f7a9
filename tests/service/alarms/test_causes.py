"""One notice for the cause: what it explains is recorded below it, and calls when it is left alone. On both databases."""

import pytest
from sqlalchemy import select

from server.alarms import jobs, service
from server.alarms.models import AlarmRule, Episode
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import FixedClock
from tests.service.alarms.bank import later
from tests.service.alarms.site import House, make_site

TECH = Actor.system("tests")


@pytest.fixture
def house(database) -> House:
    return make_site(database)


def episode(house, number):
    with house.database.reading() as session:
        return session.get_one(Episode, number)


def test_what_a_silent_agent_explains_is_recorded_below_it_and_calls_nobody(house):
    cause = house.raise_("agent_silent", 0, agent_id=house.agents[0])
    child = house.raise_("stale", 5, channel_id=house.channels[0])
    other = house.raise_("stale", 6, channel_id=house.channels[-1])  # of another agent

    assert (episode(house, child).silenced, episode(house, child).cause_id) == ("inhibited", cause)
    assert episode(house, other).silenced == ""
    assert house.calls() == [("alarm", cause), ("alarm", other)]


def test_what_came_within_the_minute_before_its_cause_is_folded_in_and_its_call_ends(house):
    early = house.raise_("stale", 0, channel_id=house.channels[0])
    late = house.raise_("stale", 30, channel_id=house.channels[1])

    cause = house.raise_("agent_silent", 70, agent_id=house.agents[0])

    assert episode(house, late).cause_id == cause
    assert episode(house, early).silenced == ""  # called long before: that call goes on
    assert house.calls() == [("alarm", early), ("alarm", cause)]
    with house.database.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "alarm.explains")
        ).one()
        assert str(late) in entry.facts


def test_what_somebody_has_acknowledged_is_not_folded_in(house):
    child = house.raise_("stale", 0, channel_id=house.channels[0])
    with house.database.writing() as session:
        service.acknowledge(session, TECH, session.get_one(Episode, child), "I look", at=later(5))

    house.raise_("agent_silent", 20, agent_id=house.agents[0])

    assert episode(house, child).silenced == ""


def test_all_stand_below_the_farthest_cause(house):
    agent = house.raise_("agent_silent", 0, agent_id=house.agents[0])
    child = house.raise_("stale", 5, channel_id=house.channels[0])

    site = house.raise_("site_silent", 20, site_id=house.site_id)
    later_child = house.raise_("stale", 25, channel_id=house.channels[1])

    assert [episode(house, n).cause_id for n in (agent, child, later_child)] == [site] * 3
    assert house.calls() == [("alarm", site)]


def test_a_broker_out_of_reach_explains_every_silence_of_the_bank(house):
    with house.database.reading() as session:
        rule = house.rule(session, "broker_down")
    cause = house.raise_("broker_down", 0, id=rule.id)

    children = [
        house.raise_("site_silent", 60, site_id=house.site_id),
        house.raise_("agent_silent", 61, agent_id=house.agents[2]),
        house.raise_("stale", 62, channel_id=house.channels[3]),
    ]

    assert {episode(house, one).cause_id for one in children} == {cause}
    assert house.calls() == [("alarm", cause)]


def test_a_temperature_that_was_read_and_life_safety_call_whatever_else_goes_on(house):
    house.raise_("site_power", 0, site_id=house.site_id)
    with house.database.writing() as session:
        made = [
            AlarmRule(
                org_id=house.org_id, channel_id=house.channels[0], severity="critical", value=-150.0,
                created_at=later(0), **other,
            )
            for other in ({"kind": "high"}, {"kind": "stale", "alarm_class": "safety"})
        ]  # fmt: skip
        session.add_all(made)
        session.flush()
        numbers = [
            service.raise_episode(session, one, raised_at=later(1), value=-140.0, now=later(1))
            for one in made
        ]

    assert [episode(house, one).silenced for one in numbers] == ["", ""]
    assert len(house.calls()) == 3


def test_the_second_node_without_power_makes_it_the_site(house):
    first = house.raise_("power", 0, agent_id=house.agents[0])
    second = house.raise_("power", 2, agent_id=house.agents[1])

    with house.database.reading() as session:
        site = session.scalars(select(Episode).where(Episode.kind == "site_power")).one()
    assert [episode(house, one).cause_id for one in (first, second)] == [site.id] * 2
    assert house.calls() == [("alarm", site.id)]


def test_children_reappear_when_the_cause_clears_and_they_remain(house):
    cause = house.raise_("agent_silent", 0, agent_id=house.agents[0])
    child = house.raise_("stale", 5, channel_id=house.channels[0])
    gone = house.raise_("stale", 6, channel_id=house.channels[1])
    house.clear("agent_silent", 100, agent_id=house.agents[0])
    house.clear("stale", 110, channel_id=house.channels[1])

    assert jobs.let_reappear(house.database, FixedClock(later(159))) == 0  # it may still settle
    assert jobs.let_reappear(house.database, FixedClock(later(160))) == 1

    assert episode(house, child).silenced == ""
    assert episode(house, gone).silenced == "inhibited"
    assert house.calls() == [("alarm", cause), ("alarm", child)]


def test_a_child_that_another_cause_explains_by_then_moves_below_that(house):
    house.raise_("site_silent", 0, site_id=house.site_id)
    agent = house.raise_("agent_silent", 1, agent_id=house.agents[0])
    child = house.raise_("stale", 2, channel_id=house.channels[0])
    house.clear("site_silent", 100, site_id=house.site_id)

    jobs.let_reappear(house.database, FixedClock(later(160)))

    assert episode(house, agent).silenced == ""  # it calls now
    assert episode(house, child).cause_id == agent


def test_the_answer_to_the_cause_counts_for_what_is_over_below_it(house):
    cause = house.raise_("agent_silent", 0, agent_id=house.agents[0])
    over = house.raise_("stale", 5, channel_id=house.channels[0])
    holds = house.raise_("stale", 6, channel_id=house.channels[1])
    house.clear("stale", 50, channel_id=house.channels[0])
    assert jobs.finish_explained(house.database, FixedClock(later(51))) == 0
    with house.database.writing() as session:
        service.acknowledge(session, TECH, session.get_one(Episode, cause), "", at=later(60))

    assert jobs.finish_explained(house.database, FixedClock(later(61))) == 1

    assert episode(house, over).acknowledged_at == later(60)
    assert episode(house, holds).acknowledged_at is None
