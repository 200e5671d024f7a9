"""Slopes and losses: an estimate where enough is known, None where it is not."""

import pytest

from server.telemetry.limits import Limit, worst_broken
from server.telemetry.nitrogen import critical_level, days_until
from server.telemetry.trends import loss_a_day, per_minute

HOUR_MS = 3_600_000
LOW = (Limit(150.0, "low", "high"), Limit(75.0, "low", "critical"), Limit(900.0, "high", "warning"))


@pytest.mark.parametrize(
    ("points", "slope"),
    [
        ([], None),
        ([(0, 1.0), (60_000, 2.0)], None),
        ([(0, 1.0), (1_000, 2.0), (2_000, 3.0)], None),
        ([(0, 1.0), (60_000, 2.0), (120_000, 3.0)], 1.0),
        ([(at * 10_000, -178.0) for at in range(60)], 0.0),
    ],
)
def test_a_slope_needs_a_minute_and_three_points(points, slope):
    assert per_minute(points) == pytest.approx(slope)


@pytest.mark.parametrize(
    ("levels", "loss"),
    [
        ({}, None),
        ({0: 231.0, 1: 230.0}, None),
        ({0: 231.0, 1: 230.5, 2: 230.0, 3: 229.5}, 12.0),
        ({0: 206.0, 1: 205.5, 2: 240.0, 3: 250.0, 4: 249.5, 5: 249.0}, 12.0),  # filled in between
        ({0: 231.0, 1: 230.5, 5: 200.0, 6: 199.5, 7: 199.0}, 12.0),  # hours without readings
    ],
)
def test_a_loss_leaves_out_hours_of_filling_and_of_silence(levels, loss):
    assert loss_a_day([(hour * HOUR_MS, level) for hour, level in levels.items()]) == loss


@pytest.mark.parametrize(
    ("level", "critical", "loss", "days"),
    [
        (231.0, 75.0, 12.0, 13.0),
        (70.0, 75.0, 12.0, 0.0),
        (None, 75.0, 12.0, None),
        (231.0, None, 12.0, None),
        (231.0, 75.0, None, None),
        (231.0, 75.0, 0.0, None),
        (231.0, 75.0, -3.0, None),
    ],
)
def test_days_until_critical_are_unknown_where_nobody_can_say(level, critical, loss, days):
    assert days_until(level, critical, loss) == days


def test_the_critical_level_is_that_of_the_critical_limit():
    assert critical_level(LOW) == 75.0
    assert critical_level(LOW[:1]) == 150.0
    assert critical_level(LOW[2:]) is None


@pytest.mark.parametrize(
    ("value", "severity"),
    [(231.0, None), (149.9, "high"), (75.0, "high"), (950.0, "warning"), (None, None)],
)
def test_the_worst_broken_limit_counts(value, severity):
    broken = worst_broken(sorted(LOW, key=lambda limit: limit.severity), value)

    assert (broken and broken.severity) == severity
