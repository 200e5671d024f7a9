"""What the bank decides: approve, which reserves the vials, or refuse with a reason."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.distribution import queries, rules
from server.distribution.models import Request, RequestVial
from server.distribution.rules import Act
from server.distribution.service import steps
from server.storage import service as storage
from server.storage.models import Vial


def approve(session: Session, actor: Actor, request: Request, *, at: datetime) -> list[RequestVial]:
    """Promise the vials to the request: all of one lot, the oldest that can give them beyond its floor.

    Approvals of one line wait for one another, so that two of them never promise the same vial and
    never touch a reserve together.
    """
    steps.hold(session, request)
    queries.lock_distribution_lots(session, request.line_id)
    can_give = queries.availability(session, [request.line_id])[request.line_id]
    steps.check(rules.why_not_approve(request.code, request.state, request.quantity, can_give))
    lot = rules.choose_lot(queries.lot_stock(session, request.line_id), request.quantity)
    assert lot is not None  # availability has just said so, and no one else can have promised since
    vials = queries.free_vials(session, lot.lot_id, request.quantity)
    if len(vials) < request.quantity:
        because = N_("Vials of %(lot)s are being moved at this moment. Try again.")
        raise Conflict(Refusal("vials_busy", because, {"lot": lot.code}))
    chosen = [promise(session, actor, request, vial, at=at) for vial in vials]
    request.decided_at, request.decided_by_name = at, actor.name
    codes = [vial.code for vial in vials]
    steps.advance(
        session, actor, request, Act.APPROVE, "request.approved", at=at, lot=lot.code, vials=codes
    )
    subject = N_("%(request)s: your request for %(line)s has been approved")
    text = N_(
        "%(quantity)s × %(line)s: your vials are reserved. You will get a mail when they have been shipped."
    )
    steps.tell_requester(session, request, subject, text, at=at)
    return chosen


def promise(
    session: Session, actor: Actor, request: Request, vial: Vial, *, at: datetime
) -> RequestVial:
    """Reserve one vial for the request."""
    until = at + timedelta(days=rules.RESERVED_DAYS)
    storage.reserve(
        session,
        actor,
        vial,
        for_kind=steps.KIND,
        for_id=request.id,
        for_code=request.code,
        until=until,
        at=at,
    )
    chosen = RequestVial(request_id=request.id, vial_id=vial.id)
    session.add(chosen)
    return chosen


def refuse(
    session: Session, actor: Actor, request: Request, reason: str, *, at: datetime
) -> Request:
    """Say no, with a reason that the requester reads."""
    if refusal := rules.why_not_reason(reason):
        raise Invalid(refusal, field="reason")
    steps.hold(session, request)
    steps.advance(
        session, actor, request, Act.REFUSE, "request.refused", at=at, reason=reason.strip()
    )
    request.decided_at, request.decided_by_name = at, actor.name
    request.decision_reason = reason.strip()
    subject = N_("%(request)s: your request for %(line)s has been refused")
    text = N_("the bank cannot give you %(quantity)s × %(line)s: %(reason)s")
    steps.tell_requester(session, request, subject, text, at=at, reason=reason.strip())
    return request
