"""What persons do about an episode: acknowledge it, one or several of them, reset it, say what was done.

An acknowledgement is not an end: it runs out where the rule says so, and after an hour for what is critical; an
alarm that still goes on calls again.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from server.alarms import answered, machine
from server.alarms.models import Acknowledgement, Episode
from server.alarms.service.calling import WATCH, call_again
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.wake import announce
from server.core.words import N_
from server.notify import service as notify
from server.notify.rules import Sentence

AT_ONCE = 50
"""So many acknowledgements run out in one transaction; the others follow at the next look."""


def acknowledge(
    session: Session, actor: Actor, episode: Episode, comment: str, *, at: datetime, door: str = ""
) -> Episode:
    """Note that a person has answered; when as many have as the rule asks for, nobody else is called.

    `door` is where: page, api, link or button; the actor's own unless said. A second answer, and the same
    person's second one, are refused. Where several are asked for, an answer of nobody in particular (the
    button) is written down but is not one of them.
    """
    session.refresh(
        episode, with_for_update=True
    )  # two who answer at once are counted one after the other
    _check(episode, "answer")
    given = answered.standing(session, [episode])[episode.id]
    if actor.id is not None and any(one.person_id == actor.id for one in given):
        raise Conflict(_twice(episode, answered.missing(episode, given)))
    row = Acknowledgement(
        episode_id=episode.id, round=episode.realarms, person_id=actor.id, by_name=actor.name,
        door=door or actor.door, comment=comment.strip(), at=at,
    )  # fmt: skip
    session.add(row)
    left = answered.missing(episode, [*given, row])
    if not left:
        _answered(session, actor, episode, row, at)
    _record(session, actor, "acknowledged", episode, at, comment=row.comment, still_needed=left)
    return episode


def _answered(
    session: Session, actor: Actor, episode: Episode, row: Acknowledgement, at: datetime
) -> None:
    state = machine.after(machine.state_of(episode), "acknowledge")
    episode.acknowledged_at = at
    episode.acknowledged_by = actor.id
    episode.acknowledged_by_name = actor.name
    episode.comment = row.comment
    again = answered.again_after(episode.severity, episode.alarm_class, episode.rule.ack_timeout_s)
    if again is not None and state.active and not episode.drill:
        episode.realarm_at = at + again
    notify.answer(session, ("alarm", episode.id), at)


def running_out(session: Session, now: datetime) -> bool:
    """Say whether `run_out` would find anything; only reads."""
    return session.scalar(select(Episode.id).where(*_due(now)).limit(1)) is not None


def run_out(session: Session, now: datetime) -> int:
    """Let acknowledgements run out whose alarm still goes on: it calls again. Returns how many."""
    query = select(Episode).where(*_due(now)).limit(AT_ONCE)
    episodes = session.scalars(query.with_for_update(of=Episode, skip_locked=True)).all()
    for episode in episodes:
        _run_out(session, episode, now)
    return len(episodes)


def _run_out(session: Session, episode: Episode, now: datetime) -> None:
    who = episode.acknowledged_by_name
    state = machine.after(machine.state_of(episode), "run_out")
    session.execute(
        update(Acknowledgement)
        .where(Acknowledgement.episode_id == episode.id, Acknowledgement.ran_out_at.is_(None))
        .values(ran_out_at=now)
    )
    episode.acknowledged_at = episode.acknowledged_by = episode.realarm_at = None
    episode.acknowledged_by_name = episode.comment = ""
    episode.realarms += 1
    session.flush()  # reason: calling runs plain statements, which see only what is written
    if state.calls:
        again = N_("%(who)s acknowledged it, and it still goes on.")
        call_again(session, episode, Sentence(again, {"who": Sentence(who)}), now=now)
    _record(session, WATCH, "acknowledgement_ran_out", episode, now, by=who, times=episode.realarms)


def reset(session: Session, actor: Actor, episode: Episode, *, at: datetime) -> Episode:
    """Let a latched alarm go, once its condition is gone and it has been acknowledged."""
    session.refresh(episode, with_for_update=True)
    machine.after(machine.state_of(episode), "reset")
    episode.latched = False
    episode.reset_at, episode.reset_by_name = at, actor.name
    _record(session, actor, "reset", episode, at)
    return episode


def confirm(
    session: Session, actor: Actor, episode: Episode, outcome: str, *, at: datetime
) -> Episode:
    """Say what was found and done, after the end; refused without words."""
    if not outcome.strip():
        because = N_("Say what was found and what was done.")
        raise Invalid(Refusal("outcome_missing", because), field="outcome")
    session.refresh(episode, with_for_update=True)
    machine.after(machine.state_of(episode), "confirm")
    episode.confirm_due = False
    episode.confirmed_at, episode.confirmed_by_name = at, actor.name
    episode.outcome = outcome.strip()
    _record(session, actor, "confirmed", episode, at, outcome=episode.outcome)
    return episode


def _check(episode: Episode, act: machine.Act) -> None:
    machine.after(machine.state_of(episode), act, who=episode.acknowledged_by_name)


def _twice(episode: Episode, left: int) -> Refusal:
    because = N_(
        "You have already acknowledged this alarm; %(left)s of the %(needed)s persons that it asks for are missing."
    )
    return Refusal("you_already_did", because, {"left": left, "needed": episode.acks_needed})


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What an episode is whose acknowledgement has run out while its condition still holds."""
    return (
        Episode.realarm_at <= now,
        Episode.cleared_at.is_(None),
        Episode.acknowledged_at.is_not(None),
    )


def _record(
    session: Session,
    actor: Actor,
    act: str,
    episode: Episode,
    at: datetime,
    **facts: Any,  # noqa: ANN401  they become JSON
) -> None:
    audit.record(
        session, actor, f"alarm.{act}", "alarm", str(episode.id), at=at, org_id=episode.org_id,
        **facts,
    )  # fmt: skip
    announce(session, "alarms")
