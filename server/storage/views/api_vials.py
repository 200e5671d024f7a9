"""The API of vials: read, enter, place, move, take out, put back, discard."""

from collections.abc import Callable

from flask import g, request

from server.accounts import login
from server.catalogue import queries as catalogue
from server.core.errors import Invalid
from server.kit import api as described
from server.kit import etag
from server.kit.api import describes
from server.kit.door import require
from server.storage import queries, rules
from server.storage import service as storage
from server.storage.models import Custody, Vial
from server.storage.service.entering import Entering, enter_vials
from server.storage.views import answers
from server.storage.views.answers import Destination, Discard, NewVials, TakeOut, VialOut, VialsOut
from server.storage.views.blueprints import api
from server.storage.views.witnesses import witness_of

MOVED = {200: VialOut}


@api.get("/vials/<code>")
@require("storage.read")
@describes("Read a vial: what it is and where it is", answers=MOVED)
def vial(code: str) -> VialOut:
    """Answer where a vial is."""
    found = queries.vial(g.session, g.actor, "storage.read", code)
    etag.tell(found.version)
    return answers.vial_out(g.session, found)


@api.post("/vials")
@require("storage.edit")
@describes("Enter tubes into a lot, and into a box", body=NewVials, answers={201: VialsOut})
def add() -> tuple[VialsOut, int]:
    """Enter tubes, all or none."""
    wanted = described.read(NewVials)
    if refusal := rules.why_not_codes(wanted.codes):
        raise Invalid(refusal, field="codes")
    lot = catalogue.lot(g.session, g.actor, wanted.lot, "storage.edit")
    box, start = None, None
    if wanted.box:
        box = queries.container(g.session, g.actor, "storage.edit", wanted.box, "box")
        start = storage.position_in(g.session, box, wanted.position)
    at = g.clock.now()
    entering = Entering(wanted.sample_type, wanted.fields)
    made = enter_vials(g.session, g.actor, lot, wanted.codes, entering, box, start, at=at)
    return VialsOut(items=[answers.vial_out(g.session, one) for one in made]), 201


@api.post("/vials/<code>/place")
@require("storage.move")
@describes("Put a vial that has no place into a position", body=Destination, answers=MOVED)
def place(code: str) -> VialOut:
    """Place a vial; 409 names the occupant of a taken position."""
    return _bring(code, storage.place_vial)


@api.post("/vials/<code>/move")
@require("storage.move")
@describes("Carry a stored vial to another position", body=Destination, answers=MOVED)
def move(code: str) -> VialOut:
    """Move a vial; 409 names the occupant of a taken position."""
    return _bring(code, storage.move_vial)


@api.post("/vials/<code>/put-back")
@require("storage.move")
@describes("Put back a vial that was taken out", body=Destination, answers=MOVED)
def put_back(code: str) -> VialOut:
    """Put a vial back, where its tier allows it."""
    return _bring(code, storage.put_back)


@api.post("/vials/<code>/undo")
@require("storage.move")
@describes("Carry a vial back to where it was before its last move", answers=MOVED)
def undo_move_of_vial(code: str) -> VialOut:
    """Undo the last move of one vial by a counter-move."""
    found = _vial(code, "storage.move")
    storage.undo_move(g.session, g.actor, found, at=g.clock.now())
    return _answer(found)


def _bring(code: str, verb: Callable[..., Custody]) -> VialOut:
    wanted = described.read(Destination)
    found = _vial(code, "storage.move")
    box, position = queries.box_within(
        g.session, g.actor, "storage.move", wanted.box, wanted.position
    )
    ordinal = storage.position_in(g.session, box, position, found)
    at, happened_at = g.clock.now(), wanted.happened_at
    scanned = wanted.scanned
    verb(g.session, g.actor, found, box, ordinal, scanned=scanned, at=at, happened_at=happened_at)
    return _answer(found)


@api.post("/vials/<code>/take-out")
@require("storage.move")
@describes("Take a vial out of its position", body=TakeOut, answers=MOVED)
def take_out(code: str) -> VialOut:
    """Take a vial out; a promised one is refused."""
    wanted = described.read(TakeOut)
    found, at = _vial(code, "storage.move"), g.clock.now()
    storage.take_out(
        g.session, g.actor, found, reason=wanted.reason, use=wanted.use, at=at,
        happened_at=wanted.happened_at, keep_slot=wanted.keep_slot, scanned=wanted.scanned,
    )  # fmt: skip
    return _answer(found)


@api.post("/vials/<code>/discard")
@require("storage.discard")
@describes("Destroy a vial, signed with the password and by a witness", body=Discard, answers=MOVED)
def discard(code: str) -> VialOut:
    """Destroy a vial; without a witness it waits for one and stays what it is."""
    wanted, at = described.read(Discard), g.clock.now()
    address = request.remote_addr or ""
    proof = login.prove(g.reader, g.actor, wanted.password, address, at)
    second = witness_of(wanted.witness_email, wanted.witness_password, address, at)
    found = _vial(code, "storage.discard")
    seen = found.version if wanted.version is None else wanted.version
    storage.discard_vial(
        g.session, g.actor, found, wanted.reason, proof, witness=second, version=seen, at=at
    )
    return _answer(found)


def _vial(code: str, permission: str) -> Vial:
    found = queries.vial(g.session, g.actor, permission, code)
    etag.check(found.version)
    return found


def _answer(found: Vial) -> VialOut:
    g.session.flush()  # the answer tells the version that this change makes
    etag.tell(found.version)
    return answers.vial_out(g.session, found)
