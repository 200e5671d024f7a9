"""For how long readings are kept, and what the job may take in one go."""

import pytest

from server.telemetry.retention import USUAL, Days, days_for, joined, why_not
from server.telemetry.thinning import batches, is_within

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("days", "wrong"),
    [
        (Days(400, 1_825), {}),
        (Days(None, None), {}),
        (Days(31, 31), {}),
        (Days(400, None), {}),
        (Days(30, 1_825), {"raw_days": "too_short"}),
        (Days(400, 399), {"minute_days": "minutes_first"}),
        (Days(None, 1_825), {"minute_days": "minutes_first"}),
        (Days(36_501, None), {"raw_days": "too_long"}),
        (Days(400, 36_501), {"minute_days": "too_long"}),
    ],
)
def test_what_can_be_set(days, wrong):
    assert {field: refusal.code for field, refusal in why_not(days).items()} == wrong


def test_a_quantity_has_its_own_days_or_those_of_all_or_the_usual():
    rows = {(1, "top_c"): Days(None, None), (1, ""): Days(90, 400)}

    assert days_for(rows, 1, "top_c") == Days(None, None)
    assert days_for(rows, 1, "level_mm") == Days(90, 400)
    assert days_for(rows, 2, "top_c") == USUAL


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([(5, 9), (1, 3)], [(1, 3), (5, 9)]),
        ([(1, 5), (5, 9)], [(1, 9)]),
        ([(1, 9), (2, 3)], [(1, 9)]),
    ],
)
def test_spans_that_touch_become_one(spans, expected):
    assert joined(spans) == expected


@pytest.mark.parametrize(
    ("span", "kept"),
    [
        ((0, HOUR), False),
        ((0, HOUR + 1), True),
        ((2 * HOUR - 1, 9 * HOUR), True),
        ((2 * HOUR, 9 * HOUR), False),
        ((HOUR + 5, HOUR + 6), True),
    ],
)
def test_an_hour_that_touches_a_kept_time_is_kept_whole(span, kept):
    assert is_within(HOUR, [span]) is kept


def test_a_transaction_takes_at_most_ten_thousand_rows_and_always_one_hour():
    hours = [(n, 3_600) for n in range(6)] + [(6, 36_000), (7, 1)]

    assert list(batches(hours, grain=0)) == [[0, 1], [2, 3], [4, 5], [6], [7]]
    assert list(batches(hours, grain=1)) == [[0, 1, 2, 3, 4, 5, 6, 7]]
    assert list(batches([], grain=0)) == []
