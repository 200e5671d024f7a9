"""The API of distribution: the window, requests, and each step of them."""

from datetime import datetime

from flask import g, request
from sqlalchemy import select

from server.catalogue.models import CellLine
from server.catalogue.queries import matches
from server.distribution import queries, service
from server.distribution.models import Request
from server.distribution.rules import Availability
from server.distribution.views.blueprints import api
from server.distribution.views.queue import refuse_strangers
from server.kit import cursors
from server.kit.api import Answer, Body, describes, read
from server.kit.door import SIGNED_IN, require


class OfferOut(Answer):
    """A line that is given out, and how many vials can be given now."""

    code: str
    name: str
    accession: str
    species: str
    biosafety_level: int
    available: int
    available_from_one_lot: int


class OffersOut(Answer):
    """Some lines, and the cursor of the next ones."""

    items: list[OfferOut]
    next: str | None


class RequestVialOut(Answer):
    """A vial that is promised to a request."""

    code: str
    lot: str
    picked_at: datetime | None


class RequestOut(Answer):
    """A request; its vials are told to the bank and, once they are shipped, to the requester."""

    code: str
    line: str
    quantity: int
    purpose: str
    state: str
    requester: str
    organisation: str
    delivery_site: str
    submitted_at: datetime
    decided_at: datetime | None
    decision_reason: str
    shipped_at: datetime | None
    carrier: str
    tracking: str
    received_at: datetime | None
    vials: list[RequestVialOut]
    version: int


class RequestsOut(Answer):
    """Some requests, and the cursor of the next ones."""

    items: list[RequestOut]
    next: str | None


class AskIn(Body):
    """So many vials of this line, for this purpose, to that delivery site (or the only one)."""

    line: str
    quantity: int
    purpose: str
    delivery_site_id: int | None = None


class ReasonIn(Body):
    """Why."""

    reason: str


class PickIn(Body):
    """The code that was scanned from the tube."""

    code: str


class NotThereOut(Answer):
    """The request, and the tube to take instead, where another may be given."""

    request: RequestOut
    instead: str | None


class ShipIn(Body):
    """Who carries the vials, and under which number."""

    carrier: str
    tracking: str = ""


def request_out(found: Request) -> RequestOut:
    """Return a request as the API says it."""
    g.session.flush()  # the answer tells the version and the vials as they are now
    plain = {name: getattr(found, name) for name in _SAME}
    chosen = queries.vials_of(g.session, found.id)
    return RequestOut(
        **plain,
        line=found.line.code,
        requester=found.requester.name,
        organisation=found.requester_org.name,
        delivery_site=found.delivery_site.name,
        vials=[
            RequestVialOut(code=each.vial.code, lot=each.vial.lot.code, picked_at=each.picked_at)
            for each in chosen
        ],
    )


_SAME = (
    "code", "quantity", "purpose", "state", "submitted_at", "decided_at", "decision_reason",
    "shipped_at", "carrier", "tracking", "received_at", "version",
)  # fmt: skip


@api.get("/window")
@require("requests.own")
@describes(
    "List the lines that are given out",
    answers={200: OffersOut},
    query={"q": "words in the name, another name, the code or the accession"},
    listed=True,
)
def window() -> OffersOut:
    """List what can be asked for."""
    wanted = select(CellLine).where(CellLine.listed)
    if words := request.args.get("q", "").strip():
        wanted = wanted.where(matches(words))
    found, more = cursors.page(g.session, wanted, CellLine.id)
    available = queries.availability(g.session, [line.id for line in found])
    return OffersOut(items=[_offer(line, available[line.id]) for line in found], next=more)


def _offer(line: CellLine, can_give: Availability) -> OfferOut:
    return OfferOut(
        code=line.code,
        name=line.name,
        accession=line.accession,
        species=line.species,
        biosafety_level=line.biosafety_level,
        available=can_give.total,
        available_from_one_lot=can_give.from_one_lot,
    )


@api.post("/requests")
@require("requests.own")
@describes("Ask for vials", body=AskIn, answers={201: RequestOut})
def ask() -> tuple[RequestOut, int]:
    """Ask for vials of a line."""
    asked = read(AskIn)
    line = queries.listed_line(g.session, asked.line)
    made = service.submit(
        g.session,
        g.actor,
        line,
        asked.quantity,
        asked.purpose,
        asked.delivery_site_id,
        at=g.clock.now(),
    )
    return request_out(made), 201


@api.get("/requests")
@require(SIGNED_IN)
@describes("List requests: the bank's, or one's own", answers={200: RequestsOut}, listed=True)
def list_requests() -> RequestsOut:
    """List the requests that the asker may see, newest first."""
    refuse_strangers()
    found, more = cursors.page(
        g.session, queries.requests_of(g.actor), Request.id, newest_first=True
    )
    return RequestsOut(items=[request_out(each) for each in found], next=more)


@api.get("/requests/<code>")
@require(SIGNED_IN)
@describes("Show a request", answers={200: RequestOut})
def show_request(code: str) -> RequestOut:
    """Return one request."""
    refuse_strangers()
    return request_out(queries.request(g.session, g.actor, "requests.read", code))


@api.post("/requests/<code>/approve")
@require("requests.decide")
@describes("Approve a request: its vials are reserved", answers={200: RequestOut})
def approve(code: str) -> RequestOut:
    """Approve."""
    found = queries.request(g.session, g.actor, "requests.decide", code)
    service.approve(g.session, g.actor, found, at=g.clock.now())
    return request_out(found)


@api.post("/requests/<code>/refuse")
@require("requests.decide")
@describes("Refuse a request with a reason", body=ReasonIn, answers={200: RequestOut})
def refuse(code: str) -> RequestOut:
    """Refuse."""
    found = queries.request(g.session, g.actor, "requests.decide", code)
    service.refuse(g.session, g.actor, found, read(ReasonIn).reason, at=g.clock.now())
    return request_out(found)


@api.post("/requests/<code>/cancel")
@require(SIGNED_IN)
@describes("Cancel a request; its vials are free again", body=ReasonIn, answers={200: RequestOut})
def cancel(code: str) -> RequestOut:
    """Cancel: the requester's own, or one of the bank's."""
    refuse_strangers()
    permission = "requests.decide" if g.actor.may("requests.decide") else "requests.own"
    found = queries.request(g.session, g.actor, permission, code)
    service.cancel(g.session, g.actor, found, read(ReasonIn).reason, at=g.clock.now())
    return request_out(found)


@api.post("/requests/<code>/pick")
@require("requests.pick")
@describes("Take a scanned tube out for a request", body=PickIn, answers={200: RequestOut})
def pick(code: str) -> RequestOut:
    """Pick."""
    found = queries.request(g.session, g.actor, "requests.pick", code)
    service.pick(g.session, g.actor, found, read(PickIn).code, at=g.clock.now())
    return request_out(found)


@api.post("/requests/<code>/not-there")
@require("requests.pick")
@describes("Record that a promised tube is missing", body=PickIn, answers={200: NotThereOut})
def not_there(code: str) -> NotThereOut:
    """Record a missing tube and promise another of its lot where one may be given."""
    found = queries.request(g.session, g.actor, "requests.pick", code)
    other = service.not_there(g.session, g.actor, found, read(PickIn).code, at=g.clock.now())
    return NotThereOut(request=request_out(found), instead=other.vial.code if other else None)


@api.post("/requests/<code>/ship")
@require("requests.ship")
@describes("Hand the picked vials to a carrier", body=ShipIn, answers={200: RequestOut})
def ship(code: str) -> RequestOut:
    """Ship."""
    found = queries.request(g.session, g.actor, "requests.ship", code)
    wanted = read(ShipIn)
    service.ship(g.session, g.actor, found, wanted.carrier, wanted.tracking, at=g.clock.now())
    return request_out(found)


@api.post("/requests/<code>/receive")
@require(SIGNED_IN)
@describes("State that the vials have arrived", answers={200: RequestOut})
def receive(code: str) -> RequestOut:
    """Receive."""
    refuse_strangers()
    found = queries.request(g.session, g.actor, "requests.read", code)
    service.receive(g.session, g.actor, found, at=g.clock.now())
    return request_out(found)
