"""How much alarms ask of those who answer: rates, floods and shares, and what is still bearable. Pure.

Limits after ANSI/ISA-18.2-2016, 16.5 (EEMUA 191 has the same numbers), for one operating position; here that is one
organisation's call list: at most about 6 alarms an hour on average, 12 at the very most; at most 1 % of the hours
with more than 30, of the ten minutes with more than 10, and of the time in flood; the ten worst actors raise at most
5 % of all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final

from server.alarms.floods import FEW, MOST, WINDOW

HOUR: Final = timedelta(hours=1)
SPANS_AN_HOUR: Final = HOUR // WINDOW
MOST_AN_HOUR: Final = 30
"""More in one hour cannot be answered one by one."""
BEARABLE: Final = 6.0
"""Alarms an hour on average that are very likely to be acceptable."""
MANAGEABLE: Final = 12.0
"""Alarms an hour on average that are manageable at the very most."""
SHARE: Final = 0.01
"""The share of hours, of ten minutes and of the time in flood that is acceptable."""
TEN_WORST: Final = 0.05
"""The share of all alarms that the ten worst actors may raise."""
ENOUGH: Final = 200
"""Ten rules that alarmed once are more than that share of fewer alarms: nothing is said of them."""


@dataclass(frozen=True)
class Load:
    """What one organisation's people had to answer in a time."""

    alarms: int
    per_hour: float
    """On average."""
    hours_over: float
    """The share of hours with more than 30."""
    spans_over: float
    """The share of ten minutes with more than 10."""
    most_in_span: int
    in_flood: float
    """The share of the time."""


def load(counts: Mapping[int, int], lasts: timedelta) -> Load:
    """Return the load of a time; `counts` are the alarms by ten minutes since 1970 UTC, empty ones left out."""
    spans = ceil(lasts / WINDOW)
    alarms = sum(counts.values())
    hours: dict[int, int] = {}
    for span, n in counts.items():
        hours[span // SPANS_AN_HOUR] = hours.get(span // SPANS_AN_HOUR, 0) + n
    return Load(
        alarms=alarms,
        per_hour=alarms / (lasts / HOUR),
        hours_over=share(sum(n > MOST_AN_HOUR for n in hours.values()), ceil(lasts / HOUR)),
        spans_over=share(sum(n > MOST for n in counts.values()), spans),
        most_in_span=max(counts.values(), default=0),
        in_flood=share(flooded(counts), spans),
    )


def flooded(counts: Mapping[int, int]) -> int:
    """Return how many of the ten minutes lie in a flood: from one with more than 10 until the first with fewer than 5.

    What is not in `counts` had no alarm, so a flood ends there.
    """
    found, running, before = 0, False, None
    for span in sorted(counts):
        running = counts[span] > MOST or (running and span - 1 == before and counts[span] >= FEW)
        found += running
        before = span
    return found


def share(part: float, whole: float) -> float:
    """Return a part of the whole, from 0 to 1; 0 of nothing."""
    return min(part / whole, 1.0) if whole else 0.0


def state_of_rate(per_hour: float) -> str:
    """Return the state that the eye sees for alarms an hour: normal, warning, high."""
    if per_hour <= BEARABLE:
        return "normal"
    return "warning" if per_hour <= MANAGEABLE else "high"


def state_of_share(part: float, most: float = SHARE) -> str:
    """Return the state that the eye sees for a share: normal up to the limit, warning beyond."""
    return "normal" if part <= most else "warning"


def state_of_worst(part: float, alarms: int) -> str:
    """Return the state that the eye sees for the share of the ten worst actors of so many alarms."""
    return "normal" if alarms < ENOUGH else state_of_share(part, TEN_WORST)
