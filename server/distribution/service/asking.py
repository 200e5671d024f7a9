"""What the requester does: ask, take back, receive."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalogue.models import CellLine
from server.core.actor import Actor
from server.core.errors import Forbidden, Invalid, Refusal
from server.core.words import N_
from server.distribution import queries, rules
from server.distribution.models import Request
from server.distribution.rules import Act, Asked
from server.distribution.service import steps
from server.parties.models import DeliverySite

_FIELDS = {
    "no_purpose": "purpose",
    "long_text": "purpose",
    "bad_quantity": "quantity",
    "too_few": "quantity",
    "none_available": "quantity",
    "no_delivery_site": "delivery_site",
    "no_site_chosen": "delivery_site",
}


def submit(
    session: Session,
    actor: Actor,
    line: CellLine,
    quantity: int,
    purpose: str,
    delivery_site_id: int | None,
    *,
    at: datetime,
) -> Request:
    """Ask for so many vials of a line, to be delivered to a site of the requester's organisation."""
    sites = _delivery_sites(session, actor)
    site = _chosen(sites, delivery_site_id)
    can_give = queries.availability(session, [line.id])[line.id]
    asked = Asked(
        quantity,
        purpose,
        line.name,
        line.listed,
        site is not None,
        can_give.from_one_lot,
        len(sites),
    )
    if refusal := rules.why_not_request(asked):
        raise Invalid(refusal, field=_FIELDS.get(refusal.code))
    assert site is not None
    assert actor.id is not None
    request = Request(
        code=f"R-{queries.next_number(session):04d}",
        org_id=line.org_id,
        requester_id=actor.id,
        requester_org_id=site.org_id,
        delivery_site_id=site.id,
        line_id=line.id,
        quantity=quantity,
        purpose=purpose.strip(),
        state=str(rules.State.SUBMITTED),
        submitted_at=at,
    )
    session.add(request)
    session.flush()  # the letter names the request by its number
    steps.trace(
        session, actor, request, "request.submitted", at=at, line=line.code, quantity=quantity
    )
    subject = N_("%(request)s: your request for %(line)s has arrived")
    text = N_(
        "we have your request for %(quantity)s × %(line)s. You will get a mail when it has been decided."
    )
    steps.tell_requester(session, request, subject, text, at=at)
    return request


def _delivery_sites(session: Session, actor: Actor) -> dict[int, DeliverySite]:
    wanted = select(DeliverySite).where(DeliverySite.org_id == actor.org_id, DeliverySite.active)
    return {site.id: site for site in session.scalars(wanted.order_by(DeliverySite.id))}


def _chosen(sites: Mapping[int, DeliverySite], delivery_site_id: int | None) -> DeliverySite | None:
    """Return the chosen site, or the only one; None where it is not one of the requester's organisation."""
    if delivery_site_id is None and len(sites) == 1:
        return next(iter(sites.values()))
    return sites.get(delivery_site_id or 0)


def check_cancel(actor: Actor, request: Request) -> None:
    """Refuse where this actor cannot take the request back as it stands."""
    by_requester = not actor.may("requests.decide", request.org_id)
    steps.check(rules.why_not_cancel(request.code, request.state, by_requester=by_requester))


def cancel(
    session: Session, actor: Actor, request: Request, reason: str, *, at: datetime
) -> Request:
    """Take a request back; its vials are free again. The requester may until picking begins, the bank until it leaves."""
    if refusal := rules.why_not_reason(reason):
        raise Invalid(refusal, field="reason")
    steps.hold(session, request)
    check_cancel(actor, request)
    codes = steps.release_vials(session, actor, request, "cancelled", at=at)
    request.decided_at, request.decided_by_name = at, actor.name
    request.decision_reason = reason.strip()
    steps.advance(
        session,
        actor,
        request,
        Act.CANCEL,
        "request.cancelled",
        at=at,
        reason=reason.strip(),
        vials=codes,
    )
    if actor.id != request.requester_id:
        subject = N_("%(request)s: your request for %(line)s has been cancelled")
        text = N_("the bank has cancelled your request for %(quantity)s × %(line)s: %(reason)s")
        steps.tell_requester(session, request, subject, text, at=at, reason=reason.strip())
    return request


def receive(session: Session, actor: Actor, request: Request, *, at: datetime) -> Request:
    """State that the vials have arrived; only the requester, or who ships for the bank, may."""
    if actor.id != request.requester_id and not actor.may("requests.ship", request.org_id):
        because = N_("Only the requester can say that %(request)s has arrived.")
        raise Forbidden(Refusal("not_yours", because, {"request": request.code}))
    steps.hold(session, request)
    steps.advance(session, actor, request, Act.RECEIVE, "request.received", at=at)
    request.received_at = at
    return request
