"""A work list as a device takes it along: every tube with its way, where it is believed to be, and its box as a picture."""

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.handling.models import WorkList
from server.handling.queries.offline import stays_now
from server.handling.queries.picks import Tube, lines_of, walk
from server.storage.models import Container, VialAlias
from server.storage.queries import Path, holds_on, paths_of

CHUNK = 500


class Along(msgspec.Struct):
    """One tube. `box` and `position` are where it lies (pick) or goes (put away)."""

    code: str
    line: str
    lot: str
    state: str
    way: list[tuple[str, str]]
    """Kind and name of each step."""
    box: str
    box_also: str
    """The code on the box's label, where it is another."""
    position: str
    reserved_for: str
    also: list[str] = []
    """Other codes that the tube bears."""
    stay: int | None = None
    """The tube's present stay: what a device's acts are held against."""
    place: str = ""
    held: list[str] = []
    """The cause of each open hold on the tube, its lot or its line, in the words of the API of holds."""


class Picture(msgspec.Struct):
    """A box as it is drawn: the words along its sides, and each place row by row, empty where there is none."""

    rows: list[str]
    columns: list[str]
    places: list[str]


def taken_along(session: Session, work: WorkList) -> tuple[list[Along], dict[str, Picture]]:
    """Return the tubes of the list in the order of the walk, those that are settled last, and their boxes."""
    lines = lines_of(session, work)
    tubes = walk(session, [line for line in lines if line.state == "waiting"])
    tubes += walk(session, [line for line in lines if line.state != "waiting"])
    ids = [tube.line.vial_id for tube in tubes]
    stays, also, places = stays_now(session, ids), _also(session, ids), _places(session, ids)
    boxes, held = _boxes(session, tubes), holds_on(session, ids)
    along = [_along(tube, boxes.get(_box_id(tube) or 0)) for tube in tubes]
    for tube, one in zip(tubes, along, strict=True):
        vial_id = tube.line.vial_id
        one.also, one.stay = also.get(vial_id, []), stays.get(vial_id)
        one.held = [hold.cause for hold in held.get(vial_id, [])]
        one.place = places[vial_id].text or places[vial_id].place
    return along, {box.code: _picture(box) for box in boxes.values() if box.shape.managed}


def _along(tube: Tube, box: Container | None) -> Along:
    return Along(
        code=tube.code,
        line=tube.line.vial.lot.line.name,
        lot=tube.line.vial.lot.code,
        state=tube.line.state,
        way=[(step.kind, step.name) for step in tube.path.steps],
        box=box.code if box else "",
        box_also=(box.barcode or "") if box else "",
        position=_position(tube, box),
        reserved_for=tube.line.for_code,
    )


def _box_id(tube: Tube) -> int | None:
    return tube.line.container_id or tube.path.box_id


def _position(tube: Tube, box: Container | None) -> str:
    ordinal = tube.line.ordinal if tube.line.container_id else tube.path.ordinal
    return box.shape.label(ordinal) if box is not None and ordinal is not None else ""


def _boxes(session: Session, tubes: list[Tube]) -> dict[int, Container]:
    ids = sorted({box for tube in tubes if (box := _box_id(tube))})
    found: dict[int, Container] = {}
    for start in range(0, len(ids), CHUNK):
        wanted = select(Container).where(Container.id.in_(ids[start : start + CHUNK]))
        found |= {box.id: box for box in session.scalars(wanted)}
    return found


def _places(session: Session, ids: list[int]) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for start in range(0, len(ids), CHUNK):
        found |= paths_of(session, vials=ids[start : start + CHUNK])
    return found


def _also(session: Session, ids: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for start in range(0, len(ids), CHUNK):
        wanted = select(VialAlias).where(VialAlias.vial_id.in_(ids[start : start + CHUNK]))
        for alias in session.scalars(wanted):
            found.setdefault(alias.vial_id, []).append(alias.code)
    return found


def _picture(box: Container) -> Picture:
    shape = box.shape
    there = set(shape.ordinals)
    cells = range(1, shape.size + 1)
    return Picture(
        shape.row_labels,
        shape.column_labels,
        [shape.label(one) if one in there else "" for one in cells],
    )
