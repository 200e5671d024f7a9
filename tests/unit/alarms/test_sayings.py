"""What a rule watches for in words, and the names of limits."""

from dataclasses import dataclass

import pytest

from server.alarms import own_wishes, sayings
from server.alarms.wishes import params_text


@dataclass(frozen=True)
class Rule:
    """A rule as far as its words go."""

    id: int
    kind: str
    value: float = 0.5
    delay_on_s: float = 0.0
    params: str = "{}"
    enabled: bool = True


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ([], {}),
        ([Rule(1, "high", -150.0)], {1: "High"}),
        ([Rule(1, "high", -160.0), Rule(2, "high", -150.0)], {1: "High", 2: "HighHigh"}),
        ([Rule(1, "low", 150.0), Rule(2, "low", 75.0)], {1: "Low", 2: "LowLow"}),
        (
            [Rule(1, "high", 9.0), Rule(2, "high", 5.0), Rule(3, "high", 7.0)],
            {1: "HighHigh", 2: "High", 3: "High"},
        ),
        ([Rule(1, "high", 5.0), Rule(2, "high", 5.0)], {1: "High", 2: "High"}),
        ([Rule(1, "high", 5.0), Rule(2, "high", 9.0, enabled=False)], {1: "High"}),
        ([Rule(1, "high", 5.0), Rule(2, "low", 1.0)], {1: "High", 2: "Low"}),
        ([Rule(1, "stale", 30.0), Rule(2, "rate", 1.0)], {}),
    ],
)
def test_the_outermost_of_several_limits_is_doubled(rules, names):
    assert sayings.limit_names(rules) == names
    assert set(names.values()) <= set(sayings.LIMIT_WORDS)


@pytest.mark.parametrize(
    ("rule", "key", "said"),
    [
        (Rule(1, "high", -150.0), "top_c", "above −150\u2009°C"),
        (Rule(1, "low", 18.0), "room_o2pct", "below 18\u2009%"),
        (Rule(1, "stale", 30.0), "top_c", "no reading for 30 s"),
        (Rule(1, "door", 0.5, 180.0), "lid_open", "open for 3 min"),
        (
            Rule(1, "rate", 1.0),
            "top_c",
            "changing by more than 1\u2009K a minute, over 10 min",
        ),
        (
            Rule(1, "rate", 3.0, params=params_text(window_s=3600, direction="down")),
            "level_mm",
            "falling by more than 3\u2009mm a minute, over 1 h",
        ),
        (Rule(1, "probe_fault"), "top_c", "probe fault"),
        (Rule(1, "stuck", 21_600.0), "top_c", "the same number for 6 h"),
        (Rule(1, "usage", 60.0), "level_mm", "losing more than 60\u2009mm a day"),
        (Rule(1, "boiloff", 2.0), "level_mm", "boiling off more than 2 times as fast as usual"),
        (Rule(1, "forecast", 24.0), "level_mm", "reaching its limit within 24 h"),
        (Rule(1, "calibration", 30.0), "top_c", "calibration due within 30 days"),
        (Rule(1, "calibration", 0.0), "top_c", "calibration due"),
        (Rule(1, "fill_long", 1800.0), "", "a fill of more than 30 min"),
        (Rule(1, "event", params=params_text(code="LO")), "", "code LO: the lid is open"),
        (Rule(1, "event"), "", "anything else that its controller says"),
        (Rule(1, "power"), "", "power lost"),
    ],
)
def test_a_rule_says_what_it_watches_for(rule, key, said):
    assert sayings.watched_for(rule, key).text() == said


def test_each_thing_that_can_be_chosen_for_a_freezer_is_a_rule_that_would_be_taken():
    for what, _word in own_wishes.choices():
        wish = own_wishes.wish_for(what, "high", 1800.0)
        assert own_wishes.why_not_own(wish, "freezer") is None
        assert own_wishes.choice_of(wish.kind, wish.params) == what


@pytest.mark.parametrize(
    ("what", "value", "target", "field"),
    [
        ("fill_long", 1800.0, "agent", "kind"),
        ("power", None, "agent", None),
        ("power", None, "freezer", "kind"),
        ("agent_silent", 180.0, "agent", None),
        ("agent_silent", None, "agent", "value"),
        ("site_silent", 10.0, "site", "value"),
        ("fill_long", float("nan"), "freezer", "value"),
        ("event:F", None, "freezer", "code"),
    ],
)
def test_what_cannot_be_right_for_a_thing_is_refused_at_its_field(what, value, target, field):
    refused = own_wishes.why_not_own(own_wishes.wish_for(what, "high", value), target)

    assert (refused[0] if refused else None) == field


@pytest.mark.parametrize("delay", [-1.0, 1e9, float("nan")])
def test_a_delay_has_its_bounds(delay):
    wish = own_wishes.wish_for("power", "high", None, delay_on_s=delay)

    refused = own_wishes.why_not_own(wish, "agent")
    assert refused is not None
    assert refused[0] == "delay_on_s"
