"""The API of alarms and of what is watched for."""

from datetime import datetime

import msgspec
from flask import g, request
from sqlalchemy import select

from server.accounts.queries import visible
from server.alarms import asides, board, machine, service
from server.alarms.board import Alarm
from server.alarms.models import AlarmRule, Episode
from server.alarms.rules import Wish
from server.alarms.views.blueprints import api
from server.alarms.views.episode import find
from server.alarms.views.history import conditions
from server.alarms.views.rules import find as find_rule
from server.core.errors import Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import cursors
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.telemetry.models import Agent, Channel


class AlarmOut(Answer):
    """One alarm."""

    id: int
    freezer: str
    channel: str
    kind: str
    severity: str
    limit: float
    raised_at: datetime
    raised_value: float | None
    worst_value: float | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    comment: str
    cleared_at: datetime | None
    test: bool
    drill: str
    sentence: str
    state: str
    """The letter of ISA-18.2, A to I."""
    silenced: str
    acknowledgements_needed: int
    acknowledgements_missing: int
    latched: bool
    confirm_due: bool
    outcome: str


class AlarmsOut(Answer):
    """A page of alarms, newest first."""

    items: list[AlarmOut]
    next: str | None = None


class AcknowledgeIn(Body):
    """An answer to an alarm."""

    comment: str = ""


class RuleIn(Body):
    """What to watch a channel for; value and hysteresis in its unit, delays in seconds."""

    kind: str
    severity: str
    value: float = 0.5
    hysteresis: float = 0.0
    delay_on_s: float = 0.0
    delay_off_s: float = 0.0


class RuleOut(Answer):
    """A rule of one channel."""

    id: int
    channel_id: int
    kind: str
    severity: str
    value: float
    hysteresis: float
    delay_on_s: float
    delay_off_s: float
    enabled: bool
    off_because: str
    off_until: datetime | None


class RulesOut(Answer):
    """A page of rules."""

    items: list[RuleOut]
    next: str | None = None


class OffIn(Body):
    """Why a rule is switched off, and for how many hours; then it is watched for again."""

    reason: str
    hours: float


FILTERS = {
    "freezer": "only this freezer's",
    "severity": "critical, high or warning",
    "kind": "high, low, stale or door",
    "state": "open, unanswered or over",
    "tests": "1 shows drills too",
}


@api.get("/alarms")
@require("alarms.read")
@describes("List alarms, newest first", answers={200: AlarmsOut}, query=FILTERS, listed=True)
def list_alarms() -> AlarmsOut:
    """Answer with a page of alarms."""
    size, after = cursors.limit(), after_number()
    where = conditions() + ([Episode.id < after] if after else [])
    found = board.page(g.session, g.actor.orgs("alarms.read"), g.clock.now(), where, size + 1)
    following = cursors.encode(found[size - 1].episode.id) if len(found) > size else None
    return AlarmsOut(items=[alarm_out(alarm) for alarm in found[:size]], next=following)


@api.get("/alarms/<int:alarm_id>")
@require("alarms.read")
@describes("Read one alarm", answers={200: AlarmOut})
def get_alarm(alarm_id: int) -> AlarmOut:
    """Answer with one alarm."""
    return alarm_out(find(alarm_id, "alarms.read"))


@api.post("/alarms/<int:alarm_id>/acknowledge")
@require("alarms.acknowledge")
@describes(
    "Acknowledge an alarm: nobody else is called, once as many have as it asks for",
    body=AcknowledgeIn,
    answers={200: AlarmOut},
)
def acknowledge(alarm_id: int) -> AlarmOut:
    """Answer the alarm in the actor's name."""
    wanted = read(AcknowledgeIn)
    if len(wanted.comment) > 2000:
        because = N_("The comment has %(found)s characters; at most 2000 are expected.")
        refusal = Refusal("too_long", because, {"found": len(wanted.comment)})
        raise Invalid(refusal, field="comment")
    found = find(alarm_id, "alarms.acknowledge")
    service.acknowledge(g.session, g.actor, found.episode, wanted.comment, at=g.clock.now())
    return alarm_out(find(alarm_id, "alarms.acknowledge"))


@api.get("/alarm-rules")
@require("alarms.read")
@describes("List what is watched for", answers={200: RulesOut}, listed=True)
def list_rules() -> RulesOut:
    """Answer with a page of rules."""
    query = visible(select(AlarmRule), g.actor, "alarms.read", AlarmRule.org_id)
    found, following = cursors.page(g.session, query, AlarmRule.id)
    return RulesOut(items=[_rule(rule) for rule in found], next=following)


@api.post("/channels/<int:channel_id>/alarm-rules")
@require("alarms.configure")
@describes("Watch a channel for something", body=RuleIn, answers={201: RuleOut})
def add_rule(channel_id: int) -> tuple[RuleOut, int]:
    """Add a rule to a channel."""
    wish = _wish(read(RuleIn))
    rule = service.add_rule(g.session, g.actor, _channel(channel_id), wish, at=g.clock.now())
    return _rule(rule), 201


@api.get("/alarm-rules/<int:rule_id>")
@require("alarms.read")
@describes("Read one rule", answers={200: RuleOut})
def get_rule(rule_id: int) -> RuleOut:
    """Answer with one rule."""
    return _rule(find_rule(rule_id, "alarms.read"))


@api.put("/alarm-rules/<int:rule_id>")
@require("alarms.configure")
@describes("Change a rule", body=RuleIn, answers={200: RuleOut})
def change_rule(rule_id: int) -> RuleOut:
    """Change what a rule watches for."""
    wish = _wish(read(RuleIn))
    found = find_rule(rule_id, "alarms.configure")
    return _rule(service.change_rule(g.session, g.actor, found, wish, at=g.clock.now()))


@api.post("/alarm-rules/<int:rule_id>/off")
@require("alarms.configure")
@describes("Switch a rule off for a time, with a reason", body=OffIn, answers={200: RuleOut})
def switch_off(rule_id: int) -> RuleOut:
    """Stop watching."""
    wanted, now = read(OffIn), g.clock.now()
    found = find_rule(rule_id, "alarms.configure")
    until = asides.after(now, wanted.hours)
    return _rule(service.switch_off(g.session, g.actor, found, wanted.reason, until=until, at=now))


@api.post("/alarm-rules/<int:rule_id>/on")
@require("alarms.configure")
@describes("Switch a rule on again", answers={200: RuleOut})
def switch_on(rule_id: int) -> RuleOut:
    """Watch again."""
    found = find_rule(rule_id, "alarms.configure")
    return _rule(service.switch_on(g.session, g.actor, found, at=g.clock.now()))


def after_number() -> int | None:
    """Return the number after which the page goes on, or None for the first page; refuses another cursor."""
    asked = request.args.get("cursor", "")
    if not asked:
        return None
    found = cursors.decode(asked)
    if not isinstance(found, int):
        raise Invalid(cursors.NOT_CURSOR, field="cursor")
    return found


def _wish(wanted: RuleIn) -> Wish:
    return Wish(**msgspec.structs.asdict(wanted))


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


def alarm_out(found: Alarm) -> AlarmOut:
    """Return an alarm as programs see it."""
    episode = found.episode
    return AlarmOut(
        id=episode.id,
        freezer=found.place.freezer,
        channel=found.key,
        kind=episode.kind,
        severity=episode.severity,
        limit=episode.limit_value,
        raised_at=episode.raised_at,
        raised_value=episode.raised_value,
        worst_value=episode.worst_value,
        acknowledged_at=episode.acknowledged_at,
        acknowledged_by=episode.acknowledged_by_name,
        comment=episode.comment,
        cleared_at=episode.cleared_at,
        test=bool(episode.drill),
        drill=episode.drill,
        sentence=found.sentence.text(g.actor.language),
        state=machine.state_of(episode).letter,
        silenced=episode.silenced,
        acknowledgements_needed=episode.acks_needed,
        acknowledgements_missing=found.missing,
        latched=episode.latched,
        confirm_due=episode.confirm_due,
        outcome=episode.outcome,
    )


def _rule(rule: AlarmRule) -> RuleOut:
    return RuleOut(**{name: getattr(rule, name) for name in RuleOut.__struct_fields__})
