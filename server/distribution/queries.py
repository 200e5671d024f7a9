"""Reads of requests and of what can be given."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.distribution import rules
from server.distribution.models import Request, RequestVial
from server.distribution.rules import Availability, LotStock
from server.storage.models import Custody, Reservation, Vial
from server.storage.queries.guarding import last_of_line
from server.storage.queries.holds import unheld

UNPROMISED = (
    ~select(Reservation.id)
    .where(Reservation.vial_id == Vial.id, Reservation.ended_at.is_(None))
    .exists()
)
IN_STORAGE = (Vial.state == "in_storage") & Vial.damaged_at.is_(None)
GIVEN_OUT = (Lot.tier == rules.GIVEN_TIER) & (Lot.disposition == rules.RELEASED)


def availability(session: Session, line_ids: Collection[int]) -> dict[int, Availability]:
    """Return what each line can give now: released distribution stock beyond the reserves, nothing held."""
    ids = list(line_ids)
    stored = stored_of_lines(session, ids)
    last = _last_of_lines(session, ids)
    by_line: dict[int, list[LotStock]] = {line_id: [] for line_id in ids}
    for line_id, lot in _stock(session, ids):
        by_line[line_id].append(lot)
    return {
        line_id: rules.availability(lots, stored.get(line_id, 0), last.get(line_id, 0))
        for line_id, lots in by_line.items()
    }


def _last_of_lines(session: Session, line_ids: list[int]) -> dict[int, int]:
    """Return how many vials of each line are its last ones, as its organisation wants it."""
    owners = dict(
        session.execute(select(CellLine.id, CellLine.org_id).where(CellLine.id.in_(line_ids))).all()
    )
    wanted = {org_id: last_of_line(session, org_id) for org_id in set(owners.values())}
    return {line_id: wanted[org_id] for line_id, org_id in owners.items()}


def lot_stock(session: Session, line_id: int) -> list[LotStock]:
    """Return what each lot of a line's distribution stock holds, the oldest first."""
    return [lot for _, lot in _stock(session, [line_id])]


def stocks(session: Session, line_ids: Collection[int]) -> list[LotStock]:
    """Return what each lot of these lines' distribution stock holds."""
    return [lot for _, lot in _stock(session, list(line_ids))]


def _stock(session: Session, line_ids: list[int]) -> list[tuple[int, LotStock]]:
    counted = (
        select(Lot.line_id, Lot.id, Lot.code, Lot.frozen_on, func.count(Vial.id), Lot.reserve_floor)
        .join(Vial, (Vial.lot_id == Lot.id) & IN_STORAGE & UNPROMISED)
        .where(Lot.line_id.in_(line_ids), GIVEN_OUT, unheld())
        .group_by(Lot.line_id, Lot.id, Lot.code, Lot.frozen_on, Lot.reserve_floor)
        .order_by(Lot.frozen_on, Lot.id)
    )
    return [(row[0], LotStock(*row[1:])) for row in session.execute(counted)]


def stored_of_lines(session: Session, line_ids: Collection[int]) -> Mapping[int, int]:
    """Return how many vials of each line are in storage, unpromised and free of holds, over all lots and tiers."""
    counted = (
        select(Lot.line_id, func.count(Vial.id))
        .join(Vial, (Vial.lot_id == Lot.id) & IN_STORAGE & UNPROMISED)
        .where(Lot.line_id.in_(list(line_ids)), unheld())
        .group_by(Lot.line_id)
    )
    return dict(session.execute(counted).all())


def lock_distribution_lots(session: Session, line_id: int) -> None:
    """Hold all other approvals of this line until this transaction ends.

    On PostgreSQL its lots are locked in the order of their ids; on SQLite the writing session has
    the whole database for itself already.
    """
    wanted = select(Lot.id).where(Lot.line_id == line_id, GIVEN_OUT).order_by(Lot.id)
    session.execute(wanted.with_for_update(of=Lot)).all()


def free_vials(session: Session, lot_id: int, n: int) -> list[Vial]:
    """Return and lock up to n vials of a lot that are neither promised nor held, box by box in the order of their positions.

    A vial that somebody else holds at this moment is passed over, not waited for.
    """
    wanted = (
        select(Vial)
        .join(
            Custody,
            (Custody.vial_id == Vial.id)
            & Custody.ended_at.is_(None)
            & Custody.superseded_at.is_(None),
        )
        .join(Lot, Lot.id == Vial.lot_id)
        .where(Vial.lot_id == lot_id, IN_STORAGE, UNPROMISED, unheld())
        .order_by(Custody.container_id, Custody.ordinal)
        .limit(n)
        .with_for_update(of=Vial, skip_locked=True)
    )
    return list(session.scalars(wanted))


def requests_of(actor: Actor) -> Select[Request]:
    """Return the select of all requests that the actor may see: those of their banks, and their own."""
    wanted = select(Request).options(
        joinedload(Request.line),
        joinedload(Request.requester),
        joinedload(Request.requester_org),
        joinedload(Request.delivery_site),
    )
    return wanted.where(Request.id.in_(seen_ids(actor)))


def seen_ids(actor: Actor) -> Select[Any]:
    """Return the select of the ids of all requests that the actor may see."""
    mine = Request.requester_id == (actor.id if actor.may("requests.own") else None)
    orgs = actor.orgs("requests.read")
    if orgs is None:
        return select(Request.id)
    return select(Request.id).where(or_(Request.org_id.in_(orgs), mine))


def request(session: Session, actor: Actor, permission: str, code: str) -> Request:
    """Return the request with this code; NotFound where there is none for which the actor has this permission.

    requests.own finds the actor's own requests; requests.read finds them, too.
    """
    found = session.scalars(requests_of(actor).where(Request.code == code.strip().upper())).first()
    if found is None or not may(actor, permission, found):
        because = N_("There is no request %(code)s that you may see.")
        raise NotFound(Refusal("no_such_request", because, {"code": code}))
    return found


def own_request(session: Session, actor: Actor, code: str) -> Request | None:
    """Return the actor's own request with this code, or None."""
    mine = Request.requester_id == actor.id
    return session.scalars(select(Request).where(mine, Request.code == code.upper())).first()


def may(actor: Actor, permission: str, request: Request) -> bool:
    """Say whether the actor has this permission for this request."""
    own = actor.may("requests.own") and request.requester_id == actor.id
    if permission in {"requests.own", "requests.read"} and own:
        return True
    return permission != "requests.own" and actor.may(permission, request.org_id)


def vials_of(session: Session, request_id: int) -> list[RequestVial]:
    """Return the vials that are promised to a request, dropped ones left out."""
    wanted = (
        select(RequestVial)
        .where(RequestVial.request_id == request_id, RequestVial.dropped_at.is_(None))
        .options(joinedload(RequestVial.vial).joinedload(Vial.lot))
        .order_by(RequestVial.id)
    )
    return list(session.scalars(wanted))


def listed_line(session: Session, code: str) -> CellLine:
    """Return the listed line with this code; NotFound where there is none."""
    found = session.scalars(select(CellLine).where(CellLine.code == code, CellLine.listed)).first()
    if found is None:
        because = N_("No line with the code %(code)s is given out.")
        raise NotFound(Refusal("no_such_line", because, {"code": code}))
    return found


def counts_by_state(session: Session, actor: Actor) -> dict[str, int]:
    """Return how many requests that the actor may see are in each state."""
    counted = (
        select(Request.state, func.count())
        .where(Request.id.in_(seen_ids(actor)))
        .group_by(Request.state)
    )
    return dict(session.execute(counted).all())


def next_number(session: Session) -> int:
    """Return the number of the next request; two that take the same one at once are told apart by the index."""
    return (session.scalar(select(func.max(Request.id))) or 0) + 1
