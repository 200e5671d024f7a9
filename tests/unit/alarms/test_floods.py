"""When alarms are a flood, when a digest is due, when it is over; what can explain what."""

from datetime import UTC, datetime, timedelta

import pytest

from server.alarms import causes, floods
from server.alarms.kinds import KINDS

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(("n", "flood"), [(0, False), (10, False), (11, True), (5000, True)])
def test_more_than_ten_in_ten_minutes_are_a_flood(n, flood):
    assert floods.is_flood(n) is flood


@pytest.mark.parametrize(
    ("severity", "alarm_class", "waits"),
    [
        ("warning", "process", True),
        ("high", "equipment", True),
        ("critical", "process", False),
        ("warning", "safety", False),
        ("critical", "safety", False),
    ],
)
def test_critical_alarms_and_life_safety_never_wait_for_a_digest(severity, alarm_class, waits):
    assert floods.can_wait(severity, alarm_class) is waits


@pytest.mark.parametrize(
    ("minutes", "in_window", "over"), [(9, 0, False), (10, 5, False), (10, 4, True), (60, 0, True)]
)
def test_a_flood_is_over_when_the_rate_has_fallen(minutes, in_window, over):
    assert floods.is_over(NOON, in_window, NOON + timedelta(minutes=minutes)) is over


@pytest.mark.parametrize(
    ("told", "alarms", "minutes", "due"),
    [
        (0, 1, None, True),  # the first at once
        (0, 0, None, False),
        (5, 9, 9, False),
        (5, 9, 10, True),
        (5, 5, 60, False),  # no news
    ],
)
def test_a_digest_is_due_at_once_and_then_every_ten_minutes_with_news(told, alarms, minutes, due):
    told_at = None if minutes is None else NOON - timedelta(minutes=minutes)

    assert floods.is_digest_due(told_at, told, alarms, NOON) is due


def test_a_digest_names_the_most_frequent_and_counts_the_rest():
    counts = {("stale", f"LN2-{n:02}"): n for n in range(1, 16)}

    lines = [line.text() for line in floods.digest(counts, "12:00", over=False)]

    assert lines[0] == "More than 10 alarms came within ten minutes, from 12:00 on."
    assert lines[1] == "LN2-15: no readings, 15 times"
    assert lines[-2] == "and 15 more"  # 1 + 2 + 3 + 4 + 5
    assert "critical" in lines[-1].casefold()
    assert "over" in floods.digest(counts, "12:00", over=True)[-1].text()


@pytest.mark.parametrize(
    ("kind", "alarm_class", "possible"),
    [
        ("stale", "process", True),
        ("agent_silent", "equipment", True),
        *((kind, "process", False) for kind in ("high", "low", "rate", "door", "boiloff", "path_off")),
        *((kind, "safety", False) for kind in KINDS),
    ],
)  # fmt: skip
def test_what_was_read_is_explained_by_nothing_and_life_safety_neither(kind, alarm_class, possible):
    assert causes.can_be_explained(kind, alarm_class) is possible


def test_the_chain_of_causes_has_no_ring_and_is_known_to_the_table_of_kinds():
    assert set(causes.PARENTS) | causes.CAUSES <= set(KINDS)
    order = [
        "site_power",
        "broker_down",
        "site_silent",
        "power",
        "agent_silent",
        "probe_fault",
        "stale",
    ]
    for child, parents in causes.PARENTS.items():
        below = order.index(child) if child in order else len(order)
        assert all(order.index(parent) < below for parent in parents)
    assert set(causes.children_of("agent_silent")) == {"stale", "probe_fault"}
