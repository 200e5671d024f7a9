"""Which trends a channel is watched for from its beginning."""

import pytest

from server.alarms import rules, trend_defaults
from server.alarms.trend_rules import KINDS


@pytest.mark.parametrize(
    ("key", "beside", "kinds"),
    [
        ("level_mm", {"top_c"}, ["boiloff", "forecast", "usage", "stuck"]),
        ("weight_kg", set(), ["boiloff", "forecast", "stuck"]),
        ("top_c", {"bottom_c"}, ["swapped", "stuck", *["calibration"] * 3]),
        ("top_c", {"level_mm"}, ["stuck", *["calibration"] * 3]),
        ("controller_c", {"top_c"}, ["disagree", "stuck", *["calibration"] * 3]),
        ("controller_c", {"bottom_c"}, ["stuck", *["calibration"] * 3]),
        ("room_c", {"top_c"}, []),
        ("lid_open", {"top_c"}, []),
        ("pressure_kpa", set(), []),
    ],
)
def test_rules_fit_what_a_channel_measures_and_what_stands_beside_it(key, beside, kinds):
    wishes = trend_defaults.of_channel(key, beside)

    assert [wish.kind for wish in wishes] == kinds
    assert [rules.why_not_rule(wish, key) for wish in wishes] == [None] * len(kinds)


def test_every_kind_of_trend_is_some_channels_default():
    everything = [
        *trend_defaults.of_channel("level_mm", ()),
        *trend_defaults.of_channel("top_c", {"bottom_c"}),
        *trend_defaults.of_channel("controller_c", {"top_c"}),
    ]

    assert {wish.kind for wish in everything} == set(KINDS)


@pytest.mark.parametrize(
    ("key", "earlier"), [("top_c", ("controller_c",)), ("bottom_c", ("top_c",)), ("level_mm", ())]
)
def test_a_later_twin_is_known_to_the_earlier_one(key, earlier):
    assert trend_defaults.named_by(key) == earlier
    for other in earlier:
        assert trend_defaults.of_twins(other, {key})
