"""Many alarms that are over are acknowledged together: after a power cut nobody answers thousands one by one.

Only what a person may see as done with at a glance: the condition is gone, one person is enough, and it is neither
critical nor of life safety. Those are answered one by one (ANSI/ISA-18.2 advises against acknowledging all blindly).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.orm import Session

from server.alarms.models import Acknowledgement, Episode
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.wake import announce
from server.core.words import N_
from server.notify.models import Call
from server.storage.models import Container

AT_ONCE: Final = 500
"""So many in one transaction, which takes about a tenth of a second; the others stay for the next time."""
MOST_GROUPS: Final = 100
_PLAINLY: Final = {"synchronize_session": False}


@dataclass(frozen=True)
class Group:
    """Alarms of one kind at one freezer (or of none) that are over."""

    freezer: str
    kind: str
    severity: str
    n: int
    first_at: datetime
    last_over_at: datetime


def groups(session: Session, orgs: Collection[int] | None, shown_at: datetime) -> list[Group]:
    """Return what can be acknowledged together by then, by freezer and kind, the most frequent first."""
    by = (Container.code, Episode.kind, Episode.severity)
    times = (func.min(Episode.raised_at), func.max(Episode.cleared_at))
    rows = session.execute(
        select(*by, func.count(), *times)
        .outerjoin(Container, Container.id == Episode.freezer_id)
        .where(*_may(orgs, shown_at))
        .group_by(*by)
        .order_by(func.count().desc(), Container.code, Episode.kind)
        .limit(MOST_GROUPS)
    )
    return [
        Group(code or "", kind, severity, n, first, last)
        for code, kind, severity, n, first, last in rows
        if last is not None
    ]


def count(session: Session, orgs: Collection[int] | None, shown_at: datetime) -> int:
    """Return how many can be acknowledged together: over by then, and unanswered."""
    query = select(func.count()).select_from(Episode).where(*_may(orgs, shown_at))
    return session.scalar(query) or 0


def acknowledge(
    session: Session, actor: Actor, orgs: Collection[int] | None, comment: str, *,
    shown_at: datetime, at: datetime,
) -> int:  # fmt: skip
    """Acknowledge what was over when it was shown, at most 500, the earliest first; returns how many.

    Each is recorded with the same words, which are asked for. Refused where nothing is left to acknowledge.
    """
    if not comment.strip():
        because = N_("Say what was found, such as: power is back, all tanks were looked at.")
        raise Invalid(Refusal("comment_missing", because), field="comment")
    rows = session.execute(
        select(Episode.id, Episode.realarms, Episode.org_id)
        .where(*_may(orgs, min(shown_at, at)))
        .order_by(Episode.id)
        .limit(AT_ONCE)
        .with_for_update(of=Episode)
    ).all()
    if not rows:
        because = N_("Nothing is left to acknowledge together; somebody else was faster.")
        raise Conflict(Refusal("nothing_over", because))
    _answer(session, actor, rows, comment.strip(), at)
    _record(session, actor, rows, comment.strip(), at)
    announce(session, "alarms")
    return len(rows)


def _may(orgs: Collection[int] | None, shown_at: datetime) -> Sequence[ColumnElement[bool]]:
    wanted = [
        Episode.cleared_at <= shown_at, Episode.acknowledged_at.is_(None), Episode.drill == "",
        Episode.acks_needed <= 1, Episode.severity != "critical", Episode.alarm_class != "safety",
    ]  # fmt: skip
    return wanted if orgs is None else [*wanted, Episode.org_id.in_(sorted(orgs))]


def _answer(
    session: Session, actor: Actor, rows: Sequence[Any], comment: str, at: datetime
) -> None:
    ids = [row.id for row in rows]
    said = {
        "person_id": actor.id, "by_name": actor.name, "door": actor.door, "comment": comment, "at": at,
    }  # fmt: skip
    session.execute(
        insert(Acknowledgement), [{"episode_id": r.id, "round": r.realarms, **said} for r in rows]
    )
    session.execute(
        update(Episode)
        .where(Episode.id.in_(ids))
        .values(
            acknowledged_at=at, acknowledged_by=actor.id, acknowledged_by_name=actor.name,
            comment=comment, version=Episode.version + 1,
        )
        .execution_options(**_PLAINLY)
    )  # fmt: skip
    session.execute(
        update(Call)
        .where(Call.about_kind == "alarm", Call.about_id.in_(ids), Call.ended_at.is_(None))
        .values(ended_at=at, due_at=None)
        .execution_options(**_PLAINLY)
    )
    session.expire_all()


def _record(
    session: Session, actor: Actor, rows: Sequence[Any], comment: str, at: datetime
) -> None:
    for org_id in sorted({row.org_id for row in rows}):
        facts = {
            str(row.id): {"comment": comment, "together": len(rows)}
            for row in rows
            if row.org_id == org_id
        }
        audit.record_many(
            session, actor, "alarm.acknowledged", "alarm", facts, at=at, org_id=org_id
        )
