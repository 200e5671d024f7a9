"""The rules that things begin with, as a table."""

import pytest

from server.alarms import defaults, rules


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("top_c", [("high", "warning", -160.0), ("high", "critical", -150.0)]),
        (
            "bottom_c",
            [("high", "warning", -185.0), ("high", "critical", -170.0), ("rate", "warning", 1.0)],
        ),
        (
            "level_mm",
            [("low", "high", 150.0), ("low", "critical", 75.0), ("rate", "high", 3.0)],
        ),
        ("level_pct", [("low", "high", 40.0), ("low", "critical", 20.0)]),
        ("lid_open", [("door", "warning", 0.5)]),
        ("room_o2pct", [("low", "high", 19.5), ("low", "critical", 18.0)]),
        ("oxygen_pct", [("low", "high", 19.5), ("low", "critical", 18.0)]),
        ("room_c", []),
        ("cpu_c", [("high", "warning", 80.0)]),
        ("disk_free_pct", [("low", "warning", 10.0)]),
        ("undervoltage", [("high", "warning", 0.5)]),
        ("weight_kg", []),
    ],
)
def test_a_channel_begins_with_limits_silence_and_faults(key, expected):
    wishes = defaults.of_channel(key, 10.0)

    assert [(one.kind, one.severity, one.value) for one in wishes] == [
        *expected,
        ("stale", "high", 30.0),
        ("probe_fault", "high", 0.0),
    ]
    assert [rules.why_not_rule(one, key) for one in wishes] == [None] * len(wishes)


@pytest.mark.parametrize("key", defaults.OXYGEN)
def test_oxygen_is_life_safety_and_leaving_the_room_takes_two_persons_words(key):
    wishes = defaults.of_channel(key)

    assert {one.alarm_class for one in wishes} == {"safety"}
    evacuate = next(one for one in wishes if one.value == defaults.EVACUATE_PCT)
    assert (evacuate.latching, evacuate.acks_needed) == (True, 2)


def test_nothing_else_is_life_safety():
    keys = ("top_c", "bottom_c", "level_mm", "level_pct", "lid_open", "room_c", "humidity_pct")

    assert "safety" not in {one.alarm_class for key in keys for one in defaults.of_channel(key)}


def test_a_single_bad_sample_calls_nobody():
    fault = next(one for one in defaults.of_channel("top_c") if one.kind == "probe_fault")

    assert (fault.delay_on_s, fault.alarm_class) == (60.0, "equipment")
