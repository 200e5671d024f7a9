"""Rules of a freezer type: each freezer of the type gets them, unless its own rule differs on purpose."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from server.alarms import defaults, params, rules
from server.alarms.models import AlarmRule, TypeRule
from server.alarms.rules import Wish
from server.alarms.service.calling import WATCH
from server.alarms.service.configure import add_rule, change_rule
from server.alarms.wishes import why_not_answers
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, CryokeepError, Invalid, Refusal
from server.core.words import N_
from server.storage.models import Container, ContainerType
from server.telemetry.models import Agent, Channel

AHEAD: Final = timedelta(days=366)
AT_ONCE: Final = 50
UNTOUCHED: Final = 1
"""The version of a rule that nobody has changed since it was made."""


@dataclass(frozen=True)
class Due:
    """A channel that does not say yet what its freezer's type says; `rule` None where it has none of the kind."""

    type_rule: TypeRule
    channel: Channel
    rule: AlarmRule | None


def wish_in(type_rule: TypeRule) -> Wish:
    """Return what a type's rule says."""
    return Wish(**json.loads(type_rule.wish))


def set_rule(
    session: Session, actor: Actor, org_id: int, of: ContainerType, channel_key: str, wish: Wish,
    because: str, *, at: datetime, effective_from: datetime | None = None,
) -> TypeRule:  # fmt: skip
    """Let all freezers of a type be watched so, at once or from a moment to come (at most a year ahead).

    It takes the place of the type's rule of the same channel, kind and severity. Refuses what cannot be a rule of
    such a channel, and asks for a reason.
    """
    wish = defaults.classed(wish, channel_key)
    if found := rules.why_not_rule(wish, channel_key) or why_not_answers(wish):
        field, refusal = found
        raise Invalid(refusal, field=field)
    if not because.strip():
        raise Invalid(Refusal("reason_missing", N_("Say why it is changed.")), field="because")
    begins = effective_from or at
    if not at <= begins <= at + AHEAD:
        refusal = Refusal(
            "bad_effective", N_("A moment to come is expected, at most a year ahead.")
        )
        raise Invalid(refusal, field="from_day")
    made = TypeRule(
        org_id=org_id, container_type_id=of.id, channel_key=channel_key,
        wish=json.dumps(asdict(wish)), effective_from=begins, recorded_at=at, by_name=actor.name,
        because=because.strip(),
    )  # fmt: skip
    before = _same(session, made, wish)
    session.add(made)
    session.flush()  # reason: what it supersedes names it
    for one in before:
        one.ended_at, one.superseded_by_id = begins, made.id
    _record(session, actor, "type_rule.set", made, of, at, now=asdict(wish))
    return made


def withdraw(
    session: Session, actor: Actor, type_rule: TypeRule, because: str, *, at: datetime
) -> None:
    """End a type's rule. Rules of freezers that followed it stay as they are, and are the freezers' own then."""
    if not because.strip():
        raise Invalid(Refusal("reason_missing", N_("Say why it is withdrawn.")), field="because")
    if type_rule.ended_at is not None and type_rule.ended_at <= at:
        raise Conflict(Refusal("type_rule_over", N_("This rule of the type has ended.")))
    type_rule.ended_at = at
    for rule in session.scalars(select(AlarmRule).where(AlarmRule.type_rule_id == type_rule.id)):
        rule.type_rule_id = None
    of = session.get_one(ContainerType, type_rule.container_type_id)
    _record(session, actor, "type_rule.withdrawn", type_rule, of, at, reason=because.strip())


def follow(session: Session, actor: Actor, rule: AlarmRule, *, at: datetime) -> AlarmRule:
    """Let a freezer's own rule say again what its type says; refuses where the type says nothing of the kind."""
    wanted = type_rule_for(session, rule, at)
    if wanted is None:
        because = N_("The type of this freezer has no rule of this kind and severity.")
        raise Conflict(Refusal("no_type_rule", because))
    change_rule(session, actor, rule, wish_in(wanted), at=at, because=wanted.because)
    rule.type_rule_id = wanted.id
    return rule


def type_rule_for(session: Session, rule: AlarmRule, at: datetime) -> TypeRule | None:
    """Return the type's rule that this rule could follow, or None."""
    channel = rule.channel
    if channel is None or channel.freezer is None:
        return None
    found = session.scalars(
        select(TypeRule).where(
            _counts(at), TypeRule.org_id == rule.org_id,
            TypeRule.container_type_id == channel.freezer.type_id,
            TypeRule.channel_key == channel.key,
        )
    )  # fmt: skip
    fits = (one for one in found if _kind_of(wish_in(one)) == (rule.kind, rule.severity))
    return next(fits, None)


def standing(session: Session, org_ids: Sequence[int] | None, at: datetime) -> Sequence[TypeRule]:
    """Return the rules of types that count or are to come, of these organisations (None: of all)."""
    query = select(TypeRule).where(or_(TypeRule.ended_at.is_(None), TypeRule.ended_at > at))
    if org_ids is not None:
        query = query.where(TypeRule.org_id.in_(org_ids))
    return session.scalars(query.order_by(TypeRule.container_type_id, TypeRule.id)).all()


def due(session: Session, now: datetime) -> list[Due]:
    """Return the channels that do not say yet what their freezer's type says; only reads.

    A rule that a person changed differs on purpose and is left; one that nobody touched since it was made, and
    one that follows an earlier rule of the type, are due.
    """
    rows = session.execute(
        select(TypeRule, Channel)
        .join(Container, and_(Container.type_id == TypeRule.container_type_id,
                              Container.org_id == TypeRule.org_id))
        .join(Channel, and_(Channel.freezer_id == Container.id, Channel.key == TypeRule.channel_key))
        .join(Agent, Agent.id == Channel.agent_id)
        .where(_counts(now), Container.retired_at.is_(None), Agent.revoked_at.is_(None))
        .order_by(TypeRule.id, Channel.id)
    ).all()  # fmt: skip
    found = _whose_twin_is_there(session, [(row[0], row[1]) for row in rows])
    known = _rules_of(session, [channel.id for _rule, channel in found])
    return [
        one for rule, channel in found if (one := _due(rule, channel, known.get(channel.id, [])))
    ]


def apply_due(session: Session, now: datetime) -> int:
    """Let up to fifty of them say what their type says; returns how many. What is refused is left as it is."""
    found = due(session, now)[:AT_ONCE]
    return sum(_apply(session, one, now) for one in found)


def _apply(session: Session, one: Due, now: datetime) -> int:
    wish, because = wish_in(one.type_rule), one.type_rule.because
    try:
        if one.rule is None:
            rule = add_rule(session, WATCH, one.channel, wish, at=now, because=because)
        else:
            rule = change_rule(session, WATCH, one.rule, wish, at=now, because=because)
    except CryokeepError:  # another rule of the channel says just this
        return 0
    rule.type_rule_id = one.type_rule.id
    one.type_rule.applied_at = one.type_rule.applied_at or now
    return 1


def _whose_twin_is_there(
    session: Session, rows: Sequence[tuple[TypeRule, Channel]]
) -> list[tuple[TypeRule, Channel]]:
    """Leave out freezers that have no channel yet which the type's rule names as the twin."""
    twins = {row[0].id: twin for row in rows if (twin := _twin_of(wish_in(row[0])))}
    if not twins:
        return list(rows)
    wanted = select(Channel.freezer_id, Channel.key).where(
        Channel.key.in_(sorted(set(twins.values())))
    )
    there = {(row[0], row[1]) for row in session.execute(wanted)}
    return [
        row for row in rows
        if row[0].id not in twins or (row[1].freezer_id, twins[row[0].id]) in there
    ]  # fmt: skip


def _twin_of(wish: Wish) -> str:
    reads = any(param.name == "twin" for param in params.fields(wish.kind))
    return params.word(wish.kind, wish.params, "twin") if reads else ""


def _due(type_rule: TypeRule, channel: Channel, known: Sequence[AlarmRule]) -> Due | None:
    wish = wish_in(type_rule)
    same = [one for one in known if (one.kind, one.severity) == _kind_of(wish)]
    if any(one.type_rule_id == type_rule.id for one in same):
        return None
    following = [one for one in same if one.type_rule_id is not None or one.version == UNTOUCHED]
    if same and not following:
        return None
    says_it = any((one.value, one.params) == (wish.value, wish.params) for one in same)
    if says_it and not following:
        return None
    return Due(type_rule, channel, following[0] if following else None)


def _kind_of(wish: Wish) -> tuple[str, str]:
    return wish.kind, wish.severity


def _rules_of(session: Session, channel_ids: Sequence[int]) -> dict[int, list[AlarmRule]]:
    found: dict[int, list[AlarmRule]] = {}
    for rule in session.scalars(select(AlarmRule).where(AlarmRule.channel_id.in_(channel_ids))):
        if rule.channel_id is not None:
            found.setdefault(rule.channel_id, []).append(rule)
    return found


def _counts(now: datetime) -> ColumnElement[bool]:
    return and_(
        TypeRule.effective_from <= now, or_(TypeRule.ended_at.is_(None), TypeRule.ended_at > now)
    )


def _same(session: Session, made: TypeRule, wish: Wish) -> list[TypeRule]:
    rows = session.scalars(
        select(TypeRule).where(
            TypeRule.org_id == made.org_id, TypeRule.ended_at.is_(None),
            TypeRule.container_type_id == made.container_type_id,
            TypeRule.channel_key == made.channel_key,
        )
    )  # fmt: skip
    return [one for one in rows if _kind_of(wish_in(one)) == _kind_of(wish)]


def _record(
    session: Session, actor: Actor, action: str, made: TypeRule, of: ContainerType, at: datetime,
    **facts: object,
) -> None:  # fmt: skip
    audit.record(
        session, actor, action, "type_rule", f"{of.code} {made.channel_key}", at=at,
        org_id=made.org_id, effective_from=str(made.effective_from), because=made.because,
        change=facts,
    )  # fmt: skip
