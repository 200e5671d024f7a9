"""Reads of what persons said about being told: quiet hours, and how many notices at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.words import N_
from server.notify.holding import MOST_IN_WINDOW, QUIET, WINDOW, Hold, Quiet, hold
from server.notify.hours import Hours
from server.notify.models import Notice, QuietHours, Reach
from server.notify.rules import Sentence

UNTIL_END_OF_QUIET: Final = N_("quiet hours until %(until)s; told then, if it still matters")
TOO_MANY: Final = N_("many notices in a short time; told with the others at %(until)s")
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Held:
    """That a person is told later, and the sentence that says so in their own time zone."""

    hold: Hold
    sentence: Sentence


def holds(
    session: Session, people: Sequence[int], severity: str, alarm_class: str, at: datetime
) -> Mapping[int, Held]:
    """Return who of these is told of such a thing only later, why, and when."""
    quiet, most, told = (
        quiet_of(session, people),
        most_of(session, people),
        _told(session, people, at),
    )
    found: dict[int, Held] = {}
    for person in people:
        held = hold(severity, alarm_class, quiet[person], told[person], most[person], at)
        if held:
            zone = quiet[person][0].zone if quiet[person] else _UTC
            found[person] = Held(held, _sentence(held, zone))
    return found


def quiet_of(session: Session, people: Sequence[int]) -> dict[int, list[Quiet]]:
    """Return the quiet hours of these people."""
    found: dict[int, list[Quiet]] = {person: [] for person in people}
    rows = select(QuietHours).where(QuietHours.person_id.in_(people)).order_by(QuietHours.id)
    for row in session.scalars(rows):
        hours = Hours(frozenset(int(day) for day in row.weekdays), row.from_min, row.until_min)
        found[row.person_id].append(Quiet(hours, ZoneInfo(row.time_zone), row.most_severe))
    return found


def most_of(session: Session, people: Sequence[int]) -> dict[int, int]:
    """Return how many notices in ten minutes these people want at most."""
    rows = session.execute(
        select(Reach.person_id, Reach.most_in_10_min).where(Reach.person_id.in_(people))
    )
    return dict.fromkeys(people, MOST_IN_WINDOW) | {row[0]: row[1] for row in rows}


def _told(session: Session, people: Sequence[int], at: datetime) -> dict[int, list[datetime]]:
    """Return when these people were told of a call lately: once for each step, however many addresses."""
    rows = session.execute(
        select(Notice.person_id, Notice.call_id, Notice.position, Notice.at)
        .where(Notice.person_id.in_(people), Notice.at > at - WINDOW, Notice.letter_id.is_not(None))
        .distinct()
    )
    found: dict[int, list[datetime]] = {person: [] for person in people}
    for row in rows:
        found[row.person_id].append(row.at)
    return found


def _sentence(held: Hold, zone: ZoneInfo) -> Sentence:
    template = UNTIL_END_OF_QUIET if held.why == QUIET else TOO_MANY
    until = held.until.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
    return Sentence(template, {"until": until})
