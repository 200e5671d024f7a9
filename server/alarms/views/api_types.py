"""The API of what freezers of a type are watched for."""

from datetime import datetime
from typing import Any

from flask import g
from sqlalchemy import select

from server.alarms.models import TypeRule
from server.alarms.service import type_rules
from server.alarms.views.api_rules import RuleIn, RuleOut, rule_out, wish_of
from server.alarms.views.blueprints import api
from server.alarms.views.rules import find as find_rule
from server.alarms.views.types import chosen, find_type_rule
from server.alarms.wishes import params_of
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.storage.models import ContainerType


class TypeRuleIn(RuleIn, kw_only=True):
    """What all freezers of a type are to be watched for in their channels of this key, why, and from when on."""

    organisation_id: int
    container_type_id: int
    channel_key: str
    because: str
    effective_from: datetime | None = None


class TypeRuleOut(Answer):
    """A rule of a type; ended_at where it was superseded or withdrawn."""

    id: int
    organisation_id: int
    container_type: str
    channel_key: str
    kind: str
    severity: str
    value: float
    params: dict[str, Any]
    effective_from: datetime
    applied_at: datetime | None
    ended_at: datetime | None
    by_name: str
    because: str


class TypeRulesOut(Answer):
    """The rules of types that count or are to come."""

    items: list[TypeRuleOut]


class WithdrawTypeRuleIn(Body):
    """Why it is withdrawn."""

    because: str


@api.get("/type-rules")
@require("alarms.read")
@describes("List what types of freezers are watched for", answers={200: TypeRulesOut})
def list_type_rules() -> TypeRulesOut:
    """Answer with what counts or is to come."""
    orgs = g.actor.orgs("alarms.read")
    found = type_rules.standing(g.session, None if orgs is None else sorted(orgs), g.clock.now())
    return TypeRulesOut(items=[_out(one) for one in found])


@api.post("/type-rules")
@require("alarms.configure")
@describes(
    "Watch all freezers of a type for something", body=TypeRuleIn, answers={201: TypeRuleOut}
)
def type_rule_set() -> tuple[TypeRuleOut, int]:
    """Set it; it takes the place of the type's rule of the same channel, kind and severity."""
    wanted = read(TypeRuleIn)
    org_id, of = chosen(f"{wanted.organisation_id}:{wanted.container_type_id}")
    made = type_rules.set_rule(
        g.session, g.actor, org_id, of, wanted.channel_key, wish_of(wanted), wanted.because,
        at=g.clock.now(), effective_from=wanted.effective_from,
    )  # fmt: skip
    return _out(made), 201


@api.post("/type-rules/<int:type_rule_id>/withdraw")
@require("alarms.configure")
@describes("Withdraw a rule of a type", body=WithdrawTypeRuleIn, answers={200: TypeRuleOut})
def type_rule_withdrawn(type_rule_id: int) -> TypeRuleOut:
    """End it; the freezers keep what they have as their own."""
    found = find_type_rule(type_rule_id)
    because = read(WithdrawTypeRuleIn).because
    type_rules.withdraw(g.session, g.actor, found, because, at=g.clock.now())
    return _out(found)


@api.post("/alarm-rules/<int:rule_id>/follow")
@require("alarms.configure")
@describes("Let a rule follow its freezer's type again", answers={200: RuleOut})
def rule_follows(rule_id: int) -> RuleOut:
    """Let it say what the type says."""
    rule = find_rule(rule_id, "alarms.configure")
    return rule_out(type_rules.follow(g.session, g.actor, rule, at=g.clock.now()))


def _out(one: TypeRule) -> TypeRuleOut:
    wish = type_rules.wish_in(one)
    code = g.session.scalars(
        select(ContainerType.code).where(ContainerType.id == one.container_type_id)
    ).one()
    return TypeRuleOut(
        id=one.id, organisation_id=one.org_id, container_type=code, channel_key=one.channel_key,
        kind=wish.kind, severity=wish.severity, value=wish.value, params=params_of(wish.params),
        effective_from=one.effective_from, applied_at=one.applied_at, ended_at=one.ended_at,
        by_name=one.by_name, because=one.because,
    )  # fmt: skip
