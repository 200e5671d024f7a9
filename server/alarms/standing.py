"""Reads of what is set aside: which episodes it covers, what it is called, what of it is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from server.alarms import rules, wording
from server.alarms.models import AlarmRule, Episode, Suspension
from server.alarms.wording import Place
from server.core.words import N_
from server.notify.rules import Sentence
from server.storage.models import Container, Room, Site
from server.telemetry.models import Agent, Channel

Thing = AlarmRule | Container | Agent | Site
"""What can be set aside: a rule, a freezer, an agent or a site."""
_COLUMNS: dict[type, str] = {
    AlarmRule: "rule_id", Container: "freezer_id", Agent: "agent_id", Site: "site_id"
}  # fmt: skip


YOUNG = timedelta(minutes=10)
"""No transaction lasts so long."""


@dataclass(frozen=True)
class Aside:
    """One suspension with what a page says of it."""

    suspension: Suspension
    name: Sentence
    waits: bool
    """A second person has yet to agree."""
    safety: bool
    """Life safety is covered, or would be."""
    seconds_left: float
    episodes: int
    """How many alarms it keeps silent now."""


def thing_of(session: Session, row: Suspension) -> Thing:
    """Return what was set aside."""
    if row.rule_id is not None:
        return session.get_one(AlarmRule, row.rule_id)
    if row.freezer_id is not None:
        return session.get_one(Container, row.freezer_id)
    if row.agent_id is not None:
        return session.get_one(Agent, row.agent_id)
    assert row.site_id is not None  # a suspension is of one of the four
    return session.get_one(Site, row.site_id)


def column_of(thing: Thing) -> dict[str, int]:
    """Return the column and number by which a suspension names a thing."""
    return {_COLUMNS[type(thing)]: thing.id}


def is_safety(thing: Thing) -> bool:
    """Say whether it is a rule of life safety."""
    return isinstance(thing, AlarmRule) and thing.alarm_class == "safety"


def name_of(thing: Thing) -> Sentence:
    """Return what a thing is called on pages and in letters."""
    if isinstance(thing, AlarmRule):
        return rule_name(thing)
    if isinstance(thing, Agent):
        return Sentence(f"{thing.site}/{thing.code}")
    return Sentence(thing.name if isinstance(thing, Site) else thing.code)


def rule_name(rule: AlarmRule) -> Sentence:
    """Return what a rule is called: LN2-03, Top probe: too high."""
    word = Sentence(rules.KIND_WORDS[rule.kind])
    if rule.channel is None:
        place = rule.freezer or rule.agent or rule.site
        where = getattr(place, "code", "Cryokeep")
        return Sentence(N_("%(where)s: %(word)s"), {"where": where, "word": word})
    what = Sentence(rules.quantity_of(rule.channel.key, rule.channel.label))
    freezer = rule.channel.freezer
    if freezer is None:
        return Sentence(N_("%(where)s: %(word)s"), {"where": what, "word": word})
    facts = {"where": freezer.code, "what": what, "word": word}
    return Sentence(N_("%(where)s, %(what)s: %(word)s"), facts)


def zoned(at: datetime, time_zone: str) -> str:
    """Return the date and time in this zone, for letters."""
    return wording.zoned_time(at, Place("", time_zone=time_zone))


def covered(row: Suspension) -> Select[int]:
    """Return the query of the unfinished episodes that a suspension covers; drills are never covered."""
    query = select(Episode.id).where(
        Episode.drill == "", Episode.historical.is_(False), _about(row), _is_unfinished()
    )
    return query if row.second_by_id is not None else query.where(Episode.alarm_class != "safety")


def _about(row: Suspension) -> ColumnElement[bool]:
    if row.rule_id is not None:
        return Episode.rule_id == row.rule_id
    if row.freezer_id is not None:
        return Episode.freezer_id == row.freezer_id
    if row.agent_id is not None:
        read = select(Channel.id).where(Channel.agent_id == row.agent_id)
        return or_(Episode.agent_id == row.agent_id, Episode.channel_id.in_(read))
    there = select(Container.id).join(Room, Room.id == Container.room_id)
    freezers = there.where(Room.site_id == row.site_id)
    agents = select(Channel.agent_id).where(Channel.freezer_id.in_(freezers))
    read = select(Channel.id).where(Channel.agent_id.in_(agents))
    return or_(
        Episode.site_id == row.site_id, Episode.freezer_id.in_(freezers),
        Episode.agent_id.in_(agents), Episode.channel_id.in_(read),
    )  # fmt: skip


def _is_unfinished() -> ColumnElement[bool]:
    return or_(
        Episode.cleared_at.is_(None),
        Episode.acknowledged_at.is_(None),
        Episode.latched,
        Episode.confirm_due,
    )


def stands(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return what a suspension is that has not ended, agreed to or not."""
    return Suspension.ended_at.is_(None), Suspension.until > now


def over(now: datetime) -> Select[int]:
    """Return the query of the suspensions that end by themselves now: their time is up, or their one alarm is over."""
    goes_on = exists().where(
        Episode.rule_id == Suspension.rule_id, Episode.cleared_at.is_(None), Episode.drill == ""
    )
    once = and_(Suspension.mode == "shelved_once", ~goes_on)
    return select(Suspension.id).where(
        Suspension.ended_at.is_(None), or_(Suspension.until <= now, once)
    )


def to_bring_back() -> Select[int]:
    """Return the query of the episodes that a suspension silenced which has ended."""
    return (
        select(Episode.id)
        .join(Suspension, Suspension.id == Episode.suspension_id)
        .where(Episode.silenced != "", Suspension.ended_at.is_not(None))
        .order_by(Episode.id)
    )


def slipped_past(now: datetime) -> Select[Suspension]:
    """Return the query of the suspensions so young that an alarm may just have been raised past them.

    On PostgreSQL an alarm that is raised in the moment of setting aside may not see it yet.
    """
    return select(Suspension).where(*stands(now), Suspension.agreed_at.between(now - YOUNG, now))


def not_silent(row: Suspension) -> Select[int]:
    """Return the query of the episodes that a suspension covers and that call all the same."""
    return covered(row).where(Episode.silenced == "")


def listed(session: Session, query: Select[Any], now: datetime) -> list[Aside]:
    """Return these suspensions as pages show them, those that end first before the others."""
    rows = session.scalars(query.where(*stands(now)).order_by(Suspension.until)).all()
    return [_aside(session, row, now) for row in rows]


def _aside(session: Session, row: Suspension, now: datetime) -> Aside:
    thing = thing_of(session, row)
    silenced = select(func.count()).where(Episode.suspension_id == row.id, Episode.silenced != "")
    return Aside(
        row,
        name_of(thing),
        row.agreed_at is None,
        is_safety(thing) or row.second_by_id is not None,
        (row.until - now).total_seconds(),
        session.scalar(silenced) or 0,
    )
