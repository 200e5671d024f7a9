"""Chattering alarms, alarms that stand for days, and floods are found and listed. On both databases."""

from datetime import timedelta

import pytest

from server.alarms import trouble
from server.alarms.service import floods
from server.core.actor import Actor
from server.core.errors import NotFound
from tests.service.alarms.bank import NOON, later
from tests.service.alarms.site import make_site

EVERYTHING = Actor.system("tests")


@pytest.mark.parametrize(
    ("minutes", "most"),
    [((), 0), ((0,), 1), ((0, 11, 22), 1), ((0, 5, 10), 3), ((0, 10, 20, 21, 22, 29), 4)],
)
def test_how_many_lie_within_ten_minutes(minutes, most):
    times = [NOON + timedelta(minutes=one) for one in minutes]

    assert trouble.most_within(reversed(times)) == most
    assert trouble.is_chattering(times) is (most >= 3)


@pytest.mark.parametrize(("hours", "stands"), [(23, False), (24, False), (25, True)])
def test_an_alarm_that_goes_on_for_more_than_a_day_stands(hours, stands):
    assert trouble.is_standing(NOON - timedelta(hours=hours), NOON) is stands


def test_what_chatters_and_what_stands_is_listed_worst_first(database):
    house = make_site(database)
    for at in (0, 100, 200, 300):
        house.raise_("stale", at, channel_id=house.channels[0])
        house.clear("stale", at + 50, channel_id=house.channels[0])
    for at in (0, 100, 500):
        house.raise_("stale", at, channel_id=house.channels[1])
        house.clear("stale", at + 50, channel_id=house.channels[1])
    for at in (0, 700):
        house.raise_("stale", at, channel_id=house.channels[2])
        house.clear("stale", at + 50, channel_id=house.channels[2])
    stands = house.raise_("stale", 1000, channel_id=house.channels[3])

    with database.reading() as session:
        found = trouble.of(session, EVERYTHING, later(2000))
        assert [(one.times, one.within) for one in found.chattering] == [(4, 4), (3, 3)]
        assert found.chattering[0].name.text() == "LN2-03, probe0_c: no readings"
        assert not found.standing
        later_on = trouble.of(session, EVERYTHING, later(1001 + 86_400))
        assert [one.episode.id for one in later_on.standing] == [stands]
        assert not later_on.chattering or later_on.standing_in_all == 1


def test_floods_are_listed_and_a_strange_one_is_not_found(database):
    house = make_site(database)
    with database.writing() as session:
        number = floods.begin(session, house.org_id, at=NOON)

    with database.reading() as session:
        found = trouble.of(session, EVERYTHING, later(60))
        assert [one.id for one in found.floods] == [number]
        assert not found.is_none
        assert trouble.flood(session, EVERYTHING, number).began_at == NOON
        with pytest.raises(NotFound):
            trouble.flood(session, EVERYTHING, number + 1)
