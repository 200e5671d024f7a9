"""The API of simple acts with one vial: thawed, used up, lost, damaged, measured, brought back."""

from datetime import datetime

from flask import g

from server.kit.api import Body, describes, read
from server.kit.door import require
from server.storage import service as storage
from server.storage.service import marks
from server.storage.views.answers import VialOut
from server.storage.views.api_signing import ONE, Because, proof_of, told, vial_of
from server.storage.views.blueprints import api


class Note(Body):
    """A note; for a thaw also what for, and whether the vial is frozen again afterwards."""

    note: str = ""
    use: str = ""
    stays: bool = False
    happened_at: datetime | None = None


class Measured(Body):
    """How much was found in a vial, in microlitres."""

    volume_ul: int
    note: str = ""


class Reversal(Body):
    """What was wrong with an ending, and the signature of quality."""

    reason: str
    password: str
    version: int | None = None


@api.post("/vials/<code>/thaw")
@require("storage.move")
@describes("Thaw a vial that was taken out", body=Note, answers=ONE)
def thaw(code: str) -> VialOut:
    """Count a thaw; the vial is used up by it unless it stays."""
    wanted, found = read(Note), vial_of(code, "storage.move")
    storage.thaw_vial(
        g.session, g.actor, found, wanted.note, ends=not wanted.stays, use=wanted.use,
        at=g.clock.now(), happened_at=wanted.happened_at,
    )  # fmt: skip
    return told(found)


@api.post("/vials/<code>/consume")
@require("storage.move")
@describes("Use up a vial that was taken out for tests", body=Note, answers=ONE)
def consume(code: str) -> VialOut:
    """End a vial in quality control."""
    wanted, found = read(Note), vial_of(code, "storage.move")
    at, happened_at = g.clock.now(), wanted.happened_at
    storage.consume_vial(g.session, g.actor, found, wanted.note, at=at, happened_at=happened_at)
    return told(found)


@api.post("/vials/<code>/lose")
@require("storage.move")
@describes("Give up a missing vial as lost", body=Because, answers=ONE)
def lose(code: str) -> VialOut:
    """Give up a missing vial."""
    wanted, found = read(Because), vial_of(code, "storage.move")
    storage.lose_vial(g.session, g.actor, found, wanted.reason, at=g.clock.now())
    return told(found)


@api.post("/vials/<code>/damage")
@require("storage.move")
@describes("Mark a vial as damaged", body=Because, answers=ONE)
def damage(code: str) -> VialOut:
    """Mark a vial that still has to be destroyed."""
    wanted, found = read(Because), vial_of(code, "storage.move")
    marks.mark_damaged(g.session, g.actor, found, wanted.reason, at=g.clock.now())
    return told(found)


@api.post("/vials/<code>/measure")
@require("storage.move")
@describes("Enter how much is in a vial", body=Measured, answers=ONE)
def measure(code: str) -> VialOut:
    """Correct the ledger by what was measured."""
    wanted, found = read(Measured), vial_of(code, "storage.move")
    marks.measure_volume(g.session, g.actor, found, wanted.volume_ul, wanted.note, at=g.clock.now())
    return told(found)


@api.post("/vials/<code>/reverse")
@require("storage.reverse")
@describes("Reverse an ending that was recorded by mistake, signed", body=Reversal, answers=ONE)
def reverse(code: str) -> VialOut:
    """Bring back a vial whose ending was a mistake; both facts stay."""
    wanted, at = read(Reversal), g.clock.now()
    proof = proof_of(wanted.password, at)
    found = vial_of(code, "storage.reverse")
    seen = found.version if wanted.version is None else wanted.version
    storage.reverse_ending(g.session, g.actor, found, wanted.reason, proof, version=seen, at=at)
    return told(found)
