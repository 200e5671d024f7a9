"""How fast something changes: slopes of a window, and what counts as too fast."""

import pytest

from server.alarms import rate
from server.alarms.rate import Sums, Window
from server.alarms.wishes import params_text

TEN = Window(600)


def sums_of(*points: tuple[float, float]) -> Sums:
    """Add up points of (minutes, value)."""
    return Sums(
        len(points), sum(t for t, _ in points), sum(v for _, v in points),
        sum(t * t for t, _ in points), sum(t * v for t, v in points),
        round(min((t for t, _ in points), default=0) * 60_000),
        round(max((t for t, _ in points), default=0) * 60_000),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("points", "slope"),
    [
        ([], None),
        ([(0, -180), (5, -170)], None),  # two numbers
        ([(0, -180), (1, -178), (4, -172)], None),  # less than half of the window
        ([(0, -180), (2, -176), (5, -170)], 2.0),
        ([(-5, -170), (-3, -174), (0, -180)], -2.0),
        ([(0, -180), (5, -180), (10, -180)], 0.0),
        ([(0, -180), (4, -180), (5, -120), (6, -180), (10, -180)], 0.0),  # one spike in the middle
        ([(5, -180), (5, -170), (5, -160)], None),  # one instant
    ],
)
def test_a_slope_needs_three_numbers_over_half_of_its_window(points, slope):
    found = rate.per_min(sums_of(*points), TEN)

    assert found == (None if slope is None else pytest.approx(slope))


@pytest.mark.parametrize(
    ("slope", "direction", "limit", "hysteresis", "expected"),
    [
        (1.1, "up", 1.0, 0.0, True),
        (1.0, "up", 1.0, 0.0, False),  # at the limit is not beyond it
        (-9.0, "up", 1.0, 0.0, False),
        (-3.1, "down", 3.0, 0.0, True),
        (3.1, "down", 3.0, 0.0, False),
        (-3.1, "both", 3.0, 0.0, True),
        (0.8, "up", 1.0, 0.5, None),  # between: neither begins nor ends
        (0.5, "up", 1.0, 0.5, False),
        (0.0, "up", 1.0, 2.0, False),  # a way back wider than the limit ends when it stands still
    ],
)
def test_too_fast_is_beyond_the_limit_in_the_direction_that_counts(
    slope, direction, limit, hysteresis, expected
):
    assert rate.holds(slope, limit, hysteresis, Window(600, direction)) is expected


@pytest.mark.parametrize(
    ("params", "window", "possible"),
    [
        ("{}", Window(600, "both"), True),
        (params_text(window_s=1800, direction="up"), Window(1800, "up"), True),
        (params_text(window_s=10), Window(10, "both"), False),
        (params_text(window_s=100_000), Window(100_000, "both"), False),
        (params_text(window_s="x"), Window(0, "both"), False),
        (params_text(direction="sideways"), Window(600, "sideways"), False),
        ('{"window_s": NaN}', Window(0, "both"), False),
        ("[]", Window(600, "both"), True),
        ("no JSON", Window(600, "both"), True),
    ],
)
def test_a_window_is_read_out_of_the_parameters(params, window, possible):
    assert rate.window_of(params) == window
    assert rate.window_of(params).is_possible is possible
