"""What of the stock can be given away or used: in storage, promised to nobody, held by nothing, released (BR-06)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.genealogy.models import Hold
from server.storage.models import Reservation, Vial

IN_STORAGE = Vial.state == "in_storage"


def free_by_line(session: Session, actor: Actor) -> Mapping[tuple[int, str], int]:
    """Return how many vials are free, by line and tier; pairs of which there is no lot are left out.

    Counted from the lots and from what is promised or held, which is little, not vial by vial.
    """
    stored, bound = _per_lot(), _per_lot(bound=True)
    free = func.coalesce(stored.c.n, 0) - func.coalesce(bound.c.n, 0)
    may_go = (
        (Lot.disposition == "released")
        & Lot.id.not_in(_held("lot"))
        & Lot.line_id.not_in(_held("line"))
    )
    wanted: Any = (
        select(Lot.line_id, Lot.tier, func.sum(case((may_go, free), else_=0)))
        .outerjoin(stored, stored.c.lot_id == Lot.id)
        .outerjoin(bound, bound.c.lot_id == Lot.id)
        .group_by(Lot.line_id, Lot.tier)
    )
    rows = session.execute(visible(wanted, actor, "storage.read", Lot.org_id))
    return {(line, tier): int(count or 0) for line, tier, count in rows}


def _per_lot(*, bound: bool = False) -> Any:  # noqa: ANN401  a subquery
    wanted = select(Vial.lot_id, func.count().label("n")).where(IN_STORAGE).group_by(Vial.lot_id)
    if bound:
        promised = select(Reservation.vial_id).where(Reservation.ended_at.is_(None))
        wanted = wanted.where(or_(Vial.id.in_(promised), Vial.id.in_(_held("vial"))))
    return wanted.subquery()


def _held(kind: str) -> Any:  # noqa: ANN401  a select of ids
    return select(Hold.target_id).where(Hold.kind == kind, Hold.lifted_at.is_(None))
