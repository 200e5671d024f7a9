"""The API of holds, second signatures, stock rules and simple acts with one vial."""

from datetime import datetime

from flask import g, request

from server.accounts import login
from server.accounts.proof import Proof
from server.catalogue import queries as catalogue
from server.catalogue.models import CellLine, Lot
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.genealogy import queries as genealogy
from server.genealogy import service as genealogy_service
from server.genealogy.models import Hold
from server.kit import cursors, etag
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Clearance, Destruction, Vial
from server.storage.queries import guarding
from server.storage.rules.protection import Policy
from server.storage.service import marks
from server.storage.views import answers
from server.storage.views.answers import VialOut
from server.storage.views.blueprints import api

ONE = {200: VialOut}


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


class Because(Body):
    """A reason that stays in the record."""

    reason: str


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


class Signed(Body):
    """The password again: the signature under what was asked for."""

    password: str


class Reversal(Body):
    """What was wrong with an ending, and the signature of quality."""

    reason: str
    password: str
    version: int | None = None


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


class StockRule(Body):
    """What an organisation wants for a tier; for "line" only least_vials counts."""

    least_vials: int = 0
    least_percent: int = 0
    keep_all: bool = False
    rebank_below: int | None = None
    return_allowed: bool = False
    longest_out_s: int | None = None
    uses: tuple[str, ...] = ()
    signed: bool = False


class StockRuleOut(Answer):
    """What an organisation wants for a tier, or for a whole line (tier "line")."""

    tier: str
    least_vials: int
    least_percent: int
    keep_all: bool
    rebank_below: int | None
    return_allowed: bool
    longest_out_s: int | None
    uses: list[str]
    signed: bool


class StockRulesOut(Answer):
    """What an organisation wants for each tier."""

    items: list[StockRuleOut]


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


def _vial(code: str, permission: str) -> Vial:
    found = queries.vial(g.session, g.actor, permission, code)
    etag.check(found.version)
    return found


def _told(vial: Vial) -> VialOut:
    g.session.flush()  # the answer tells the version that this change makes
    return answers.vial_out(g.session, vial)


def _proof(password: str, at: datetime) -> Proof:
    return login.prove(g.reader, g.actor, password, request.remote_addr or "", at)


@api.post("/vials/<code>/thaw")
@require("storage.move")
@describes("Thaw a vial that was taken out", body=Note, answers=ONE)
def thaw(code: str) -> VialOut:
    """Count a thaw; the vial is used up by it unless it stays."""
    wanted, found = read(Note), _vial(code, "storage.move")
    storage.thaw_vial(
        g.session, g.actor, found, wanted.note, ends=not wanted.stays, use=wanted.use,
        at=g.clock.now(), happened_at=wanted.happened_at,
    )  # fmt: skip
    return _told(found)


@api.post("/vials/<code>/consume")
@require("storage.move")
@describes("Use up a vial that was taken out for tests", body=Note, answers=ONE)
def consume(code: str) -> VialOut:
    """End a vial in quality control."""
    wanted, found = read(Note), _vial(code, "storage.move")
    at, happened_at = g.clock.now(), wanted.happened_at
    storage.consume_vial(g.session, g.actor, found, wanted.note, at=at, happened_at=happened_at)
    return _told(found)


@api.post("/vials/<code>/lose")
@require("storage.move")
@describes("Give up a missing vial as lost", body=Because, answers=ONE)
def lose(code: str) -> VialOut:
    """Give up a missing vial."""
    wanted, found = read(Because), _vial(code, "storage.move")
    storage.lose_vial(g.session, g.actor, found, wanted.reason, at=g.clock.now())
    return _told(found)


@api.post("/vials/<code>/damage")
@require("storage.move")
@describes("Mark a vial as damaged", body=Because, answers=ONE)
def damage(code: str) -> VialOut:
    """Mark a vial that still has to be destroyed."""
    wanted, found = read(Because), _vial(code, "storage.move")
    marks.mark_damaged(g.session, g.actor, found, wanted.reason, at=g.clock.now())
    return _told(found)


@api.post("/vials/<code>/measure")
@require("storage.move")
@describes("Enter how much is in a vial", body=Measured, answers=ONE)
def measure(code: str) -> VialOut:
    """Correct the ledger by what was measured."""
    wanted, found = read(Measured), _vial(code, "storage.move")
    marks.measure_volume(g.session, g.actor, found, wanted.volume_ul, wanted.note, at=g.clock.now())
    return _told(found)


@api.post("/vials/<code>/reverse")
@require("storage.reverse")
@describes("Reverse an ending that was recorded by mistake, signed", body=Reversal, answers=ONE)
def reverse(code: str) -> VialOut:
    """Bring back a vial whose ending was a mistake; both facts stay."""
    wanted, at = read(Reversal), g.clock.now()
    proof = _proof(wanted.password, at)
    found = _vial(code, "storage.reverse")
    seen = found.version if wanted.version is None else wanted.version
    storage.reverse_ending(g.session, g.actor, found, wanted.reason, proof, version=seen, at=at)
    return _told(found)


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
    proof = _proof(read(Signed).password, at)
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
    wanted, found = read(NewClearance), _vial(code, "storage.move")
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
    proof = _proof(read(Signed).password, at)
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


def _rule_out(policy: Policy) -> StockRuleOut:
    return StockRuleOut(
        tier=policy.tier, least_vials=policy.least_vials, least_percent=policy.least_percent,
        keep_all=policy.keep_all, rebank_below=policy.rebank_below, return_allowed=policy.return_allowed,
        longest_out_s=policy.longest_out_s, uses=sorted(policy.uses), signed=policy.signed,
    )  # fmt: skip


@api.get("/stock-rules")
@require("storage.read")
@describes("Read the rules of stock", answers={200: StockRulesOut})
def list_stock_rules() -> StockRulesOut:
    """Return what the asker's organisation wants for each tier."""
    org_id = queries.own_org(g.session, g.actor, "storage.read")
    known = guarding.policies(g.session, org_id)
    return StockRulesOut(items=[_rule_out(policy) for policy in known.values()])


@api.put("/stock-rules/<tier>")
@require("storage.policy")
@describes("Set the rules of stock of a tier", body=StockRule, answers={200: StockRuleOut})
def set_stock_rule(tier: str) -> StockRuleOut:
    """Say what is wanted for a tier from now on."""
    org_id, wanted = queries.own_org(g.session, g.actor, "storage.policy"), read(StockRule)
    policy = Policy(
        tier=tier, least_vials=wanted.least_vials, least_percent=wanted.least_percent,
        keep_all=wanted.keep_all, rebank_below=wanted.rebank_below,
        return_allowed=wanted.return_allowed, longest_out_s=wanted.longest_out_s,
        uses=frozenset(wanted.uses), signed=wanted.signed,
    )  # fmt: skip
    storage.set_policy(g.session, g.actor, org_id, policy, at=g.clock.now())
    g.session.flush()
    return _rule_out(guarding.policy(g.session, org_id, tier))
