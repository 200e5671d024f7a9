"""Which holds bear on which vials: a vial is held when it, its lot or its line is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.catalogue.models import CellLine, Lot
from server.genealogy import queries as genealogy
from server.genealogy.models import Hold
from server.genealogy.rules import Ref
from server.storage.models import Vial

AT_ONCE = 500
Trio = tuple[int, int, int]
"""The ids of a vial, of its lot and of its line."""

T = TypeVar("T")


def holds_on(session: Session, vials: Iterable[Vial | int]) -> dict[int, list[Hold]]:
    """Return the open holds that bear on each of these vials (or ids of vials); free ones are left out."""
    ids = sorted({vial if isinstance(vial, int) else vial.id for vial in vials})
    found: dict[int, list[Hold]] = {}
    for some in _slices(ids):
        wanted = select(Vial.id, Vial.lot_id, Lot.line_id).join(Lot, Lot.id == Vial.lot_id)
        trios = [
            (row[0], row[1], row[2]) for row in session.execute(wanted.where(Vial.id.in_(some)))
        ]
        found |= holds_among(session, trios)
    return found


def holds_on_codes(session: Session, codes: Collection[str], org_id: int) -> dict[str, list[Hold]]:
    """Return the open holds that bear on the vials of this organisation with these codes; free ones are left out."""
    named: dict[int, str] = {}
    for some in _slices(sorted(set(codes))):
        wanted = select(Vial.id, Vial.code).where(Vial.code.in_(some), Vial.org_id == org_id)
        named |= {row[0]: row[1] for row in session.execute(wanted)}
    return {named[vial]: holds for vial, holds in holds_on(session, named).items()}


def holds_of_vial(session: Session, vial: Vial) -> list[Hold]:
    """Return the open holds that bear on one vial whose lot is loaded: one query."""
    return holds_among(session, [(vial.id, vial.lot_id, vial.lot.line_id)]).get(vial.id, [])


def holds_among(session: Session, trios: Sequence[Trio]) -> dict[int, list[Hold]]:
    """Return the open holds by the id of the vial, where lot and line are known: one query."""
    keys = {
        key for vial, lot, line in trios for key in (("vial", vial), ("lot", lot), ("line", line))
    }
    standing = genealogy.open_holds(session, keys)
    if not standing:
        return {}
    held = {
        vial: [
            *standing.get(("vial", vial), ()),
            *standing.get(("lot", lot), ()),
            *standing.get(("line", line), ()),
        ]
        for vial, lot, line in trios
    }
    return {vial: holds for vial, holds in held.items() if holds}


def _slices(ids: Sequence[T]) -> Iterable[Sequence[T]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def holds_on_lots(session: Session, lots: Sequence[Lot]) -> Mapping[int, list[Hold]]:
    """Return the open holds that bear on each of these lots, those of its line too."""
    standing = genealogy.open_holds(
        session, {key for lot in lots for key in (("lot", lot.id), ("line", lot.line_id))}
    )
    both = {
        lot.id: [*standing.get(("lot", lot.id), ()), *standing.get(("line", lot.line_id), ())]
        for lot in lots
    }
    return {number: holds for number, holds in both.items() if holds}


def holds_on_things(
    session: Session, things: Collection[tuple[str, int]]
) -> dict[tuple[str, int], list[Hold]]:
    """Return the open holds that bear on vials, lots and lines alike, by (kind, id); free things are left out."""
    ids: dict[str, list[int]] = {"vial": [], "lot": [], "line": []}
    for kind, number in things:
        ids.setdefault(kind, []).append(number)
    lots = list(session.scalars(select(Lot).where(Lot.id.in_(ids["lot"])))) if ids["lot"] else []
    vials = holds_on(session, ids["vial"]).items()
    found = {("vial", number): holds for number, holds in vials}
    found |= {("lot", number): holds for number, holds in holds_on_lots(session, lots).items()}
    return found | genealogy.open_holds(session, [("line", number) for number in ids["line"]])


def unheld() -> ColumnElement[bool]:
    """Return the condition that no hold stands open on a vial, its lot or its line; needs Vial and Lot."""
    return ~(_held("vial", Vial.id) | _held("lot", Lot.id) | _held("line", Lot.line_id))


def _held(kind: str, thing: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    standing: Select[int] = select(Hold.id).where(
        Hold.lifted_at.is_(None), Hold.kind == kind, Hold.target_id == thing
    )
    return standing.correlate(Vial, Lot).exists()


def held_by_line(session: Session) -> dict[int, int]:
    """Return how many vials in storage are held, by line; looked up from the holds, which are few."""
    ways = (
        (Hold.kind == "vial") & (Hold.target_id == Vial.id),
        (Hold.kind == "lot") & (Hold.target_id == Vial.lot_id),
        (Hold.kind == "line") & (Hold.target_id == Lot.line_id),
    )
    each = (
        select(Vial.id.label("vial"), Lot.line_id.label("line"))
        .join(Lot, Lot.id == Vial.lot_id)
        .join(Hold, way)
        .where(Hold.lifted_at.is_(None), Vial.state == "in_storage")
        for way in ways
    )
    held = union(*each).subquery()
    counted: Any = select(held.c.line, func.count()).group_by(held.c.line)
    return {line: int(count) for line, count in session.execute(counted)}


def ref(thing: Vial | Lot | CellLine) -> Ref:
    """Return the thing as genealogy names it."""
    kind = {Vial: "vial", Lot: "lot", CellLine: "line"}[type(thing)]
    return Ref(kind, thing.id, thing.code)
