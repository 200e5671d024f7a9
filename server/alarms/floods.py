"""When more alarms come than a person can answer, and what is told then. Pure.

More than ten alarms in ten minutes are a flood (ANSI/ISA-18.2-2016, 16.5; EEMUA 191): then further alarms are told
together. Critical ones and life safety are told one by one all the same.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from server.alarms.kinds import KINDS
from server.core.words import N_
from server.notify.rules import Sentence

WINDOW: Final = timedelta(minutes=10)
MOST: Final = 10
"""So many alarms in the window can be answered one by one."""
FEW: Final = 5
"""With fewer in the window a flood is over."""
DIGEST_EVERY: Final = timedelta(minutes=10)


def can_wait(severity: str, alarm_class: str) -> bool:
    """Say whether an alarm may be told in a digest."""
    return severity != "critical" and alarm_class != "safety"


def is_flood(in_window: int) -> bool:
    """Say whether so many alarms in the window are too many to be told one by one."""
    return in_window > MOST


def is_over(began_at: datetime, in_window: int, now: datetime) -> bool:
    """Say whether a flood has ended: it lasted for a window, and the rate has fallen."""
    return now - began_at >= WINDOW and in_window < FEW


def is_digest_due(told_at: datetime | None, told: int, alarms: int, now: datetime) -> bool:
    """Say whether a digest is to be written now: the first at once, the next after ten minutes if there is news."""
    if alarms <= told:
        return False
    return told_at is None or now - told_at >= DIGEST_EVERY


def subject(alarms: int) -> Sentence:
    """Return the subject of a digest."""
    if alarms == 1:
        return Sentence(N_("Alarm flood: 1 alarm is told together with what follows"))
    return Sentence(N_("Alarm flood: %(n)s alarms together"), {"n": alarms})


def digest(
    counts: Mapping[tuple[str, str], int], began: str, *, over: bool
) -> tuple[Sentence, ...]:
    """Return the lines of a digest: how many of which kind at which place, the most frequent first.

    `counts` is by (kind, place). `began` is the site's time of day.
    """
    lines = [
        Sentence(
            N_("More than %(most)s alarms came within ten minutes, from %(began)s on."),
            {"most": MOST, "began": began},
        )
    ]
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    lines += [_line(kind, place, n) for (kind, place), n in ranked[:MOST]]
    rest = sum(n for _what, n in ranked[MOST:])
    if rest:
        lines.append(Sentence(N_("and %(n)s more"), {"n": rest}))
    critical = N_("Critical alarms and life safety are still told one by one.")
    ended = N_("The flood is over. What still holds stands on the board.")
    return (*lines, Sentence(ended if over else critical))


def _line(kind: str, place: str, n: int) -> Sentence:
    facts = {"n": n, "kind": Sentence(KINDS[kind].word), "place": place}
    return Sentence(
        N_("%(place)s: %(kind)s, %(n)s times") if place else N_("%(kind)s, %(n)s times"), facts
    )
