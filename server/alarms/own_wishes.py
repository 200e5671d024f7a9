"""What may be a rule of a freezer itself, a node, a site or the system. Pure."""

import math
from typing import Final, Protocol

from server.alarms import codes
from server.alarms import params as known
from server.alarms.codes import CODES, OTHER
from server.alarms.kinds import KINDS, Target
from server.alarms.wishes import Wish, params_text
from server.core.errors import Refusal
from server.core.words import N_

FREEZER_KINDS: Final = ("fill_long", "event")
"""What a person may watch a freezer itself for."""
IN_SECONDS: Final = {
    "fill_long": (60.0, 86_400.0),
    "agent_silent": (30.0, 86_400.0),
    "site_silent": (30.0, 86_400.0),
}
"""The kinds whose value is a time, from and to."""
LONGEST_DELAY_S: Final = 7 * 24 * 3600
SETTLED: Final = 0.5
"""The value of kinds that have none: it holds or it does not."""


class Aimed(Protocol):
    """What says which thing a rule is of."""

    @property
    def channel_id(self) -> int | None:
        """The channel, or None."""

    @property
    def freezer_id(self) -> int | None:
        """The freezer itself, or None."""

    @property
    def agent_id(self) -> int | None:
        """The agent, or None."""

    @property
    def site_id(self) -> int | None:
        """The site, or None."""


def target_of(rule: Aimed) -> Target:
    """Return what a rule is of."""
    if rule.channel_id is not None:
        return "channel"
    if rule.freezer_id is not None:
        return "freezer"
    if rule.agent_id is not None:
        return "agent"
    return "site" if rule.site_id is not None else "system"


def wish_for(what: str, severity: str, value: float | None, **delays: float) -> Wish:
    """Return the wish for what a person chose: a kind, or `event:` and a code; a kind without a value gets its own."""
    kind, _colon, code = what.partition(":")
    params = params_text(code=code or OTHER) if kind == "event" else "{}"
    if kind not in IN_SECONDS or value is None:
        value = SETTLED if kind not in IN_SECONDS else math.nan
    return Wish(kind, severity, value, alarm_class="equipment", params=params, **delays)  # type: ignore[arg-type]  # delays are seconds


def choice_of(kind: str, params: str) -> str:
    """Return what a person would have chosen for such a rule; the other way of `wish_for`."""
    return f"event:{codes.rule_code(params)}" if kind == "event" else kind


def choices() -> list[tuple[str, str]]:
    """Return what a person may choose for a freezer, each with its words (to be translated)."""
    named = [
        (f"event:{name}", code.meaning) for name, code in CODES.items() if code.becomes == "event"
    ]
    return [("fill_long", KINDS["fill_long"].word), *named, (f"event:{OTHER}", OTHER_WORDS)]


OTHER_WORDS: Final = N_("anything else that its controller says")


def why_not_own(wish: Wish, target: Target) -> tuple[str, Refusal] | None:
    """Say which field of the wish cannot be right for a rule of such a thing and why, or None."""
    kinds = [name for name, kind in KINDS.items() if kind.target == target]
    if wish.kind not in kinds:
        because = N_("Choose what the rule watches for: %(kinds)s.")
        return "kind", Refusal("bad_kind", because, {"kinds": ", ".join(kinds)})
    if wish.severity not in {"critical", "high", "warning"}:
        return "severity", Refusal("bad_severity", N_("Choose how bad it is."))
    wrong = known.why_not(wish.kind, wish.params)
    return wrong or _why_not_code(wish) or _why_not_seconds(wish) or _why_not_delays(wish)


def _why_not_code(wish: Wish) -> tuple[str, Refusal] | None:
    if wish.kind != "event":
        return None
    name = codes.rule_code(wish.params)
    if name == OTHER or (name in CODES and CODES[name].becomes == "event"):
        return None
    because = N_("“%(code)s” is no code that can alarm; %(known)s are.")
    known = ", ".join(name for name, code in CODES.items() if code.becomes == "event")
    return "code", Refusal("bad_code", because, {"code": name, "known": known})


def _why_not_seconds(wish: Wish) -> tuple[str, Refusal] | None:
    if wish.kind not in IN_SECONDS:
        return None
    least, most = IN_SECONDS[wish.kind]
    if least <= wish.value <= most:
        return None
    because = N_("%(found)s s is not possible; from %(least)s s to a day is expected.")
    found = "?" if math.isnan(wish.value) else f"{wish.value:g}"
    return "value", Refusal("bad_seconds", because, {"found": found, "least": f"{least:g}"})


def _why_not_delays(wish: Wish) -> tuple[str, Refusal] | None:
    for field, seconds in (("delay_on_s", wish.delay_on_s), ("delay_off_s", wish.delay_off_s)):
        if not 0 <= seconds <= LONGEST_DELAY_S:  # also true of what is no number
            because = N_("A delay of %(found)s s is not possible; from 0 s to 7 days is expected.")
            return field, Refusal("bad_delay", because, {"found": f"{seconds:g}"})
    return None
