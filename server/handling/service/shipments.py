"""Shipments before they arrive: announced, packed, sent, cancelled; and the bank's rule for quarantine."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Forbidden, Invalid, Refusal
from server.core.many import insert_many
from server.core.words import N_
from server.handling.models import Shipment, ShipmentLine, ShipmentRule
from server.handling.queries import shipments as queries
from server.handling.rules.manifests import Row, why_not_rows
from server.handling.rules.shipments import Kind, why_not
from server.handling.service.announcing import key_of, lots_of, why_announced, why_not_announced
from server.storage import rules
from server.storage import service as storage
from server.storage.models import Container, Site, Vial
from server.storage.queries import vial_path
from server.storage.queries.aliases import as_recorded
from server.storage.service.freight import freight_of
from server.storage.service.holding import why_held
from server.storage.service.stays import refuse
from server.storage.service.transit import arrive_vial, pack_vial

ENTERS = "storage.edit"
NOT_OUT = N_("%(code)s is no tube that was shipped from here.")
SAME_SITE = N_("A transfer leads to another site than %(site)s.")
NOT_MOBILE = N_("%(code)s is not mobile; scan a dry shipper or a staging box.")
SHIPPER_BUSY = N_("%(code)s carries the shipment %(shipment)s already.")
OTHER_SITE = N_("%(vial)s is not at %(site)s, from where %(shipment)s leaves.")
NOTHING_PACKED = N_("Nothing is packed in %(shipment)s yet.")
STILL_PACKED = N_("%(shipment)s has something packed (tubes: %(count)s); take it out again first.")


@dataclass(frozen=True)
class Facts:
    """What is known of a shipment beside its tubes."""

    sender: str = ""
    carrier: str = ""
    waybill: str = ""
    note: str = ""


NOTHING_KNOWN = Facts()


def expect_incoming(
    session: Session,
    actor: Actor,
    to_site: Site,
    rows: Sequence[Row],
    lot: Lot | None = None,
    facts: Facts = NOTHING_KNOWN,
    *,
    at: datetime,
) -> Shipment:
    """Announce a shipment by its manifest; `lot` is that of rows that name none. Refused with every problem.

    Its tubes are entered into their lots when they arrive, not before.
    """
    if not actor.may(ENTERS, to_site.org_id):
        because = N_("New vials are entered by who may change the stock; ask a bank manager.")
        raise Forbidden(Refusal("not_permitted", because, {"permission": ENTERS}))
    problems = why_not_rows(rows)
    if problems:
        raise AllRefused(problems)
    lots = lots_of(session, to_site.org_id, rows)
    if problems := why_not_announced(session, to_site.org_id, rows, lots, lot):
        raise AllRefused(problems)
    made = _new(session, actor, Kind.INCOMING, "expected", to_site, facts, at)
    chosen = [lots.get(key_of(row)) or lot for row in rows]
    each: dict[str, Sequence[Any]] = {
        "code": [row.code for row in rows],
        "lot_id": [one.id for one in chosen if one is not None],
        "manifest": [json.dumps(row.more, ensure_ascii=False) for row in rows],
    }
    insert_many(session, ShipmentLine, _expected(made), each)
    trace(session, actor, made, "announced", at, tubes=len(rows))
    return made


def _expected(made: Shipment) -> dict[str, object]:
    """Return what all tubes have in common that are announced."""
    return {
        "shipment_id": made.id, "state": "expected", "damaged": False, "note": "",
        "settled_by_name": "", "version": 1,
    }  # fmt: skip


def expect_return(
    session: Session,
    actor: Actor,
    to_site: Site,
    codes: Sequence[str],
    facts: Facts = NOTHING_KNOWN,
    *,
    at: datetime,
) -> Shipment:
    """Announce tubes that were shipped and come back; refused with every one that was not."""
    rows = [Row(number, code) for number, code in enumerate(as_recorded(session, codes), 1)]
    if problems := why_not_rows(rows):
        raise AllRefused(problems)
    wanted = select(Vial).where(
        Vial.code.in_([row.code for row in rows]),
        Vial.org_id == to_site.org_id,
        Vial.state == rules.State.SHIPPED,
    )
    known = {vial.code: vial for vial in session.scalars(wanted)}
    if strangers := [row.code for row in rows if row.code not in known]:
        raise AllRefused([Refusal("not_shipped", NOT_OUT, {"code": code}) for code in strangers])
    if problems := why_announced(session, to_site.org_id, list(known)):
        raise AllRefused(problems)
    made = _new(session, actor, Kind.RETURN, "expected", to_site, facts, at)
    each: dict[str, Sequence[Any]] = {
        "code": [row.code for row in rows],
        "vial_id": [known[row.code].id for row in rows],
    }
    insert_many(session, ShipmentLine, {**_expected(made), "manifest": "{}"}, each)
    trace(session, actor, made, "announced", at, tubes=len(rows))
    return made


def begin_transfer(
    session: Session,
    actor: Actor,
    from_site: Site,
    to_site: Site,
    shipper: Container | None = None,
    facts: Facts = NOTHING_KNOWN,
    *,
    at: datetime,
) -> Shipment:
    """Begin to pack a shipment from one site of the bank to another, in this mobile container."""
    if from_site.id == to_site.id or from_site.org_id != to_site.org_id:
        raise Invalid(Refusal("same_site", SAME_SITE, {"site": from_site.code}), field="to_site")
    if shipper is not None:
        _refuse_shipper(session, shipper)
    made = _new(session, actor, Kind.TRANSFER, "packing", to_site, facts, at, from_site)
    made.shipper_id = shipper.id if shipper else None
    told = {"of": from_site.code, "shipper": shipper.code if shipper else ""}
    trace(session, actor, made, "begun", at, **told)
    return made


def _refuse_shipper(session: Session, shipper: Container) -> None:
    session.refresh(shipper, with_for_update={"of": Container})
    if not shipper.mobile:
        raise Invalid(Refusal("not_mobile", NOT_MOBILE, {"code": shipper.code}), field="shipper")
    if busy := queries.travels_in(session, shipper):
        facts = {"code": shipper.code, "shipment": busy.code}
        raise Conflict(Refusal("shipper_busy", SHIPPER_BUSY, facts), field="shipper")


def pack_tube(
    session: Session, actor: Actor, found: Shipment, vial: Vial, *, at: datetime
) -> ShipmentLine:
    """Pack a scanned tube: from now on it is in this shipment's custody, and nowhere else."""
    hold_for(session, found, "pack")
    path = vial_path(session, vial)
    if path.place == "position" and path.site_id != found.from_site_id:
        site = found.from_site.code if found.from_site else ""
        facts = {"vial": vial.code, "site": site, "shipment": found.code}
        raise Invalid(Refusal("other_site", OTHER_SITE, facts), field="tube")
    pack_vial(session, actor, vial, found.id, found.code, at=at)
    line = queries.line_of(session, found, [vial.code])
    if line is None:
        line = ShipmentLine(shipment_id=found.id, code=vial.code, vial_id=vial.id, state="packed")
        session.add(line)
    line.state, line.settled_at, line.settled_by_name = "packed", None, ""
    session.flush()
    return line


def unpack_tube(
    session: Session,
    actor: Actor,
    found: Shipment,
    vial: Vial,
    box: Container,
    position: str = "",
    *,
    at: datetime,
) -> ShipmentLine:
    """Take a packed tube out again and put it into a box of the site that it has not left."""
    hold_for(session, found, "pack")
    ordinal = storage.position_in(session, box, position, vial)
    arrive_vial(session, actor, vial, found.id, found.code, box, ordinal, at=at)
    line = queries.line_of(session, found, [vial.code])
    assert line is not None
    line.state, line.settled_at, line.settled_by_name = "unpacked", at, actor.name
    return line


def send(
    session: Session, actor: Actor, found: Shipment, carrier: str, waybill: str, *, at: datetime
) -> Shipment:
    """Hand a packed shipment to its carrier: it is on its way. Refused with what was put on hold meanwhile."""
    hold_for(session, found, "send")
    packed = [line for line in queries.lines_of(session, found) if line.state == "packed"]
    if not packed:
        raise Conflict(Refusal("nothing_packed", NOTHING_PACKED, {"shipment": found.code}))
    vials = [line.vial_id for line in packed if line.vial_id is not None]
    if refusals := why_held(session, vials, rules.Act.SHIP):
        raise AllRefused(refusals)
    found.state, found.sent_at, found.sent_by_name = "in_transit", at, actor.name
    found.carrier, found.waybill = carrier or found.carrier, waybill or found.waybill
    trace(
        session,
        actor,
        found,
        "sent",
        at,
        tubes=len(packed),
        carrier=found.carrier,
        waybill=found.waybill,
    )
    return found


def cancel(
    session: Session, actor: Actor, found: Shipment, reason: str, *, at: datetime
) -> Shipment:
    """Cancel a shipment of which nothing is packed and nothing came."""
    hold_for(session, found, "cancel")
    packed = sum(line.state == "packed" for line in queries.lines_of(session, found))
    if packed or freight_of(session, found.id):
        facts = {"count": packed, "shipment": found.code}
        raise Conflict(Refusal("still_packed", STILL_PACKED, facts))
    if not reason.strip():
        raise Invalid(Refusal("no_reason", N_("Say why it is cancelled.")), field="reason")
    end(found, actor, "cancelled", reason, at)
    trace(session, actor, found, "cancelled", at, reason=reason)
    return found


def set_rule(
    session: Session, actor: Actor, org_id: int, kind: str, *, quarantine: bool, at: datetime
) -> None:
    """Say whether what arrives by this kind of shipment goes into quarantine; what comes back always does."""
    row = session.get(ShipmentRule, (org_id, kind)) or ShipmentRule(org_id=org_id, kind=kind)
    row.quarantine = quarantine
    session.add(row)
    audit.record(
        session, actor, "shipment_rule.changed", "organisation", str(org_id), at=at, org_id=org_id,
        kind=kind, quarantine=quarantine,
    )  # fmt: skip


def _new(
    session: Session,
    actor: Actor,
    kind: Kind,
    state: str,
    to_site: Site,
    facts: Facts,
    at: datetime,
    from_site: Site | None = None,
) -> Shipment:
    made = Shipment(
        org_id=to_site.org_id, code=token_hex(8), kind=str(kind), state=state,
        to_site_id=to_site.id, quarantine=queries.rule(session, to_site.org_id, kind),
        created_at=at, created_by_name=actor.name, from_site_id=from_site.id if from_site else None,
        **asdict(facts),
    )  # fmt: skip
    session.add(made)
    session.flush()
    made.code = f"S-{made.id:04}"
    return made


def end(found: Shipment, actor: Actor, state: str, reason: str, at: datetime) -> None:
    """Close a shipment in this state, with the reason."""
    found.state, found.closed_because = state, reason.strip()
    found.closed_at, found.closed_by_name = at, actor.name


def hold_for(session: Session, found: Shipment, act: str) -> None:
    """Hold the shipment for this transaction; refused where its state forbids the act."""
    session.flush()
    session.refresh(found, with_for_update={"of": Shipment})
    refuse(why_not(act, found.code, found.state))


def trace(
    session: Session, actor: Actor, found: Shipment, what: str, at: datetime, **facts: object
) -> None:
    """Write what was done with a shipment into the record."""
    told = {"kind": found.kind} | {name: fact for name, fact in facts.items() if fact}
    audit.record(
        session, actor, f"shipment.{what}", "shipment", found.code, at=at, org_id=found.org_id,
        stated_at=None, **told,
    )  # fmt: skip
