"""How much is inside: flat counts over a small tree of containers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, Select, Subquery, func, literal, literal_column, select
from sqlalchemy.orm import Session, aliased

from server.catalogue.models import Lot
from server.storage.models import Container, Custody, Reservation, Vial

DEEPEST = 8
AnyRows = Select[*tuple[Any, ...]]
PLACES = Container.rows * Container.columns * Container.layers - Container.unusable
"""How many positions of a container can be used."""
_OWN, _BOX = aliased(Container), aliased(Container)
_INNER, _HELD, _KEPT = aliased(Custody), aliased(Custody), aliased(Custody)
"""Made once: a fresh alias costs about a millisecond at its first use."""


@dataclass(frozen=True)
class Inside:
    """What one container holds, all the way down."""

    vials: int
    boxes: int
    places: int
    """Positions of its boxes, taken or free."""
    last_copies: int
    """Lines of which every stored vial is in here."""
    reserved: int
    kept: int = 0
    """Positions that are kept for vials that are away."""

    @property
    def free(self) -> int:
        """Return how many positions of its boxes are free."""
        return self.places - self.vials - self.kept


def inside(session: Session, container: Container) -> Inside:
    """Return what the container holds, itself included where it is a box."""
    boxes, places = session.execute(_boxes(container.id)).one()
    return Inside(
        vials=vials_inside(session, [container.id])[container.id],
        boxes=boxes,
        places=int(places or 0),
        last_copies=last_copies(session, [container.id])[container.id],
        reserved=reserved_inside(session, [container.id])[container.id],
        kept=kept_slots(session, [container.id])[container.id],
    )


def tree(container_ids: Iterable[int]) -> CTE:
    """Return the containers below (and including) each of these, as (root, id)."""
    start: AnyRows = select(
        _OWN.id.label("root"), _OWN.id.label("id"), literal(0).label("depth")
    ).where(_OWN.id.in_(list(container_ids)))
    down = start.cte("down", recursive=True)
    return down.union_all(
        select(down.c.root, _INNER.child_id, down.c.depth + 1)
        .join(_INNER, _INNER.container_id.in_([down.c.id]))
        .where(
            _INNER.child_id.is_not(None),
            _INNER.ended_at.is_(None),
            _INNER.superseded_at.is_(None),
            down.c.depth < DEEPEST,
        )
    )


def _boxes(container_id: int) -> AnyRows:
    below = tree([container_id])
    places = func.sum(PLACES)
    return (
        select(func.count(), places)
        .select_from(Container)
        .join(below, below.c.id == Container.id)
        .where(Container.kind == "box")
    )


def _vial_rows(below: CTE) -> Subquery:
    """Return the join of live custody rows with the boxes below; only boxes hold vials."""
    joined = (
        select(below.c.root, _HELD.vial_id.label("vial_id"))
        .select_from(below)
        .join(_BOX, (_BOX.id == below.c.id) & (_BOX.kind == "box"))
        .join(_HELD, _HELD.container_id == _BOX.id)
        .where(_HELD.ended_at.is_(None), _HELD.superseded_at.is_(None), _HELD.place == "position")
    )
    return joined.subquery()


def vials_inside(session: Session, container_ids: Iterable[int]) -> dict[int, int]:
    """Return how many vials are in each container, all the way down."""
    ids = list(container_ids)
    below = tree(ids)
    counted = (  # counts rows, not vial ids: the index of live positions alone answers it
        select(below.c.root, func.count())
        .select_from(below)
        .join(_BOX, (_BOX.id == below.c.id) & (_BOX.kind == "box"))
        .join(_HELD, _HELD.container_id == _BOX.id)
        .where(_HELD.ended_at.is_(None), _HELD.superseded_at.is_(None))
        .group_by(below.c.root)
    )
    numbers, away = _numbers(session, ids, counted), kept_slots(session, ids)
    return {one: numbers[one] - away[one] for one in ids}


def kept_slots(session: Session, container_ids: Iterable[int]) -> dict[int, int]:
    """Return how many positions in each container are kept for vials that are away, all the way down."""
    ids = list(container_ids)
    below = tree(ids)
    counted = (
        select(below.c.root, func.count())
        .join(_KEPT, _KEPT.container_id == below.c.id)
        .where(
            _KEPT.ended_at.is_(None),
            _KEPT.superseded_at.is_(None),
            _KEPT.container_id.is_not(None),
            _KEPT.place
            != literal_column("'position'"),  # no parameter: the index of kept slots asks so
        )
        .group_by(below.c.root)
    )
    return _numbers(session, ids, counted)


def _numbers(session: Session, ids: list[int], counted: AnyRows) -> dict[int, int]:
    return dict.fromkeys(ids, 0) | {row[0]: int(row[1]) for row in session.execute(counted)}


def reserved_inside(session: Session, container_ids: Iterable[int]) -> dict[int, int]:
    """Return how many vials in each container are promised to something."""
    ids = list(container_ids)
    rows = _vial_rows(tree(ids))
    counted = (
        select(rows.c.root, func.count())
        .join(Reservation, Reservation.vial_id == rows.c.vial_id)
        .where(Reservation.ended_at.is_(None))
        .group_by(rows.c.root)
    )
    return _numbers(session, ids, counted)


def last_copies(session: Session, container_ids: Iterable[int]) -> dict[int, int]:
    """Return, for each container, of how many lines every stored vial is in it."""
    ids = list(container_ids)
    rows = _vial_rows(tree(ids))
    lots_here = (
        select(rows.c.root, Vial.lot_id, func.count().label("n"))
        .join(Vial, Vial.id == rows.c.vial_id)
        .group_by(rows.c.root, Vial.lot_id)
        .subquery()
    )
    here = (
        select(lots_here.c.root, Lot.line_id, func.sum(lots_here.c.n).label("n"))
        .join(Lot, Lot.id == lots_here.c.lot_id)
        .group_by(lots_here.c.root, Lot.line_id)
        .subquery()
    )
    per_lot = _stored().subquery()
    everywhere = (
        select(Lot.line_id, func.sum(per_lot.c.n).label("n"))
        .join(per_lot, per_lot.c.lot_id == Lot.id)
        .group_by(Lot.line_id)
        .subquery()
    )
    counted = (
        select(here.c.root, func.count())
        .join(everywhere, everywhere.c.line_id == here.c.line_id)
        .where(here.c.n >= everywhere.c.n)
        .group_by(here.c.root)
    )
    return _numbers(session, ids, counted)


def _stored() -> AnyRows:
    return (
        select(Vial.lot_id, func.count().label("n"))
        .where(Vial.state == "in_storage")
        .group_by(Vial.lot_id)
    )


def stored_of_lots(session: Session, lot_ids: Iterable[int]) -> dict[int, int]:
    """Return how many vials of each lot are in storage now."""
    ids = list(lot_ids)
    counted = _stored().where(Vial.lot_id.in_(ids))
    return _numbers(session, ids, counted)
