"""What is done with a shipment: pack, take out again, send, receive by scan, close, cancel."""

from collections.abc import Callable

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from server.catalogue import queries as catalogue
from server.core.errors import NotFound
from server.handling.models import Shipment
from server.handling.queries import shipments as queries
from server.handling.service import freight, receiving, shipments
from server.handling.service.receiving import Arrival
from server.handling.views.blueprints import pages
from server.handling.views.shipment_forms import (
    CancelForm,
    CloseForm,
    PackForm,
    ReceiveForm,
    SendForm,
    UnpackForm,
)
from server.handling.views.shipments import MISTAKES, WORK, page
from server.kit import notices
from server.kit.door import require
from server.kit.forms import typed_of
from server.kit.i18n import gettext
from server.storage import queries as storage
from server.storage.models import Container

Answer = Response | tuple[str, int]


def _do(code: str, act: Callable[[Shipment], dict[str, str]]) -> Answer:
    """Do something with a shipment and show it again; refused, with what was typed and why not."""
    found = queries.shipment(g.session, g.actor, WORK, code)
    try:
        onwards = act(found)
    except MISTAKES as refused:
        g.session.rollback()
        with g.reader() as session:
            g.session = session
            fresh = queries.shipment(session, g.actor, WORK, code)
            return page(fresh, refused, typed_of(request.form)), 422
    done, box = onwards.get("done"), onwards.get("box")
    return redirect(
        url_for("handling.shipment", code=found.code, done=done or None, box=box or None), 303
    )


@pages.post("/shipments/<code>/pack")
@require(WORK)
def pack_tube(code: str) -> Answer:
    """Pack the scanned tube."""

    def act(found: Shipment) -> dict[str, str]:
        form = PackForm.read(request.form)
        if outer := _outer(form.tube):
            freight.pack_box(g.session, g.actor, found, outer, at=g.clock.now())
            return {"done": outer.code}
        vial = storage.vial(g.session, g.actor, WORK, form.tube)
        shipments.pack_tube(g.session, g.actor, found, vial, at=g.clock.now())
        return {"done": vial.code}

    return _do(code, act)


@pages.post("/shipments/<code>/unpack")
@require(WORK)
def unpack_tube(code: str) -> Answer:
    """Take a packed tube out again."""

    def act(found: Shipment) -> dict[str, str]:
        form = UnpackForm.read(request.form)
        if outer := _outer(form.packed):
            into = storage.container(g.session, g.actor, WORK, form.box)
            freight.unpack_box(
                g.session, g.actor, found, outer, into, form.position, at=g.clock.now()
            )
            return {"done": outer.code}
        vial = storage.vial(g.session, g.actor, WORK, form.packed)
        box = storage.container(g.session, g.actor, WORK, form.box, "box")
        shipments.unpack_tube(g.session, g.actor, found, vial, box, form.position, at=g.clock.now())
        return {"done": vial.code}

    return _do(code, act)


@pages.post("/shipments/<code>/send")
@require(WORK)
def send_shipment(code: str) -> Answer:
    """Hand the shipment to its carrier."""

    def act(found: Shipment) -> dict[str, str]:
        form = SendForm.read(request.form)
        shipments.send(g.session, g.actor, found, form.carrier, form.waybill, at=g.clock.now())
        notices.tell(gettext("%(code)s is on its way.", code=found.code))
        return {}

    return _do(code, act)


@pages.post("/shipments/<code>/receive")
@require(WORK)
def receive_tube(code: str) -> Answer:
    """Take the scanned tube in; one that was not announced is refused, unless that is said."""

    def act(found: Shipment) -> dict[str, str]:
        form = ReceiveForm.read(request.form)
        if form.box and not form.unannounced and (outer := _outer(form.tube)):
            into = storage.container(g.session, g.actor, WORK, form.box)
            freight.receive_box(
                g.session, g.actor, found, outer, into, form.position, at=g.clock.now()
            )
            return {"done": outer.code}
        line = receiving.receive_tube(
            g.session, g.actor, found, form.tube, _arrival(form), at=g.clock.now()
        )
        return {"done": line.code, "box": form.box}

    return _do(code, act)


def _outer(scanned: str) -> Container | None:
    """Return the box or rack that was scanned, which goes with all that is in it; None for a tube."""
    try:
        return storage.container(g.session, g.actor, WORK, scanned, "box", "rack")
    except NotFound:
        return None


def _arrival(form: ReceiveForm) -> Arrival:
    box = storage.container(g.session, g.actor, WORK, form.box, "box") if form.box else None
    lot = catalogue.lot(g.session, g.actor, form.lot, WORK) if form.lot else None
    return Arrival(box, form.position, form.damaged, form.note, form.unannounced, lot)


@pages.post("/shipments/<code>/close")
@require(WORK)
def close_shipment(code: str) -> Answer:
    """Decide that a tube did not arrive or, where none is named, close with all that is left so."""

    def act(found: Shipment) -> dict[str, str]:
        form, at = CloseForm.read(request.form), g.clock.now()
        if form.absent:
            receiving.did_not_arrive(g.session, g.actor, found, form.absent, form.reason, at=at)
            return {"done": form.absent}
        missing = receiving.close_shipment(g.session, g.actor, found, form.reason, at=at)
        notices.tell(gettext("The shipment is closed. Tubes missing: %(count)s.", count=missing))
        return {}

    return _do(code, act)


@pages.post("/shipments/<code>/cancel")
@require(WORK)
def cancel_shipment(code: str) -> Answer:
    """Cancel a shipment of which nothing is packed and nothing came."""

    def act(found: Shipment) -> dict[str, str]:
        form = CancelForm.read(request.form)
        shipments.cancel(g.session, g.actor, found, form.why, at=g.clock.now())
        return {}

    return _do(code, act)
