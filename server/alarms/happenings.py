"""Judging what agents and controllers have just told, in the same transaction that stores it.

Where judging stands is kept by rule like that of readings, so a delay (a fill's longest time among them) runs out by
the clock of the worker, and a restart forgets nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import codes, told, watch
from server.alarms.codes import OTHER
from server.alarms.defaults import FREEZER
from server.alarms.models import AlarmRule, RuleState
from server.alarms.service.own_rules import Missing, ensure
from server.alarms.told import BY_EVENTS, Tell
from server.alarms.watch import Finding
from server.core.clock import from_ms
from server.notify.rules import packed, unpacked
from server.telemetry.device_events import Happened
from server.telemetry.models import Agent


def consider(session: Session, happened: Sequence[Happened], *, now: datetime) -> int:
    """Raise and clear what these events raise and clear; returns how many episodes began or ended."""
    return sum(_consider(session, one, now) for one in happened)


def _consider(session: Session, one: Happened, now: datetime) -> int:
    tells = told.tells(one.kind, dict(one.facts))
    if not tells:
        return 0
    rules = _rules(session, one.agent_id, one.freezer_id)
    if made := _make_missing(session, one, tells, rules, now):
        rules = made
    return watch.settle(session, findings_of(session, rules, one, tells), now=now)


def findings_of(
    session: Session, rules: Iterable[AlarmRule], one: Happened, tells: Sequence[Tell]
) -> list[Finding]:
    """Return what one event says of these rules: those of its agent and of its freezer."""
    found: list[Finding] = []
    for rule in rules:
        for tell in tells:
            if rule.enabled and told.is_about(rule, tell):
                found += _ended_late(rule, tell, one)
                found.append(_finding(session, rule, tell, one))
    return found


def _ended_late(rule: AlarmRule, tell: Tell, one: Happened) -> list[Finding]:
    """A fill lasted until its end: one that took too long alarms, also when the end came before anybody looked."""
    if rule.kind != "fill_long" or tell.holds or one.kind != "fill_ended":
        return []
    return [_plain(rule, replace(tell, holds=True), one)]


def _finding(session: Session, rule: AlarmRule, tell: Tell, one: Happened) -> Finding:
    if tell.code != OTHER:
        return _plain(rule, tell, one)
    words = told.said_after(_said_before(session, rule, one.drill), tell, one.kind)
    return _plain(rule, replace(tell, holds=bool(words)), one, words)


def _plain(rule: AlarmRule, tell: Tell, one: Happened, words: Iterable[str] = ()) -> Finding:
    detail = told.detail_of(rule, words)
    memory = packed(detail) if tell.holds or tell.code == OTHER else None
    at = from_ms(one.at_ms)
    return Finding(rule, tell.holds, at, detail=detail, memory=memory, drill=one.drill)


def _said_before(session: Session, rule: AlarmRule, drill: str) -> frozenset[str]:
    """Which of other makers' words stood until now."""
    row = session.get(RuleState, (rule.id, drill))
    kept = str(unpacked(row.memory or "{}").get("said", "")) if row else ""
    return frozenset(filter(None, kept.split("\n")))


def _rules(session: Session, agent_id: int, freezer_id: int | None) -> list[AlarmRule]:
    mine = AlarmRule.agent_id == agent_id
    if freezer_id is not None:
        mine |= AlarmRule.freezer_id == freezer_id
    wanted = select(AlarmRule).where(mine, AlarmRule.kind.in_(BY_EVENTS)).order_by(AlarmRule.id)
    return list(session.scalars(wanted))


def _make_missing(
    session: Session,
    one: Happened,
    tells: Sequence[Tell],
    rules: Sequence[AlarmRule],
    now: datetime,
) -> list[AlarmRule]:
    """Make the rules of a freezer that tells of fills, or has a controller, for the first time; return all then.

    One that was switched off is there, and stays off.
    """
    if one.freezer_id is None:
        return []
    known, kinds = {rule.kind for rule in rules}, {tell.kind for tell in tells}
    wishes = [*codes.wishes()] if "event" in kinds - known else []
    wishes += [wish for wish in FREEZER if wish.kind in kinds - known]
    if not wishes:
        return []
    org_id = session.get_one(Agent, one.agent_id).org_id
    ensure(session, [Missing(org_id, wish, freezer_id=one.freezer_id) for wish in wishes], at=now)
    return _rules(session, one.agent_id, one.freezer_id)
