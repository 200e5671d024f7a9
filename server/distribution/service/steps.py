"""What every step of a request does: hold it, change its state, leave a trace, tell the requester."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Refusal
from server.core.wake import announce
from server.core.words import N_
from server.distribution import queries, rules
from server.distribution.models import Request
from server.distribution.rules import Act
from server.notify import service as notify
from server.storage import service as storage
from server.storage.models import Vial
from server.storage.queries import reservation_of

KIND = "request"
"""What a vial is promised to, where it is promised to a request."""


def hold(session: Session, request: Request) -> Request:
    """Hold the request's row until the end of the transaction, and see it as it is now."""
    session.flush()  # a refresh drops what has not been written yet
    session.refresh(request, attribute_names=["state", "version"], with_for_update=True)
    return request


def check(refusal: Refusal | None) -> None:
    """Raise a Conflict when there is a refusal."""
    if refusal:
        raise Conflict(refusal)


def refuse_withheld(session: Session, vial: Vial) -> None:
    """Refuse a vial whose lot may not be given as it stands now; the lot stays so until the transaction ends."""
    session.flush()  # a refresh drops what has not been written yet
    lot = vial.lot
    told = ["tier", "disposition", "version"]
    session.refresh(lot, attribute_names=told, with_for_update={"read": True})
    check(rules.why_not_give(vial.code, lot.code, lot.tier, lot.disposition))


def advance(
    session: Session,
    actor: Actor,
    request: Request,
    act: Act,
    action: str,
    *,
    at: datetime,
    **facts: object,
) -> None:
    """Bring the request into the state that this act leads to, and leave one trace."""
    check(rules.why_not_act(request.code, request.state, act))
    after = rules.state_after(request.state, act)
    assert after is not None
    before, request.state = request.state, str(after)
    trace(session, actor, request, action, at=at, before=before, now=request.state, **facts)


def trace(
    session: Session, actor: Actor, request: Request, action: str, *, at: datetime, **facts: object
) -> None:
    """Write the audit entry of something done with a request, and wake who watches."""
    org_id = request.org_id
    audit.record(
        session, actor, action, KIND, request.code, at=at, org_id=org_id, stated_at=None, **facts
    )
    announce(session, "requests")


def release_vials(
    session: Session, actor: Actor, request: Request, because: str, *, at: datetime
) -> list[str]:
    """Give up all promises of a request; returns the codes of its vials."""
    codes = []
    for chosen in queries.vials_of(session, request.id):
        chosen.dropped_at = at
        codes.append(chosen.vial.code)
        promise = reservation_of(session, chosen.vial)
        if promise is not None and (promise.for_kind, promise.for_id) == (KIND, request.id):
            storage.end_reservation(session, actor, promise, because, at=at)
    return codes


def tell_requester(
    session: Session, request: Request, subject: str, text: str, *, at: datetime, **facts: object
) -> None:
    """Queue one mail to the requester, in their language."""
    known: dict[str, object] = {
        "request": request.code,
        "line": request.line.name,
        "quantity": request.quantity,
        "name": request.requester.name,
        **facts,
    }
    greeting = Refusal("letter", N_("Dear %(name)s,"), known)
    notify.tell(
        session,
        request.requester,
        Refusal("letter", subject, known),
        [greeting, Refusal("letter", text, known)],
        f"/requests/{request.code}",
        at,
        about=(KIND, request.id),
    )
