"""The API of uses of protected vials that quality clears."""

from datetime import datetime

from flask import g

from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.storage import service as storage
from server.storage.models import Clearance
from server.storage.queries import guarding
from server.storage.views.api_signing import (
    Because,
    Note,
    Signed,
    proof_of,
    refuse_not_own,
    vial_of,
)
from server.storage.views.blueprints import api


class NewClearance(Body):
    """What a protected vial is wanted for: make_bank, make_distribution, qc, safety or discard."""

    use: str
    note: str = ""


class ClearanceOut(Answer):
    """A use that quality clears: how many have to sign, and who has."""

    number: int
    vial: str
    use: str
    note: str
    needed: int
    signed: list[str]
    asked_at: datetime
    asked_by: str
    ended: str


class ClearancesOut(Answer):
    """Uses that wait for quality."""

    items: list[ClearanceOut]


def clearance_out(asked: Clearance) -> ClearanceOut:
    """Return a clearance as the API tells it."""
    return ClearanceOut(
        number=asked.id, vial=asked.vial.code, use=asked.use, note=asked.note, needed=asked.needed,
        signed=[each.person_name for each in asked.signed], asked_at=asked.asked_at,
        asked_by=asked.asked_by_name, ended=asked.ended_because,
    )  # fmt: skip


@api.get("/clearances")
@require("storage.read")
@describes("List uses that quality clears", answers={200: ClearancesOut})
def list_clearances() -> ClearancesOut:
    """List what waits for quality, and what is cleared and not used yet."""
    waiting = guarding.clearances_waiting(g.session, g.actor)
    return ClearancesOut(items=[clearance_out(asked) for asked in waiting])


@api.post("/vials/<code>/clearance")
@require("storage.move")
@describes("Ask quality for a protected vial", body=NewClearance, answers={201: ClearanceOut})
def ask_clearance(code: str) -> tuple[ClearanceOut, int]:
    """Ask for a use."""
    wanted, found = read(NewClearance), vial_of(code, "storage.move")
    asked = storage.ask_clearance(
        g.session, g.actor, found, wanted.use, wanted.note, at=g.clock.now()
    )
    return clearance_out(asked), 201


@api.post("/clearances/<int:number>/sign")
@require("storage.approve")
@describes("Clear a use, signed", body=Signed, answers={200: ClearanceOut})
def sign_clearance(number: int) -> ClearanceOut:
    """Sign as one of those who clear it."""
    at = g.clock.now()
    proof = proof_of(read(Signed).password, at)
    asked = guarding.clearance(g.session, g.actor, "storage.approve", number)
    storage.sign_clearance(g.session, g.actor, asked, proof, at=at)
    return clearance_out(asked)


@api.post("/clearances/<int:number>/refuse")
@require("storage.approve")
@describes("Refuse a use", body=Because, answers={200: ClearanceOut})
def refuse_clearance(number: int) -> ClearanceOut:
    """Refuse a use with a reason."""
    asked = guarding.clearance(g.session, g.actor, "storage.approve", number)
    reason = read(Because).reason
    storage.end_clearance(g.session, g.actor, asked, "refused", reason, at=g.clock.now())
    return clearance_out(asked)


@api.post("/clearances/<int:number>/withdraw")
@require("storage.read")
@describes("Withdraw the question for a use", body=Note, answers={200: ClearanceOut})
def withdraw_clearance(number: int) -> ClearanceOut:
    """Withdraw a use for which the asker asked; others are refused."""
    asked = guarding.clearance(g.session, g.actor, "storage.read", number)
    refuse_not_own(asked)
    note = read(Note).note
    storage.end_clearance(g.session, g.actor, asked, "withdrawn", note, at=g.clock.now())
    return clearance_out(asked)
