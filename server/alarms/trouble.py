"""Alarms that are themselves a trouble: chattering ones, those that stand for days, floods, and what is set aside.

Chattering: three times or more within ten minutes; standing (stale in ANSI/ISA-18.2): active for more than a day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.alarms import board, standing
from server.alarms.board import Alarm, Orgs
from server.alarms.models import AlarmRule, Episode, Flood, Suspension
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.notify.rules import Sentence

TIMES: Final = 3
WITHIN: Final = timedelta(minutes=10)
STANDS_AFTER: Final = timedelta(hours=24)
LOOKED_BACK: Final = timedelta(hours=24)
MOST: Final = 50
"""So many rows of each kind are shown."""
MOST_RAISED: Final = 20_000
"""So many alarms of the last day are looked at, the latest."""


@dataclass(frozen=True)
class Chattering:
    """A rule whose alarm comes and goes: how often in the last day, and at most within ten minutes."""

    rule: AlarmRule
    name: Sentence
    times: int
    within: int
    last_at: datetime


@dataclass(frozen=True)
class Trouble:
    """What a page shows."""

    chattering: Sequence[Chattering]
    standing: Sequence[Alarm]
    standing_in_all: int
    floods: Sequence[Flood]
    shed: int
    """How many suspensions stand now."""

    @property
    def is_none(self) -> bool:
        """Say whether there is nothing to see to."""
        running = any(one.ended_at is None or one.acknowledged_at is None for one in self.floods)
        return not (self.chattering or self.standing or running)


def most_within(times: Iterable[datetime]) -> int:
    """Return how many of these moments lie at most within one window of ten minutes."""
    ordered = sorted(times)
    most = first = 0
    for last, at in enumerate(ordered):
        while at - ordered[first] > WITHIN:
            first += 1
        most = max(most, last - first + 1)
    return most


def is_chattering(times: Iterable[datetime]) -> bool:
    """Say whether an alarm that was raised at these moments chatters."""
    return most_within(times) >= TIMES


def is_standing(raised_at: datetime, now: datetime) -> bool:
    """Say whether an alarm that goes on has done so for more than a day."""
    return now - raised_at > STANDS_AFTER


def of(session: Session, actor: Actor, now: datetime) -> Trouble:
    """Return the troubles of the organisations whose alarms the actor may see."""
    orgs = actor.orgs("alarms.read")
    holds = (
        Episode.cleared_at.is_(None), Episode.raised_at < now - STANDS_AFTER, Episode.drill == "",
    )  # fmt: skip
    standing_now, in_all = board.history(session, orgs, now, holds, MOST, 0)
    shed = _mine(
        select(func.count()).select_from(Suspension).where(*standing.stands(now)), Suspension, orgs
    )
    floods = _mine(select(Flood), Flood, orgs).order_by(Flood.id.desc()).limit(MOST)
    return Trouble(
        chattering(session, orgs, now), standing_now, in_all, list(session.scalars(floods)),
        session.scalar(shed) or 0,
    )  # fmt: skip


def chattering(session: Session, orgs: Orgs, now: datetime) -> list[Chattering]:
    """Return the rules whose alarms chattered in the last day, the worst first."""
    raised = _raised(session, orgs, now)
    worst = {rule_id: times for rule_id, times in raised.items() if is_chattering(times)}
    rules = session.scalars(select(AlarmRule).where(AlarmRule.id.in_(worst))).all() if worst else ()
    found = [
        Chattering(
            rule, standing.rule_name(rule), len(worst[rule.id]), most_within(worst[rule.id]),
            max(worst[rule.id]),
        )
        for rule in rules
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.times, one.rule.id))[:MOST]


def flood(session: Session, actor: Actor, number: int, permission: str = "alarms.read") -> Flood:
    """Return this flood; NotFound where there is none that the actor may see."""
    wanted = _mine(select(Flood).where(Flood.id == number), Flood, actor.orgs(permission))
    found: Flood | None = session.scalars(wanted).first()
    if found is None:
        because = N_("There is no flood with the number %(number)s.")
        raise NotFound(Refusal("no_such_flood", because, {"number": number}))
    return found


def _raised(session: Session, orgs: Orgs, now: datetime) -> Mapping[int, list[datetime]]:
    wanted: Select[*tuple[Any, ...]] = (
        select(Episode.rule_id, Episode.raised_at)
        .where(
            Episode.recorded_at > now - LOOKED_BACK,
            Episode.drill == "",
            Episode.historical.is_(False),
        )
        .order_by(Episode.id.desc())
        .limit(MOST_RAISED)
    )
    found: dict[int, list[datetime]] = {}
    for row in session.execute(board.narrowed(wanted, orgs)):
        found.setdefault(row.rule_id, []).append(row.raised_at)
    return found


def _mine(query: Any, table: Any, orgs: Orgs) -> Any:  # noqa: ANN401  a query of either table
    return query if orgs is None else query.where(table.org_id.in_(sorted(orgs)))
