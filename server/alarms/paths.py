"""What can be wrong with the way from an alarm to a person: each condition, how long it may last, what it says. Pure.

Losses happened because the alarm was off and nobody knew (a controller unplugged for 17 days; a remote alarm that
somebody had turned off), so *alarm path off* is itself an alarm, and its acknowledgement runs out each day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from server.alarms import params as known
from server.alarms.rules import Wish
from server.alarms.wishes import params_text
from server.core.words import N_
from server.notify.rules import Sentence

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
LETTER_MAY_WAIT: Final = timedelta(minutes=10)
BLIND_AFTER: Final = timedelta(hours=1)
OFF_AFTER: Final = timedelta(hours=24)
AHEAD: Final = timedelta(hours=24)
"""So far ahead the on-call schedule is looked at."""
CERTIFICATE_LEFT: Final = timedelta(days=14)
AGENT_CERTIFICATE_LEFT: Final = timedelta(days=7)
CLOCK_MAY_DIFFER_S: Final = 60.0
NAMED: Final = 3
"""So many freezers or rules are named; the others are counted."""


@dataclass(frozen=True)
class Condition:
    """One way in which the path can be off: how bad, and after how many seconds it alarms."""

    severity: str
    after_s: float


CONDITIONS: Final[Mapping[str, Condition]] = {
    "nobody": Condition("critical", 5 * MINUTE),
    "gap": Condition("high", 0.0),
    "mail": Condition("high", 10 * MINUTE),
    "letters": Condition("critical", 0.0),
    "off": Condition("high", 0.0),
    "bare": Condition("high", HOUR),
    "blind": Condition("critical", 0.0),
    "certificate": Condition("high", 0.0),
    "worker": Condition("critical", 0.0),
    "clock": Condition("high", 5 * MINUTE),
}
"""By name: nobody to call; a gap in an on-call schedule; mail not set up; letters that do not leave; rules off; a
freezer that nobody watches; one whose temperature is not known; a certificate that runs out; no worker; the clock."""


def wishes() -> tuple[Wish, ...]:
    """Return the rules that every bank has of its path; an acknowledgement lasts a day at most."""
    return tuple(
        Wish(
            "path_off", one.severity, 0.5, delay_on_s=one.after_s, alarm_class="system",
            ack_timeout_s=DAY, params=params_text(of=name),
        )
        for name, one in CONDITIONS.items()
    )  # fmt: skip


def of(params: str) -> str:
    """Return which condition a rule is of; empty for one that is not known."""
    name = known.word("path_off", params, "of")
    return name if name in CONDITIONS else ""


def listed(found: Sequence[Sentence]) -> Sentence | None:
    """Return one sentence of several, the first of them in words and the others counted; None of none."""
    if not found:
        return None
    said = found[0]
    for one in found[1:NAMED]:
        said = Sentence(N_("%(one)s; %(other)s"), {"one": said, "other": one})
    if len(found) > NAMED:
        return Sentence(N_("%(one)s; and %(n)s more"), {"one": said, "n": len(found) - NAMED})
    return said


def nobody(lists: Mapping[str, int | None]) -> Sentence | None:
    """Say that nobody can be called: how many people and addresses each list reaches now, by its name.

    The organisation's own call list has the empty name; None stands for a list without steps.
    """
    if set(lists) <= {""} and lists.get("") is None:
        return Sentence(N_("the call list is empty"))
    dead = [name for name, reach in lists.items() if reach == 0]
    found = [
        Sentence(N_("the chain “%(name)s” reaches nobody now"), {"name": name})
        if name
        else Sentence(N_("nobody on the call list can be reached now: switched off or away"))
        for name in dead
    ]
    return listed(found)


def gap(schedule: str, begins: str, until: str) -> Sentence:
    """Say when nobody is on call: from now where it has begun, for long where no end is in sight (both empty)."""
    facts = {"name": schedule, "begins": begins, "until": until}
    if not begins:
        return Sentence(N_("nobody is on call in “%(name)s” now"), facts)
    if not until:
        return Sentence(N_("nobody is on call in “%(name)s” from %(begins)s"), facts)
    return Sentence(N_("nobody is on call in “%(name)s” from %(begins)s until %(until)s"), facts)


def mail(can_leave: bool | None, persons: int) -> Sentence | None:
    """Say that mail is not set up although persons are to be told by it; None as well where nobody can tell."""
    if can_leave is not False or not persons:
        return None
    return Sentence(
        N_("mail is not set up (CRYOKEEP_SMTP), and %(n)s people are told by mail"), {"n": persons}
    )


def letters(waiting: int, given_up: int, error: str) -> Sentence | None:
    """Say that notices do not leave: so many wait for too long, so many were given up in the last day."""
    if not waiting and not given_up:
        return None
    facts = {"waiting": waiting, "given_up": given_up, "error": error or "?"}
    return Sentence(
        N_(
            "%(waiting)s notices wait for more than 10 minutes, %(given_up)s were given up: %(error)s"
        ),
        facts,
    )


def bare(code: str, vials: int) -> Sentence:
    """Say that nobody watches a freezer: one with material, or one that is measured."""
    if not vials:
        return Sentence(
            N_("%(code)s is measured and no rule watches its temperature"), {"code": code}
        )
    return Sentence(
        N_("%(code)s holds %(n)s vials and no rule watches its temperature"),
        {"code": code, "n": vials},
    )


def blind(code: str, vials: int, span: Sentence) -> Sentence:
    """Say that a freezer's temperature is not known."""
    facts = {"code": code, "n": vials, "span": span}
    return Sentence(
        N_("%(code)s holds %(n)s vials and its temperature has not been known for %(span)s"), facts
    )


def certificate(what: str, until: datetime, now: datetime) -> Sentence:
    """Say that a certificate runs out, or has."""
    facts = {"what": what, "until": until.strftime("%Y-%m-%d")}
    if until <= now:
        return Sentence(N_("the certificate of %(what)s ran out on %(until)s"), facts)
    return Sentence(N_("the certificate of %(what)s runs out on %(until)s"), facts)


def clock(offsets_s: Sequence[float]) -> Sentence | None:
    """Say that the server's clock is off: by how many seconds it is ahead of nodes whose clocks are set.

    The median decides, so that one node that is wrong itself says nothing; two nodes at least.
    """
    if len(offsets_s) < 2 or abs(median(offsets_s)) <= CLOCK_MAY_DIFFER_S:
        return None
    off = median(offsets_s)
    facts = {"n": round(abs(off)), "nodes": len(offsets_s)}
    if off > 0:
        return Sentence(N_("the server’s clock is %(n)s s ahead of %(nodes)s nodes"), facts)
    return Sentence(N_("the server’s clock is %(n)s s behind %(nodes)s nodes"), facts)
