"""What an agent's event says of the rules that events decide: fills, power, codes of a controller. Pure."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from server.alarms import codes, wording
from server.alarms.codes import CODES, OTHER
from server.notify.rules import Sentence

Kind = Literal["event", "fill_long", "power"]
BY_EVENTS: Final = ("event", "fill_long", "power")
"""The kinds that events decide as they are stored."""
SPANS: Final[Mapping[str, tuple[Kind, bool]]] = {
    "fill_started": ("fill_long", True),
    "fill_ended": ("fill_long", False),
    "power_lost": ("power", True),
    "power_back": ("power", False),
}
CONTROLLER: Final = ("controller_alarm", "controller_alarm_over", "controller_standing")
EVENTS: Final = (*SPANS, *CONTROLLER)
"""The kinds of an agent's events that say anything of a rule."""


@dataclass(frozen=True)
class Tell:
    """What an event says: whether the condition of a kind (and code) holds; `words` are other makers' own."""

    kind: Kind
    holds: bool
    code: str = ""
    words: tuple[str, ...] = ()


_ENDS: Final = {CODES["PF"].told: Tell("power", False), CODES["F"].told: Tell("fill_long", False)}
"""What is over where a controller does not say it; its beginning comes as an event of its own."""


def tells(kind: str, facts: dict[str, object]) -> list[Tell]:
    """Return what this event says; nothing where no rule is decided by it."""
    if kind in SPANS:
        return [Tell(*SPANS[kind])]
    if kind == "controller_standing":
        return _standing(facts.get("alarms"))
    if kind not in CONTROLLER:
        return []
    name = codes.code_of(facts)
    becomes = codes.of(name).becomes
    if becomes == "recorded":
        return []
    holds = kind == "controller_alarm"
    words = (str(facts.get("alarm", ""))[:80],) if name == OTHER else ()
    return [Tell("power" if becomes == "power" else "event", holds, name, words)]


def _standing(alarms: object) -> list[Tell]:
    """All that the controller says at once: what is not among it is over."""
    told = [str(one)[:80] for one in alarms] if isinstance(alarms, list) else []
    known = {codes.code_of({"alarm": one}) for one in told}
    others = tuple(one for one in told if codes.code_of({"alarm": one}) == OTHER)
    found = [
        Tell("event", name in known, name)
        for name, code in CODES.items()
        if code.becomes == "event"
    ]
    found.append(Tell("event", bool(others), OTHER, others))
    return found + [tell for words, tell in _ENDS.items() if words not in told]


class RuleOfEvents(Protocol):
    """What events need of a rule."""

    @property
    def kind(self) -> str:
        """One of `alarms.kinds.KINDS`."""

    @property
    def value(self) -> float:
        """The limit; of a fill the seconds that it may take."""

    @property
    def delay_on_s(self) -> float:
        """The seconds for which the condition must hold."""

    @property
    def params(self) -> str:
        """JSON: the code of a rule of a controller's code."""


def is_about(rule: RuleOfEvents, tell: Tell) -> bool:
    """Say whether an event's word is of this rule: the same kind, and the same code."""
    if rule.kind != tell.kind:
        return False
    return rule.kind != "event" or codes.rule_code(rule.params) == tell.code


def delay_on_s(rule: RuleOfEvents) -> float:
    """Return for how many seconds a rule's condition must hold: a fill's longest time is such a delay too."""
    return rule.delay_on_s + (rule.value if rule.kind == "fill_long" else 0.0)


def said_after(words: Set[str], tell: Tell, kind: str) -> frozenset[str]:
    """Return which of other makers' words stand after this one; all at once where the controller says all."""
    new = frozenset(tell.words)
    if kind == "controller_standing":
        return new
    return frozenset(words | new if tell.holds else words - new)


def detail_of(rule: RuleOfEvents, words: Iterable[str] = ()) -> dict[str, object]:
    """Return what an alarm of the rule says: how long a fill may take; a code, what it means and what to do.

    Other makers' words are said as they are, and kept as `said`.
    """
    if rule.kind == "fill_long":
        return {"limit": wording.span(rule.value)}
    if rule.kind != "event":
        return {}
    name = codes.rule_code(rule.params)
    code, said = codes.of(name), sorted(words)
    found: dict[str, object] = {
        "code": ", ".join(said) or "?" if name == OTHER else name,
        "meaning": Sentence(code.meaning),
        "do": Sentence(code.what_to_do),
    }
    return found | {"said": "\n".join(said)} if name == OTHER else found
