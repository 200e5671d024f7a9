"""Boxes and racks in a shipment: packed with all that is in them, taken out again, received or lost as one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Invalid, Refusal
from server.core.many import insert_many
from server.core.words import N_
from server.genealogy import service as genealogy
from server.genealogy.rules import Ref
from server.handling.models import Shipment, ShipmentLine
from server.handling.rules.shipments import CAUSES, Kind
from server.handling.service.shipments import OTHER_SITE, hold_for, trace
from server.storage import service as storage
from server.storage.models import Container
from server.storage.queries import path_of
from server.storage.queries.carrying import Standing
from server.storage.service import freight

ELSEWHERE = N_("%(box)s is not at %(site)s; %(code)s goes into a rack or freezer there.")


def pack_box(
    session: Session, actor: Actor, found: Shipment, outer: Container, *, at: datetime
) -> int:
    """Pack a box or rack with all tubes in it; returns how many. Refused with every tube that may not leave."""
    hold_for(session, found, "pack")
    if path_of(session, outer).site_id != found.from_site_id:
        site = found.from_site.code if found.from_site else ""
        facts = {"vial": outer.code, "site": site, "shipment": found.code}
        raise Invalid(Refusal("other_site", OTHER_SITE, facts), field="tube")
    vials = freight.pack_container(session, actor, outer, found.id, found.code, at=at)
    known = _lines(session, found, vials)
    for line in known:
        line.state, line.settled_at, line.settled_by_name = "packed", None, ""
    listed = {line.vial_id for line in known}
    new = [one for one in vials if one.id not in listed]
    same: dict[str, Any] = {
        "shipment_id": found.id, "manifest": "{}", "state": "packed", "damaged": False, "note": "",
        "settled_by_name": "", "version": 1,
    }  # fmt: skip
    each: dict[str, Sequence[Any]] = {
        "code": [one.code for one in new],
        "vial_id": [one.id for one in new],
    }
    if new:
        insert_many(session, ShipmentLine, same, each)
    trace(session, actor, found, "box_packed", at, box=outer.code, tubes=len(vials))
    return len(vials)


def unpack_box(
    session: Session,
    actor: Actor,
    found: Shipment,
    outer: Container,
    into: Container,
    position: str = "",
    *,
    at: datetime,
) -> int:
    """Put a packed box or rack back into a rack or freezer of the site that it has not left."""
    hold_for(session, found, "pack")
    return _unload(session, actor, found, outer, into, position, "unpacked", at)


def receive_box(
    session: Session,
    actor: Actor,
    found: Shipment,
    outer: Container,
    into: Container,
    position: str = "",
    *,
    at: datetime,
) -> int:
    """Take in a box or rack that travelled, with all tubes that are still in it; returns how many.

    They lie where they lay in it. What the bank puts into quarantine is held, each tube by itself.
    """
    hold_for(session, found, "receive")
    count = _unload(session, actor, found, outer, into, position, "received", at)
    if found.state != "receiving":
        found.state, found.arrived_at = "receiving", at
    return count


def _unload(
    session: Session,
    actor: Actor,
    found: Shipment,
    outer: Container,
    into: Container,
    position: str,
    state: str,
    at: datetime,
) -> int:
    site = found.to_site if state == "received" else found.from_site
    if site is None or path_of(session, into).site_id != site.id:
        facts = {"box": into.code, "site": site.code if site else "", "code": outer.code}
        raise Invalid(Refusal("box_elsewhere", ELSEWHERE, facts), field="box")
    inside = freight.travelling_in(session, outer, found.id)
    if state == "received" and found.quarantine:
        _lay(session, actor, found, inside, at)
    ordinal = storage.position_in(session, into, position, outer)
    vials = freight.unload_container(
        session, actor, outer, found.id, found.code, into, ordinal, at=at
    )
    for line in _lines(session, found, vials):
        line.state, line.settled_at, line.settled_by_name = state, at, actor.name
    session.flush()
    trace(session, actor, found, f"box_{state}", at, box=outer.code, tubes=len(vials))
    return len(vials)


def _lay(
    session: Session, actor: Actor, found: Shipment, vials: Sequence[Standing], at: datetime
) -> None:
    genealogy.lay_many(
        session, actor, [Ref("vial", one.id, one.code) for one in vials], found.org_id,
        CAUSES[Kind(found.kind)], found.code, severity="quarantine",
        source=genealogy.Source("shipment", found.id), at=at,
    )  # fmt: skip


def lose_boxes(
    session: Session, actor: Actor, found: Shipment, reason: str, *, at: datetime
) -> list[str]:
    """Decide that what still travels as one did not arrive; returns the codes of those boxes and racks."""
    lost = freight.freight_of(session, found.id)
    for outer in lost:
        freight.lose_container(session, actor, outer, found.id, found.code, reason, at=at)
    return [outer.code for outer in lost]


def _lines(session: Session, found: Shipment, vials: Sequence[Standing]) -> list[ShipmentLine]:
    wanted = {one.id for one in vials}
    lines = session.scalars(select(ShipmentLine).where(ShipmentLine.shipment_id == found.id))
    return [line for line in lines if line.vial_id in wanted]
