"""What is told later, and what never is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.notify.holding import Hold, Quiet, hold, is_at_least, why_not_limit
from server.notify.hours import Hours, why_not_hours, why_not_zone

NIGHT = Quiet(Hours(frozenset(range(5)), 22 * 60, 7 * 60), ZoneInfo("Europe/Berlin"), "high")
WEEKEND = Quiet(Hours(frozenset({5, 6}), 0, 1440), ZoneInfo("Europe/Berlin"), "warning")
ALWAYS = Quiet(Hours(), ZoneInfo("Asia/Shanghai"), "high")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("severity", "alarm_class", "quiet", "now", "until"),
    [
        ("warning", "process", [NIGHT], "2026-03-03T22:00", "2026-03-04T06:00"),
        ("high", "process", [NIGHT], "2026-03-03T22:00", "2026-03-04T06:00"),
        ("critical", "process", [NIGHT, ALWAYS], "2026-03-03T22:00", None),
        ("warning", "safety", [NIGHT, ALWAYS], "2026-03-03T22:00", None),
        ("evacuate", "process", [NIGHT, ALWAYS], "2026-03-03T22:00", None),  # unknown is worst
        ("warning", "process", [NIGHT], "2026-03-03T20:59", None),
        ("warning", "process", [NIGHT], "2026-03-03T21:00", "2026-03-04T06:00"),
        ("warning", "process", [NIGHT], "2026-03-04T06:00", None),
        ("high", "process", [WEEKEND], "2026-03-07T12:00", None),
        ("warning", "process", [WEEKEND], "2026-03-07T12:00", "2026-03-08T12:00"),  # 24 h at most
        ("warning", "process", [WEEKEND], "2026-03-08T12:00", "2026-03-08T23:00"),
        ("warning", "process", [NIGHT, WEEKEND], "2026-03-06T22:00", "2026-03-07T22:00"),
        ("warning", "process", [ALWAYS], "2026-03-06T22:00", "2026-03-07T22:00"),
        # the night in which clocks go forward is an hour shorter
        ("high", "process", [Quiet(Hours(from_min=1320, until_min=420), NIGHT.zone, "high")],
         "2026-03-28T21:30", "2026-03-29T05:00"),
    ],
)  # fmt: skip
def test_quiet_hours(severity, alarm_class, quiet, now, until) -> None:
    found = hold(severity, alarm_class, quiet, [], 10, utc(now))

    assert found == (None if until is None else Hold("quiet", utc(until)))


NOW = utc("2026-03-03T12:00")


@pytest.mark.parametrize(
    ("severity", "ages_s", "most", "held_for_s"),
    [
        ("warning", [], 3, None),
        ("warning", [1, 2], 3, None),
        ("warning", [1, 2, 30], 3, 570),
        ("warning", [1, 2, 30, 599], 3, 570),
        ("warning", [1, 2, 600], 3, None),
        ("critical", [1] * 500, 3, None),
    ],
)
def test_a_person_is_told_so_often_and_no_more(severity, ages_s, most, held_for_s) -> None:
    told = [NOW - timedelta(seconds=age) for age in ages_s]

    found = hold(severity, "process", [], told, most, NOW)

    held = None if held_for_s is None else Hold("limit", NOW + timedelta(seconds=held_for_s))
    assert found == held


@pytest.mark.parametrize(
    ("severity", "least", "is_so"),
    [("warning", "warning", True), ("warning", "high", False), ("critical", "high", True),
     ("unheard of", "critical", True)],
)  # fmt: skip
def test_is_at_least(severity, least, is_so) -> None:
    assert is_at_least(severity, least) is is_so


def test_what_is_refused() -> None:
    assert why_not_limit(1) is None
    assert why_not_limit(100) is None
    assert why_not_limit(0).code == why_not_limit(101).code == "bad_limit"
    assert why_not_zone("Asia/Shanghai") is None
    assert why_not_zone("../../etc/passwd").code == "no_such_zone"
    assert why_not_hours("0123456", 0, 1440) is None
    assert why_not_hours("", 0, 1440).code == why_not_hours("7", 0, 9).code == "no_weekday"
    assert why_not_hours("0", 1440, 0).code == why_not_hours("0", 0, 1441).code == "bad_hours"
