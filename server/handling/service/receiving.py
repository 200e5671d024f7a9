"""Shipments that arrive: every tube by scan, differences named, quarantine where the rule says so."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.catalogue.models import Lot
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Invalid, Refusal
from server.core.words import N_
from server.genealogy import service as genealogy
from server.handling.models import Shipment, ShipmentLine
from server.handling.queries import shipments as queries
from server.handling.rules.shipments import CAUSES, OPEN, Kind, why_no_reason, why_not_on_manifest
from server.handling.service.freight import lose_boxes
from server.handling.service.shipments import ENTERS, end, hold_for, trace
from server.storage import service as storage
from server.storage.models import Container, Vial
from server.storage.queries import path_of, ref
from server.storage.queries.aliases import as_recorded, spellings
from server.storage.rules import State
from server.storage.service.marks import mark_damaged
from server.storage.service.transit import (
    arrive_in_hand,
    arrive_vial,
    bring_home,
    miss_all_on_the_way,
    miss_on_the_way,
)

SETTLED = N_("%(found)s of %(shipment)s is settled already.")
SCAN_BOX = N_("Scan the box into which %(vial)s goes; it was transferred to be stored.")
BOX_ELSEWHERE = N_("%(box)s is not at %(site)s, where %(shipment)s arrives.")
SAY_DAMAGE = N_("Say what is damaged.")


@dataclass(frozen=True)
class Arrival:
    """What was scanned and seen of one tube."""

    box: Container | None = None
    position: str = ""
    damaged: bool = False
    note: str = ""
    unannounced: bool = False
    """It is not on the manifest and is taken on purpose."""
    lot: Lot | None = None
    """What a tube that nobody knows is entered into."""


AS_EXPECTED = Arrival()


def receive_tube(
    session: Session,
    actor: Actor,
    found: Shipment,
    scanned: str,
    arrival: Arrival = AS_EXPECTED,
    *,
    at: datetime,
) -> ShipmentLine:
    """Take a scanned tube in. One that was not announced is refused, unless that is said on purpose.

    A tube that was decided to be missing turns up as long as the shipment is not closed.
    """
    hold_for(session, found, "receive")
    if arrival.damaged and not arrival.note.strip():
        raise Invalid(Refusal("no_note", SAY_DAMAGE), field="note")
    _refuse_box(session, found, arrival.box)
    (own,) = as_recorded(session, [scanned.strip()])
    line = queries.line_of(session, found, [own, *spellings(scanned.strip())])
    if line is None:
        line = _unannounced(session, actor, found, own, arrival, at)
    elif line.state not in (*OPEN, "missing"):
        facts = {"found": line.code, "shipment": found.code}
        raise Conflict(Refusal("settled", SETTLED, facts), field="tube")
    else:
        _take_in(session, actor, found, line, arrival, at)
        line.state = "received"
    line.damaged, line.note = arrival.damaged, arrival.note.strip()
    line.settled_at, line.settled_by_name = at, actor.name
    if found.state != "receiving":
        found.state, found.arrived_at = "receiving", at
    session.flush()
    told = {"damaged": arrival.damaged, "note": line.note}
    trace(session, actor, found, f"tube_{line.state}", at, vial=line.code, **told)
    return line


def _refuse_box(session: Session, found: Shipment, box: Container | None) -> None:
    if box is not None and path_of(session, box).site_id != found.to_site_id:
        facts = {"box": box.code, "site": found.to_site.code, "shipment": found.code}
        raise Invalid(Refusal("box_elsewhere", BOX_ELSEWHERE, facts), field="box")


def _take_in(
    session: Session,
    actor: Actor,
    found: Shipment,
    line: ShipmentLine,
    arrival: Arrival,
    at: datetime,
) -> None:
    if found.kind == Kind.TRANSFER:
        _take_in_transfer(session, actor, found, line, arrival, at)
        return
    if line.vial is None:
        assert line.lot is not None
        line.vial = storage.add_vial(session, actor, line.lot, line.code, at=at)
        session.flush()
    else:
        bring_home(session, actor, line.vial, found.code, at=at)
    _judge(session, actor, found, line.vial, arrival, at)
    _put(session, actor, line.vial, arrival, at)


def _take_in_transfer(
    session: Session,
    actor: Actor,
    found: Shipment,
    line: ShipmentLine,
    arrival: Arrival,
    at: datetime,
) -> None:
    """Put a transferred tube straight into its box; only a damaged one stays in the hand."""
    vial = line.vial
    assert vial is not None
    turned_up = line.state == "missing"
    if arrival.box is None and (turned_up or not arrival.damaged):
        raise Invalid(Refusal("no_box", SCAN_BOX, {"vial": vial.code}), field="box")
    _judge(session, actor, found, vial, arrival, at)
    if turned_up:
        _put(session, actor, vial, arrival, at)
        return
    if arrival.box is None:
        arrive_in_hand(session, actor, vial, found.id, found.code, at=at)
        return
    ordinal = storage.position_in(session, arrival.box, arrival.position, vial)
    arrive_vial(session, actor, vial, found.id, found.code, arrival.box, ordinal, at=at)


def _judge(
    session: Session, actor: Actor, found: Shipment, vial: Vial, arrival: Arrival, at: datetime
) -> None:
    """Lay the quarantine that the shipment's rule wants, and mark what is damaged: before it is put anywhere."""
    if found.quarantine or arrival.unannounced:
        genealogy.lay(
            session, actor, ref(vial), vial.org_id, CAUSES[Kind(found.kind)], found.code,
            severity="quarantine", source=genealogy.Source("shipment", found.id), at=at,
        )  # fmt: skip
    if arrival.damaged and vial.damaged_at is None:
        mark_damaged(session, actor, vial, arrival.note, at=at)


def _put(session: Session, actor: Actor, vial: Vial, arrival: Arrival, at: datetime) -> None:
    if arrival.box is not None:
        ordinal = storage.position_in(session, arrival.box, arrival.position, vial)
        storage.bring_vial(session, actor, vial, arrival.box, ordinal, at=at)
    vial.verified_at = at


def _unannounced(
    session: Session, actor: Actor, found: Shipment, code: str, arrival: Arrival, at: datetime
) -> ShipmentLine:
    """Write down a tube that came although nobody announced it; what is known of it is taken in."""
    waiting = (line.code for line in queries.lines_of(session, found) if line.state in OPEN)
    refusal = why_not_on_manifest(found.code, code, waiting, on_purpose=arrival.unannounced)
    if refusal:
        raise Invalid(refusal, field="tube")
    wanted = select(Vial).where(Vial.code.in_(spellings(code)), Vial.org_id == found.org_id)
    vial = session.scalars(wanted).first()
    if vial is None and arrival.lot is not None:
        vial = _entered(session, actor, code, arrival.lot, at)
    elif vial is not None and vial.state == State.SHIPPED:
        bring_home(session, actor, vial, found.code, at=at)
    line = ShipmentLine(
        shipment_id=found.id, code=vial.code if vial else code, vial_id=vial.id if vial else None,
        state="unexpected",
    )  # fmt: skip
    session.add(line)
    if vial is not None:
        _judge(session, actor, found, vial, arrival, at)
        _put(session, actor, vial, arrival, at)
    return line


def _entered(session: Session, actor: Actor, code: str, lot: Lot, at: datetime) -> Vial:
    if not actor.may(ENTERS, lot.org_id):
        because = N_("New vials are entered by who may change the stock; ask a bank manager.")
        raise Forbidden(Refusal("not_permitted", because, {"permission": ENTERS}))
    vial = storage.add_vial(session, actor, lot, code, at=at)
    session.flush()
    return vial


def did_not_arrive(
    session: Session, actor: Actor, found: Shipment, code: str, reason: str, *, at: datetime
) -> ShipmentLine:
    """Decide that one tube did not arrive; a transferred one is missing from now on."""
    hold_for(session, found, "close")
    if refusal := why_no_reason(reason, 1):
        raise Invalid(refusal, field="reason")
    line = queries.line_of(session, found, spellings(code))
    if line is None or line.state not in OPEN:
        facts = {"found": code, "shipment": found.code}
        raise Conflict(Refusal("settled", SETTLED, facts), field="tube")
    _miss(session, actor, found, line, reason, at)
    return line


def _miss(
    session: Session, actor: Actor, found: Shipment, line: ShipmentLine, reason: str, at: datetime
) -> None:
    if found.kind == Kind.TRANSFER and line.vial is not None:
        miss_on_the_way(session, actor, line.vial, found.id, found.code, reason, at=at)
    line.state, line.note = "missing", reason.strip()
    line.settled_at, line.settled_by_name = at, actor.name
    session.flush()
    trace(session, actor, found, "tube_missing", at, vial=line.code, reason=reason)


def close_shipment(
    session: Session, actor: Actor, found: Shipment, reason: str = "", *, at: datetime
) -> int:
    """Close a shipment that was received; what did not arrive becomes missing, which needs a reason.

    Returns how many are missing by that.
    """
    hold_for(session, found, "close")
    left = [line for line in queries.lines_of(session, found) if line.state in OPEN]
    if refusal := why_no_reason(reason, len(left)):
        raise Invalid(refusal, field="reason")
    boxes = lose_boxes(session, actor, found, reason, at=at)
    ids, codes = [line.id for line in left], [line.code for line in left[:100]]
    if found.kind == Kind.TRANSFER:
        vials = [line.vial_id for line in left if line.vial_id is not None]
        miss_all_on_the_way(session, actor, vials, found.code, reason, at=at)
    ends = {
        "state": "missing", "note": reason.strip(), "settled_at": at, "settled_by_name": actor.name,
    }  # fmt: skip
    session.execute(update(ShipmentLine).where(ShipmentLine.id.in_(ids)).values(ends))
    end(found, actor, "received", reason, at)
    trace(
        session,
        actor,
        found,
        "received",
        at,
        missing=len(left),
        vials=", ".join(codes),
        boxes=", ".join(boxes),
        reason=reason,
    )
    return len(left)
