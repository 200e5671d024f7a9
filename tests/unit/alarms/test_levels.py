"""What hourly levels tell: which may be compared, what is lost, when a limit is reached."""

import pytest

from server.alarms.levels import (
    HOUR_MS,
    Hour,
    comparable,
    loss_a_day,
    losses,
    reaches_at,
    since_last_fill,
    slope_an_hour,
)


def levels(*means, missing=(), busy=()):
    return [
        Hour(at * HOUR_MS, mean, at in busy) for at, mean in enumerate(means) if at not in missing
    ]


def falling(hours, by=1.0, begin=250.0):
    return [begin - by * at for at in range(hours)]


@pytest.mark.parametrize(
    ("missing", "busy", "expected"),
    [((), (), [1, 1, 1]), ((1,), (), [1]), ((), (1,), [1]), ((), (0, 3), [1])],
    ids=["neighbours", "a gap", "an open lid", "work at both ends"],
)
def test_only_quiet_neighbours_are_compared(missing, busy, expected):
    assert list(losses(levels(4, 3, 2, 1, missing=missing, busy=busy))) == expected


def test_nothing_is_compared_with_nothing():
    assert not comparable(None, Hour(0, 1.0))


def test_a_days_loss_leaves_fills_out_and_needs_six_hours():
    filled = [*falling(8), *falling(8, begin=280.0)]

    assert loss_a_day(levels(*filled), "mm") == pytest.approx(24.0)
    assert loss_a_day(levels(*falling(6)), "mm") is None


def test_only_the_hours_since_the_last_fill_say_where_it_goes():
    hours = levels(*falling(8), *falling(5, begin=280.0))

    assert [hour.mean for hour in since_last_fill(hours, "mm")] == [280, 279, 278, 277, 276]


def test_a_slope_stands_although_a_quarter_of_the_hours_are_wrong():
    means = falling(24, by=0.5)
    means[3] = means[9] = means[10] = means[17] = means[20] = 0.0

    assert slope_an_hour(levels(*means)) == pytest.approx(-0.5, abs=0.05)
    assert slope_an_hour(levels(*falling(5))) is None


@pytest.mark.parametrize(
    ("means", "limit", "hours"),
    [
        (falling(10), 200.0, 50.5),
        (falling(10), 300.0, 9.5),
        ([*falling(40, by=0.1), *falling(12, by=2.0, begin=246.0)], 200.0, 63.5),
        ([250.0] * 10, 200.0, None),
        (falling(10, by=-0.5), 200.0, None),
        ([250.0, 251.0, 250.0, 251.0, 250.0, 250.9, 250.1, 250.8, 250.0, 250.8], 200.0, None),
    ],
    ids=["falling", "already there", "faster of late", "steady", "rising", "noise"],
)
def test_a_limit_is_reached_when_the_line_crosses_it(means, limit, hours):
    found = reaches_at(levels(*means), limit, "mm")

    assert found == (None if hours is None else pytest.approx(hours * HOUR_MS, abs=1))
