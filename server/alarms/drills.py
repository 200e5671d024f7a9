"""Reads of drills: the plans, the last drills with how long each part took, and the figures of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.alarms import drill_rules
from server.alarms.models import AlarmRule, Drill, DrillPlan
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_, Sentence, unpacked
from server.telemetry.models import Channel

SHOWN = 52
"""A year of weekly drills."""


@dataclass(frozen=True)
class Took:
    """How long a part of drills took, in seconds: the half and the twentieth longest."""

    n: int
    p50: float | None
    p95: float | None


def seconds(since: datetime | None, until: datetime | None) -> float | None:
    """Return the seconds between two moments, None where one is not known."""
    return (until - since).total_seconds() if since and until else None


def to_answer(drill: Drill) -> float | None:
    """Return the seconds from the order to a person's answer."""
    return seconds(drill.ordered_at, drill.answered_at)


def took(drills: Sequence[Drill]) -> Took:
    """Return how long the drills that were answered took from the order to the answer."""
    found = [s for one in drills if one.outcome == "answered" and (s := to_answer(one)) is not None]
    return Took(len(found), drill_rules.percentile(found, 0.5), drill_rules.percentile(found, 0.95))


def why(drill: Drill) -> Sentence | str:
    """Return why it was missed or stopped; a sentence waits for its language."""
    if drill.outcome != "missed":
        return drill.why
    said = unpacked(drill.why).get("because", "")
    return said if isinstance(said, Sentence) else str(said)


def lately(session: Session, actor: Actor, limit: int = SHOWN, before: int = 0) -> Sequence[Drill]:
    """Return the drills that the actor may see, the newest first; with `before` only older ones."""
    query = _mine(select(Drill), actor, Drill.org_id)
    if before:
        query = query.where(Drill.id < before)
    return session.scalars(query.order_by(Drill.id.desc()).limit(limit)).all()


def plans(session: Session, actor: Actor) -> Sequence[DrillPlan]:
    """Return the plans that the actor may see."""
    query = _mine(select(DrillPlan), actor, DrillPlan.org_id)
    return session.scalars(query.order_by(DrillPlan.id)).all()


def channels(session: Session, actor: Actor) -> Sequence[Channel]:
    """Return the channels of freezers that can be drilled: those with a high or low limit that is on."""
    limited = select(AlarmRule.channel_id).where(
        AlarmRule.enabled, AlarmRule.kind.in_(("high", "low"))
    )
    query = select(Channel).where(Channel.id.in_(limited), Channel.freezer_id.is_not(None))
    rules = visible(select(AlarmRule.channel_id), actor, "alarms.configure", AlarmRule.org_id)
    found = session.scalars(query.where(Channel.id.in_(rules))).all()
    return sorted(found, key=lambda one: (one.freezer.code if one.freezer else "", one.key))


def plan(session: Session, actor: Actor, plan_id: int) -> DrillPlan:
    """Return a plan that the actor may change; NotFound otherwise."""
    query = visible(select(DrillPlan), actor, "alarms.configure", DrillPlan.org_id)
    found: DrillPlan | None = session.scalars(query.where(DrillPlan.id == plan_id)).one_or_none()
    if found is None:
        because = N_("There is no plan of drills with the number %(number)s.")
        raise NotFound(Refusal("no_such_plan", because, {"number": plan_id}))
    return found


def drill(session: Session, actor: Actor, code: str) -> Drill:
    """Return a drill that the actor may end; NotFound otherwise."""
    query = visible(select(Drill), actor, "alarms.configure", Drill.org_id)
    found: Drill | None = session.scalars(query.where(Drill.code == code)).one_or_none()
    if found is None:
        because = N_("There is no drill “%(code)s”.")
        raise NotFound(Refusal("no_such_drill", because, {"code": code}))
    return found


def channel(session: Session, actor: Actor, channel_id: int) -> Channel:
    """Return a channel that the actor may drill; NotFound otherwise."""
    found = next((one for one in channels(session, actor) if one.id == channel_id), None)
    if found is None:
        because = N_("Choose a channel of a freezer that has a high or low limit.")
        raise NotFound(Refusal("no_such_channel", because))
    return found


def _mine(query: Select[Any], actor: Actor, column: Any) -> Select[Any]:  # noqa: ANN401  a column of either table
    return visible(query, actor, "alarms.read", column)
