"""Alarm decisions: what may be a rule, what a rule's alarm is called, and in which order it is seen to."""

import math
from collections.abc import Sequence
from datetime import datetime

from server.alarms import defaults, params, trend_rules, wishes
from server.alarms.kinds import KINDS
from server.core.errors import Refusal
from server.core.words import N_
from server.telemetry import quantities

Wish = wishes.Wish
CHANNEL_KINDS = ("high", "low", "stale", "door", "rate", "probe_fault", *trend_rules.KINDS)
"""What a person may watch a channel for."""
SEVERITIES = ("critical", "high", "warning")
TRUST = {"critical": 0, "high": 1, "unknown": 2, "warning": 3}
"""The order in which alarms are shown and seen to."""

SEVERITY_WORDS = {
    "critical": N_("Critical"),
    "high": N_("High"),
    "warning": N_("Warning"),
    "unknown": N_("Unknown"),
}
CLASSES = wishes.CLASSES
CLASS_WORDS = {
    "process": N_("Material"),
    "equipment": N_("Equipment"),
    "system": N_("System"),
    "safety": N_("Life safety"),
}
KIND_WORDS = {name: kind.word for name, kind in KINDS.items()}
COLDEST_C, WARMEST_C = -273.15, 150.0
LONGEST_S = 7 * 24 * 3600
FASTEST_PER_MIN = 10_000.0


def quantity_of(key: str, label: str = "") -> str:
    """Return what a channel is called (to be translated): its label, its known name, or its key."""
    return label or quantities.WORDS.get(key, key)


def is_door(key: str) -> bool:
    """Say whether the channel tells of a lid or door."""
    return key.endswith("_open")


def state_of(kind: str, severity: str) -> str:
    """Return the state that the eye sees: silence is unknown, whatever its rule's severity."""
    return "unknown" if KINDS[kind].unknown else severity


def is_weak_supply(kind: str, key: str) -> bool:
    """Say whether such an alarm tells that a node's supply is too weak: no number, a yes or a no."""
    return kind == "high" and key == "undervoltage"


def title_of(kind: str, key: str) -> str:
    """Return the alarm in three words, to be translated; %(what)s is the quantity."""
    if is_weak_supply(kind, key):
        return N_("Supply of the node too weak")
    if kind in {"high", "low"} and quantities.unit_of(key) == "°C":
        return N_("%(what)s too warm") if kind == "high" else N_("%(what)s too cold")
    return KINDS[kind].title


def order(state: str, acknowledged: bool, raised_at: datetime) -> tuple[bool, int, datetime]:
    """Return the key that sorts a board: unanswered first, then by trust, then the oldest."""
    return acknowledged, TRUST.get(state, len(TRUST)), raised_at


def why_not_rule(wish: Wish, key: str) -> tuple[str, Refusal] | None:
    """Say which field of the wish cannot be right for this channel and why, or None."""
    if wish.kind not in CHANNEL_KINDS:
        return "kind", Refusal(
            "bad_kind",
            N_("Choose what the rule watches for: %(kinds)s."),
            {"kinds": ", ".join(CHANNEL_KINDS)},
        )
    if wish.severity not in SEVERITIES:
        return "severity", Refusal("bad_severity", N_("Choose how bad it is."))
    for check in (
        _why_not_numbers,
        _why_not_door,
        _why_not_rate,
        _why_not_params,
        trend_rules.why_not,
        _why_not_value,
        _why_not_hysteresis,
        _why_not_delay,
    ):
        if found := check(wish, key):
            return found
    return None


def _why_not_numbers(wish: Wish, _key: str) -> tuple[str, Refusal] | None:
    for field in ("value", "hysteresis", "delay_on_s", "delay_off_s"):
        if not math.isfinite(getattr(wish, field)):
            return field, Refusal("not_a_number", N_("A number is expected."))
    return None


def _why_not_door(wish: Wish, key: str) -> tuple[str, Refusal] | None:
    if wish.kind == "door" and not is_door(key):
        return "kind", Refusal(
            "not_a_door",
            N_("“%(key)s” is no lid or door: watch for too high or too low."),
            {"key": key},
        )
    if wish.kind in {"high", "low", "rate"} and is_door(key):
        return "kind", Refusal(
            "is_a_door", N_("A lid is open or closed: watch for “open too long”.")
        )
    return None


def _why_not_rate(wish: Wish, _key: str) -> tuple[str, Refusal] | None:
    if wish.kind != "rate":
        return None
    if not 0 < wish.value < FASTEST_PER_MIN:
        because = N_("A change of %(found)s a minute is no limit; more than 0 is expected.")
        return "value", Refusal("bad_rate", because, {"found": f"{wish.value:g}"})
    return None


def _why_not_params(wish: Wish, _key: str) -> tuple[str, Refusal] | None:
    return params.why_not(wish.kind, wish.params)


def _why_not_value(wish: Wish, key: str) -> tuple[str, Refusal] | None:
    if wish.kind in {"rate", "probe_fault", "door", *trend_rules.KINDS}:
        return None
    if wish.kind == "stale":
        if not 1 <= wish.value <= LONGEST_S:
            return "value", Refusal(
                "bad_silence",
                N_("A silence of %(found)s s is no limit; from 1 s to 7 days is expected."),
                {"found": f"{wish.value:g}"},
            )
    elif quantities.unit_of(key) == "°C" and not COLDEST_C <= wish.value <= WARMEST_C:
        because = N_("%(found)s °C cannot be; from −273.15 to 150 is expected.")
        return "value", Refusal("bad_temperature", because, {"found": f"{wish.value:g}"})
    elif quantities.unit_of(key) == "%" and not 0 <= wish.value <= 100:
        return "value", Refusal(
            "bad_percentage",
            N_("%(found)s %% cannot be; from 0 to 100 is expected."),
            {"found": f"{wish.value:g}"},
        )
    elif quantities.unit_of(key) in {"mm", "L", "kg"} and wish.value < 0:
        return "value", Refusal(
            "negative",
            N_("%(found)s is below nought; nothing measures that."),
            {"found": f"{wish.value:g}"},
        )
    return None


def _why_not_hysteresis(wish: Wish, key: str) -> tuple[str, Refusal] | None:
    if wish.hysteresis < 0:
        return "hysteresis", Refusal(
            "negative_hysteresis",
            N_("The way back cannot be negative: give how far inside the limit the alarm ends."),
        )
    if wish.hysteresis and wish.kind in {"stale", "door", "probe_fault"}:
        return "hysteresis", Refusal(
            "no_hysteresis",
            N_("Silence, open lids and faults of a probe have no way back: leave it at 0."),
        )
    if quantities.unit_of(key) == "°C" and wish.hysteresis > 100:
        return "hysteresis", Refusal(
            "wide_hysteresis", N_("A way back of more than 100 K would never end the alarm.")
        )
    return None


def _why_not_delay(wish: Wish, key: str) -> tuple[str, Refusal] | None:
    for field, seconds in (("delay_on_s", wish.delay_on_s), ("delay_off_s", wish.delay_off_s)):
        if not 0 <= seconds <= LONGEST_S:
            return field, Refusal(
                "bad_delay",
                N_("A delay of %(found)s s is not possible; from 0 s to 7 days is expected."),
                {"found": f"{seconds:g}"},
            )
    if wish.kind == "door" and wish.delay_on_s <= 0:
        because = N_("Say for how many seconds “%(key)s” may be open.")
        return "delay_on_s", Refusal("door_without_delay", because, {"key": key})
    return None


def default_wishes(key: str, interval_s: float = 10.0) -> tuple[Wish, ...]:
    """Return the rules that a new channel of a nitrogen freezer begins with: `defaults.of_channel`."""
    return defaults.of_channel(key, interval_s)


def slope_per_min(points: Sequence[tuple[int, float]]) -> float | None:
    """Return the change a minute along (milliseconds, value) by least squares.

    None where fewer than three points, or less than half a minute, are known.
    """
    if len(points) < 3 or points[-1][0] - points[0][0] < 30_000:
        return None
    n = len(points)
    minutes = [(at - points[0][0]) / 60_000 for at, _value in points]
    mean_at, mean = sum(minutes) / n, sum(value for _at, value in points) / n
    spread = sum((at - mean_at) ** 2 for at in minutes)
    shared = sum(
        (at - mean_at) * (value - mean) for at, (_ms, value) in zip(minutes, points, strict=True)
    )
    return shared / spread if spread else None
