"""Promises: one vial, one purpose, until it is kept or given up."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Refusal
from server.storage import queries, rules
from server.storage.models import Reservation, Vial
from server.storage.rules import Act
from server.storage.rules.protection import why_not_promise
from server.storage.service.guarding import refuse_use
from server.storage.service.stays import hold, refuse


def reserve(
    session: Session,
    actor: Actor,
    vial: Vial,
    *,
    for_kind: str,
    for_id: int,
    for_code: str,
    until: datetime | None = None,
    at: datetime,
) -> Reservation:
    """Promise a stored vial; refused where it is promised already, held, kept, or not in storage."""
    hold(session, vial)
    refuse(rules.why_not_act(vial.code, vial.state, Act.RESERVE))
    refuse(_promised(session, vial))
    refuse(why_not_promise(vial.code, vial.lot.tier, for_kind))
    refuse_use(session, vial, Act.RESERVE)
    promise = Reservation(
        vial_id=vial.id,
        for_kind=for_kind,
        for_id=for_id,
        for_code=for_code,
        by_name=actor.name,
        began_at=at,
        until=until,
    )
    try:
        with session.begin_nested():
            session.add(promise)
            session.flush()
    except IntegrityError as error:
        refusal = _promised(session, vial)
        if refusal is None:
            raise
        raise Conflict(refusal) from error
    audit.record(
        session,
        actor,
        "vial.reserved",
        "vial",
        vial.code,
        at=at,
        org_id=vial.org_id,
        reserved_for=for_code,
    )
    return promise


def _promised(session: Session, vial: Vial) -> Refusal | None:
    promise = queries.reservation_of(session, vial)
    return rules.why_not_reserved(vial.code, promise.for_code if promise else None)


def end_reservation(
    session: Session, actor: Actor, promise: Reservation, because: str, *, at: datetime
) -> None:
    """End a promise (shipped, cancelled, refused, run out); ending it again changes nothing."""
    if promise.ended_at is not None:
        return
    promise.ended_at, promise.ended_because = at, because
    vial = session.get_one(Vial, promise.vial_id)
    audit.record(
        session,
        actor,
        "vial.reservation_ended",
        "vial",
        vial.code,
        at=at,
        org_id=vial.org_id,
        reserved_for=promise.for_code,
        because=because,
    )
