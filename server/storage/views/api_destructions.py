"""The API of destructions that wait for a witness."""

from datetime import datetime

from flask import g

from server.kit.api import Answer, describes, read
from server.kit.door import require
from server.storage import service as storage
from server.storage.models import Destruction
from server.storage.queries import guarding
from server.storage.views.api_signing import Because, Signed, proof_of, refuse_not_own
from server.storage.views.blueprints import api


class DestructionOut(Answer):
    """A destruction that waits for a witness, or has ended: destroyed, withdrawn or refused."""

    number: int
    vial: str
    reason: str
    asked_at: datetime
    asked_by: str
    witness: str
    ended: str


class DestructionsOut(Answer):
    """Destructions that wait for a witness."""

    items: list[DestructionOut]


def destruction_out(asked: Destruction) -> DestructionOut:
    """Return a destruction as the API tells it."""
    return DestructionOut(
        number=asked.id, vial=asked.vial.code, reason=asked.reason, asked_at=asked.asked_at,
        asked_by=asked.asked_by_name, witness=asked.witness_name, ended=asked.ended_because,
    )  # fmt: skip


@api.get("/destructions")
@require("storage.read")
@describes("List destructions that wait for a witness", answers={200: DestructionsOut})
def list_destructions() -> DestructionsOut:
    """List what waits for a witness."""
    waiting = guarding.destructions_waiting(g.session, g.actor)
    return DestructionsOut(items=[destruction_out(asked) for asked in waiting])


@api.post("/destructions/<int:number>/witness")
@require("storage.witness")
@describes("Witness a destruction, signed", body=Signed, answers={200: DestructionOut})
def witness(number: int) -> DestructionOut:
    """Confirm as the second person; only now the vial is destroyed."""
    at = g.clock.now()
    proof = proof_of(read(Signed).password, at)
    asked = guarding.destruction(g.session, g.actor, "storage.witness", number)
    storage.witness_destruction(g.session, g.actor, asked, proof, at=at)
    return destruction_out(asked)


@api.post("/destructions/<int:number>/refuse")
@require("storage.witness")
@describes(
    "Refuse to witness a destruction, or take it back", body=Because, answers={200: DestructionOut}
)
def refuse_destruction(number: int) -> DestructionOut:
    """Leave the vial what it is."""
    asked = guarding.destruction(g.session, g.actor, "storage.witness", number)
    storage.end_destruction(g.session, g.actor, asked, read(Because).reason, at=g.clock.now())
    return destruction_out(asked)


@api.post("/destructions/<int:number>/withdraw")
@require("storage.read")
@describes("Take the own request to destroy back", body=Because, answers={200: DestructionOut})
def withdraw_destruction(number: int) -> DestructionOut:
    """Take a destruction back for which the asker asked; others are refused."""
    asked = guarding.destruction(g.session, g.actor, "storage.read", number)
    refuse_not_own(asked)
    storage.end_destruction(g.session, g.actor, asked, read(Because).reason, at=g.clock.now())
    return destruction_out(asked)
