"""What may be a rule of a trend, and when numbers disagree, are swapped, stand still, or a certificate runs out."""

from datetime import date

import pytest

from server.alarms import rules, trend_rules
from server.alarms.trend_rules import differs, is_due, is_stuck, is_swapped, twin_key
from server.alarms.wishes import Wish

TODAY = date(2026, 3, 14)


@pytest.mark.parametrize(
    ("key", "kind", "value", "field"),
    [
        ("level_mm", "boiloff", 2.0, None),
        ("liquid_l", "boiloff", 2.0, None),
        ("weight_kg", "forecast", 24.0, None),
        ("level_pct", "usage", 5.0, None),
        ("top_c", "stuck", 21_600.0, None),
        ("controller_c", "disagree", 5.0, None),
        ("top_c", "swapped", 0.0, None),
        ("lid_open", "calibration", 30.0, None),
        ("top_c", "boiloff", 2.0, "kind"),
        ("top_c", "forecast", 24.0, "kind"),
        ("lid_open", "stuck", 21_600.0, "kind"),  # a lid that stays shut is no fault
        ("level_mm", "boiloff", 1.0, "value"),  # what is usual would alarm
        ("level_mm", "usage", 0.0, "value"),
        ("level_mm", "forecast", 0.0, "value"),
        ("top_c", "stuck", 3_599.0, "value"),
        ("top_c", "disagree", -1.0, "value"),
        ("top_c", "calibration", 400.0, "value"),
    ],
)
def test_nonsense_is_refused_at_its_field(key, kind, value, field):
    refused = rules.why_not_rule(Wish(kind, "high", value), key)

    assert (refused[0] if refused else None) == field
    assert refused is None or refused[1].text().endswith(".")


def test_every_kind_of_trend_has_words_and_bounds():
    assert set(trend_rules.KINDS) <= set(rules.KIND_WORDS)
    for kind in trend_rules.KINDS:
        assert trend_rules.why_not(Wish(kind, "high", -1.0), "level_mm")[0] == "value"


@pytest.mark.parametrize(
    ("params", "kind", "key", "expected"),
    [
        ("{}", "disagree", "controller_c", ("top_c",)),
        ("{}", "swapped", "top_c", ("bottom_c",)),
        ('{"twin": "middle_c"}', "swapped", "top_c", ("middle_c",)),
        ("{}", "stuck", "level_mm", ("level_pct", "liquid_l", "weight_kg")),
        ("{}", "stuck", "room_c", ()),
        ("nonsense", "disagree", "top_c", ("controller_c",)),
    ],
)
def test_the_twin_is_named_or_known(params, kind, key, expected):
    assert twin_key(params, kind, key) == expected


@pytest.mark.parametrize(
    ("one", "other", "active", "expected"),
    [
        (-178.0, -178.0, False, False),
        (-178.0, -173.0, False, False),  # just the limit
        (-178.0, -172.9, False, True),
        (-172.9, -178.0, False, True),
        (-178.0, -174.0, True, True),  # not yet far enough back
        (-178.0, -175.0, True, False),
    ],
)
def test_two_that_should_be_alike(one, other, active, expected):
    assert differs(one, other, 5.0, 1.5, active) is expected


@pytest.mark.parametrize(
    ("upper", "lower", "active", "expected"),
    [
        (-178.0, -195.0, False, False),
        (-195.0, -195.4, False, False),
        (-195.0, -194.0, False, False),  # noise
        (-195.0, -178.0, False, True),
        (-195.0, -194.0, True, True),
        (-195.0, -195.5, True, False),
    ],
)
def test_the_top_is_never_colder_than_the_bottom(upper, lower, active, expected):
    assert is_swapped(upper, lower, 2.0, 2.0, active) is expected


@pytest.mark.parametrize(
    ("least", "greatest", "twin", "hours", "moving", "expected"),
    [
        (-178.0, -177.9, 20.0, 300, 300, False),  # it moves
        (-178.0, -178.0, 20.0, 0, 0, True),  # its twin moves
        (-178.0, -178.0, 0.3, 0, 0, False),  # nobody knows it
        (-178.0, -178.0, None, 300, 300, True),  # it never stood still before
        (-178.0, -178.0, None, 300, 269, False),  # it often stands still
        (-178.0, -178.0, None, 23, 23, False),  # too young
        (-178.0, -178.0, 0.3, 300, 290, True),
    ],
)
def test_standing_still(least, greatest, twin, hours, moving, expected):
    assert is_stuck(least, greatest, twin, "°C", hours, moving) is expected


ALL = (30.0, 7.0, 0.0)


@pytest.mark.parametrize(
    ("due", "says"),
    [
        ("2026-04-14", []),
        ("2026-04-13", [30.0]),
        ("2026-03-22", [30.0]),
        ("2026-03-21", [7.0]),
        ("2026-03-15", [7.0]),
        ("2026-03-14", [0.0]),
        ("2025-12-31", [0.0]),
        ("", []),
        ("soon", []),
    ],
)
def test_exactly_one_rule_says_that_a_calibration_is_due(due, says):
    assert [ahead for ahead in ALL if is_due(due, TODAY, ahead, ALL)] == says
