"""The API of moves of many: carry, swap, put in another order, read one, take it back."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from flask import g

from server.core.errors import AllRefused, Refusal
from server.core.words import N_
from server.kit import api as described
from server.kit.api import Answer, Body, describes
from server.kit.door import require
from server.storage import queries
from server.storage import service as storage
from server.storage.models import BulkMove, Container
from server.storage.queries import carrying
from server.storage.queries import moves as asked
from server.storage.queries.carrying import BoxRow, undone_by
from server.storage.rules import why_not_at
from server.storage.rules.moves import there_already
from server.storage.service import bulk
from server.storage.service.bulk import Move
from server.storage.views.blueprints import api


class MoveOne(Body):
    """A vial and where it goes; without a position into the first free one."""

    vial: str
    box: str
    position: str = ""


class MoveMany(Body):
    """Vials that move together or not at all. `scanned`: each tube's own code was read on the way."""

    moves: list[MoveOne]
    scanned: bool = False
    happened_at: datetime | None = None


class Swap(Body):
    """Two boxes or racks (by `boxes`) or two vials (by `vials`) that change places."""

    boxes: list[str] = msgspec.field(default_factory=list)
    vials: list[str] = msgspec.field(default_factory=list)


class Order(Body):
    """The new position of each vial of a box, by its code."""

    positions: dict[str, str]


class MovedThing(Answer):
    """One thing of a move."""

    kind: str
    code: str
    before: str
    now: str


class MoveOut(Answer):
    """A move of many things as one."""

    id: int
    kind: str
    things: int
    happened_at: datetime
    recorded_at: datetime
    by: str
    undoes: int | None


class MoveDetails(MoveOut):
    """A move, what it carried, and which move took it back."""

    undone_by: int | None
    moved: list[MovedThing]


MADE = {201: MoveOut}


def _out(move: BulkMove) -> MoveOut:
    return MoveOut(
        id=move.id,
        kind=move.kind,
        things=move.things,
        happened_at=move.happened_at,
        recorded_at=move.recorded_at,
        by=move.by_name,
        undoes=move.undoes_id,
    )


@api.post("/moves")
@require("storage.move")
@describes("Carry vials to other positions, all or none", body=MoveMany, answers=MADE)
def move_many() -> tuple[MoveOut, int]:
    """Carry vials; 409 names every reason in `errors`."""
    wanted = described.read(MoveMany)
    move = bulk.move_vials(
        g.session,
        g.actor,
        _moves(wanted.moves),
        scanned=wanted.scanned,
        at=g.clock.now(),
        happened_at=wanted.happened_at,
    )
    return _out(move), 201


def _moves(wanted: Sequence[MoveOne]) -> list[Move]:
    """Return the moves that were asked for; refused with every vial, box and position that is not there."""
    codes = [one.vial for one in wanted]
    to = list(dict.fromkeys(one.box for one in wanted))
    vials, boxes = asked.named(g.session, g.actor, "storage.move", codes, to)
    shapes = {code: box.shape for code, box in boxes.items()}
    free = {code: _free(box, wanted) for code, box in boxes.items()}
    inside = {code: _inside(box, wanted) for code, box in boxes.items()}
    moves, refusals = [], []
    for one in wanted:
        vial, box = vials.get(one.vial), boxes.get(one.box)
        if vial is None or box is None:
            refusals.append(_unknown(one, known=vial is not None))
            continue
        if not one.position and vial in inside[one.box]:
            label = shapes[one.box].label(inside[one.box][vial])
            refusals.append(there_already(one.vial, label, box.code))
            continue
        ordinal = (
            shapes[one.box].ordinal(one.position) if one.position else next(free[one.box], None)
        )
        if ordinal is None and not one.position:
            whole = g.session.get_one(Container, box.id)
            ordinal = storage.first_free(g.session, whole)  # refuses: nothing is free
        refusal = why_not_at(shapes[one.box], box.code, ordinal, one.position)
        if refusal is not None or ordinal is None:
            facts = {"vial": one.vial, "position": one.position}
            because = refusal or Refusal("box_full", N_("A position is missing."))
            refusals.append(Refusal(because.code, because.because, {**facts, **because.facts}))
            continue
        moves.append(Move(vial, box.id, ordinal))
    if refusals:
        raise AllRefused(refusals)
    return moves


def _inside(box: BoxRow, wanted: Sequence[MoveOne]) -> dict[int, int]:
    """Return where those are that stand in this box, if any goes there without a position."""
    asks = any(one.box == box.code and not one.position for one in wanted)
    return carrying.places_in(g.session, box) if asks else {}


def _free(box: BoxRow, wanted: Sequence[MoveOne]) -> Iterator[int]:
    """Give the free positions of a box that nobody named, for those that name none.

    Until the end nobody else looks for a free one there, so that two never find the same.
    """
    to_it = [one for one in wanted if one.box == box.code]
    if all(one.position for one in to_it):
        return iter(())
    held = carrying.held_boxes(g.session, [box.id])[box.id]
    named = {box.shape.ordinal(one.position) for one in to_it if one.position}
    return (one for one in queries.free_positions(g.session, held) if one not in named)


def _unknown(one: MoveOne, *, known: bool) -> Refusal:
    facts = {"vial": one.vial, "box": one.box, "position": one.position}
    if known:
        because = N_("No box has the code %(box)s, to which %(vial)s is to go.")
        return Refusal("no_such_container", because, facts)
    because = N_("No vial has the code %(vial)s.")
    return Refusal("no_such_vial", because, facts)


@api.post("/moves/swap")
@require("storage.move")
@describes("Let two boxes, racks or vials change places", body=Swap, answers=MADE)
def swap() -> tuple[MoveOut, int]:
    """Swap two boxes with all that is in them, or two vials."""
    wanted = described.read(Swap)
    at = g.clock.now()
    if len(wanted.boxes) == 2 and not wanted.vials:
        one, other = (
            queries.container(g.session, g.actor, "storage.move", code, "box", "rack")
            for code in wanted.boxes
        )
        return _out(bulk.swap_boxes(g.session, g.actor, one, other, at=at)), 201
    if len(wanted.vials) == 2 and not wanted.boxes:
        first, second = (
            queries.vial(g.session, g.actor, "storage.move", code) for code in wanted.vials
        )
        return _out(bulk.swap_vials(g.session, g.actor, first, second, at=at)), 201
    because = N_("Name two boxes, two racks or two vials; they change places.")
    raise AllRefused([Refusal("not_two", because)])


@api.post("/boxes/<code>/order")
@require("storage.move")
@describes("Put vials of a box into other positions of it", body=Order, answers=MADE)
def order(code: str) -> tuple[MoveOut, int]:
    """Put vials into another order; any permutation will do."""
    wanted = described.read(Order)
    box = queries.container(g.session, g.actor, "storage.move", code, "box")
    moves = _moves(
        [MoveOne(vial=vial, box=box.code, position=at) for vial, at in wanted.positions.items()]
    )
    places = {one.vial_id: one.ordinal for one in moves}
    return _out(bulk.reorder(g.session, g.actor, box, places, at=g.clock.now())), 201


@api.get("/moves/<int:number>")
@require("storage.read")
@describes("Read a move: what it carried from where to where", answers={200: MoveDetails})
def bulk_move(number: int) -> MoveDetails:
    """Answer what a move carried."""
    found = asked.bulk_move(g.session, g.actor, "storage.read", number)
    undone = undone_by(g.session, found)
    moved = [
        MovedThing(kind=one.kind, code=one.code, before=one.before, now=one.now)
        for one in asked.moved_by(g.session, found)
    ]
    return MoveDetails(
        id=found.id,
        kind=found.kind,
        things=found.things,
        happened_at=found.happened_at,
        recorded_at=found.recorded_at,
        by=found.by_name,
        undoes=found.undoes_id,
        undone_by=undone.id if undone else None,
        moved=moved,
    )


@api.post("/moves/<int:number>/undo")
@require("storage.move")
@describes("Take a move back, as a move of its own", answers=MADE)
def undo(number: int) -> tuple[MoveOut, int]:
    """Take a move back; 409 names every reason in `errors`."""
    found = asked.bulk_move(g.session, g.actor, "storage.move", number)
    return _out(bulk.undo_bulk(g.session, g.actor, found, at=g.clock.now())), 201
