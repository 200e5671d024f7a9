"""The API of shipments."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from flask import g

from server.catalogue import queries as catalogue
from server.genealogy.models import Hold
from server.handling.models import Shipment, ShipmentLine
from server.handling.queries import shipments as queries
from server.handling.rules.manifests import Row
from server.handling.service import receiving, shipments
from server.handling.service.receiving import Arrival
from server.handling.service.shipments import Facts
from server.handling.views.blueprints import api
from server.kit import api as described
from server.kit import cursors, etag
from server.kit.api import describes
from server.kit.door import require
from server.storage import queries as storage
from server.storage.queries import holds_on
from server.storage.service.freight import freight_of

WORK = "storage.move"


class Announced(msgspec.Struct, forbid_unknown_fields=True):
    """One tube of a manifest."""

    code: str
    lot: str = ""
    line: str = ""
    more: dict[str, str] = {}


class NewIncoming(msgspec.Struct, forbid_unknown_fields=True):
    """A shipment that is announced; `lot` is that of tubes that name none."""

    to_site: str
    tubes: list[Announced]
    lot: str = ""
    sender: str = ""
    waybill: str = ""
    note: str = ""


class NewReturn(msgspec.Struct, forbid_unknown_fields=True):
    """Tubes that were shipped and come back."""

    to_site: str
    tubes: list[str]
    sender: str = ""
    waybill: str = ""
    note: str = ""


class NewTransfer(msgspec.Struct, forbid_unknown_fields=True):
    """A shipment to another site, in a mobile container."""

    from_site: str
    to_site: str
    shipper: str = ""
    note: str = ""


class Tube(msgspec.Struct, forbid_unknown_fields=True):
    """A scanned tube."""

    tube: str


class Unpack(msgspec.Struct, forbid_unknown_fields=True):
    """A packed tube and where it goes again."""

    tube: str
    box: str
    position: str = ""


class Send(msgspec.Struct, forbid_unknown_fields=True):
    """Who carries it."""

    carrier: str = ""
    waybill: str = ""


class Receive(msgspec.Struct, forbid_unknown_fields=True):
    """A scanned tube that arrived; `lot` for one that nobody announced and nobody knows."""

    tube: str
    box: str = ""
    position: str = ""
    damaged: bool = False
    note: str = ""
    unannounced: bool = False
    lot: str = ""


class Missing(msgspec.Struct, forbid_unknown_fields=True):
    """A tube that did not arrive, and what is known of it."""

    tube: str
    reason: str


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why."""

    reason: str = ""


class LineOut(msgspec.Struct):
    """One tube of a shipment."""

    tube: str
    lot: str
    state: str
    damaged: bool
    note: str
    held: list[str]
    """The causes of the open holds on the tube, its lot or its line."""


class ShipmentOut(msgspec.Struct):
    """A shipment and its tubes."""

    code: str
    kind: str
    state: str
    from_site: str
    to_site: str
    shipper: str
    quarantine: bool
    created_at: datetime
    sent_at: datetime | None
    arrived_at: datetime | None
    closed_at: datetime | None
    tubes: list[LineOut]
    boxes: list[str]
    """Boxes and racks that travel in it as one now."""


class ShipmentsOut(msgspec.Struct):
    """A page of shipments, newest first."""

    items: list[str]
    next: str | None


@api.get("/shipments")
@require("storage.read")
@describes("List the codes of shipments, newest first", answers={200: ShipmentsOut}, listed=True)
def all_shipments() -> ShipmentsOut:
    """Answer the codes of the shipments."""
    wanted = queries.every(g.actor)
    found, onward = cursors.page(g.session, wanted, Shipment.id, newest_first=True)
    return ShipmentsOut([one.code for one in found], onward)


@api.get("/shipments/<code>")
@require("storage.read")
@describes("Read a shipment", answers={200: ShipmentOut})
def shipment(code: str) -> ShipmentOut:
    """Answer a shipment with its tubes."""
    return etag.tell_answer(out_of(queries.shipment(g.session, g.actor, "storage.read", code)))


@api.post("/shipments/incoming")
@require("storage.edit")
@describes("Announce an incoming shipment", body=NewIncoming, answers={201: ShipmentOut})
def announce_shipment() -> tuple[ShipmentOut, int]:
    """Announce a shipment; 409 names every problem of the manifest."""
    wanted = described.read(NewIncoming)
    to_site = storage.site(g.session, g.actor, WORK, wanted.to_site)
    lot = catalogue.lot(g.session, g.actor, wanted.lot, WORK) if wanted.lot else None
    rows = [
        Row(number, one.code, one.lot, one.line, one.more)
        for number, one in enumerate(wanted.tubes, 1)
    ]
    facts = Facts(sender=wanted.sender, waybill=wanted.waybill, note=wanted.note)
    made = shipments.expect_incoming(
        g.session, g.actor, to_site, rows, lot, facts, at=g.clock.now()
    )
    return out_of(made), 201


@api.post("/shipments/returns")
@require(WORK)
@describes("Announce tubes that come back", body=NewReturn, answers={201: ShipmentOut})
def announce_return() -> tuple[ShipmentOut, int]:
    """Announce tubes that were shipped and come back."""
    wanted = described.read(NewReturn)
    to_site = storage.site(g.session, g.actor, WORK, wanted.to_site)
    facts = Facts(sender=wanted.sender, waybill=wanted.waybill, note=wanted.note)
    made = shipments.expect_return(
        g.session, g.actor, to_site, wanted.tubes, facts, at=g.clock.now()
    )
    return out_of(made), 201


@api.post("/shipments/transfers")
@require(WORK)
@describes("Begin a transfer to another site", body=NewTransfer, answers={201: ShipmentOut})
def begin_transfer() -> tuple[ShipmentOut, int]:
    """Begin to pack a shipment to another site."""
    wanted = described.read(NewTransfer)
    from_site, to_site = (
        storage.site(g.session, g.actor, WORK, code) for code in (wanted.from_site, wanted.to_site)
    )
    shipper = (
        storage.container(g.session, g.actor, WORK, wanted.shipper) if wanted.shipper else None
    )
    facts = Facts(note=wanted.note)
    made = shipments.begin_transfer(
        g.session, g.actor, from_site, to_site, shipper, facts, at=g.clock.now()
    )
    return out_of(made), 201


@api.post("/shipments/<code>/pack")
@require(WORK)
@describes("Pack a scanned tube", body=Tube, answers={200: ShipmentOut})
def pack_tube(code: str) -> ShipmentOut:
    """Pack a tube."""
    wanted, found = described.read(Tube), held(code)
    vial = storage.vial(g.session, g.actor, WORK, wanted.tube)
    shipments.pack_tube(g.session, g.actor, found, vial, at=g.clock.now())
    return etag.tell_answer(out_of(found))


@api.post("/shipments/<code>/unpack")
@require(WORK)
@describes("Take a packed tube out again", body=Unpack, answers={200: ShipmentOut})
def unpack_tube(code: str) -> ShipmentOut:
    """Take a tube out again."""
    wanted, found = described.read(Unpack), held(code)
    vial = storage.vial(g.session, g.actor, WORK, wanted.tube)
    box = storage.container(g.session, g.actor, WORK, wanted.box, "box")
    shipments.unpack_tube(g.session, g.actor, found, vial, box, wanted.position, at=g.clock.now())
    return etag.tell_answer(out_of(found))


@api.post("/shipments/<code>/send")
@require(WORK)
@describes("Hand a packed shipment to its carrier", body=Send, answers={200: ShipmentOut})
def send_shipment(code: str) -> ShipmentOut:
    """Send a shipment."""
    wanted, found = described.read(Send), held(code)
    shipments.send(g.session, g.actor, found, wanted.carrier, wanted.waybill, at=g.clock.now())
    return etag.tell_answer(out_of(found))


@api.post("/shipments/<code>/receive")
@require(WORK)
@describes("Take a scanned tube in", body=Receive, answers={200: ShipmentOut})
def receive_tube(code: str) -> ShipmentOut:
    """Take a tube in; 422 where it was not announced and nobody says so."""
    wanted, found = described.read(Receive), held(code)
    box = storage.container(g.session, g.actor, WORK, wanted.box, "box") if wanted.box else None
    lot = catalogue.lot(g.session, g.actor, wanted.lot, WORK) if wanted.lot else None
    arrival = Arrival(box, wanted.position, wanted.damaged, wanted.note, wanted.unannounced, lot)
    receiving.receive_tube(g.session, g.actor, found, wanted.tube, arrival, at=g.clock.now())
    return etag.tell_answer(out_of(found))


@api.post("/shipments/<code>/missing")
@require(WORK)
@describes("Decide that a tube did not arrive", body=Missing, answers={200: ShipmentOut})
def did_not_arrive(code: str) -> ShipmentOut:
    """Decide that one tube did not arrive."""
    wanted, found = described.read(Missing), held(code)
    receiving.did_not_arrive(
        g.session, g.actor, found, wanted.tube, wanted.reason, at=g.clock.now()
    )
    return etag.tell_answer(out_of(found))


@api.post("/shipments/<code>/close")
@require(WORK)
@describes(
    "Close a shipment; what did not arrive is missing", body=Reason, answers={200: ShipmentOut}
)
def close_shipment(code: str) -> ShipmentOut:
    """Close a shipment."""
    wanted, found = described.read(Reason), held(code)
    receiving.close_shipment(g.session, g.actor, found, wanted.reason, at=g.clock.now())
    return etag.tell_answer(out_of(found))


@api.post("/shipments/<code>/cancel")
@require(WORK)
@describes("Cancel a shipment", body=Reason, answers={200: ShipmentOut})
def cancel_shipment(code: str) -> ShipmentOut:
    """Cancel a shipment of which nothing is packed and nothing came."""
    wanted, found = described.read(Reason), held(code)
    shipments.cancel(g.session, g.actor, found, wanted.reason, at=g.clock.now())
    return etag.tell_answer(out_of(found))


def held(code: str) -> Shipment:
    """Return a shipment to work on, as the asker's If-Match saw it."""
    found = queries.shipment(g.session, g.actor, WORK, code)
    etag.check_answer(lambda: out_of(found))
    return found


def out_of(found: Shipment) -> ShipmentOut:
    """Return a shipment with its tubes as the API tells it."""
    g.session.flush()
    lines = queries.lines_of(g.session, found)
    held = holds_on(g.session, [line.vial_id for line in lines if line.vial_id])
    return ShipmentOut(
        code=found.code,
        kind=found.kind,
        state=found.state,
        from_site=found.from_site.code if found.from_site else "",
        to_site=found.to_site.code,
        shipper=found.shipper.code if found.shipper else "",
        quarantine=found.quarantine,
        created_at=found.created_at,
        sent_at=found.sent_at,
        arrived_at=found.arrived_at,
        closed_at=found.closed_at,
        tubes=[_line(line, held.get(line.vial_id or 0, [])) for line in lines],
        boxes=[outer.code for outer in freight_of(g.session, found.id)],
    )


def _line(line: ShipmentLine, holds: Sequence[Hold]) -> LineOut:
    lot = line.vial.lot if line.vial is not None else line.lot
    causes = [hold.cause for hold in holds]
    return LineOut(line.code, lot.code if lot else "", line.state, line.damaged, line.note, causes)
