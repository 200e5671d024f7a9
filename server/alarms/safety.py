"""What an alarm of life safety tells people to do. Pure.

Oxygen below 19.5 % warns, below 18 % empties the room, and nobody is ever sent in alone (BCGA GN 11, BR-55).
"""

from server.core.words import N_
from server.notify.rules import Sentence

EVACUATE = N_(
    "EVACUATE: everybody leaves the room at once. Nobody goes in alone: two persons, with an oxygen meter."
)
IN_PAIRS = N_("Nobody goes in alone: always two persons, with an oxygen meter.")
UNKNOWN = N_(
    "The oxygen in the room is not known. Nobody goes in alone: always two persons, with an oxygen meter."
)


def words(kind: str, severity: str, alarm_class: str) -> dict[str, object]:
    """Return what an alarm says besides, as `do`: what to do in danger of life; nothing for other classes."""
    if alarm_class != "safety":
        return {}
    if kind in {"stale", "probe_fault"}:
        return {"do": Sentence(UNKNOWN)}
    return {"do": Sentence(EVACUATE if severity == "critical" else IN_PAIRS)}
