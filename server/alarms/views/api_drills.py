"""The API of drills."""

from datetime import datetime

from flask import g

from server.alarms import drill_rules, drills
from server.alarms.models import Drill, DrillPlan
from server.alarms.service import drills as acts
from server.alarms.views.api import after_number
from server.alarms.views.blueprints import api
from server.core.words import Sentence
from server.kit import cursors
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.kit.i18n import language
from server.kit.state import kit


class BeginDrillIn(Body):
    """A drill of a channel, now; nobody's answer within so many seconds means missed."""

    channel_id: int
    answer_within_s: int = drill_rules.USUAL_ANSWER_S


class DrillPlanIn(BeginDrillIn, kw_only=True):
    """A drill each week: weekday 0 is Monday, at_minute counts from midnight of the freezer's site."""

    weekday: int
    at_minute: int


class RestIn(Body):
    """Until when no drill is held, and why."""

    until: datetime
    because: str


class StopDrillIn(Body):
    """Why a drill is ended before its time."""

    because: str


class DrillOut(Answer):
    """A drill with the time of each part; outcome is answered, missed, stopped, or empty while it is under way."""

    code: str
    channel_id: int
    value: float
    ordered_at: datetime
    ordered_by: str
    raised_at: datetime | None
    told_at: datetime | None
    answered_at: datetime | None
    answered_by: str
    ended_at: datetime | None
    outcome: str
    why: str


class DrillsOut(Answer):
    """A page of drills, newest first."""

    items: list[DrillOut]
    next: str | None = None


class DrillPlanOut(Answer):
    """A plan; next_at is empty while it rests."""

    id: int
    channel_id: int
    weekday: int
    at_minute: int
    answer_within_s: int
    next_at: datetime | None
    off_because: str
    off_until: datetime | None


class DrillPlansOut(Answer):
    """All plans."""

    items: list[DrillPlanOut]


@api.get("/drills")
@require("alarms.read")
@describes("List drills, newest first", answers={200: DrillsOut}, listed=True)
def list_drills() -> DrillsOut:
    """Answer with a page of drills."""
    size, after = cursors.limit(), after_number()
    found = drills.lately(g.session, g.actor, size + 1, after or 0)
    following = cursors.encode(found[size - 1].id) if len(found) > size else None
    return DrillsOut(items=[_drill(one) for one in found[:size]], next=following)


@api.post("/drills")
@require("alarms.configure")
@describes("Begin a drill", body=BeginDrillIn, answers={201: DrillOut})
def drill_begun() -> tuple[DrillOut, int]:
    """Order it from the channel's node."""
    wish = read(BeginDrillIn)
    channel = drills.channel(g.session, g.actor, wish.channel_id)
    home, at = kit().settings.home, g.clock.now()
    return _drill(acts.begin(g.session, g.actor, home, channel, wish.answer_within_s, at=at)), 201


@api.post("/drills/<code>/stop")
@require("alarms.configure")
@describes("End a drill before its time", body=StopDrillIn, answers={200: DrillOut})
def drill_stopped(code: str) -> DrillOut:
    """End it; it counts neither as answered nor as missed."""
    found = drills.drill(g.session, g.actor, code)
    acts.stop(g.session, g.actor, found, read(StopDrillIn).because, at=g.clock.now())
    return _drill(found)


@api.get("/drill-plans")
@require("alarms.read")
@describes("List the plans of drills", answers={200: DrillPlansOut})
def list_drill_plans() -> DrillPlansOut:
    """Answer with all plans that the caller may see."""
    return DrillPlansOut(items=[_plan(one) for one in drills.plans(g.session, g.actor)])


@api.post("/drill-plans")
@require("alarms.configure")
@describes("Plan a drill each week", body=DrillPlanIn, answers={201: DrillPlanOut})
def drill_planned() -> tuple[DrillPlanOut, int]:
    """Set the plan of a channel; one that is there is changed."""
    wish = read(DrillPlanIn)
    channel = drills.channel(g.session, g.actor, wish.channel_id)
    made = acts.plan(
        g.session, g.actor, channel, wish.weekday, wish.at_minute, wish.answer_within_s,
        at=g.clock.now(),
    )  # fmt: skip
    g.session.flush()  # reason: the answer names it
    return _plan(made), 201


@api.post("/drill-plans/<int:plan_id>/rest")
@require("alarms.configure")
@describes("Let a plan of drills rest", body=RestIn, answers={200: DrillPlanOut})
def drill_rested(plan_id: int) -> DrillPlanOut:
    """Hold no drill until a moment; then it goes on by itself."""
    found, wish = drills.plan(g.session, g.actor, plan_id), read(RestIn)
    acts.pause(g.session, g.actor, found, wish.until, wish.because, at=g.clock.now())
    return _plan(found)


def _drill(one: Drill) -> DrillOut:
    said = drills.why(one)
    return DrillOut(
        code=one.code, channel_id=one.channel_id, value=one.value, ordered_at=one.ordered_at,
        ordered_by=one.ordered_by_name, raised_at=one.raised_at, told_at=one.told_at,
        answered_at=one.answered_at, answered_by=one.answered_by_name, ended_at=one.ended_at,
        outcome=one.outcome, why=said.text(language()) if isinstance(said, Sentence) else said,
    )  # fmt: skip


def _plan(one: DrillPlan) -> DrillPlanOut:
    return DrillPlanOut(
        id=one.id, channel_id=one.channel_id, weekday=one.weekday, at_minute=one.at_minute,
        answer_within_s=one.answer_within_s, next_at=one.next_at, off_because=one.off_because,
        off_until=one.off_until,
    )  # fmt: skip
