"""The API of what is watched for."""

from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from flask import g
from msgspec import UNSET, UnsetType
from sqlalchemy import select

from server.accounts.queries import visible
from server.alarms import asides, own_wishes, params, sayings, service
from server.alarms.models import AlarmRule, RuleVersion
from server.alarms.rules import Wish
from server.alarms.service import versions
from server.alarms.views import rule_answers
from server.alarms.views.blueprints import api
from server.alarms.views.rules import find as find_rule
from server.alarms.views.rules import version_of
from server.alarms.wishes import params_of
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.kit import cursors
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.storage import queries as storage
from server.telemetry.models import Agent, Channel

_ANSWERS = ("acks_needed", "ack_timeout_s", "latching", "needs_confirming", "alarm_class")
"""What a rule asks of people, in the order of `rule_answers.asked`."""


class RuleIn(Body):
    """What to watch a channel for; value and hysteresis in its unit (a rate's a minute), delays and window in seconds.

    Of a rate: window_s and direction (both, up or down). Of disagree, swapped and stuck: twin, the key of another
    channel of the freezer. Of boiloff: usual_a_day in the channel's unit, and widths. Of forecast: limit in the
    channel's unit. Another kind refuses them. What is left out of these, and of what the rule asks of people, is as
    it was, or usual; null makes one of these usual again. alarm_class is process, equipment, system or safety; life
    safety asks for `because`.
    """

    kind: str
    severity: str
    value: float = 0.5
    hysteresis: float = 0.0
    delay_on_s: float = 0.0
    delay_off_s: float = 0.0
    window_s: float | UnsetType | None = UNSET
    direction: str | UnsetType | None = UNSET
    twin: str | UnsetType | None = UNSET
    usual_a_day: float | UnsetType | None = UNSET
    widths: float | UnsetType | None = UNSET
    limit: float | UnsetType | None = UNSET
    acks_needed: int | None = None
    ack_timeout_s: float | None = None
    latching: bool | None = None
    needs_confirming: bool | None = None
    alarm_class: str | None = None
    because: str = ""


class RuleChangeIn(RuleIn, kw_only=True):
    """What a rule is to watch for instead, why, and from when on: at once where no moment is given."""

    because: str
    effective_from: datetime | None = None


class VersionOut(Answer):
    """What a rule said from a moment on, or will say; withdrawn_at where it never came to count."""

    id: int
    kind: str
    severity: str
    value: float
    hysteresis: float
    delay_on_s: float
    delay_off_s: float
    acks_needed: int
    ack_timeout_s: float
    latching: bool
    needs_confirming: bool
    alarm_class: str
    params: dict[str, Any]
    effective_from: datetime
    applied_at: datetime | None
    withdrawn_at: datetime | None
    by_name: str
    because: str


class VersionsOut(Answer):
    """The versions of a rule, newest first."""

    items: list[VersionOut]


class FreezerRuleIn(Body):
    """What to watch a freezer itself for: fill_long, or event: and a code of its controller; all in seconds."""

    what: str
    severity: str
    value: float | None = None
    delay_on_s: float = 0.0
    delay_off_s: float = 0.0
    acks_needed: int | None = None
    ack_timeout_s: float | None = None
    latching: bool | None = None
    needs_confirming: bool | None = None
    alarm_class: str | None = None
    because: str = ""


class RuleOut(Answer):
    """A rule of a channel, or of a freezer itself, an agent, a site or the system; `watches` in the reader's words."""

    id: int
    channel_id: int | None
    freezer_id: int | None
    agent_id: int | None
    site_id: int | None
    kind: str
    severity: str
    value: float
    hysteresis: float
    delay_on_s: float
    delay_off_s: float
    enabled: bool
    off_because: str
    off_until: datetime | None
    alarm_class: str
    latching: bool
    acks_needed: int
    ack_timeout_s: float
    needs_confirming: bool
    limit_name: str
    watches: str
    params: dict[str, Any]


class RulesOut(Answer):
    """A page of rules."""

    items: list[RuleOut]
    next: str | None = None


class OffIn(Body):
    """Why a rule is switched off, and for how many hours; then it is watched for again."""

    reason: str
    hours: float


@api.get("/alarm-rules")
@require("alarms.read")
@describes("List what is watched for", answers={200: RulesOut}, listed=True)
def list_rules() -> RulesOut:
    """Answer with a page of rules."""
    query = visible(select(AlarmRule), g.actor, "alarms.read", AlarmRule.org_id)
    found, following = cursors.page(g.session, query, AlarmRule.id)
    return RulesOut(items=_rules(found), next=following)


@api.post("/channels/<int:channel_id>/alarm-rules")
@require("alarms.configure")
@describes("Watch a channel for something", body=RuleIn, answers={201: RuleOut})
def add_rule(channel_id: int) -> tuple[RuleOut, int]:
    """Add a rule to a channel."""
    wanted = read(RuleIn)
    rule = service.add_rule(
        g.session, g.actor, _channel(channel_id), wish_of(wanted), at=g.clock.now(),
        because=wanted.because,
    )  # fmt: skip
    return rule_out(rule), 201


@api.post("/freezers/<code>/alarm-rules")
@require("alarms.configure")
@describes("Watch a freezer itself for something", body=FreezerRuleIn, answers={201: RuleOut})
def add_freezer_rule(code: str) -> tuple[RuleOut, int]:
    """Add a rule to a freezer: for a long fill, or a code of its controller."""
    wanted = read(FreezerRuleIn)
    freezer = storage.container(g.session, g.actor, "alarms.configure", code, "freezer")
    plain = msgspec.structs.asdict(wanted)
    answers, because = [plain.pop(name) for name in _ANSWERS], plain.pop("because")
    wish = rule_answers.asked(own_wishes.wish_for(**plain), *answers)
    return rule_out(
        service.add_freezer_rule(
            g.session, g.actor, freezer, wish, at=g.clock.now(), because=because
        )
    ), 201


@api.get("/alarm-rules/<int:rule_id>")
@require("alarms.read")
@describes("Read one rule", answers={200: RuleOut})
def get_rule(rule_id: int) -> RuleOut:
    """Answer with one rule."""
    return rule_out(find_rule(rule_id, "alarms.read"))


@api.put("/alarm-rules/<int:rule_id>")
@require("alarms.configure")
@describes("Change a rule", body=RuleChangeIn, answers={200: RuleOut})
def change_rule(rule_id: int) -> RuleOut:
    """Change what a rule watches for, at once or from a moment to come."""
    wanted, at = read(RuleChangeIn), g.clock.now()
    found = find_rule(rule_id, "alarms.configure")
    wish = wish_of(wanted, service.wish_of(found))
    if wanted.effective_from is None:
        return rule_out(
            service.change_rule(g.session, g.actor, found, wish, at=at, because=wanted.because)
        )
    versions.plan(g.session, g.actor, found, wish, wanted.effective_from, wanted.because, at=at)
    return rule_out(found)


@api.get("/alarm-rules/<int:rule_id>/versions")
@require("alarms.read")
@describes("List the versions of a rule", answers={200: VersionsOut})
def list_versions(rule_id: int) -> VersionsOut:
    """Answer with all of them, newest first."""
    found = find_rule(rule_id, "alarms.read")
    return VersionsOut(items=[_version(one) for one in versions.of_rule(g.session, found)])


@api.post("/alarm-rules/<int:rule_id>/versions/<int:version_id>/withdraw")
@require("alarms.configure")
@describes("Withdraw a change that is still to come", answers={200: VersionOut})
def version_withdrawn(rule_id: int, version_id: int) -> VersionOut:
    """Take it back."""
    found = version_of(find_rule(rule_id, "alarms.configure"), version_id)
    versions.withdraw(g.session, g.actor, found, at=g.clock.now())
    return _version(found)


def _version(one: RuleVersion) -> VersionOut:
    wish = versions.wish_in(one)
    return VersionOut(
        id=one.id, kind=wish.kind, severity=wish.severity, value=wish.value,
        hysteresis=wish.hysteresis, delay_on_s=wish.delay_on_s, delay_off_s=wish.delay_off_s,
        acks_needed=wish.acks_needed, ack_timeout_s=wish.ack_timeout_s, latching=wish.latching,
        needs_confirming=wish.needs_confirming, params=params_of(wish.params),
        alarm_class=wish.alarm_class, effective_from=one.effective_from, applied_at=one.applied_at,
        withdrawn_at=one.withdrawn_at, by_name=one.by_name, because=one.because,
    )  # fmt: skip


@api.post("/alarm-rules/<int:rule_id>/off")
@require("alarms.configure")
@describes("Switch a rule off for a time, with a reason", body=OffIn, answers={200: RuleOut})
def switch_off(rule_id: int) -> RuleOut:
    """Stop watching."""
    wanted, now = read(OffIn), g.clock.now()
    found = find_rule(rule_id, "alarms.configure")
    until = asides.after(now, wanted.hours)
    return rule_out(
        service.switch_off(g.session, g.actor, found, wanted.reason, until=until, at=now)
    )


@api.post("/alarm-rules/<int:rule_id>/on")
@require("alarms.configure")
@describes("Switch a rule on again", answers={200: RuleOut})
def switch_on(rule_id: int) -> RuleOut:
    """Watch again."""
    found = find_rule(rule_id, "alarms.configure")
    return rule_out(service.switch_on(g.session, g.actor, found, at=g.clock.now()))


def wish_of(wanted: RuleIn, was: Wish | None = None) -> Wish:
    """Return the rule that is wished for; in all that the body does not say, as it was."""
    plain = {name: getattr(wanted, name) for name in RuleIn.__struct_fields__ if name != "because"}
    params_in = {name: plain.pop(name) for name in params.NAMES}
    said = {name: one for name, one in params_in.items() if one is not UNSET}
    answers = [plain.pop(name) for name in _ANSWERS]
    wish = rule_answers.asked(replace(was, **plain) if was else Wish(**plain), *answers)
    before = was.params if was and was.kind == wish.kind else "{}"
    return replace(wish, params=params.merged(wish.kind, said, before))


def _channel(channel_id: int) -> Channel:
    query = (
        select(Channel).join(Agent, Agent.id == Channel.agent_id).where(Channel.id == channel_id)
    )
    found: Channel | None = g.session.scalars(
        visible(query, g.actor, "alarms.configure", Agent.org_id)
    ).first()
    if found is None:
        because = N_("There is no channel with the number %(number)s.")
        raise NotFound(Refusal("no_such_channel", because, {"number": channel_id}))
    return found


def rule_out(rule: AlarmRule) -> RuleOut:
    """Return a rule as the API answers with it."""
    return _rules([rule])[0]


def _rules(found: Sequence[AlarmRule]) -> list[RuleOut]:
    """Rules as programs see them."""
    names = _limit_names({rule.channel_id for rule in found if rule.channel_id is not None})
    return [_rule_out(rule, names.get(rule.id, "")) for rule in found]


def _rule_out(rule: AlarmRule, limit_name: str) -> RuleOut:
    names = set(RuleOut.__struct_fields__) - {"params"}
    plain = {name: getattr(rule, name) for name in names if hasattr(rule, name)}
    key = rule.channel.key if rule.channel else ""
    watches = sayings.watched_for(rule, key).text(g.actor.language)
    return RuleOut(**plain, limit_name=limit_name, watches=watches, params=params_of(rule.params))


def _limit_names(channels: Set[int]) -> dict[int, str]:
    """The names of all high and low limits of these channels, by rule."""
    wanted = select(AlarmRule).where(
        AlarmRule.channel_id.in_(sorted(channels)), AlarmRule.kind.in_(("high", "low"))
    )
    by_channel: dict[int | None, list[AlarmRule]] = {}
    for rule in g.session.scalars(wanted):
        by_channel.setdefault(rule.channel_id, []).append(rule)
    return {
        one: name
        for those in by_channel.values()
        for one, name in sayings.limit_names(those).items()
    }
