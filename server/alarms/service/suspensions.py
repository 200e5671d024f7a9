"""Setting a rule, freezer, agent or site aside for a time: with a reason, an end, and two persons for life safety.

What is set aside goes on working: its alarms are written, audited and on the board. Only nobody is called.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from server.alarms import asides, standing
from server.alarms.hush import WORD_OF_MODE
from server.alarms.models import AlarmRule, Episode, Suspension
from server.alarms.service.calling import WATCH, reappear
from server.alarms.standing import Thing
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.wake import announce
from server.core.words import N_
from server.notify.models import Call

AT_ONCE: Final = 50
"""So many episodes reappear in one transaction; the others follow at the next look."""


def set_aside(
    session: Session,
    actor: Actor,
    thing: Thing,
    mode: str,
    because: str,
    *,
    until: datetime,
    at: datetime,
) -> Suspension:
    """Let alarms of this call nobody until then, at most; returns the row.

    Refused without a reason, for longer than the mode allows, and while it is set aside already. A rule of life
    safety is not set aside before a second person has agreed.
    """
    _check(session, thing, mode, because, until, at)
    waits = standing.is_safety(thing)
    row = Suspension(
        org_id=thing.org_id, mode=mode, because=because.strip(), began_at=at, until=until,
        by_id=actor.id, by_name=actor.name, agreed_at=None if waits else at,
        remind_at=asides.next_reminder(at, until), **standing.column_of(thing),
    )  # fmt: skip
    session.add(row)
    session.flush()  # reason: the audit entry names the row by its number
    _record(
        session, actor, "begun", row, at, mode=mode, reason=row.because, until=until,
        waits_for_a_second_person=waits,
    )  # fmt: skip
    if not waits:
        _silence(session, actor, row, standing.covered(row), at)
    return row


def agree(session: Session, actor: Actor, row: Suspension, *, at: datetime) -> Suspension:
    """Be the second person, whom life safety asks for; it is set aside from this moment on.

    Refused to the first person, and where more than a day is left: life safety is set aside for a day at most.
    """
    _lock(session, row, at)
    thing = standing.thing_of(session, row)
    if refusal := _why_not_agree(actor, row, thing, at):
        raise Conflict(refusal)
    row.second_by_id, row.second_by_name = actor.id, actor.name
    row.agreed_at = row.agreed_at or at
    _record(session, actor, "agreed", row, at, reason=row.because, first=row.by_name)
    _silence(session, actor, row, standing.covered(row), at)
    return row


def end(session: Session, actor: Actor, row: Suspension, *, at: datetime) -> Suspension:
    """End it early: what goes on and is not acknowledged calls at once (the rest of many within a second)."""
    _lock(session, row, at)
    row.ended_at, row.ended_by_name = at, actor.name
    _record(session, actor, "ended", row, at)
    bring_back(session, at)
    return row


def is_anything_due(session: Session, now: datetime) -> bool:
    """Say whether `settle` would change anything now; only reads."""
    return any(
        session.scalar(query.limit(1)) is not None
        for query in (standing.over(now), standing.to_bring_back(), *_slipped_past(session, now))
    )


def settle(session: Session, now: datetime) -> int:
    """End what ends by itself, let what it silenced call again, and silence what slipped past; returns how many."""
    query = select(Suspension).where(Suspension.id.in_(standing.over(now)))
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.ended_at = now
        _record(session, WATCH, "over", row, now)
    session.flush()  # reason: what has just ended silences nothing more
    slipped = sum(
        _silence(session, WATCH, row, standing.not_silent(row), now)
        for row in session.scalars(standing.slipped_past(now)).all()
    )
    return len(rows) + bring_back(session, now) + slipped


def _slipped_past(session: Session, now: datetime) -> list[Select[int]]:
    rows = session.scalars(standing.slipped_past(now)).all()
    return [standing.not_silent(row) for row in rows]


def bring_back(session: Session, now: datetime) -> int:
    """Let episodes reappear whose suspension has ended; returns how many were looked at."""
    session.flush()  # reason: the query joins what may just have been ended
    ids = session.scalars(standing.to_bring_back().limit(AT_ONCE)).all()
    for number in ids:
        reappear(session, session.get_one(Episode, number), now=now)
    return len(ids)


def _check(
    session: Session, thing: Thing, mode: str, because: str, until: datetime, at: datetime
) -> None:
    rule = thing if isinstance(thing, AlarmRule) else None
    critical = rule is None or rule.severity == "critical"
    most = asides.longest(
        mode if mode in asides.MODES else "shelved_once",
        critical=critical,
        safety=standing.is_safety(thing),
    )
    if found := asides.why_not(mode, because, until - at, most):
        raise Invalid(found[1], field=found[0])
    if mode == "shelved_once" and (rule is None or not _goes_on(session, rule)):
        raise Conflict(Refusal("nothing_to_shelve", _ONCE))
    _refuse_twice(session, thing, at)


_ONCE = N_(
    "Only an alarm that is going on can be shelved until it ends; shelve the rule for a time instead."
)


def _goes_on(session: Session, rule: AlarmRule) -> bool:
    query = select(Episode.id).where(
        Episode.rule_id == rule.id, Episode.cleared_at.is_(None), Episode.drill == ""
    )
    alone = query.limit(1).with_for_update()  # the alarm that ends at this moment is waited for
    return session.scalar(alone) is not None


def _refuse_twice(session: Session, thing: Thing, at: datetime) -> None:
    ((name, number),) = standing.column_of(thing).items()
    kind = type(thing)  # two who set it aside at one moment come one after the other
    session.execute(select(kind.id).where(kind.id == thing.id).with_for_update(key_share=True))
    query = select(Suspension).where(getattr(Suspension, name) == number, *standing.stands(at))
    if (other := session.scalars(query.limit(1)).first()) is not None:
        because = N_("%(who)s has already set this aside: “%(reason)s”. End that first.")
        facts = {"who": other.by_name, "reason": other.because}
        raise Conflict(Refusal("already_aside", because, facts))


def _why_not_agree(actor: Actor, row: Suspension, thing: Thing, at: datetime) -> Refusal | None:
    if isinstance(thing, AlarmRule) and not standing.is_safety(thing):
        return Refusal("no_second", N_("This needs no second person: it is not about life safety."))
    if row.second_by_id is not None:
        because = N_("%(who)s has already agreed.")
        return Refusal("already_agreed", because, {"who": row.second_by_name})
    if actor.id is None or actor.id == row.by_id:
        because = N_(
            "Somebody other than %(who)s must agree: life safety is set aside by two persons."
        )
        return Refusal("same_person", because, {"who": row.by_name})
    if row.until - at > asides.LONGEST_SAFETY:
        because = N_(
            "Life safety is set aside for at most %(most)s h at a time; this goes on for longer."
        )
        most = asides.LONGEST_SAFETY.total_seconds() / 3600
        return Refusal("too_long_for_safety", because, {"most": f"{most:g}"})
    return None


def _lock(session: Session, row: Suspension, at: datetime) -> None:
    session.refresh(row, with_for_update=True)
    if row.ended_at is not None or row.until <= at:
        raise Conflict(Refusal("has_ended", N_("This has ended already: alarms call again.")))


def _silence(
    session: Session, actor: Actor, row: Suspension, covered: Select[int], at: datetime
) -> int:
    """Let these call nobody any more; each is audited. Returns how many."""
    ids = session.scalars(covered.order_by(Episode.id).with_for_update()).all()
    session.flush()
    plainly = {"synchronize_session": False}
    word = WORD_OF_MODE[row.mode]
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        session.execute(
            update(Episode)
            .where(Episode.id.in_(some))
            .values(silenced=word, suspension_id=row.id, version=Episode.version + 1)
            .execution_options(**plainly)
        )
        session.execute(
            update(Call)
            .where(Call.about_kind == "alarm", Call.about_id.in_(some), Call.ended_at.is_(None))
            .values(ended_at=at, due_at=None)
            .execution_options(**plainly)
        )
        facts = {str(number): {"mode": row.mode, "reason": row.because} for number in some}
        audit.record_many(
            session, actor, "alarm.set_aside", "alarm", facts, at=at, org_id=row.org_id
        )
    session.expire_all()
    announce(session, "alarms")
    return len(ids)


def _record(
    session: Session,
    actor: Actor,
    act: str,
    row: Suspension,
    at: datetime,
    **facts: Any,  # noqa: ANN401  they become JSON
) -> None:
    what = standing.name_of(standing.thing_of(session, row)).text()
    audit.record(
        session, actor, f"suspension.{act}", "suspension", str(row.id), at=at, org_id=row.org_id,
        what=what, **facts,
    )  # fmt: skip
    announce(session, "alarms")
