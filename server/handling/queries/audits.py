"""Audits of positions: how much of each freezer was checked within a year, and how much of it was right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, distinct, func, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.handling.models import AuditedPosition, CoverageTarget, PositionAudit
from server.handling.queries.stocktakes import boxes_inside
from server.handling.rules.sampling import TARGET_PERCENT, Accuracy, still_to_check
from server.storage.models import Container
from server.storage.queries.aliases import spellings
from server.storage.queries.counts import PLACES, tree

READ = "storage.read"
KIND = "position_audit"
YEAR = timedelta(days=365)
NO_AUDIT = N_("There is no position audit %(found)s.")
CHECKED = ("right", "wrong", "unread")


@dataclass(frozen=True)
class Coverage:
    """What was audited of one freezer within a year."""

    freezer: Container
    positions: int
    percent: int
    """Its target."""
    checked: int
    """Different positions that somebody looked at."""
    accuracy: Accuracy

    @property
    def share(self) -> float:
        """Return how much of it was checked, from 0 to 1."""
        return self.checked / self.positions if self.positions else 0.0

    @property
    def missing(self) -> int:
        """Return how many positions are still to be checked to reach the target."""
        return still_to_check(self.positions, self.percent, self.checked)


def coverage(session: Session, actor: Actor, now: datetime) -> list[Coverage]:
    """Return what was audited of each freezer within a year, by their codes."""
    wanted = select(Container).where(Container.kind == "freezer", Container.retired_at.is_(None))
    freezers = list(
        session.scalars(visible(wanted, actor, READ, Container.org_id).order_by(Container.code))
    )
    return covered(session, freezers, now)


def covered(session: Session, freezers: Sequence[Container], now: datetime) -> list[Coverage]:
    """Return what was audited of these freezers within a year."""
    ids = [one.id for one in freezers]
    places = {root: int(count or 0) for root, count in session.execute(_positions(ids))}
    looked = {row[0]: row for row in session.execute(_looked(ids, now - YEAR))}
    rows = select(CoverageTarget.freezer_id, CoverageTarget.percent)
    targets = dict(session.execute(rows.where(CoverageTarget.freezer_id.in_(ids))).all())
    found = []
    for one in freezers:
        _root, checked, right, wrong = looked.get(one.id, (one.id, 0, 0, 0))
        accuracy = Accuracy(int(right), int(right) + int(wrong))
        percent = targets.get(one.id, TARGET_PERCENT)
        found.append(Coverage(one, places.get(one.id, 0), percent, int(checked), accuracy))
    return found


def _positions(freezer_ids: Sequence[int]) -> Select[Any]:
    below = tree(freezer_ids)
    return (
        select(below.c.root, func.sum(PLACES))
        .join(Container, Container.id == below.c.id)
        .where(Container.kind == "box", Container.retired_at.is_(None))
        .group_by(below.c.root)
    )


def _looked(freezer_ids: Sequence[int], since: datetime) -> Select[Any]:
    below, one = tree(freezer_ids), AuditedPosition
    # a box has fewer positions than this, so the two together are one number for each position
    position = one.box_id * 1_000_000 + one.ordinal
    return (
        select(
            below.c.root,
            func.count(distinct(position)),
            func.sum(case((one.state == "right", 1), else_=0)),
            func.sum(case((one.state == "wrong", 1), else_=0)),
        )
        .join(one, one.box_id == below.c.id)
        .where(one.state.in_(CHECKED), one.checked_at > since)
        .group_by(below.c.root)
    )


def not_yet_audited(session: Session, freezer: Container, now: datetime) -> list[tuple[int, int]]:
    """Return the positions (box, ordinal) that nobody audited within a year, in the order of the walk."""
    boxes = boxes_inside(session, freezer)
    wanted = select(AuditedPosition.box_id, AuditedPosition.ordinal).where(
        AuditedPosition.box_id.in_([box.id for box in boxes]),
        AuditedPosition.state.in_(CHECKED),
        AuditedPosition.checked_at > now - YEAR,
    )
    done = {(box, ordinal) for box, ordinal in session.execute(wanted)}
    return [
        (box.id, ordinal)
        for box in boxes
        for ordinal in sorted(box.shape.usable)
        if (box.id, ordinal) not in done
    ]


def audits(session: Session, actor: Actor, most: int = 100) -> list[PositionAudit]:
    """Return the audits, open ones first and the newest of each first."""
    wanted = (
        select(PositionAudit)
        .options(joinedload(PositionAudit.freezer))
        .order_by(PositionAudit.state != "open", PositionAudit.id.desc())
        .limit(most)
    )
    return list(session.scalars(visible(wanted, actor, READ, PositionAudit.org_id)))


def every(actor: Actor) -> Select[Any]:
    """Return the query of all audits that the actor may see."""
    return visible(select(PositionAudit), actor, READ, PositionAudit.org_id)


def position_audit(session: Session, actor: Actor, permission: str, code: str) -> PositionAudit:
    """Return the audit with this code; refused (NotFound) where there is none to see."""
    wanted = select(PositionAudit).where(PositionAudit.code.in_(spellings(code)))
    found: PositionAudit | None = session.scalars(
        visible(wanted, actor, permission, PositionAudit.org_id)
    ).first()
    if found is None:
        raise NotFound(Refusal("no_audit", NO_AUDIT, {"found": code}))
    return found


def lines_of(session: Session, audit: PositionAudit) -> list[AuditedPosition]:
    """Return the positions of an audit in the order of the walk, their boxes loaded."""
    wanted = (
        select(AuditedPosition)
        .where(AuditedPosition.audit_id == audit.id)
        .options(joinedload(AuditedPosition.box))
        .order_by(AuditedPosition.place)
    )
    return list(session.scalars(wanted))


def accuracy_of(lines: Sequence[AuditedPosition]) -> Accuracy:
    """Return how many of these positions were as recorded, of those whose tube could be read."""
    right = sum(line.state == "right" for line in lines)
    return Accuracy(right, right + sum(line.state == "wrong" for line in lines))
