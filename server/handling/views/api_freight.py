"""The API of boxes and racks that travel with all that is in them."""

import msgspec
from flask import g

from server.handling.service import freight
from server.handling.views.api_shipments import WORK, ShipmentOut, held, out_of
from server.handling.views.blueprints import api
from server.kit import api as described
from server.kit import etag
from server.kit.api import describes
from server.kit.door import require
from server.storage import queries as storage
from server.storage.models import Container


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    """A box or rack that travels with all that is in it."""

    box: str


class Into(msgspec.Struct, forbid_unknown_fields=True):
    """The rack or freezer into which a box or rack goes, and the position in it (empty: the next free one)."""

    into: str
    position: str = ""


@api.post("/shipments/<code>/boxes")
@require(WORK)
@describes("Pack a box or rack with all tubes in it", body=Outer, answers={200: ShipmentOut})
def pack_box(code: str) -> ShipmentOut:
    """Pack a box; 409 names every tube that may not leave."""
    wanted, found = described.read(Outer), held(code)
    freight.pack_box(g.session, g.actor, found, _outer(wanted.box), at=g.clock.now())
    return etag.tell_answer(out_of(found))


@api.post("/shipments/<code>/boxes/<box>/unpack")
@require(WORK)
@describes("Take a packed box or rack out again", body=Into, answers={200: ShipmentOut})
def unpack_box(code: str, box: str) -> ShipmentOut:
    """Put a packed box back into a rack or freezer of its site."""
    wanted, found = described.read(Into), held(code)
    into = storage.container(g.session, g.actor, WORK, wanted.into)
    freight.unpack_box(
        g.session, g.actor, found, _outer(box), into, wanted.position, at=g.clock.now()
    )
    return etag.tell_answer(out_of(found))


@api.post("/shipments/<code>/boxes/<box>/receive")
@require(WORK)
@describes("Take a box or rack in with all that is in it", body=Into, answers={200: ShipmentOut})
def receive_box(code: str, box: str) -> ShipmentOut:
    """Put a box that travelled into a rack or freezer of the site where it arrives."""
    wanted, found = described.read(Into), held(code)
    into = storage.container(g.session, g.actor, WORK, wanted.into)
    freight.receive_box(
        g.session, g.actor, found, _outer(box), into, wanted.position, at=g.clock.now()
    )
    return etag.tell_answer(out_of(found))


def _outer(code: str) -> Container:
    return storage.container(g.session, g.actor, WORK, code, "box", "rack")
