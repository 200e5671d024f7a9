"""More alarms than a person can answer are told together, and none is lost. On both databases."""

import pytest
from sqlalchemy import func, select

from server.alarms import jobs, service
from server.alarms.models import AlarmRule, Episode, Flood
from server.alarms.service import floods
from server.core.actor import Actor
from server.core.clock import FixedClock
from server.core.errors import Conflict
from server.outbox.models import Letter
from tests.service.alarms.bank import later
from tests.service.alarms.site import House, make_site

TECH = Actor.system("tests")


@pytest.fixture
def house(database) -> House:
    return make_site(database, agents=4, channels=5)


def flood(house) -> Flood:
    with house.database.reading() as session:
        return session.scalars(select(Flood)).one()


def all_raised(house, n=12, at=0.0):
    return [house.raise_("stale", at + i, channel_id=house.channels[i]) for i in range(n)]


def test_the_eleventh_alarm_in_ten_minutes_begins_a_flood_and_is_told_in_a_digest(house):
    numbers = all_raised(house)

    assert house.silenced() == {"": 10, "flood": 2}
    assert len(house.calls()) == 10
    jobs.tend_floods(house.database, FixedClock(later(13)))
    assert house.calls()[-1] == ("flood", flood(house).id)
    with house.database.reading() as session:
        letter = session.scalars(select(Letter).order_by(Letter.id.desc())).first()
        assert letter.subject == "Alarm flood: 2 alarms together"
        assert "LN2-03: no readings, 2 times" in letter.body
        assert session.scalar(select(func.count()).select_from(Episode)) == len(numbers)


def test_critical_alarms_are_told_one_by_one_in_a_flood(house):
    all_raised(house)
    with house.database.writing() as session:
        rule = AlarmRule(
            org_id=house.org_id, channel_id=house.channels[0], kind="high", severity="critical",
            value=-150.0, created_at=later(0),
        )  # fmt: skip
        session.add(rule)
        session.flush()
        number = service.raise_episode(
            session, rule, raised_at=later(20), value=-140, now=later(20)
        )

    assert ("alarm", number) in house.calls()


def test_news_are_told_after_ten_minutes_to_whoever_is_next_unless_somebody_had_answered(house):
    all_raised(house)
    jobs.tend_floods(house.database, FixedClock(later(13)))
    house.raise_("stale", 100, channel_id=house.channels[15])
    assert jobs.tend_floods(house.database, FixedClock(later(101))) == 0
    before = len(house.calls())

    assert jobs.tend_floods(house.database, FixedClock(later(613))) == 1  # nobody had answered

    assert len(house.calls()) == before
    with house.database.writing() as session:
        found = session.scalars(select(Flood)).one()
        assert (found.alarms, found.digests) == (3, 2)
        floods.acknowledge(session, TECH, found, at=later(620))
        with pytest.raises(Conflict):
            floods.acknowledge(session, TECH, found, at=later(621))
    assert ("flood", found.id) not in house.calls()


def test_a_flood_ends_when_the_rate_has_fallen_and_what_is_left_calls(house):
    numbers = all_raised(house)
    jobs.tend_floods(house.database, FixedClock(later(13)))
    assert jobs.tend_floods(house.database, FixedClock(later(599))) == 0

    assert jobs.tend_floods(house.database, FixedClock(later(620))) == 1

    assert flood(house).ended_at == later(620)
    jobs.let_reappear(house.database, FixedClock(later(625)))
    assert house.silenced() == {"": 12}
    assert ("alarm", numbers[-1]) in house.calls()


def test_the_answer_to_a_flood_counts_for_what_is_over_in_it(house):
    numbers = all_raised(house)
    jobs.tend_floods(house.database, FixedClock(later(13)))
    house.clear("stale", 14, channel_id=house.channels[11])
    with house.database.writing() as session:
        floods.acknowledge(session, TECH, session.scalars(select(Flood)).one(), at=later(20))

    assert jobs.finish_explained(house.database, FixedClock(later(21))) == 1

    with house.database.reading() as session:
        assert session.get_one(Episode, numbers[11]).acknowledged_at == later(20)


def test_alarms_that_come_in_one_moment_are_a_flood_from_the_first(house):
    house.run(31)  # every channel has been silent for 30 s

    assert house.silenced() == {"flood": 20}
    assert [kind for kind, _number in house.calls()] == ["flood"]


def test_alarms_that_something_explains_make_no_flood(house):
    house.raise_("site_power", 0, site_id=house.site_id)

    house.run(31)

    assert house.silenced() == {"": 1, "inhibited": 20}
    with house.database.reading() as session:
        assert session.scalars(select(Flood)).all() == []
