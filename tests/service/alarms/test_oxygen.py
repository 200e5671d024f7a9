"""Oxygen in the room is life safety: who is told what, and how it ends, on both databases."""

import pytest
from sqlalchemy import select

from server.alarms import board, defaults, service, timers
from server.alarms.ingest import Judge
from server.alarms.models import AlarmRule, Episode
from server.core.actor import Actor
from server.core.clock import to_ms
from server.notify.models import Call
from server.telemetry.columns import Column
from server.telemetry.models import Channel
from tests.service.alarms.bank import later, make_bank

SYSTEM = Actor.system("tests")


@pytest.fixture(params=defaults.OXYGEN)
def bank(database, request):
    made = make_bank(database, keys=(request.param,))
    with database.writing() as session:
        channel = session.scalars(select(Channel)).one()
        service.default_rules(session, SYSTEM, channel, at=later(0))
    return made


def read(database, bank, second, value, quality=0):
    (channel_id,) = bank.channels.values()
    column = Column(channel_id, "", [to_ms(later(second))], [value], [quality])
    with database.writing() as session:
        Judge().consider(session, [column], now=later(second))


def told(database):
    with database.reading() as session:
        return [call.words for call in session.scalars(select(Call).order_by(Call.id))]


def shown(database):
    with database.reading() as session:
        alarms = board.unfinished(session, None, later(60))
        return [alarm.sentence.text() for alarm in alarms]


def test_air_alarms_nobody_and_neither_does_the_very_limit(database, bank):
    read(database, bank, 0, 20.9)
    read(database, bank, 10, 19.5)

    assert told(database) == []


def test_below_19_5_it_is_high_and_nobody_goes_in_alone(database, bank):
    read(database, bank, 0, 19.4)

    (words,) = told(database)
    assert "Nobody goes in alone: always two persons" in words
    assert "EVACUATE" not in words
    with database.reading() as session:
        episode = session.scalars(select(Episode)).one()
        assert (episode.severity, episode.alarm_class, episode.acks_needed) == ("high", "safety", 1)


def test_below_18_everybody_leaves_two_persons_answer_and_it_stays_until_it_is_reset(
    database, bank
):
    read(database, bank, 0, 17.9)

    assert any("EVACUATE" in words and "two persons" in words for words in told(database))
    assert any("EVACUATE: everybody leaves" in sentence for sentence in shown(database))
    read(database, bank, 10, 20.9)
    with database.reading() as session:
        worst = session.scalars(select(Episode).where(Episode.severity == "critical")).one()
        assert (worst.alarm_class, worst.acks_needed, worst.latched) == ("safety", 2, True)
        assert worst.cleared_at == later(10)


def test_a_meter_that_says_nothing_is_life_safety_too(database, bank):
    read(database, bank, 0, None, 16)
    with database.writing() as session:
        assert timers.tick(session, later(61)) >= 1

    assert all("The oxygen in the room is not known" in words for words in told(database))
    with database.reading() as session:
        kinds = set(session.scalars(select(Episode.kind)))
        assert "probe_fault" in kinds
        assert set(session.scalars(select(Episode.alarm_class))) == {"safety"}


def test_its_rules_are_life_safety_from_the_beginning(database, bank):
    with database.reading() as session:
        rules = session.scalars(select(AlarmRule)).all()

        assert {rule.alarm_class for rule in rules} == {"safety"}
        assert sorted(rule.value for rule in rules if rule.kind == "low") == [18.0, 19.5]
