"""Vials on their way between sites: packed, received, missed; custody has never a gap between.

A vial that travels is out of storage, in the custody `transit` of one shipment. Only that shipment
ends it: every other verb is refused where it would end the stay or use the vial.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Refusal
from server.core.many import insert_many
from server.core.words import N_
from server.storage import queries, rules
from server.storage.models import Container, Custody, Vial
from server.storage.queries.carrying import held_vials
from server.storage.rules import Act, State
from server.storage.service.guarding import refuse_if_waiting
from server.storage.service.holding import refuse_if_held
from server.storage.service.stays import (
    Moment,
    begin_stay,
    end_stay,
    hold,
    occupy,
    refuse,
    why_not_into,
)
from server.storage.service.vials import refuse_if_promised, trace

NOT_IN_IT = N_("%(vial)s does not travel in %(shipment)s.")
NOT_SHIPPED = N_("%(vial)s was never shipped, so it cannot come back.")


def pack_vial(
    session: Session, actor: Actor, vial: Vial, shipment_id: int, shipment: str, *, at: datetime
) -> Custody:
    """Take a stored vial into a shipment's custody; refused where it is held, promised or to be destroyed."""
    hold(session, vial)
    refuse(rules.why_not_act(vial.code, vial.state, Act.TAKE_OUT))
    refuse_if_promised(session, vial, None)
    refuse_if_held(session, [vial.id], Act.SHIP)
    refuse_if_waiting(session, vial)
    before, when = queries.vial_path(session, vial).text, Moment.of(at)
    end_stay(session, actor, queries.live_custody(session, vial), when)
    custody = begin_stay(session, actor, vial, "transit", when, reason=shipment)
    custody.shipment_id = shipment_id
    _become(vial, State.CHECKED_OUT)
    trace(session, actor, "vial.packed", vial, at, before=before, shipment=shipment)
    return custody


def arrive_vial(
    session: Session,
    actor: Actor,
    vial: Vial,
    shipment_id: int,
    shipment: str,
    box: Container,
    ordinal: int,
    *,
    at: datetime,
) -> Custody:
    """Put a vial out of its shipment straight into a position; it is stored again.

    A transfer is no use of a vial, so vials of a cell bank are stored again as well.
    """
    when, leaving = _leaving(session, vial, shipment_id, shipment, at)
    hold(session, box, shared=True)
    why_not_into(session, vial, box, ordinal, when)
    end_stay(session, actor, leaving, when, arriving=True)
    custody = occupy(session, actor, vial, box, ordinal, when, reason=shipment)
    _become(vial, State.IN_STORAGE)
    vial.verified_at = at
    now = queries.vial_path(session, vial).text
    trace(session, actor, "vial.received", vial, at, now=now, shipment=shipment)
    return custody


def arrive_in_hand(
    session: Session, actor: Actor, vial: Vial, shipment_id: int, shipment: str, *, at: datetime
) -> Custody:
    """Take a vial out of its shipment into the hand, as one that is damaged; it is out of storage."""
    when, leaving = _leaving(session, vial, shipment_id, shipment, at)
    end_stay(session, actor, leaving, when, arriving=True)
    custody = begin_stay(session, actor, vial, "bench", when, reason=shipment)
    vial.verified_at = at
    trace(session, actor, "vial.received", vial, at, shipment=shipment)
    return custody


def miss_on_the_way(
    session: Session,
    actor: Actor,
    vial: Vial,
    shipment_id: int,
    shipment: str,
    reason: str,
    *,
    at: datetime,
) -> Custody:
    """Decide that a vial did not arrive: it is missing from now on, and may be found again."""
    when, leaving = _leaving(session, vial, shipment_id, shipment, at)
    end_stay(session, actor, leaving, when, arriving=True)
    custody = begin_stay(session, actor, vial, "unknown", when, reason=shipment)
    _become(vial, State.MISSING)
    trace(session, actor, "vial.missed", vial, at, shipment=shipment, reason=reason)
    return custody


def miss_all_on_the_way(
    session: Session,
    actor: Actor,
    vial_ids: Sequence[int],
    shipment: str,
    reason: str,
    *,
    at: datetime,
) -> int:
    """Decide in a few statements that many vials did not arrive; returns how many. They are missing from now on."""
    vials = held_vials(session, vial_ids)
    for one in vials.values():
        if one.place != "transit":
            facts = {"vial": one.code, "shipment": shipment}
            raise Conflict(Refusal("not_in_shipment", NOT_IN_IT, facts))
    if not vials:
        return 0
    by = actor.id if actor.kind == "person" else None
    ended = {"ended_at": at, "ended_recorded_at": at, "ended_by": by}
    stays = [one.custody_id for one in vials.values()]
    session.execute(update(Custody).where(Custody.id.in_(stays)).values(ended))
    began = {
        "place": "unknown", "began_at": at, "began_recorded_at": at, "began_by": by,
        "began_by_name": actor.name, "reason": shipment,
    }  # fmt: skip
    insert_many(session, Custody, began, {"vial_id": list(vials)})
    missing = {"state": str(State.MISSING), "version": Vial.version + 1}
    session.execute(update(Vial).where(Vial.id.in_(list(vials))).values(missing))
    for row in list(session.identity_map.values()):
        if isinstance(row, Vial | Custody):
            session.expire(row)  # what is loaded already is read again, as these statements left it
    told = {one.code: {"shipment": shipment, "reason": reason} for one in vials.values()}
    org_id = session.scalar(select(Vial.org_id).where(Vial.id == next(iter(vials))))
    audit.record_many(session, actor, "vial.missed", "vial", told, at=at, org_id=org_id)
    return len(vials)


def bring_home(
    session: Session, actor: Actor, vial: Vial, shipment: str, *, at: datetime
) -> Custody:
    """Take a vial that was shipped and comes back into the hand; that it was shipped stays in its life."""
    hold(session, vial)
    if vial.state != State.SHIPPED:
        raise Conflict(Refusal("not_shipped", NOT_SHIPPED, {"vial": vial.code}))
    when = Moment.of(at)
    end_stay(session, actor, queries.live_custody(session, vial), when)
    custody = begin_stay(session, actor, vial, "bench", when, reason=shipment)
    _become(vial, State.CHECKED_OUT)
    vial.verified_at = at
    trace(session, actor, "vial.returned", vial, at, shipment=shipment)
    return custody


def _leaving(
    session: Session, vial: Vial, shipment_id: int, shipment: str, at: datetime
) -> tuple[Moment, Custody]:
    """Hold the vial and return its stay in the shipment; refused where it does not travel in it."""
    hold(session, vial)
    custody = queries.live_custody(session, vial)
    if custody is None or custody.place != "transit" or custody.shipment_id != shipment_id:
        facts = {"vial": vial.code, "shipment": shipment}
        raise Conflict(Refusal("not_in_shipment", NOT_IN_IT, facts))
    return Moment.of(at), custody


def _become(vial: Vial, state: State) -> None:
    vial.state = str(state)
    flag_modified(vial, "state")
