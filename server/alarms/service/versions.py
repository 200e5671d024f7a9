"""Versions of a rule: what it said from when on, and what it will say from a moment to come."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from server.alarms.models import AlarmRule, RuleVersion
from server.alarms.rules import Wish
from server.alarms.service.calling import WATCH
from server.alarms.service.configure import change_rule, checked
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, CryokeepError, Invalid, Refusal
from server.core.words import N_

AHEAD: Final = timedelta(days=366)
AT_ONCE: Final = 50
_WAITS: Final = and_(RuleVersion.applied_at.is_(None), RuleVersion.withdrawn_at.is_(None))


def wish_in(version: RuleVersion) -> Wish:
    """Return what a version says."""
    return Wish(**json.loads(version.wish))


def of_rule(session: Session, rule: AlarmRule, limit: int = 50) -> Sequence[RuleVersion]:
    """Return the versions of a rule, the newest first."""
    query = select(RuleVersion).where(RuleVersion.rule_id == rule.id)
    newest = query.order_by(RuleVersion.effective_from.desc(), RuleVersion.id.desc())
    return session.scalars(newest.limit(limit)).all()


def plan(
    session: Session, actor: Actor, rule: AlarmRule, wish: Wish, effective_from: datetime,
    because: str, *, at: datetime,
) -> RuleVersion:  # fmt: skip
    """Let a rule say something else from a moment to come, at most a year ahead; the reason is required."""
    wish = checked(session, rule, wish)
    if not because.strip():
        raise Invalid(Refusal("reason_missing", N_("Say why it is changed.")), field="because")
    if not at < effective_from <= at + AHEAD:
        refusal = Refusal(
            "bad_effective", N_("A moment to come is expected, at most a year ahead.")
        )
        raise Invalid(refusal, field="from_day")
    made = RuleVersion(
        rule_id=rule.id, wish=json.dumps(asdict(wish)), effective_from=effective_from,
        recorded_at=at, by_name=actor.name, because=because.strip(),
    )  # fmt: skip
    session.add(made)
    session.flush()  # reason: the audit entry names it
    _record(session, actor, "alarm_rule.change_planned", rule, made, at, now=asdict(wish))
    return made


def withdraw(session: Session, actor: Actor, version: RuleVersion, *, at: datetime) -> None:
    """Take back a version that is still to come; refuses one that counts already."""
    if version.applied_at is not None or version.withdrawn_at is not None:
        raise Conflict(Refusal("version_over", N_("This change counts already, or was withdrawn.")))
    version.withdrawn_at = at
    rule = session.get_one(AlarmRule, version.rule_id)
    _record(session, actor, "alarm_rule.change_withdrawn", rule, version, at)


def is_any_due(session: Session, now: datetime) -> bool:
    """Say whether a planned version counts from now; only reads."""
    return session.scalar(select(RuleVersion.id).where(_due(now)).limit(1)) is not None


def apply_due(session: Session, now: datetime) -> int:
    """Let planned versions count whose moment has come; returns how many.

    One that can no longer be right (another rule says the same by now) is withdrawn, and the record says why.
    """
    query = (
        select(RuleVersion).where(_due(now)).order_by(RuleVersion.effective_from, RuleVersion.id)
    )
    found = session.scalars(query.limit(AT_ONCE).with_for_update(skip_locked=True)).all()
    for one in found:
        rule = session.get_one(AlarmRule, one.rule_id)
        try:
            change_rule(
                session, WATCH, rule, wish_in(one), at=now, because=one.because, planned=one
            )
            one.applied_at = now
        except CryokeepError as error:
            one.withdrawn_at = now
            _record(
                session, WATCH, "alarm_rule.change_withdrawn", rule, one, now,
                why=error.refusal.text(),
            )  # fmt: skip
    return len(found)


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(_WAITS, RuleVersion.effective_from <= now)


def _record(
    session: Session, actor: Actor, action: str, rule: AlarmRule, version: RuleVersion,
    at: datetime, **facts: object,
) -> None:  # fmt: skip
    audit.record(
        session, actor, action, "alarm_rule", str(rule.id), at=at, org_id=rule.org_id,
        effective_from=str(version.effective_from), reason=version.because, change=facts,
    )  # fmt: skip
