"""Whether the drill that was last planned was answered by a person: a missed drill is an alarm."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.alarms import drills, wording
from server.alarms.models import AlarmRule, Drill, DrillPlan
from server.alarms.queries import surroundings
from server.alarms.watch import Finding


@dataclass(frozen=True)
class Last:
    """The last planned drill of a channel that came to an end."""

    outcome: str
    due: str
    reason: object


def is_missed(lasts: list[Last]) -> Last | None:
    """Return the first channel's last drill that was missed, or None where all were answered."""
    return next((one for one in lasts if one.outcome == "missed"), None)


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return of every organisation's rule whether its last planned drill was missed."""
    rules = session.scalars(
        select(AlarmRule).where(AlarmRule.kind == "drill_missed", AlarmRule.enabled)
    ).all()
    return [_finding(session, rule, now) for rule in rules]


def _finding(session: Session, rule: AlarmRule, now: datetime) -> Finding:
    missed = is_missed(_lasts(session, rule.org_id))
    detail = {"due": missed.due, "reason": missed.reason} if missed else {}
    return Finding(rule, missed is not None, now, detail=detail)


def _lasts(session: Session, org_id: int) -> list[Last]:
    newest = (
        select(func.max(Drill.id))
        .join(DrillPlan, DrillPlan.id == Drill.plan_id)
        .where(Drill.org_id == org_id, Drill.outcome.in_(("answered", "missed")))
        .group_by(Drill.channel_id)
    )
    rows = session.scalars(select(Drill).where(Drill.id.in_(newest)).order_by(Drill.id))
    return [_last(session, one) for one in rows]


def _last(session: Session, drill: Drill) -> Last:
    if drill.outcome != "missed":
        return Last(drill.outcome, "", "")
    place = surroundings(session, _Channel(drill.channel_id)).place
    return Last("missed", wording.zoned_time(drill.ordered_at, place), drills.why(drill))


@dataclass(frozen=True)
class _Channel:
    """A channel as `surroundings` asks for it."""

    channel_id: int
    freezer_id: None = None
    agent_id: None = None
    site_id: None = None
