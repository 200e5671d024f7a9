"""Boxes with room for tubes that have no place: those that hold their lots first, then the emptiest."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.handling.rules.putting import Room
from server.storage.models import Container, Custody, SpaceReservation, Vial
from server.storage.queries import occupants, paths_of, true_at
from server.storage.queries.limits import why_not_allowed

CANDIDATES = 60
"""So many boxes are looked into at most: more would only be further to walk."""


def rooms_for(
    session: Session, org_id: int, vials: Sequence[Vial], freezer_ids: Sequence[int]
) -> list[Room]:
    """Return boxes of these freezers (or all) with free positions that may take the vials, best first."""
    lots = {vial.lot_id for vial in vials}
    boxes = _boxes(session, _holding(lots, org_id)) + _boxes(session, _emptiest(org_id))
    known = list({box.id: box for box in boxes}.values())
    paths = paths_of(session, containers=[box.id for box in known]) if known else {}
    held = _lots_in(session, [box.id for box in known], lots)
    rooms = []
    for box in known:
        freezer = paths[box.id].freezer_id
        if freezer is None or (freezer_ids and freezer not in freezer_ids):
            continue
        if any(why_not_allowed(session, box, vial) for vial in _one_of_each(vials)):
            continue
        free = _free(session, box)
        if free:
            outer = session.get_one(Container, freezer)
            rooms.append(
                Room(box.id, str(freezer), _fate(outer), tuple(free), frozenset(held[box.id]))
            )
    return rooms


def _one_of_each(vials: Iterable[Vial]) -> list[Vial]:
    """Return one vial of each lot, type and project: what boxes tell apart."""
    return list({(one.lot_id, one.sample_type_id, one.project_id): one for one in vials}.values())


def _fate(freezer: Container) -> str:
    """Return what the freezer fails with, in one word; itself where nothing is known."""
    shared = (freezer.nitrogen_supply_id, freezer.power_circuit_id, freezer.room_id)
    return "/".join(str(one or "") for one in shared) if any(shared) else f"freezer {freezer.id}"


def _free(session: Session, box: Container) -> list[int]:
    taken = occupants(session, box)
    kept = set(json.loads(box.blocked)) | _spoken_for(session, box)
    return [one for one in box.shape.usable if one not in taken and one not in kept]


def _spoken_for(session: Session, box: Container) -> set[int]:
    wanted = select(SpaceReservation).where(
        SpaceReservation.container_id == box.id, SpaceReservation.ended_at.is_(None)
    )
    kept: set[int] = set()
    for one in session.scalars(wanted):
        first, last = one.first_ordinal or 1, one.last_ordinal or box.shape.capacity
        kept |= set(range(first, last + 1))
    return kept


def _boxes(session: Session, wanted: Select[Any]) -> list[Container]:
    return list(session.scalars(wanted.limit(CANDIDATES)))


def _holding(lots: set[int], org_id: int) -> Select[Any]:
    inside = (
        select(Custody.container_id)
        .join(Vial, Vial.id == Custody.vial_id)
        .where(Vial.lot_id.in_(lots), Custody.place == "position", true_at(None))
    )
    return select(Container).where(
        Container.org_id == org_id,
        Container.kind == "box",
        Container.retired_at.is_(None),
        Container.id.in_(inside),
    )


def _emptiest(org_id: int) -> Select[Any]:
    """Boxes in the order of their free positions, most first."""
    taken = (
        select(Custody.container_id, func.count().label("taken"))
        .where(Custody.vial_id.is_not(None), Custody.container_id.is_not(None), true_at(None))
        .group_by(Custody.container_id)
        .subquery()
    )
    places = Container.rows * Container.columns * Container.layers
    return (
        select(Container)
        .outerjoin(taken, taken.c.container_id == Container.id)
        .where(
            Container.org_id == org_id, Container.kind == "box", Container.retired_at.is_(None),
            places > func.coalesce(taken.c.taken, 0),
        )
        .order_by((places - func.coalesce(taken.c.taken, 0)).desc(), Container.id)
    )  # fmt: skip


def _lots_in(session: Session, boxes: Sequence[int], lots: set[int]) -> dict[int, set[int]]:
    wanted = (
        select(Custody.container_id, Vial.lot_id)
        .join(Vial, Vial.id == Custody.vial_id)
        .where(Custody.container_id.in_(boxes), Vial.lot_id.in_(lots), true_at(None))
        .distinct()
    )
    held: dict[int, set[int]] = defaultdict(set)
    for box, lot in session.execute(wanted):
        if box is not None:
            held[box].add(lot)
    return held
