"""Drills: planned, begun, followed to a person's answer, and ended."""

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from server.alarms import drill_rules
from server.alarms.drill_rules import Limit, Order, Reached
from server.alarms.models import AlarmRule, Drill, DrillPlan, Episode, RuleState
from server.alarms.service.episodes import clear_episode
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.wake import announce
from server.core.words import N_
from server.notify import service as notify
from server.notify.models import Call, Notice
from server.notify.rules import packed
from server.outbox.models import Letter
from server.storage.models import Container, Room, Site
from server.telemetry import orders
from server.telemetry.models import AgentCommand, Channel

BY_PLAN: Final = Actor.system("Cryokeep drills")
_SENTENCE: Final = "because"
_THE_END: Final = N_("the end of the drill")


def plan(
    session: Session, actor: Actor, channel: Channel, weekday: int, at_minute: int,
    answer_within_s: int, *, at: datetime,
) -> DrillPlan:  # fmt: skip
    """Plan a drill of this channel each week; one that is there is changed. Refuses a channel without a limit."""
    if found := drill_rules.why_not_plan(weekday, at_minute, answer_within_s):
        field, refusal = found
        raise Invalid(refusal, field=field)
    _order(session, channel)
    made = session.scalar(select(DrillPlan).where(DrillPlan.channel_id == channel.id))
    if made is None:
        made = DrillPlan(
            org_id=channel.agent.org_id, channel_id=channel.id, made_at=at, made_by_name=actor.name
        )
        session.add(made)
    made.weekday, made.at_minute, made.answer_within_s = weekday, at_minute, answer_within_s
    made.off_because, made.off_until = "", None
    made.next_at = drill_rules.next_at(weekday, at_minute, _zone(session, channel), at)
    _record_plan(session, actor, "drill_plan.set", made, channel, at, next_at=str(made.next_at))
    return made


def pause(
    session: Session, actor: Actor, made: DrillPlan, until: datetime, because: str, *, at: datetime
) -> None:
    """Let a plan rest until a moment, for a reason; at most five weeks, then it goes on by itself."""
    if not because.strip():
        raise Invalid(Refusal("reason_missing", N_("Say why no drill is needed.")), field="because")
    if not at < until <= at + drill_rules.MOST_OFF:
        refusal = Refusal(
            "bad_rest", N_("A plan rests for at most five weeks, until a day to come.")
        )
        raise Invalid(refusal, field="until")
    made.next_at, made.off_until, made.off_because = None, until, because.strip()
    _record_plan(
        session, actor, "drill_plan.paused", made, made.channel, at, reason=made.off_because,
        until=str(until),
    )  # fmt: skip


def midnight(session: Session, made: DrillPlan, day: date) -> datetime:
    """Return the beginning of this day at the site of the plan's freezer."""
    return datetime.combine(day, time(), ZoneInfo(_zone(session, made.channel)))


def begin(
    session: Session, actor: Actor, home: Path, channel: Channel, answer_within_s: int, *,
    at: datetime, of: DrillPlan | None = None,
) -> Drill:  # fmt: skip
    """Order a drill from the channel's node.

    Refuses a channel without a limit, a second one at a time, and less than 2 min or more than 4 h to answer.
    """
    if refusal := drill_rules.why_not_time(answer_within_s):
        raise Invalid(refusal, field="answer_within_s")
    wanted = _order(session, channel)
    busy = select(Drill.id).where(Drill.channel_id == channel.id, Drill.ended_at.is_(None))
    if session.scalar(busy.limit(1)) is not None:
        raise Conflict(Refusal("drill_under_way", N_("A drill of this channel is under way.")))
    code = _code(at)
    said = {
        "stream": channel.stream, "channel": channel.key, "drill": code, **asdict(wanted)
    }  # fmt: skip
    command = orders.command(session, actor, home, channel.agent, "drill", said, at=at)
    made = Drill(
        org_id=channel.agent.org_id, plan_id=of.id if of else None, code=code,
        channel_id=channel.id, command_code=command.code, value=wanted.value, ordered_at=at,
        ordered_by_name=actor.name, answer_by=at + timedelta(seconds=answer_within_s),
    )  # fmt: skip
    session.add(made)
    session.flush()  # reason: the audit entry names it
    _record(session, actor, "drill.begun", made, at, channel=channel.key, value=wanted.value)
    return made


def begin_planned(session: Session, home: Path, *, at: datetime) -> list[Drill]:
    """Begin what is planned for now and set each plan's next time; a plan that rested long enough goes on.

    What was to be held more than an hour ago is missed. Returns what was begun or missed.
    """
    begun: list[Drill] = []
    for one in session.scalars(due_plans(at).with_for_update(skip_locked=True)).all():
        zone = _zone(session, one.channel)
        due, one.off_because, one.off_until = one.next_at, "", None
        one.next_at = drill_rules.next_at(one.weekday, one.at_minute, zone, at)
        if due is not None and at - due > drill_rules.LATE:
            begun.append(_not_held(session, one, drill_rules.server_was_down(), due, at))
        elif due is not None:
            begun.append(_try_to_begin(session, home, one, at))
    return begun


def due_plans(at: datetime) -> Select[DrillPlan]:
    """Return the query of the plans whose time has come, or whose rest is over."""
    due = (DrillPlan.next_at <= at) | (DrillPlan.next_at.is_(None) & (DrillPlan.off_until <= at))
    return select(DrillPlan).where(due).order_by(DrillPlan.id)


def follow(session: Session, *, at: datetime) -> int:
    """Note how far the drills under way have got, and end those that were answered or missed; returns how many."""
    ended = 0
    wanted = select(Drill).where(Drill.ended_at.is_(None)).order_by(Drill.id)
    for drill in session.scalars(wanted.with_for_update(skip_locked=True)).all():
        _look(session, drill)
        if drill.answered_at is not None:
            _end(session, BY_PLAN, drill, "answered", "", at)
            ended += 1
        elif at >= drill.answer_by:
            why = drill_rules.why_missed(_reached(session, drill))
            _end(session, BY_PLAN, drill, "missed", packed({_SENTENCE: why}), at)
            ended += 1
    return ended


def stop(session: Session, actor: Actor, drill: Drill, because: str, *, at: datetime) -> None:
    """End a drill before its time, for a reason; it counts neither as answered nor as missed."""
    if not because.strip():
        raise Invalid(
            Refusal("reason_missing", N_("Say why the drill is stopped.")), field="because"
        )
    if drill.ended_at is not None:
        raise Conflict(Refusal("drill_over", N_("This drill is over.")))
    _end(session, actor, drill, "stopped", because.strip(), at)


def _order(session: Session, channel: Channel) -> Order:
    rows = session.scalars(
        select(AlarmRule).where(
            AlarmRule.channel_id == channel.id, AlarmRule.enabled,
            AlarmRule.kind.in_(("high", "low")),
        )
    )  # fmt: skip
    found = drill_rules.order_for(
        Limit(one.kind, one.severity, one.value, one.delay_on_s) for one in rows
    )
    if found is None:
        because = N_(
            "“%(channel)s” has no high or low limit that is switched on: nothing would alarm."
        )
        raise Conflict(Refusal("nothing_to_drill", because, {"channel": channel.key}))
    return found


def _try_to_begin(session: Session, home: Path, one: DrillPlan, at: datetime) -> Drill:
    """Begin it, or write down as missed what cannot even begin: a drill that is not held is seen too."""
    try:
        return begin(session, BY_PLAN, home, one.channel, one.answer_within_s, at=at, of=one)
    except Conflict as error:
        return _not_held(session, one, error.refusal, at, at)


def _not_held(session: Session, one: DrillPlan, why: Refusal, due: datetime, at: datetime) -> Drill:
    missed = Drill(
        org_id=one.org_id, plan_id=one.id, code=_code(at), channel_id=one.channel_id,
        command_code="", value=0.0, ordered_at=due, ordered_by_name=BY_PLAN.name, answer_by=due,
    )  # fmt: skip
    session.add(missed)
    session.flush()  # reason: ending it names it
    _end(session, BY_PLAN, missed, "missed", packed({_SENTENCE: why}), at)
    return missed


def _code(at: datetime) -> str:
    return f"drill-{at:%Y%m%d}-{token_hex(3)}"


def _look(session: Session, drill: Drill) -> None:
    mine = Episode.drill == drill.code
    raised = session.scalar(select(func.min(Episode.recorded_at)).where(mine))
    drill.raised_at = raised
    drill.told_at = session.scalar(
        select(func.min(Letter.sent_at))
        .join(Notice, Notice.letter_id == Letter.id)
        .join(Call, Call.id == Notice.call_id)
        .join(Episode, Episode.id == Call.about_id)
        .where(Call.about_kind == "alarm", mine)
    )
    first = session.execute(
        select(Episode.acknowledged_at, Episode.acknowledged_by_name)
        .where(mine, Episode.acknowledged_at.is_not(None))
        .order_by(Episode.acknowledged_at)
        .limit(1)
    ).one_or_none()
    if first is not None:
        drill.answered_at, drill.answered_by_name = first


def _reached(session: Session, drill: Drill) -> Reached:
    command = session.scalar(select(AgentCommand).where(AgentCommand.code == drill.command_code))
    state, why = (command.state, command.why) if command else ("", "")
    return Reached(state, why, drill.raised_at is not None, drill.told_at is not None)


def _end(
    session: Session, actor: Actor, drill: Drill, outcome: str, why: str, at: datetime
) -> None:
    """End the drill and all that it raised: nobody is called about a test any more."""
    session.flush()  # reason: clearing runs plain statements, which see only what is written
    for episode in session.scalars(select(Episode).where(Episode.drill == drill.code)).all():
        notify.answer(session, ("alarm", episode.id), at)
        if episode.cleared_at is None:
            clear_episode(session, episode.rule, at=at, drill=drill.code, now=at)
            session.refresh(episode)
        _leave(episode, at)
    session.execute(delete(RuleState).where(RuleState.drill == drill.code))
    drill.ended_at, drill.outcome, drill.why = at, outcome, why
    _record(session, actor, f"drill.{outcome}", drill, at, why=why)
    announce(session, "alarms")


def _leave(episode: Episode, at: datetime) -> None:
    """Ask nothing more of anybody for what a drill raised."""
    episode.latched = episode.confirm_due = False
    episode.realarm_at = None
    if episode.acknowledged_at is None:
        episode.acknowledged_at, episode.acknowledged_by_name = at, _THE_END


def _zone(session: Session, channel: Channel) -> str:
    """The time zone of the site of the channel's freezer; UTC where it hangs in none."""
    zone = session.scalar(
        select(Site.time_zone)
        .join(Room, Room.site_id == Site.id)
        .join(Container, Container.room_id == Room.id)
        .where(Container.id == channel.freezer_id)
    )
    return zone or "UTC"


def _record(
    session: Session,
    actor: Actor,
    action: str,
    drill: Drill,
    at: datetime,
    **facts: Any,  # noqa: ANN401  they become JSON
) -> None:
    audit.record(session, actor, action, "drill", drill.code, at=at, org_id=drill.org_id, **facts)


def _record_plan(
    session: Session, actor: Actor, action: str, made: DrillPlan, channel: Channel, at: datetime,
    **facts: Any,  # noqa: ANN401  they become JSON
) -> None:  # fmt: skip
    freezer = channel.freezer.code if channel.freezer else ""
    audit.record(
        session, actor, action, "drill_plan", f"{freezer} {channel.key}".strip(), at=at,
        org_id=made.org_id, weekday=made.weekday, at_minute=made.at_minute,
        answer_within_s=made.answer_within_s, **facts,
    )  # fmt: skip
