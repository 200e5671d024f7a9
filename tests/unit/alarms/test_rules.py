"""What may be a rule, in which order alarms are seen to, and how fast something changes."""

from datetime import UTC, datetime, timedelta

import pytest

from server.alarms import rules
from server.alarms.rules import Wish

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "wish", "field"),
    [
        ("top_c", Wish("high", "critical", -150.0, 2.0), None),
        ("level_mm", Wish("low", "high", 150.0, 5.0, 60.0), None),
        ("lid_open", Wish("door", "warning", 0.5, 0.0, 180.0), None),
        ("top_c", Wish("stale", "high", 30.0), None),
        ("top_c", Wish("warm", "high", -150.0), "kind"),
        ("bottom_c", Wish("rate", "warning", 1.0), None),
        ("bottom_c", Wish("rate", "warning", 1.0, params='{"window_s": 1800}'), None),
        ("bottom_c", Wish("rate", "warning", 0.0), "value"),
        ("bottom_c", Wish("rate", "warning", -1.0), "value"),
        ("bottom_c", Wish("rate", "warning", float("nan")), "value"),
        ("level_mm", Wish("low", "high", float("nan")), "value"),
        ("top_c", Wish("high", "high", -150.0, float("inf")), "hysteresis"),
        ("bottom_c", Wish("rate", "warning", 1.0, params='{"window_s": 5}'), "window_s"),
        ("lid_open", Wish("rate", "warning", 1.0), "kind"),
        ("lid_open", Wish("probe_fault", "high", 0.0, 0.0, 60.0), None),
        ("top_c", Wish("probe_fault", "high", 0.0, 1.0), "hysteresis"),
        ("top_c", Wish("high", "terrible", -150.0), "severity"),
        ("top_c", Wish("high", "high", -300.0), "value"),  # below absolute zero
        ("level_mm", Wish("low", "high", -1.0), "value"),
        ("level_pct", Wish("low", "high", 101.0), "value"),
        ("top_c", Wish("stale", "high", 0.0), "value"),
        ("top_c", Wish("high", "high", -150.0, -1.0), "hysteresis"),
        ("top_c", Wish("high", "high", -150.0, 150.0), "hysteresis"),  # would never end
        ("top_c", Wish("stale", "high", 30.0, 2.0), "hysteresis"),
        ("top_c", Wish("door", "high", 0.5, 0.0, 60.0), "kind"),  # a probe is no lid
        ("lid_open", Wish("high", "high", 0.5), "kind"),
        ("lid_open", Wish("door", "high", 0.5), "delay_on_s"),  # every opening would alarm
        ("top_c", Wish("high", "high", -150.0, 0.0, -5.0), "delay_on_s"),
        ("top_c", Wish("high", "high", -150.0, 0.0, 0.0, 1e9), "delay_off_s"),
    ],
)
def test_nonsense_is_refused_at_its_field(key: str, wish: Wish, field: str | None) -> None:
    refused = rules.why_not_rule(wish, key)

    assert (refused[0] if refused else None) == field
    assert refused is None or refused[1].text().endswith(".")


@pytest.mark.parametrize("key", ["top_c", "bottom_c", "level_mm", "level_pct", "lid_open", "x"])
def test_the_usual_rules_are_rules_that_would_be_taken_and_notice_silence(key: str) -> None:
    wishes = rules.default_wishes(key, 10.0)

    assert [rules.why_not_rule(wish, key) for wish in wishes] == [None] * len(wishes)
    assert [wish.value for wish in wishes if wish.kind == "stale"] == [30.0]


def test_the_board_shows_the_unanswered_first_then_by_trust_then_the_oldest() -> None:
    later = NOON + timedelta(hours=1)
    shown = [
        ("critical", False, NOON),
        ("high", False, NOON),
        ("high", False, later),
        ("unknown", False, NOON),
        ("warning", False, NOON),
        ("critical", True, NOON),  # answered
    ]

    mixed = [*shown[3:], *shown[:3]]

    assert sorted(mixed, key=lambda row: rules.order(*row)) == shown


def test_silence_is_shown_as_unknown_never_as_fine() -> None:
    assert rules.state_of("stale", "warning") == "unknown"
    assert rules.state_of("high", "warning") == "warning"


@pytest.mark.parametrize(
    ("points", "per_min"),
    [
        ([], None),
        ([(0, -150.0), (60_000, -149.0)], None),  # two points are no trend
        ([(0, -150.0), (1000, -149.0), (2000, -148.0)], None),  # nor are two seconds
        ([(0, -150.0), (30_000, -149.5), (60_000, -149.0)], 1.0),
        ([(0, 231.0), (60_000, 231.0), (120_000, 231.0)], 0.0),
    ],
)
def test_a_trend_needs_three_points_over_half_a_minute(
    points: list[tuple[int, float]], per_min: float | None
) -> None:
    found = rules.slope_per_min(points)

    assert found == (None if per_min is None else pytest.approx(per_min))
