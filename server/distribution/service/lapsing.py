"""What time ends: promised vials that nobody picked are free again, and the request is cancelled."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.words import N_
from server.distribution.models import Request
from server.distribution.rules import Act, State
from server.distribution.service import steps
from server.storage.models import Reservation

RUN_OUT = N_("nobody picked the vials until the day to which they were reserved")


def _run_out(now: datetime) -> Select[Request]:
    over = select(Reservation.for_id).where(
        Reservation.for_kind == steps.KIND, Reservation.ended_at.is_(None), Reservation.until < now
    )
    return select(Request).where(Request.state == str(State.RESERVED), Request.id.in_(over))


def is_any_run_out(session: Session, now: datetime) -> bool:
    """Say whether the vials of a request that nobody has begun to pick are reserved no longer."""
    return session.scalars(_run_out(now).limit(1)).first() is not None


def cancel_run_out(session: Session, now: datetime) -> int:
    """Cancel the requests whose reservations have run out, and tell the requesters; returns how many.

    A request that is being picked, or picked, is left alone: somebody is at work on it.
    """
    actor = Actor.system("Cryokeep")
    cancelled = 0
    for request in session.scalars(_run_out(now).order_by(Request.id)).all():
        steps.hold(session, request)
        if request.state == State.RESERVED:
            _cancel(session, actor, request, at=now)
            cancelled += 1
    return cancelled


def _cancel(session: Session, actor: Actor, request: Request, *, at: datetime) -> None:
    codes = steps.release_vials(session, actor, request, "run out", at=at)
    request.decided_at, request.decided_by_name = at, actor.name
    request.decision_reason = RUN_OUT
    told = {"reason": RUN_OUT, "vials": codes}
    steps.advance(session, actor, request, Act.CANCEL, "request.cancelled", at=at, **told)
    subject = N_("%(request)s: your request for %(line)s has been cancelled")
    text = N_(
        "nobody picked your %(quantity)s × %(line)s until the day to which they were reserved; the vials are free again. Ask again if you still need them."
    )
    steps.tell_requester(session, request, subject, text, at=at)
