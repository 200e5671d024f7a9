"""Agents and sites that say nothing, a broker out of reach, a site without power: on both databases."""

import json

import pytest
from sqlalchemy import select

from server.alarms import jobs, paths
from server.alarms.models import AlarmRule, Episode
from server.alarms.watchers import broker, silence, sites
from server.alarms.watchers.places import most_often, sites_of_agents
from server.alarms.watchers.silence import Presence, is_gone, is_site_silent
from server.core.clock import FixedClock
from server.telemetry.models import Agent, Channel, WorkerBeat
from tests.service.alarms.bank import NOON, later, make_bank


@pytest.mark.parametrize(
    ("online", "unheard_s", "waited_s", "begun", "will_counts", "gone"),
    [
        (True, 0, 0, False, True, False),
        (True, 160, 160, False, True, False),
        (True, 161, 161, False, True, True),
        (False, 5, 5, False, True, True),  # its will
        (False, 5, 5, False, False, False),  # others of its site have left too: wait
        (False, 161, 161, False, False, True),
        (False, 3600, 10, False, True, False),  # the server was away: nobody listened
        (False, 3600, 161, False, True, True),
        (False, 200, 200, True, True, True),  # goes on until it is heard
        (False, 3600, 10, True, False, True),  # also over a restart of the server
        (True, 3600, 10, True, True, True),
        (True, 1, 1, True, True, False),
    ],
)
def test_when_an_agent_is_gone(online, unheard_s, waited_s, begun, will_counts, gone):
    found = Presence(online, unheard_s, waited_s)

    assert is_gone(found, 160, begun=begun, will_counts=will_counts) is gone


def test_a_site_is_silent_when_none_of_its_several_agents_is_there():
    here, left = Presence(True, 1, 1), Presence(False, 1, 1)

    assert is_site_silent([left, left], 180, begun=False)
    assert not is_site_silent([left, here], 180, begun=False)
    assert not is_site_silent([left], 180, begun=False)
    assert not is_site_silent([], 180, begun=False)


def test_an_agent_stands_where_most_of_its_channels_look():
    assert most_often([(1, 7, 2), (1, 8, 3), (2, 7, 1)]) == {1: 8, 2: 7}


@pytest.fixture
def bank(database):
    made = make_bank(database)
    with database.writing() as session:
        for n in (2, 3):  # no channel of theirs is placed: their site is known by its name
            session.add(Agent(org_id=made.org_id, site="pudong", code=f"pi-{n}", enrolled_at=NOON))
    jobs.make_own_rules(database, FixedClock(NOON))
    return made


def look(database, seconds):
    clock = FixedClock(later(seconds))
    return [jobs.watcher(one.findings)(database, clock) for one in (sites, silence, broker)]


def heard(database, seconds, *codes, online=True):
    with database.writing() as session:
        for agent in session.scalars(select(Agent)):
            if not codes or agent.code in codes:
                agent.online = online
                if online:
                    agent.seen_at = later(seconds)


def beat(database, seconds, connected=True, since=0.0):
    facts = json.dumps({"listening_since": later(since).isoformat() if connected else ""})
    with database.writing() as session:
        session.merge(
            WorkerBeat(name="w", at=later(seconds), broker_connected=connected, facts=facts)
        )


def going_on(database):
    with database.reading() as session:
        rows = session.execute(
            select(Episode.kind, Agent.code)
            .outerjoin(Agent, Agent.id == Episode.agent_id)
            .where(Episode.cleared_at.is_(None))
            .order_by(Episode.kind, Agent.code)
        )
        return [(row[0], row[1]) for row in rows]


def test_every_agent_site_and_bank_has_its_rules_once_and_one_that_is_off_stays_off(database, bank):
    with database.writing() as session:
        rules = session.scalars(select(AlarmRule).order_by(AlarmRule.id)).all()
        assert sorted(rule.kind for rule in rules) == sorted(
            ["agent_silent", "power"] * 3
            + ["site_power", "site_silent", "broker_down", "drill_missed"]
            + ["path_off"] * len(paths.CONDITIONS)
        )
        rules[0].enabled = False

    assert jobs.make_own_rules(database, FixedClock(later(60))) == 0


def test_an_agent_that_says_nothing_for_three_minutes_alarms_and_ends_when_it_is_heard(
    database, bank
):
    heard(database, 0)
    for seconds in (0, 100, 161):
        beat(database, seconds)
        heard(database, seconds, "pi-2", "pi-3")
        look(database, seconds)
    assert going_on(database) == []
    heard(database, 181, "pi-2", "pi-3")
    beat(database, 181)

    look(database, 181)

    assert going_on(database) == [("agent_silent", "pi-1")]
    for seconds in (200, 231):
        heard(database, seconds)
        beat(database, seconds)
        look(database, seconds)
    assert going_on(database) == []


def test_the_will_of_one_agent_counts_after_twenty_seconds(database, bank):
    heard(database, 0)
    beat(database, 10)
    heard(database, 10, "pi-1", online=False)
    look(database, 10)
    assert going_on(database) == []

    beat(database, 31)
    look(database, 31)

    assert going_on(database) == [("agent_silent", "pi-1")]


def test_a_site_that_leaves_agent_by_agent_is_one_alarm_from_the_last_of_them(database, bank):
    heard(database, 0)
    for seconds, code in ((10, "pi-1"), (11, "pi-2"), (60, "pi-3")):
        beat(database, seconds)
        heard(database, seconds, code, online=False)
        look(database, seconds)

    assert going_on(database) == [("site_silent", None)]


def test_a_server_that_was_away_gives_its_agents_the_time_to_speak(database, bank):
    heard(database, 0)
    beat(database, 3600, since=3600)

    look(database, 3600)
    beat(database, 3650, since=3600)
    look(database, 3650)

    assert going_on(database) == []


def test_an_agent_that_never_came_alarms_when_it_was_waited_for(database, bank):
    heard(database, 0, "pi-1", "pi-2")
    for seconds in (30, 161, 181):
        heard(database, seconds, "pi-1", "pi-2")
        beat(database, seconds)
        look(database, seconds)

    assert going_on(database) == [("agent_silent", "pi-3")]


def test_a_revoked_agent_is_not_waited_for(database, bank):
    heard(database, 0)
    with database.writing() as session:
        for agent in session.scalars(select(Agent)):
            agent.revoked_at, agent.online = later(1), False

    for seconds in (1, 300, 600):
        beat(database, seconds)
        look(database, seconds)

    assert going_on(database) == []


def test_a_broker_out_of_reach_is_one_alarm_of_the_bank(database, bank):
    beat(database, 0, connected=False)
    look(database, 0)
    assert going_on(database) == []
    beat(database, 21, connected=False)

    look(database, 21)

    assert going_on(database) == [("broker_down", None)]
    beat(database, 25, since=25)
    look(database, 25)
    beat(database, 36, since=25)
    look(database, 36)
    assert going_on(database) == []


def test_two_nodes_without_power_are_a_site_without_power(database, bank):
    beat(database, 0)
    heard(database, 0)
    with database.writing() as session:
        rules = session.scalars(select(AlarmRule).where(AlarmRule.kind == "power")).all()
        for n, rule in enumerate(rules[:2]):
            session.add(
                Episode(
                    org_id=rule.org_id,
                    rule_id=rule.id,
                    agent_id=rule.agent_id,
                    kind="power",
                    severity="high",
                    limit_value=0.5,
                    raised_at=later(n),
                    recorded_at=later(n),
                )
            )
            session.flush()
            found = {one.rule.site_id: one for one in sites.findings(session, later(n))}
            assert [one.holds for one in found.values()] == [n == 1]

    look(database, 2)

    assert ("site_power", None) in going_on(database)


def test_the_site_of_an_agent_is_that_of_its_freezers(database, bank):
    with database.reading() as session:
        placed = session.scalars(select(Channel.agent_id)).first()
        found = sites_of_agents(session)
        assert len(found) == 3
        assert found[placed] == found[placed + 1]
