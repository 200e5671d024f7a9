"""Boxes with room for tubes that have no place: those that hold their lots first, then the emptiest."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.core.many import among
from server.handling.rules.putting import Room
from server.storage.models import Container, Custody, Vial
from server.storage.queries import free_positions, paths_of, true_at
from server.storage.queries.counts import PLACES, tree
from server.storage.queries.limits import why_none_allowed
from server.storage.queries.room import roomiest

CANDIDATES = 60
"""So many boxes are looked into at most: more would only be further to walk."""
PAGE, PAGES = 300, 10
"""So many of the newest boxes are counted at once, and so many times."""


def rooms_for(
    session: Session, org_id: int, vials: Sequence[Vial], freezer_ids: Sequence[int]
) -> list[Room]:
    """Return boxes of these freezers (or all) with free positions that may take the vials, best first."""
    lots = {vial.lot_id for vial in vials}
    roomy = _with_room(session, org_id, freezer_ids, len(vials))
    boxes = [*session.scalars(_holding(lots, org_id)), *roomy]
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


def _with_room(
    session: Session, org_id: int, freezer_ids: Sequence[int], wanted: int
) -> list[Container]:
    """Return boxes with free positions, those with most first: the newest ones that have room for so many.

    A bank fills its newest boxes, so its full ones are not looked at. Only where the newest have too
    little room all boxes are counted.
    """
    boxes = (
        select(Container.id, PLACES)
        .where(Container.org_id == org_id, Container.kind == "box", Container.retired_at.is_(None))
        .order_by(Container.id.desc())
    )
    if freezer_ids:
        boxes = boxes.where(Container.id.in_(select(tree(freezer_ids).c.id)))
    free = _free_of_newest(session, boxes, wanted)
    if sum(free.values()) < wanted and not freezer_ids:
        return list(session.scalars(roomiest().where(Container.org_id == org_id).limit(CANDIDATES)))
    best = sorted(free, key=lambda one: (-free[one], one))[:CANDIDATES]
    found = {
        one.id: one for one in session.scalars(select(Container).where(Container.id.in_(best)))
    }
    return [found[one] for one in best]


def _free_of_newest(session: Session, boxes: Select[int, int], wanted: int) -> dict[int, int]:
    """Return how much is free in each box, page by page until there is room for twice as many."""
    free: dict[int, int] = {}
    before: int | None = None
    for _ in range(PAGES):
        page = boxes if before is None else boxes.where(Container.id < before)
        rows: dict[int, int] = dict(session.execute(page.limit(PAGE)).all())
        if not rows:
            break
        taken = _taken(session, list(rows))
        free |= {box: n for box, places in rows.items() if (n := places - taken.get(box, 0)) > 0}
        if len(free) >= CANDIDATES and sum(free.values()) >= 2 * wanted:
            break
        before = min(rows)
    return free


def _taken(session: Session, boxes: Sequence[int]) -> dict[int, int]:
    wanted = (
        select(Custody.container_id, func.count())
        .where(among(Custody.container_id, "boxes"), true_at(None))
        .group_by(Custody.container_id)
    )
    rows = session.execute(wanted, {"boxes": list(boxes)})
    return {box: n for box, n in rows if box is not None}


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
