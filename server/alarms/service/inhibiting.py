"""What happens between a cause and the alarms that it explains: folded in, brought back, done with."""

from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from server.alarms import causes
from server.alarms.models import AlarmRule, Episode, Flood
from server.alarms.service.calling import reappear
from server.audit import service as audit
from server.core.actor import Actor
from server.core.wake import announce
from server.notify import service as notify

WATCH: Final = Actor.system("Cryokeep watch")
AT_ONCE: Final = 500
_CAUSE = aliased(Episode)
"""Made once: a fresh alias costs about a millisecond at its first use."""
"""So many alarms are changed in one transaction."""


class Cause(Protocol):
    """What folding needs of the rule that has raised a cause."""

    @property
    def org_id(self) -> int:
        """Whose it is."""

    @property
    def kind(self) -> str:
        """One of `alarms.causes.PARENTS`."""

    @property
    def agent_id(self) -> int | None:
        """The agent that it watches, or None."""

    @property
    def site_id(self) -> int | None:
        """The site that it watches, or None."""


def site_without_power(session: Session, rule: Cause) -> tuple[AlarmRule, int] | None:
    """Return the rule of the site that is without power once a second of its nodes is, and how many are.

    None for any other alarm, and where the site is known to be without power already.
    """
    if rule.kind != "power" or rule.agent_id is None:
        return None
    own = causes.site_of_agent(rule.agent_id)
    without = select(func.count()).select_from(Episode).where(
        Episode.kind == "power", Episode.cleared_at.is_(None), Episode.drill == "",
        Episode.agent_id.in_(causes.agents_of_sites(own)),
    )  # fmt: skip
    n = session.scalar(without) or 0
    if n < causes.SEVERAL:
        return None
    known = select(Episode.rule_id).where(Episode.cleared_at.is_(None), Episode.drill == "")
    wanted = select(AlarmRule).where(
        AlarmRule.kind == "site_power", AlarmRule.site_id.in_(own), AlarmRule.enabled,
        AlarmRule.id.not_in(known),
    )  # fmt: skip
    found = session.scalars(wanted.limit(1)).first()
    return None if found is None else (found, n)


def fold(session: Session, cause: Cause, episode_id: int, root_id: int, *, at: datetime) -> int:
    """Put below a cause that has just been raised what came shortly before it; returns how many alarms.

    Their calls end: the cause is told instead. What they had explained themselves moves along. `root_id` is the
    cause's own cause where it has one, else the cause itself. What somebody has acknowledged stays as it is.
    """
    explained = causes.explained_by(cause.kind, cause.org_id, cause.agent_id, cause.site_id)
    came = explained.where(
        Episode.cleared_at.is_(None),
        Episode.acknowledged_at.is_(None),
        Episode.silenced.in_(("", "flood")),
        Episode.recorded_at >= at - causes.GRACE,
        Episode.id != episode_id,
    )
    in_order = came.add_columns(Episode.silenced).order_by(Episode.id)
    found = session.execute(in_order.with_for_update(of=Episode)).all()  # as setting aside locks
    ids = [row.id for row in found]
    _put_below(session, ids, root_id)
    for row in found:
        if not row.silenced:
            notify.answer(session, ("alarm", row.id), at)
    if ids:
        audit.record(
            session, WATCH, "alarm.explains", "alarm", str(root_id), at=at, org_id=cause.org_id,
            alarms=ids,
        )  # fmt: skip
    return len(ids)


def _put_below(session: Session, ids: list[int], root_id: int) -> None:
    below = {"cause_id": root_id, "version": Episode.version + 1}
    plainly = {"synchronize_session": False}
    session.execute(
        update(Episode)
        .where(Episode.id.in_(ids))
        .values(silenced="inhibited", **below)
        .execution_options(**plainly)
    )
    session.execute(
        update(Episode)
        .where(Episode.cause_id.in_(ids), Episode.silenced == "inhibited")
        .values(**below)
        .execution_options(**plainly)
    )


def settled(session: Session, now: datetime) -> list[int]:
    """Return the alarms that still hold although their cause has been over for the settling time; only reads."""
    wanted = (
        select(Episode.id)
        .join(_CAUSE, _CAUSE.id == Episode.cause_id)
        .where(
            Episode.silenced == "inhibited",
            Episode.cleared_at.is_(None),
            Episode.acknowledged_at.is_(None),
            _CAUSE.cleared_at <= now - causes.SETTLING,
        )
        .order_by(Episode.id)
        .limit(AT_ONCE)
    )
    return list(session.scalars(wanted))


def rules_of(session: Session, ids: list[int]) -> list[AlarmRule]:
    """Return the rules of these alarms, one for each."""
    wanted = select(AlarmRule).join(Episode, Episode.rule_id == AlarmRule.id)
    return list(session.scalars(wanted.where(Episode.id.in_(ids)))) if ids else []


def bring_back(session: Session, ids: list[int], *, at: datetime) -> int:
    """Let these call again where nothing silences them any more; returns how many."""
    wanted = select(Episode).where(Episode.id.in_(ids)).order_by(Episode.id)
    return sum(reappear(session, one, now=at) for one in session.scalars(wanted).all())


def done_with(session: Session) -> list[int]:
    """Return the silenced alarms that are over and whose cause, or flood, a person has acknowledged; only reads."""
    wanted = (
        select(Episode.id)
        .outerjoin(_CAUSE, _CAUSE.id == Episode.cause_id)
        .outerjoin(Flood, Flood.id == Episode.flood_id)
        .where(
            Episode.cleared_at.is_not(None),
            Episode.acknowledged_at.is_(None),
            or_(
                and_(Episode.silenced == "inhibited", _CAUSE.acknowledged_at.is_not(None)),
                and_(Episode.silenced == "flood", Flood.acknowledged_at.is_not(None)),
            ),
        )
        .order_by(Episode.id)
        .limit(AT_ONCE)
    )
    return list(session.scalars(wanted))


def finish(session: Session, ids: list[int], *, at: datetime) -> int:
    """Let the answer to the cause or flood count for these too: nobody needs to answer 5,000 of them one by one.

    Returns how many; each answer's entry in the record of changes names the alarms that it counted for.
    """
    wanted = select(Episode).where(Episode.id.in_(ids), Episode.acknowledged_at.is_(None))
    done: dict[tuple[str, int, int], list[int]] = {}
    for one in session.scalars(wanted.order_by(Episode.id)).all():
        answer = _answer(session, one)
        if answer is None or answer.acknowledged_at is None or one.cleared_at is None:
            continue
        one.acknowledged_at, one.acknowledged_by = answer.acknowledged_at, answer.acknowledged_by
        one.acknowledged_by_name = answer.acknowledged_by_name
        kind = "alarm" if isinstance(answer, Episode) else "alarm_flood"
        done.setdefault((kind, answer.id, one.org_id), []).append(one.id)
    for (kind, number, org_id), alarms in done.items():
        audit.record(
            session, WATCH, f"{kind}.answer_counts", kind, str(number), at=at, org_id=org_id,
            alarms=alarms,
        )  # fmt: skip
    if done:
        announce(session, "alarms")
    return sum(len(alarms) for alarms in done.values())


def _answer(session: Session, one: Episode) -> Episode | Flood | None:
    """What must have been acknowledged for this alarm to be done with."""
    if one.silenced == "inhibited" and one.cause_id is not None:
        return session.get(Episode, one.cause_id)
    if one.silenced == "flood" and one.flood_id is not None:
        return session.get(Flood, one.flood_id)
    return None
