"""Boxes with room for tubes that have no place: those that hold their lots first, then the emptiest."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.handling.rules.putting import Room
from server.storage.models import Container, Custody, Vial
from server.storage.queries import free_positions, paths_of, true_at
from server.storage.queries.limits import why_none_allowed
from server.storage.queries.room import roomiest

CANDIDATES = 60
"""So many boxes are looked into at most: more would only be further to walk."""


def rooms_for(
    session: Session, org_id: int, vials: Sequence[Vial], freezer_ids: Sequence[int]
) -> list[Room]:
    """Return boxes of these freezers (or all) with free positions that may take the vials, best first."""
    lots = {vial.lot_id for vial in vials}
    boxes = [*session.scalars(_holding(lots, org_id)), *session.scalars(_emptiest(org_id))]
    known = list({box.id: box for box in boxes}.values())
    paths = paths_of(session, containers=[box.id for box in known]) if known else {}
    held = _lots_in(session, [box.id for box in known], lots)
    rooms = []
    for box in known:
        freezer = paths[box.id].freezer_id
        if freezer is None or (freezer_ids and freezer not in freezer_ids):
            continue
        if free := _free(session, box, _one_of_each(vials)):
            fate = _fate(session.get_one(Container, freezer))
            rooms.append(Room(box.id, str(freezer), fate, tuple(free), frozenset(held[box.id])))
    return rooms


def _one_of_each(vials: Iterable[Vial]) -> list[Vial]:
    """Return one vial of each lot, type and project: what boxes tell apart."""
    return list({(one.lot_id, one.sample_type_id, one.project_id): one for one in vials}.values())


def _fate(freezer: Container) -> str:
    """Return what the freezer fails with, in one word; itself where nothing is known."""
    shared = (freezer.nitrogen_supply_id, freezer.power_circuit_id, freezer.room_id)
    return "/".join(str(one or "") for one in shared) if any(shared) else f"freezer {freezer.id}"


def _free(session: Session, box: Container, vials: Sequence[Vial]) -> list[int]:
    """Return the free positions that each of these may take, none where the box may not hold one of them."""
    if why_none_allowed(session, [(vial.id, box, None) for vial in vials]):
        return []
    by_project = {vial.project_id: vial for vial in vials}
    free = [free_positions(session, box, vial) for vial in by_project.values()]
    return [place for place in free[0] if all(place in others for others in free[1:])]


def _holding(lots: set[int], org_id: int) -> Select[Any]:
    inside = (
        select(Custody.container_id)
        .join(Vial, Vial.id == Custody.vial_id)
        .where(Vial.lot_id.in_(lots), Custody.place == "position", true_at(None))
    )
    return (
        select(Container)
        .where(
            Container.org_id == org_id,
            Container.kind == "box",
            Container.retired_at.is_(None),
            Container.id.in_(inside),
        )
        .limit(CANDIDATES)
    )


def _emptiest(org_id: int) -> Any:  # noqa: ANN401  as `roomiest` is
    return roomiest().where(Container.org_id == org_id).limit(CANDIDATES)


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
