"""How much alarms ask of people: rates, floods and shares, by tables of cases."""

from datetime import timedelta

import pytest

from server.alarms import load

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("counts", "spans"),
    [
        ({}, 0),
        ({7: 10}, 0),  # ten can be answered one by one
        ({7: 11}, 1),
        (
            {7: 4, 8: 11, 9: 5, 10: 4, 11: 5},
            2,
        ),  # it lasts while five come, and does not begin anew by five
        ({7: 11, 9: 5}, 1),  # ten minutes without any ended it
        ({1: 5, 2: 5}, 0),
        ({3: 12, 4: 2, 5: 12}, 2),
        ({3: 12, 4: 10, 5: 12, 6: 9}, 4),
    ],
)
def test_a_flood_lasts_from_more_than_ten_until_fewer_than_five(counts, spans):
    assert load.flooded(counts) == spans


def test_what_a_day_asked_of_people():
    hour = 6 * 1000  # the first ten minutes of an hour
    counts = {hour: 11, hour + 1: 10, hour + 5: 10, hour + 6: 30}

    found = load.load(counts, DAY)

    assert found.alarms == 61
    assert found.per_hour == pytest.approx(61 / 24)
    assert found.hours_over == pytest.approx(1 / 24)  # 31 in the first hour, 30 in the next
    assert found.spans_over == pytest.approx(2 / 144)
    assert found.in_flood == pytest.approx(3 / 144)
    assert found.most_in_span == 30


def test_a_time_without_alarms_asked_nothing():
    assert load.load({}, DAY) == load.Load(0, 0.0, 0.0, 0.0, 0, 0.0)


@pytest.mark.parametrize(
    ("part", "whole", "share"), [(0, 0, 0.0), (1, 0, 0.0), (1, 4, 0.25), (5, 4, 1.0)]
)
def test_a_share_lies_between_nothing_and_all(part, whole, share):
    assert load.share(part, whole) == share


@pytest.mark.parametrize(
    ("per_hour", "state"),
    [(0, "normal"), (6, "normal"), (6.01, "warning"), (12, "warning"), (12.01, "high")],
)
def test_the_eye_sees_what_is_bearable(per_hour, state):
    assert load.state_of_rate(per_hour) == state


@pytest.mark.parametrize(("part", "state"), [(0.01, "normal"), (0.0101, "warning")])
def test_one_in_a_hundred_is_acceptable(part, state):
    assert load.state_of_share(part) == state


@pytest.mark.parametrize(
    ("part", "alarms", "state"),
    [(1.0, 199, "normal"), (0.05, 200, "normal"), (0.06, 200, "warning")],
)
def test_few_alarms_say_nothing_of_the_worst_actors(part, alarms, state):
    assert load.state_of_worst(part, alarms) == state
