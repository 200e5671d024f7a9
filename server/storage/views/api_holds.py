"""The API of holds."""

from datetime import datetime

from flask import g, request

from server.catalogue import queries as catalogue
from server.catalogue.models import CellLine, Lot
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.genealogy import queries as genealogy
from server.genealogy import service as genealogy_service
from server.genealogy.models import Hold
from server.kit import cursors
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.storage import queries
from server.storage.models import Vial
from server.storage.views.api_signing import Because
from server.storage.views.blueprints import api


class HoldOut(Answer):
    """A hold: on which thing (kind and code), why, by whom; lifted_at is empty while it stands."""

    number: int
    kind: str
    code: str
    cause: str
    severity: str
    note: str
    opened_at: datetime
    opened_by: str
    lifted_at: datetime | None
    lifted_by: str
    lifted_because: str
    version: int


class HoldsOut(Answer):
    """Holds."""

    items: list[HoldOut]
    next: str | None


class NewHold(Body):
    """A hold on a vial, a lot or a line; severity is hold or quarantine."""

    kind: str
    code: str
    cause: str
    note: str = ""
    severity: str = "hold"


def hold_out(hold: Hold) -> HoldOut:
    """Return a hold as the API tells it."""
    return HoldOut(
        number=hold.id, kind=hold.kind, code=hold.target_code, cause=hold.cause,
        severity=hold.severity, note=hold.note, opened_at=hold.opened_at, opened_by=hold.opened_by_name,
        lifted_at=hold.lifted_at, lifted_by=hold.lifted_by_name, lifted_because=hold.lifted_because,
        version=hold.version,
    )  # fmt: skip


@api.get("/holds")
@require("storage.read")
@describes(
    "List holds",
    answers={200: HoldsOut},
    query={"lifted": "yes: those that were lifted"},
    listed=True,
)
def list_holds() -> HoldsOut:
    """List the holds that stand, or those that were lifted."""
    lifted = request.args.get("lifted") == "yes"
    wanted = genealogy.holds_seen_by(g.actor, lifted=lifted).order_by(None)
    found, more = cursors.page(g.session, wanted, Hold.id)
    return HoldsOut(items=[hold_out(hold) for hold in found], next=more)


@api.post("/holds")
@require("holds.manage")
@describes("Lay a hold on a vial, a lot or a line", body=NewHold, answers={201: HoldOut})
def lay_hold() -> tuple[HoldOut, int]:
    """Lay a hold beside those that stand already."""
    wanted = read(NewHold)
    found = _target(wanted.kind, wanted.code)
    hold = genealogy_service.lay(
        g.session, g.actor, queries.ref(found), found.org_id, wanted.cause, wanted.note,
        severity=wanted.severity, at=g.clock.now(),
    )  # fmt: skip
    return hold_out(hold), 201


def _target(kind: str, code: str) -> Vial | Lot | CellLine:
    if kind == "vial":
        return queries.vial(g.session, g.actor, "holds.manage", code)
    if kind == "lot":
        return catalogue.lot(g.session, g.actor, code, "holds.manage")
    if kind == "line":
        return catalogue.line(g.session, g.actor, code, "holds.manage")
    because = N_("“%(found)s” is not something that is held: a vial, a lot or a line is expected.")
    raise NotFound(Refusal("no_such_kind", because, {"found": kind}))


@api.post("/holds/<int:number>/lift")
@require("storage.read")
@describes("Lift a hold with a reason", body=Because, answers={200: HoldOut})
def lift_hold(number: int) -> HoldOut:
    """Lift one hold; 403 where its own permission is missing."""
    hold = genealogy.hold(g.session, g.actor, number)
    genealogy_service.lift(g.session, g.actor, hold, read(Because).reason, at=g.clock.now())
    g.session.flush()  # the answer tells the version
    return hold_out(hold)
