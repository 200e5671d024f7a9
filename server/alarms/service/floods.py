"""What happens in a flood of alarms: it begins, tells its digests, is acknowledged, and ends."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from server.alarms import causes, floods, wording
from server.alarms.models import AlarmRule, Episode, Flood
from server.alarms.models.floods import RUNNING
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Refusal
from server.core.plain import Plain
from server.core.wake import announce
from server.core.words import N_
from server.notify import service as notify
from server.notify.renewing import say_anew
from server.storage.models import Container, Site
from server.telemetry.models import Agent, Channel

WATCH: Final = Actor.system("Cryokeep watch")
ABOUT: Final = "flood"
"""What a call is about that tells of a flood."""
PAGE: Final = "/alarms/trouble"
LOOKED_AT: Final = 500
"""So many alarms that are left of floods are looked at together."""
_BEGIN = Plain(
    *(
        insert(Flood)
        .values(
            org_id=bindparam("org_id"), began_at=bindparam("at"), alarms=0, digests=0,
            acknowledged_by_name="", version=1,
        )
        .on_conflict_do_nothing(index_elements=["org_id"], index_where=RUNNING)
        .returning(Flood.id)
        for insert in (insert_sqlite, insert_postgresql)
    )
)  # fmt: skip

_RUNNING = Plain(
    select(Flood.id).where(Flood.org_id == bindparam("org_id"), Flood.ended_at.is_(None))
)
_JOIN = Plain(
    update(Episode)
    .where(Episode.id == bindparam("episode_id"))
    .values(flood_id=bindparam("flood_id"))
)


def begin(session: Session, org_id: int, *, at: datetime) -> int:
    """Let a flood begin in this organisation, unless one is under way; returns the number of the one that is."""
    flood_id = _BEGIN.ask(session, org_id=org_id, at=at).value()
    if flood_id is None:
        return int(_RUNNING.ask(session, org_id=org_id).value())
    audit.record_now(
        session, WATCH, "alarm_flood.began", "alarm_flood", str(flood_id), at=at, org_id=org_id
    )
    announce(session, "alarms")
    return int(flood_id)


def join(session: Session, episode_id: int, org_id: int, *, at: datetime) -> None:
    """Let an alarm be told in the digests of the flood that is under way; where none is, one begins."""
    _JOIN.ask(session, episode_id=episode_id, flood_id=begin(session, org_id, at=at))


def brace(session: Session, coming: Mapping[int, int], *, at: datetime) -> None:
    """Let floods begin where so many alarms are about to be raised at once, by organisation.

    Alarms that come in one moment would else be told one by one up to the most that is told so.
    """
    for org_id, n in coming.items():
        if floods.is_flood(n):
            begin(session, org_id, at=at)


def coming(session: Session, rules: Sequence[AlarmRule]) -> dict[int, int]:
    """Return how many alarms of these rules, about to be raised together, could wait and are explained by nothing.

    By organisation; only those with more than can be told one by one. Only reads.
    """
    waiting = [one for one in rules if floods.can_wait(one.severity, one.alarm_class)]
    counted = Counter(one.org_id for one in waiting)
    many = {org_id for org_id, n in counted.items() if floods.is_flood(n)}
    agents = _agents(session, [one for one in waiting if one.org_id in many])
    known: dict[tuple[object, ...], bool] = {}
    found: Counter[int] = Counter()
    for one in waiting:
        if one.org_id in many:
            agent_id = agents.get(one.channel_id or 0, one.agent_id)
            key = (one.org_id, one.kind, one.alarm_class, agent_id, one.site_id)
            if key not in known:
                known[key] = _is_explained(session, one, agent_id)
            found[one.org_id] += not known[key]
    return {org_id: n for org_id, n in found.items() if floods.is_flood(n)}


def _agents(session: Session, rules: Sequence[AlarmRule]) -> dict[int, int]:
    """The agents of the channels of these rules."""
    ids = sorted({one.channel_id for one in rules if one.channel_id is not None})
    found: dict[int, int] = {}
    for first in range(0, len(ids), 500):
        some = Channel.id.in_(ids[first : first + 500])
        found |= {
            row.id: row.agent_id
            for row in session.execute(select(Channel.id, Channel.agent_id).where(some))
        }
    return found


def _is_explained(session: Session, rule: AlarmRule, agent_id: int | None) -> bool:
    if not causes.can_be_explained(rule.kind, rule.alarm_class):
        return False
    asked = causes.ask_cause(
        session, org_id=rule.org_id, kind=rule.kind, severity=rule.severity,
        channel_id=rule.channel_id, agent_id=agent_id, site_id=rule.site_id,
    )  # fmt: skip
    return asked.value() is not None


def left(session: Session) -> list[int]:
    """Return the alarms of floods that are over which still hold, where they are few enough to be told one by one."""
    holding = (
        Episode.silenced == "flood", Episode.cleared_at.is_(None), Episode.acknowledged_at.is_(None),
    )  # fmt: skip
    rows = session.execute(
        select(Episode.flood_id, Episode.id)
        .join(Flood, Flood.id == Episode.flood_id)
        .where(*holding, Flood.ended_at.is_not(None))
        .order_by(Episode.id)
        .limit(LOOKED_AT)
    ).all()
    counted = Counter(row.flood_id for row in rows)
    return [row.id for row in rows if not floods.is_flood(counted[row.flood_id])]


def running(session: Session) -> list[Flood]:
    """Return the floods that are under way."""
    return list(session.scalars(select(Flood).where(Flood.ended_at.is_(None)).order_by(Flood.id)))


def is_anything_due(session: Session, now: datetime) -> bool:
    """Say whether `tend` would write anything now; only reads."""
    return any(_is_due(session, one, now) for one in running(session))


def tend(session: Session, now: datetime) -> int:
    """Tell the digests that are due and end the floods whose rate has fallen; returns how many of both."""
    return sum(_tend(session, one, now) for one in running(session))


def acknowledge(session: Session, actor: Actor, flood: Flood, *, at: datetime) -> Flood:
    """Note that a person has seen the digest: nobody else is called for it, until there is news to tell."""
    if flood.acknowledged_at is not None:
        because = N_("%(who)s has already acknowledged this flood.")
        raise Conflict(
            Refusal("already_acknowledged", because, {"who": flood.acknowledged_by_name})
        )
    flood.acknowledged_at, flood.acknowledged_by = at, actor.id
    flood.acknowledged_by_name = actor.name
    notify.answer(session, (ABOUT, flood.id), at)
    audit.record(
        session, actor, "alarm_flood.acknowledged", "alarm_flood", str(flood.id), at=at,
        org_id=flood.org_id,
    )  # fmt: skip
    announce(session, "alarms")
    return flood


def in_window(session: Session, org_id: int, now: datetime) -> int:
    """Return how many alarms of an organisation came in the window that nothing explains."""
    wanted = select(func.count()).select_from(Episode).where(
        Episode.org_id == org_id, Episode.recorded_at > now - floods.WINDOW, Episode.drill == "",
        Episode.historical.is_(False), Episode.silenced.in_(("", "flood")),
    )  # fmt: skip
    return session.scalar(wanted) or 0


def _of(flood: Flood) -> Any:  # noqa: ANN401  conditions of a query
    return Episode.flood_id == flood.id, Episode.silenced == "flood"


def _told_in(session: Session, flood: Flood) -> int:
    return session.scalar(select(func.count()).select_from(Episode).where(*_of(flood))) or 0


def _is_due(session: Session, flood: Flood, now: datetime) -> bool:
    over = floods.is_over(flood.began_at, in_window(session, flood.org_id, now), now)
    n = _told_in(session, flood)
    return over or floods.is_digest_due(flood.told_at, flood.alarms, n, now)


def _tend(session: Session, flood: Flood, now: datetime) -> int:
    over = floods.is_over(flood.began_at, in_window(session, flood.org_id, now), now)
    n = _told_in(session, flood)
    if not over and not floods.is_digest_due(flood.told_at, flood.alarms, n, now):
        return 0
    if n > flood.alarms:
        _tell(session, flood, n, now, over=over)
    if over:
        flood.ended_at = now
        audit.record(
            session, WATCH, "alarm_flood.ended", "alarm_flood", str(flood.id), at=now,
            org_id=flood.org_id, alarms=n,
        )  # fmt: skip
        announce(session, "alarms")
    return 1


def _tell(session: Session, flood: Flood, n: int, now: datetime, *, over: bool) -> None:
    """Write a digest; a call that nobody has answered goes on, and a new one begins where somebody had.

    The digest stands for many notices: it is held up by no quiet hours and by no limit of notices.
    """
    flood.alarms, flood.told_at, flood.digests = n, now, flood.digests + 1
    flood.acknowledged_at = flood.acknowledged_by = None
    flood.acknowledged_by_name = ""
    session.flush()  # reason: calling runs plain statements, which see only what is written
    subject = floods.subject(n)
    text = floods.digest(_counts(session, flood), _time_of_day(session, flood), over=over)
    facts = {"alarms": n, "began_at": flood.began_at.isoformat(), "over": over}
    if say_anew(session, (ABOUT, flood.id), subject, text, PAGE, facts):
        return
    notify.call(
        session, org_id=flood.org_id, about=(ABOUT, flood.id), severity="critical", subject=subject,
        text=text, path=PAGE, at=now, facts=facts,
    )  # fmt: skip


def _counts(session: Session, flood: Flood) -> dict[tuple[str, str], int]:
    """How many alarms of the flood are of which kind, by the freezer, agent or site that they are of."""
    place = func.coalesce(Container.code, Agent.code, Site.name, "")
    rows = session.execute(
        select(Episode.kind, place, func.count())
        .outerjoin(Container, Container.id == Episode.freezer_id)
        .outerjoin(Agent, Agent.id == Episode.agent_id)
        .outerjoin(Site, Site.id == Episode.site_id)
        .where(*_of(flood))
        .group_by(Episode.kind, place)
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _time_of_day(session: Session, flood: Flood) -> str:
    zone = session.scalar(
        select(Site.time_zone).where(Site.org_id == flood.org_id).order_by(Site.id)
    )
    return wording.zoned_time(flood.began_at, wording.Place("", time_zone=zone or "UTC"))
