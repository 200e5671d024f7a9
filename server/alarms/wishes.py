"""What somebody wants a rule to be. Pure."""

import json
from dataclasses import dataclass
from typing import Final

from server.core.errors import Refusal
from server.core.words import N_

CLASSES: Final = ("process", "equipment", "system", "safety")
MOST_PERSONS: Final = 5
SHORTEST_AGAIN_S: Final = 60.0
LONGEST_AGAIN_S: Final = 7 * 86_400.0
LONGEST_AGAIN_CRITICAL_S: Final = 86_400.0
"""So long at most an answer holds to what is critical, or of life safety, while it goes on."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants a rule to be; values in the channel's unit, times in seconds."""

    kind: str
    severity: str
    value: float
    hysteresis: float = 0.0
    delay_on_s: float = 0.0
    delay_off_s: float = 0.0
    alarm_class: str = "process"
    latching: bool = False
    acks_needed: int = 1
    ack_timeout_s: float = 0.0
    needs_confirming: bool = False
    params: str = "{}"
    """JSON: what else its kind needs, such as the window of a rate."""


def params_of(text: str) -> dict[str, object]:
    """Return a rule's parameters by name; none where the text is no JSON object."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def params_text(**params: object) -> str:
    """Return parameters as a rule keeps them: always in the same order."""
    return json.dumps(params, ensure_ascii=False, sort_keys=True)


def why_not_answers(wish: Wish) -> tuple[str, Refusal] | None:
    """Say which field of what the rule asks of people cannot be right and why, or None."""
    if wish.alarm_class not in CLASSES:
        because = N_("“%(found)s” cannot be; %(expected)s is expected.")
        facts: dict[str, object] = {"found": wish.alarm_class, "expected": ", ".join(CLASSES)}
        return "alarm_class", Refusal("bad_class", because, facts)
    if not 1 <= wish.acks_needed <= MOST_PERSONS:
        because = N_("%(found)s persons; from 1 to %(most)s are expected.")
        facts = {"found": wish.acks_needed, "most": MOST_PERSONS}
        return "acks_needed", Refusal("bad_persons", because, facts)
    critical = wish.severity == "critical" or wish.alarm_class == "safety"
    most_s = LONGEST_AGAIN_CRITICAL_S if critical else LONGEST_AGAIN_S
    if wish.ack_timeout_s and not SHORTEST_AGAIN_S <= wish.ack_timeout_s <= most_s:
        because = N_("%(found)s min is not possible; from 1 min to %(most)s h is expected.")
        said = {"found": f"{wish.ack_timeout_s / 60:g}", "most": f"{most_s / 3600:g}"}
        return "again_min", Refusal("bad_again", because, said)
    return None
