"""At the freezer: every tube is scanned; a wrong one is refused, a missing one replaced."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.distribution import queries, rules
from server.distribution.models import Request, RequestVial
from server.distribution.rules import Act
from server.distribution.service import steps
from server.distribution.service.deciding import promise
from server.storage import service as storage
from server.storage.queries import reservation_of
from server.storage.queries.aliases import as_recorded

GONE = frozenset({"missing", "lost"})


def pick(
    session: Session,
    actor: Actor,
    request: Request,
    scanned: str,
    expected: str = "",
    *,
    at: datetime,
    happened_at: datetime | None = None,
) -> RequestVial:
    """Take the scanned tube out for the request; a tube that is not one of its own is refused by name.

    So is one whose lot has been recalled, rejected or put into quarantine since it was promised.

    `expected` is the tube that the page asked for. The first tube begins the picking, the last ends it.
    """
    steps.hold(session, request)
    steps.check(rules.why_not_act(request.code, request.state, Act.PICK))
    waiting = {
        each.vial.code: each
        for each in queries.vials_of(session, request.id)
        if each.picked_at is None
    }
    code = rules.meant(as_recorded(session, [scanned.strip()])[0], waiting)
    if refusal := rules.why_not_pick(expected or next(iter(waiting), ""), code, waiting):
        raise Invalid(refusal, field="code")
    chosen = waiting[code]
    steps.refuse_withheld(session, chosen.vial)
    storage.take_out(
        session, actor, chosen.vial, reason=request.code, purpose=(steps.KIND, request.id),
        scanned=True, at=at, happened_at=happened_at,
    )  # fmt: skip
    chosen.picked_at, chosen.picked_by_name = happened_at or at, actor.name
    steps.advance(
        session, actor, request, Act.PICK, "request.vial_picked", at=at, vial=chosen.vial.code
    )
    _finish_if_last(session, actor, request, at=at)
    return chosen


def not_there(
    session: Session,
    actor: Actor,
    request: Request,
    code: str,
    *,
    at: datetime,
    happened_at: datetime | None = None,
) -> RequestVial | None:
    """Record that a promised tube is missing and promise another of its lot; None where no other may be given."""
    steps.hold(session, request)
    steps.check(rules.why_not_act(request.code, request.state, Act.PICK))
    gone = next(
        (each for each in queries.vials_of(session, request.id) if each.vial.code == code), None
    )
    if gone is None or gone.picked_at is not None:
        because = N_("%(code)s is not a tube that is still to be picked for %(request)s.")
        raise Conflict(Refusal("not_waiting", because, {"code": code, "request": request.code}))
    if (kept := reservation_of(session, gone.vial)) is not None:
        storage.end_reservation(session, actor, kept, "missing", at=at)
    if gone.vial.state not in GONE:  # a scan may have noticed before the picker did
        storage.miss_vial(
            session, actor, gone.vial, reason=request.code, at=at, happened_at=happened_at
        )
    gone.dropped_at = at
    session.flush()  # what is chosen next must not be the missing one
    other = _replacement(session, actor, request, gone, at=at)
    now = other.vial.code if other else ""
    steps.advance(
        session, actor, request, Act.PICK, "request.vial_missing", at=at, vial=code, instead=now
    )
    _finish_if_last(session, actor, request, at=at)
    if not queries.vials_of(session, request.id):
        _tell_all_missing(session, request, at=at)
    return other


def _tell_all_missing(session: Session, request: Request, *, at: datetime) -> None:
    subject = N_("%(request)s: your vials of %(line)s cannot be found")
    text = N_(
        "none of the %(quantity)s × %(line)s that were reserved for you is where it should be, and no other vial of the lot may be given. The bank looks into it; you will get a mail when it has decided."
    )
    steps.tell_requester(session, request, subject, text, at=at)


def _replacement(
    session: Session, actor: Actor, request: Request, gone: RequestVial, *, at: datetime
) -> RequestVial | None:
    queries.lock_distribution_lots(session, request.line_id)
    lot = next(
        (
            lot
            for lot in queries.lot_stock(session, request.line_id)
            if lot.lot_id == gone.vial.lot_id
        ),
        None,
    )
    can_give = queries.availability(session, [request.line_id])[request.line_id]
    if lot is None or lot.available < 1 or can_give.total < 1:
        return None
    vials = queries.free_vials(session, lot.lot_id, 1)
    if not vials:
        return None
    chosen = promise(session, actor, request, vials[0], at=at)
    chosen.vial = vials[0]
    return chosen


def _finish_if_last(session: Session, actor: Actor, request: Request, *, at: datetime) -> None:
    session.flush()  # the query below must see what was picked or dropped just now
    left = queries.vials_of(session, request.id)
    if left and all(each.picked_at for each in left):
        steps.advance(
            session, actor, request, Act.FINISH_PICKING, "request.picked", at=at, vials=len(left)
        )
