"""What somebody wants a rule to be. Pure."""

import json
from dataclasses import dataclass


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
