"""What is watched for: rules are added, changed, and switched off with a reason."""

import json
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from server.alarms import asides, defaults, own_wishes, params, rules
from server.alarms.models import AlarmRule, Episode, RuleState, RuleVersion
from server.alarms.rules import Wish
from server.alarms.service.episodes import clear_episode
from server.alarms.wishes import why_not_answers
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.storage.models import Container
from server.telemetry.models import Channel


def add_rule(
    session: Session, actor: Actor, channel: Channel, wish: Wish, *, at: datetime, because: str = ""
) -> AlarmRule:  # fmt: skip
    """Watch a channel for something; refuses what cannot be right, is already watched for, or must say why."""
    by_nature = defaults.classed(replace(wish, alarm_class="process"), channel.key)
    wish = defaults.classed(wish, channel.key)
    _check_why(by_nature.alarm_class, wish.alarm_class, because)
    rule = AlarmRule(
        org_id=channel.agent.org_id, channel_id=channel.id, created_at=at, **asdict(wish)
    )
    _check(session, rule, channel, wish)
    session.add(rule)
    session.flush()  # reason: the audit entry names the rule by its number
    _record(
        session, actor, "alarm_rule.added", rule, channel, at, now=asdict(wish), **_why(because)
    )
    _keep(session, actor, rule, because.strip(), at)
    return rule


def add_freezer_rule(
    session: Session, actor: Actor, freezer: Container, wish: Wish, *, at: datetime, because: str = ""
) -> AlarmRule:  # fmt: skip
    """Watch a freezer itself for a long fill or a code of its controller; refuses what cannot be right."""
    _check_why("equipment", wish.alarm_class, because)
    rule = AlarmRule(org_id=freezer.org_id, freezer_id=freezer.id, created_at=at, **asdict(wish))
    _check(session, rule, None, wish)
    session.add(rule)
    session.flush()  # reason: the audit entry names the rule by its number
    _record(session, actor, "alarm_rule.added", rule, None, at, now=asdict(wish), **_why(because))
    _keep(session, actor, rule, because.strip(), at)
    return rule


def change_rule(
    session: Session, actor: Actor, rule: AlarmRule, wish: Wish, *, at: datetime, because: str = "",
    planned: RuleVersion | None = None,
) -> AlarmRule:  # fmt: skip
    """Watch for something else; where judging stands begins anew, and an open episode ends.

    The version is kept with its reason; `planned` is the one that was planned for this moment.
    """
    wish = checked(session, rule, wish)
    before = asdict(wish_of(rule))
    if before == asdict(wish):
        return rule
    _check_why(rule.alarm_class, wish.alarm_class, because)
    _begin_anew(session, rule, at)
    for name, value in asdict(wish).items():
        setattr(rule, name, value)
    rule.type_rule_id = None  # what follows the freezer's type says so afterwards
    _record(
        session,
        actor,
        "alarm_rule.changed",
        rule,
        rule.channel,
        at,
        before=before,
        now=asdict(wish),
        reason=because,
    )
    _keep(session, actor, rule, because, at, planned)
    return rule


def checked(session: Session, rule: AlarmRule, wish: Wish) -> Wish:
    """Return the wish as the rule would keep it; refuses one that cannot be right for it."""
    if rule.channel is not None:
        wish = defaults.classed(wish, rule.channel.key)
    _check(session, rule, rule.channel, wish)
    return wish


def switch_off(
    session: Session, actor: Actor, rule: AlarmRule, reason: str, *, until: datetime, at: datetime
) -> AlarmRule:
    """Stop watching until then, for a reason that everybody can read; an open episode ends.

    No rule stays off: at the end it is watched for again by itself, and who switched it off and the bank's
    managers are reminded until then. Refused for life safety, which two persons may set aside instead.
    """
    if refusal := asides.why_not_reason(reason):
        raise Invalid(refusal, field="reason")
    if refusal := asides.why_not_so_long(until - at, asides.longest_off(rule.severity)):
        raise Invalid(refusal, field="hours")
    if rule.alarm_class == "safety":
        because = N_("Life safety is not switched off; two persons can set it aside for a day.")
        raise Conflict(Refusal("safety_stays_on", because))
    if not rule.enabled:
        raise Conflict(Refusal("already_off", N_("This rule is already switched off.")))
    _begin_anew(session, rule, at)
    rule.enabled = False
    rule.off_because, rule.off_until, rule.off_by_id = reason.strip(), until, actor.id
    rule.off_remind_at = asides.next_reminder(at, until)
    _record(
        session, actor, "alarm_rule.switched_off", rule, rule.channel, at, reason=rule.off_because,
        until=until,
    )  # fmt: skip
    return rule


def switch_on(session: Session, actor: Actor, rule: AlarmRule, *, at: datetime) -> AlarmRule:
    """Watch again; a condition that is true by then alarms with the next reading."""
    if rule.enabled:
        raise Conflict(Refusal("already_on", N_("This rule is already switched on.")))
    rule.enabled = True
    rule.off_because = ""
    rule.off_until = rule.off_by_id = rule.off_remind_at = None
    _record(session, actor, "alarm_rule.switched_on", rule, rule.channel, at)
    return rule


def default_rules(
    session: Session, actor: Actor, channel: Channel, *, at: datetime
) -> list[AlarmRule]:
    """Give a channel that nobody watches yet the rules of a nitrogen freezer; none where it has any."""
    if session.scalar(select(AlarmRule.id).where(AlarmRule.channel_id == channel.id).limit(1)):
        return []
    wishes = rules.default_wishes(channel.key, channel.interval_s or 10.0)
    return [add_rule(session, actor, channel, wish, at=at) for wish in wishes]


def is_anything_left(session: Session) -> bool:
    """Say whether a rule that is switched off still has an episode or a state; only reads."""
    return any(session.scalar(left.limit(1)) is not None for left in (_LEFT_EPISODES, _LEFT_STATES))


def end_what_is_left(session: Session, *, at: datetime) -> int:
    """End what a reading raised while its rule was being switched off; returns how many episodes.

    The judge may have read the rule just before it was switched off, and raise just after.
    """
    ended = 0
    for rule in session.scalars(
        select(AlarmRule).where(
            AlarmRule.enabled.is_(False),
            or_(AlarmRule.id.in_(_LEFT_EPISODES), AlarmRule.id.in_(_LEFT_STATES)),
        )
    ).all():
        ended += _begin_anew(session, rule, at)
    return ended


_LEFT_EPISODES = (
    select(Episode.rule_id)
    .join(AlarmRule, AlarmRule.id == Episode.rule_id)
    .where(AlarmRule.enabled.is_(False), Episode.cleared_at.is_(None))
)
_LEFT_STATES = (
    select(RuleState.rule_id)
    .join(AlarmRule, AlarmRule.id == RuleState.rule_id)
    .where(AlarmRule.enabled.is_(False))
)


def wish_of(rule: AlarmRule) -> Wish:
    """Return what the rule watches for now."""
    return Wish(**{one.name: getattr(rule, one.name) for one in fields(Wish)})


def _check(session: Session, rule: AlarmRule, channel: Channel | None, wish: Wish) -> None:
    """Refuse a wish that cannot be right for what the rule is of, or that another rule fulfils already."""
    if channel is not None:
        found = rules.why_not_rule(wish, channel.key)
    else:
        found = own_wishes.why_not_own(wish, own_wishes.target_of(rule))
    if found := found or why_not_answers(wish):
        field, refusal = found
        raise Invalid(refusal, field=field)
    if channel is not None:
        _check_twin(session, channel, wish)
    same = select(AlarmRule.id).where(
        AlarmRule.org_id == rule.org_id,
        AlarmRule.channel_id == rule.channel_id,
        AlarmRule.freezer_id == rule.freezer_id,
        AlarmRule.agent_id == rule.agent_id,
        AlarmRule.site_id == rule.site_id,
        AlarmRule.kind == wish.kind,
        AlarmRule.severity == wish.severity,
        AlarmRule.value == wish.value,
        AlarmRule.params == wish.params,
    )
    if rule.id is not None:
        same = same.where(AlarmRule.id != rule.id)
    if session.scalar(same.limit(1)) is not None:
        because = N_("There is already a rule with this kind, limit and severity.")
        raise Invalid(Refusal("same_rule", because), field="value")


def _check_why(was: str, is_to_be: str, because: str) -> None:
    """Refuse to make a rule life safety, or no longer so, without a reason."""
    if was != is_to_be and "safety" in {was, is_to_be} and not because.strip():
        why = N_("Say why it is to be life safety, or no longer so.")
        raise Invalid(Refusal("reason_missing", why), field="because")


def _why(because: str) -> dict[str, str]:
    return {"reason": because.strip()} if because.strip() else {}


def _check_twin(session: Session, channel: Channel, wish: Wish) -> None:
    """Refuse a twin that is no other channel of the same freezer: nothing could be held against it."""
    if not any(param.name == "twin" for param in params.fields(wish.kind)):
        return
    twin = params.word(wish.kind, wish.params, "twin")
    beside = select(Channel.key).where(
        Channel.freezer_id == channel.freezer_id, Channel.id != channel.id
    )
    known = sorted(set(session.scalars(beside)))
    if twin and twin not in known:
        because = N_("“%(twin)s” is no other channel of this freezer; choose one of: %(known)s.")
        facts = {"twin": twin, "known": ", ".join(known) or "—"}
        raise Invalid(Refusal("no_such_twin", because, facts), field="twin")


def _keep(
    session: Session, actor: Actor, rule: AlarmRule, because: str, at: datetime,
    planned: RuleVersion | None = None,
) -> None:  # fmt: skip
    """Keep what the rule says from now on; what it said before stays."""
    if planned is not None:
        planned.applied_at = at
        return
    session.add(
        RuleVersion(
            rule_id=rule.id, wish=json.dumps(asdict(wish_of(rule))), effective_from=at,
            applied_at=at, recorded_at=at, by_name=actor.name, because=because,
        )
    )  # fmt: skip


def _begin_anew(session: Session, rule: AlarmRule, at: datetime) -> int:
    open_drills = select(Episode.drill).where(
        Episode.rule_id == rule.id, Episode.cleared_at.is_(None)
    )
    drills = session.scalars(open_drills).all()
    for drill in drills:
        clear_episode(session, rule, at=at, drill=drill, now=at)
    session.execute(delete(RuleState).where(RuleState.rule_id == rule.id))
    return len(drills)


def _record(
    session: Session,
    actor: Actor,
    action: str,
    rule: AlarmRule,
    channel: Channel | None,
    at: datetime,
    **facts: Any,  # noqa: ANN401  they become JSON
) -> None:
    of = channel.freezer if channel else rule.freezer
    freezer = of.code if of else ""
    audit.record(
        session,
        actor,
        action,
        "alarm_rule",
        str(rule.id),
        at=at,
        org_id=rule.org_id,
        freezer=freezer,
        channel=channel.key if channel else "",
        **facts,
    )
