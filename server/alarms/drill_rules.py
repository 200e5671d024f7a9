"""Drills: when the next one is, what the probe is made to say, and how far one got. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from server.core.errors import Refusal
from server.core.words import N_

LEAST_ANSWER_S: Final = 120
MOST_ANSWER_S: Final = 4 * 3600
USUAL_ANSWER_S: Final = 1800
MOST_OFF: Final = timedelta(days=35)
BEYOND: Final = 5.0
"""So far beyond the limit the probe is made to say, in the channel's unit."""
LASTS_S: Final = 120.0
"""So much longer than the rule's delay the agent says it."""
LATE: Final = timedelta(hours=1)
"""A drill whose hour passed longer ago (the server was down) is not held any more: it was missed."""
SEVERITY: Final = ("critical", "high", "warning")


@dataclass(frozen=True)
class Limit:
    """A limit that a drill can break."""

    kind: str
    severity: str
    value: float
    delay_on_s: float


@dataclass(frozen=True)
class Order:
    """What the agent is told to say, and for how long."""

    value: float
    for_s: float


@dataclass(frozen=True)
class Reached:
    """How far a drill got, and what its command says."""

    command: str
    """waiting, begun, done, failed, refused or expired."""
    command_why: str = ""
    raised: bool = False
    told: bool = False


def next_at(weekday: int, at_minute: int, zone: str, after: datetime) -> datetime:
    """Return the first moment after `after` that is this time of this weekday in the zone, in UTC.

    A time that the zone's clocks leave out is taken as the same moment an hour on, as `zoneinfo` has it.
    """
    here = after.astimezone(ZoneInfo(zone))
    day = here.date() + timedelta(days=(weekday - here.weekday()) % 7)
    for date in (day, day + timedelta(days=7)):
        at = datetime.combine(date, time(*divmod(at_minute, 60)), ZoneInfo(zone))
        utc = at.astimezone(after.tzinfo)
        if utc > after:
            return utc
    raise AssertionError("one of two weeks lies ahead")


def order_for(limits: Iterable[Limit]) -> Order | None:
    """Return what breaks the worst limit of a channel and with it the lesser ones; None where it has none."""
    worst = min(limits, key=lambda one: SEVERITY.index(one.severity), default=None)
    if worst is None:
        return None
    beyond = BEYOND if worst.kind == "high" else -BEYOND
    return Order(worst.value + beyond, min(worst.delay_on_s + LASTS_S, 3600.0))


def why_missed(reached: Reached) -> Refusal:
    """Return where a drill that nobody answered in time was lost."""
    if reached.told:
        return Refusal("nobody_answered", N_("a notice was taken, but nobody acknowledged in time"))
    if reached.raised:
        return Refusal(
            "nobody_told", N_("the alarm was raised, but no notice was taken by anybody")
        )
    if reached.command == "done":
        return Refusal("not_raised", N_("the node said its rows, but no alarm was raised"))
    if reached.command in {"refused", "failed"}:
        because = N_("the node refused: %(why)s")
        return Refusal("node_refused", because, {"why": reached.command_why or reached.command})
    return Refusal("node_silent", N_("the node did not answer the command"))


def server_was_down() -> Refusal:
    """Return why a drill was missed whose hour nobody was there to hold it."""
    return Refusal("server_was_down", N_("Cryokeep was not running at its time"))


def why_not_plan(weekday: int, at_minute: int, answer_within_s: int) -> tuple[str, Refusal] | None:
    """Say which field of a plan cannot be and why, or None."""
    if not 0 <= weekday <= 6:
        return "weekday", Refusal("bad_weekday", N_("Choose a day of the week."))
    if not 0 <= at_minute < 24 * 60:
        because = N_("A time of day from 00:00 to 23:59 is expected.")
        return "time", Refusal("bad_time_of_day", because)
    refusal = why_not_time(answer_within_s)
    return ("answer_min", refusal) if refusal else None


def why_not_time(answer_within_s: int) -> Refusal | None:
    """Say why nobody can be given so many seconds to answer, or None."""
    if LEAST_ANSWER_S <= answer_within_s <= MOST_ANSWER_S:
        return None
    because = N_("%(found)s min to answer cannot be; from 2 min to 4 h are expected.")
    return Refusal("bad_answer_time", because, {"found": f"{answer_within_s / 60:g}"})


def percentile(seconds: Sequence[float], share: float) -> float | None:
    """Return the smallest number that at least this share of them does not exceed; None of none."""
    if not seconds:
        return None
    return sorted(seconds)[max(ceil(share * len(seconds)) - 1, 0)]
