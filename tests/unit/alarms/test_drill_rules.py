"""When the next drill is, what the probe says, and how far a drill got."""

from datetime import UTC, datetime

import pytest

from server.alarms import drill_rules as rules
from server.alarms.drill_rules import Limit, Order, Reached

MONDAY, SUNDAY = 0, 6


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("weekday", "at_minute", "zone", "after", "expected"),
    [
        (MONDAY, 600, "UTC", "2026-05-04T09:59", "2026-05-04T10:00"),
        (MONDAY, 600, "UTC", "2026-05-04T10:00", "2026-05-11T10:00"),
        (MONDAY, 600, "Asia/Shanghai", "2026-05-04T01:00", "2026-05-04T02:00"),
        (MONDAY, 60, "Asia/Shanghai", "2026-05-03T16:30", "2026-05-03T17:00"),
        (
            SUNDAY,
            150,
            "Europe/Berlin",
            "2026-03-28T12:00",
            "2026-03-29T01:30",
        ),  # left out: an hour on
        (SUNDAY, 150, "Europe/Berlin", "2026-10-24T12:00", "2026-10-25T00:30"),  # twice: the first
        (
            SUNDAY,
            600,
            "Europe/Berlin",
            "2026-03-22T12:00",
            "2026-03-29T08:00",
        ),  # summer time begins
    ],
)
def test_the_next_time_is_of_the_sites_clock(weekday, at_minute, zone, after, expected):
    assert rules.next_at(weekday, at_minute, zone, at(after)) == at(expected)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ([], None),
        ([Limit("high", "warning", -160.0, 60.0)], Order(-155.0, 180.0)),
        (
            [Limit("high", "warning", -160.0, 60.0), Limit("high", "critical", -150.0, 0.0)],
            Order(-145.0, 120.0),
        ),
        ([Limit("low", "critical", 75.0, 0.0)], Order(70.0, 120.0)),
        ([Limit("low", "high", 150.0, 7200.0)], Order(145.0, 3600.0)),
    ],
    ids=["none", "warning", "worst", "low", "at most an hour"],
)
def test_the_probe_says_what_breaks_the_worst_limit(limits, expected):
    assert rules.order_for(limits) == expected


@pytest.mark.parametrize(
    ("reached", "code"),
    [
        (Reached("waiting"), "node_silent"),
        (Reached("expired"), "node_silent"),
        (Reached("refused", "not allowed"), "node_refused"),
        (Reached("done"), "not_raised"),
        (Reached("done", raised=True), "nobody_told"),
        (Reached("done", raised=True, told=True), "nobody_answered"),
    ],
)
def test_a_missed_drill_says_where_it_was_lost(reached, code):
    assert rules.why_missed(reached).code == code


@pytest.mark.parametrize(
    ("weekday", "at_minute", "answer_s", "field"),
    [(0, 0, 1800, None), (7, 0, 1800, "weekday"), (0, 1440, 1800, "time"), (0, 0, 60, "answer_min"),
     (0, 0, 4 * 3600 + 1, "answer_min")],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused_at_its_field(weekday, at_minute, answer_s, field):
    found = rules.why_not_plan(weekday, at_minute, answer_s)
    assert (found[0] if found else None) == field


def test_percentiles_are_of_numbers_that_were_measured():
    assert rules.percentile([], 0.95) is None
    assert rules.percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert rules.percentile(list(range(1, 101)), 0.95) == 95
