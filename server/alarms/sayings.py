"""What a rule watches for, in a few words, and the names of a channel's four limits. Pure."""

from collections.abc import Sequence
from typing import Final, Protocol

from server.alarms import codes, rate, rules, wording
from server.alarms.answered import again_after
from server.alarms.codes import OTHER
from server.alarms.kinds import KINDS
from server.alarms.own_wishes import OTHER_WORDS
from server.core.words import N_
from server.notify.rules import Sentence
from server.telemetry import quantities

LIMIT_WORDS: Final = {
    "HighHigh": N_("High-high"),
    "High": N_("High limit"),
    "Low": N_("Low limit"),
    "LowLow": N_("Low-low"),
}
"""The limits' names after OPC UA Part 9, section 5.8.18 (LimitAlarmType)."""


class Ruled(Protocol):
    """What the words need of a rule."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def kind(self) -> str:
        """One of `alarms.kinds.KINDS`."""

    @property
    def value(self) -> float:
        """The limit."""

    @property
    def delay_on_s(self) -> float:
        """The seconds for which the condition must hold."""

    @property
    def params(self) -> str:
        """JSON: what else its kind needs."""

    @property
    def enabled(self) -> bool:
        """Whether it is watched for."""


class Asking(Protocol):
    """What the words need of what a rule asks of people."""

    @property
    def severity(self) -> str:
        """critical, high or warning."""

    @property
    def alarm_class(self) -> str:
        """process, equipment, system or safety."""

    @property
    def acks_needed(self) -> int:
        """How many persons must acknowledge it."""

    @property
    def ack_timeout_s(self) -> float:
        """For how many seconds an answer holds; 0 where the rule says nothing."""

    @property
    def latching(self) -> bool:
        """Whether it stays until a person resets it."""

    @property
    def needs_confirming(self) -> bool:
        """Whether a person must say what was done."""


def asked_for(rule: Asking) -> list[Sentence]:
    """Return what the rule asks of people beyond one answer, a sentence each."""
    found = []
    if rule.acks_needed > 1:
        found.append(Sentence(N_("%(n)s persons must acknowledge it"), {"n": rule.acks_needed}))
    again = again_after(rule.severity, rule.alarm_class, rule.ack_timeout_s)
    if again is not None:
        span = wording.span(again.total_seconds())
        found.append(
            Sentence(N_("acknowledged and going on, it calls again after %(span)s"), {"span": span})
        )
    if rule.latching:
        found.append(Sentence(N_("stays until a person resets it")))
    if rule.needs_confirming:
        found.append(Sentence(N_("a person must say afterwards what was done")))
    return found


def limit_names(rules: Sequence[Ruled]) -> dict[int, str]:
    """Return the name of each high and low limit of one channel, by rule.

    The outermost of several is HighHigh or LowLow, all others High or Low; one that is switched off has no name.
    """
    on = [rule for rule in rules if rule.enabled]
    highs = {rule.id: rule.value for rule in on if rule.kind == "high"}
    lows = {rule.id: -rule.value for rule in on if rule.kind == "low"}
    return _named(highs, "High") | _named(lows, "Low")


def _named(values: dict[int, float], name: str) -> dict[int, str]:
    outermost = max(values.values(), default=0.0)
    several = len(set(values.values())) > 1
    return {
        one: name * 2 if several and value == outermost else name for one, value in values.items()
    }


def watched_for(rule: Ruled, key: str) -> Sentence:
    """Return what the rule watches for: above −150 °C, open for 3 min, rising by more than 1 K a minute."""
    if rule.kind == "event":
        return _code(codes.rule_code(rule.params))
    if rule.kind == "rate":
        return _rate(rule, key)
    if rules.is_weak_supply(rule.kind, key):
        return Sentence(N_("its supply too weak"))
    if rule.kind == "calibration" and not rule.value:
        return Sentence(KINDS[rule.kind].word)
    lasts = rule.delay_on_s if rule.kind == "door" else rule.value
    facts = {
        "limit": wording.figure(key, rule.value),
        "span": wording.span(lasts),
        "number": wording.number(rule.value),
    }
    return Sentence(_TEMPLATES.get(rule.kind, KINDS[rule.kind].word), facts)


_TEMPLATES: Final = {
    "high": N_("above %(limit)s"),
    "low": N_("below %(limit)s"),
    "stale": N_("no reading for %(span)s"),
    "door": N_("open for %(span)s"),
    "fill_long": N_("a fill of more than %(span)s"),
    "agent_silent": N_("nothing said for %(span)s"),
    "site_silent": N_("nothing said for %(span)s"),
    "stuck": N_("the same number for %(span)s"),
    "usage": N_("losing more than %(limit)s a day"),
    "boiloff": N_("boiling off more than %(number)s times as fast as usual"),
    "forecast": N_("reaching its limit within %(number)s h"),
    "calibration": N_("calibration due within %(number)s days"),
}
_RATES: Final = {
    "up": N_("rising by more than %(limit)s a minute, over %(span)s"),
    "down": N_("falling by more than %(limit)s a minute, over %(span)s"),
}
_EITHER: Final = N_("changing by more than %(limit)s a minute, over %(span)s")


def _rate(rule: Ruled, key: str) -> Sentence:
    window = rate.window_of(rule.params)
    unit = quantities.span_unit_of(key)
    limit = f"{wording.number(rule.value, 2)}{wording.THIN_SPACE}{unit}".rstrip()
    facts = {"limit": limit, "span": wording.span(window.seconds)}
    return Sentence(_RATES.get(window.direction, _EITHER), facts)


def _code(name: str) -> Sentence:
    if name == OTHER:
        return Sentence(OTHER_WORDS)
    facts = {"code": name, "meaning": Sentence(codes.of(name).meaning)}
    return Sentence(N_("code %(code)s: %(meaning)s"), facts)
