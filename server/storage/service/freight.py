"""Boxes and racks that travel with all that is in them: packed, unloaded or lost as one.

While a box travels, each vial in it is in the custody `transit` of the shipment and keeps its place
in the box. So its life has no gap, the box is found as it was packed, and only the shipment ends it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Refusal
from server.core.many import among, insert_many
from server.core.words import N_, Sentence
from server.storage import queries, rules
from server.storage.container_types import WORDS
from server.storage.models import Container, Custody, Destruction, Vial
from server.storage.queries.carrying import Standing, held_boxes, held_vials
from server.storage.queries.counts import tree
from server.storage.queries.limits import why_none_allowed
from server.storage.queries.things import promises_of
from server.storage.rules import Act, State
from server.storage.service.containers import record, standing
from server.storage.service.holding import why_held
from server.storage.service.stays import (
    Moment,
    begin_stay,
    end_stay,
    hold,
    occupy,
    why_not_into,
)

MOST = 2000
TRAVELS = frozenset({"box", "rack"})
EMPTY = N_("There is no tube in %(code)s; pack what has some.")
MANY = N_(
    "%(found)s tubes are in %(code)s; at most %(most)s travel as one. Pack its boxes one by one."
)
NOT_FREIGHT = N_("%(code)s is a %(kind)s; boxes and racks travel as one.")
NOT_IN_IT = N_("%(code)s does not travel in %(shipment)s.")


@dataclass(frozen=True)
class Voyage:
    """The shipment in which something travels, and when its stay in it begins or ends."""

    shipment_id: int
    shipment: str
    when: Moment


def pack_container(
    session: Session,
    actor: Actor,
    outer: Container,
    shipment_id: int,
    shipment: str,
    *,
    at: datetime,
) -> list[Standing]:
    """Take a box or rack with all vials in it into a shipment's custody; returns the vials.

    Refused with every vial that is held, promised, to be destroyed or otherwise not to leave, and
    where there are none or more than MOST.
    """
    if outer.kind not in TRAVELS:
        facts = {"code": outer.code, "kind": Sentence(WORDS[outer.kind])}
        raise Conflict(Refusal("not_freight", NOT_FREIGHT, facts))
    hold(session, outer)
    before = queries.path_of(session, outer).text
    boxes, vials = _inside(session, outer, "position")
    if refusals := _why_not_packed(session, outer, vials):
        raise AllRefused(refusals)
    trip = Voyage(shipment_id, shipment, _after(vials, at))
    _leave(session, actor, outer, trip)
    for box in boxes:
        _travel_inside(session, actor, box, trip)
    _restay(session, actor, vials, "transit", State.CHECKED_OUT, trip)
    told = {one.code: {"before": before, "shipment": shipment, "in": outer.code} for one in vials}
    audit.record_many(session, actor, "vial.packed", "vial", told, at=at, org_id=outer.org_id)
    record(session, actor, "packed", outer, at, before=before, shipment=shipment, tubes=len(vials))
    return vials


def unload_container(
    session: Session,
    actor: Actor,
    outer: Container,
    shipment_id: int,
    shipment: str,
    into: Container,
    ordinal: int,
    *,
    at: datetime,
) -> list[Standing]:
    """Put a box or rack that travelled into a position, its vials where they were in it; returns them.

    They are stored again, for a transfer is no use. Refused where one of them may not be there.
    """
    hold(session, outer)
    leaving = _travelling(session, outer, shipment_id, shipment)
    boxes, vials = _inside(session, outer, "transit", shipment_id)
    trip = Voyage(shipment_id, shipment, _after(vials, at))
    why_not_into(session, outer, into, ordinal, trip.when)
    end_stay(session, actor, leaving, trip.when, arriving=True)
    occupy(session, actor, outer, into, ordinal, trip.when, reason=shipment)
    for box in boxes:
        _stand_inside(session, actor, box, trip)
    _restay(session, actor, vials, "position", State.IN_STORAGE, trip)
    _refuse_here(session, vials)
    now = queries.path_of(session, outer).text
    told = {one.code: {"now": now, "shipment": shipment, "in": outer.code} for one in vials}
    audit.record_many(session, actor, "vial.received", "vial", told, at=at, org_id=outer.org_id)
    record(session, actor, "received", outer, at, now=now, shipment=shipment, tubes=len(vials))
    return vials


def lose_container(
    session: Session, actor: Actor, outer: Container, shipment_id: int, shipment: str, reason: str,
    *, at: datetime,
) -> None:  # fmt: skip
    """Decide that a box or rack did not arrive; where it is nobody knows. Its vials are decided by themselves."""
    hold(session, outer)
    leaving = _travelling(session, outer, shipment_id, shipment)
    trip = Voyage(shipment_id, shipment, Moment.of(at))
    boxes, _ = _inside(session, outer, "transit", shipment_id)
    end_stay(session, actor, leaving, trip.when, arriving=True)
    begin_stay(session, actor, outer, "unknown", trip.when, reason=shipment)
    for box in boxes:
        _stand_inside(session, actor, box, trip)
    record(session, actor, "missed", outer, at, shipment=shipment, reason=reason)


def travelling_in(session: Session, outer: Container, shipment_id: int) -> list[Standing]:
    """Return the vials that travel inside a box or rack in this shipment, held for this transaction."""
    return _inside(session, outer, "transit", shipment_id)[1]


def freight_of(session: Session, shipment_id: int) -> list[Container]:
    """Return the boxes and racks that travel as one in a shipment now, by code; not what is inside them."""
    wanted = (
        select(Container)
        .join(Custody, Custody.child_id == Container.id)
        .where(
            Custody.shipment_id == shipment_id,
            Custody.place == "transit",
            Custody.container_id.is_(None),
            queries.true_at(None),
        )
        .order_by(Container.code)
    )
    return list(session.scalars(wanted))


def _inside(
    session: Session, outer: Container, place: str, shipment_id: int | None = None
) -> tuple[list[Container], list[Standing]]:
    """Hold all that is in a container, and return the containers in it and the vials in this place."""
    down = tree([outer.id])
    ids = list(session.scalars(select(down.c.id).where(down.c.depth > 0)))
    held = held_boxes(session, [outer.id, *ids])
    wanted = select(Custody.vial_id).where(
        among(Custody.container_id, "boxes"),
        Custody.vial_id.is_not(None),
        Custody.place == place,
        queries.true_at(None),
    )
    if shipment_id is not None:
        wanted = wanted.where(Custody.shipment_id == shipment_id)
    found = held_vials(session, session.scalars(wanted, {"boxes": list(held)}))
    vials = [one for one in found.values() if one.place == place and one.container_id in held]
    return [one for one in held.values() if one.id != outer.id], vials


def _why_not_packed(session: Session, outer: Container, vials: Sequence[Standing]) -> list[Refusal]:
    if not vials:
        return [Refusal("nothing_inside", EMPTY, {"code": outer.code})]
    if len(vials) > MOST:
        facts = {"found": len(vials), "code": outer.code, "most": MOST}
        return [Refusal("many_inside", MANY, facts)]
    ids = [one.id for one in vials]
    promised = promises_of(session, ids)
    waiting = _destroyed_soon(session, ids)
    told = [
        refusal
        for one in vials
        if (refusal := rules.why_not_act(one.code, one.state, Act.TAKE_OUT))
        or (refusal := _why_not_promised(one, promised))
        or (refusal := _why_not_waiting(one, waiting))
    ]
    return told + why_held(session, ids, Act.SHIP)


def _why_not_promised(vial: Standing, promised: Mapping[int, str]) -> Refusal | None:
    return rules.why_not_reserved(vial.code, promised[vial.id]) if vial.id in promised else None


def _why_not_waiting(vial: Standing, waiting: Collection[int]) -> Refusal | None:
    because = N_(
        "%(vial)s is to be destroyed and waits for its witness; confirm or withdraw that first."
    )
    return (
        Refusal("destruction_waits", because, {"vial": vial.code}) if vial.id in waiting else None
    )


def _destroyed_soon(session: Session, ids: Sequence[int]) -> set[int]:
    wanted = select(Destruction.vial_id).where(
        among(Destruction.vial_id, "ids"), Destruction.ended_at.is_(None)
    )
    return set(session.scalars(wanted, {"ids": list(ids)}))


def _after(vials: Sequence[Standing], at: datetime) -> Moment:
    when = Moment.of(at)
    for one in vials:
        if one.began_at is not None:
            when.not_before(one.began_at)
    return when


def _travelling(session: Session, outer: Container, shipment_id: int, shipment: str) -> Custody:
    found = standing(session, outer)
    if found is None or found.place != "transit" or found.shipment_id != shipment_id:
        facts = {"code": outer.code, "shipment": shipment}
        raise Conflict(Refusal("not_in_shipment", NOT_IN_IT, facts))
    return found


def _leave(session: Session, actor: Actor, outer: Container, trip: Voyage) -> None:
    end_stay(session, actor, standing(session, outer), trip.when)
    stay = begin_stay(session, actor, outer, "transit", trip.when, reason=trip.shipment)
    stay.shipment_id = trip.shipment_id


def _travel_inside(session: Session, actor: Actor, box: Container, trip: Voyage) -> None:
    """Let a box travel in its rack, where it keeps its place."""
    here = standing(session, box)
    end_stay(session, actor, here, trip.when)
    stay = begin_stay(session, actor, box, "transit", trip.when, reason=trip.shipment, keeping=here)
    stay.shipment_id = trip.shipment_id


def _stand_inside(session: Session, actor: Actor, box: Container, trip: Voyage) -> None:
    """Let a box that travelled in its rack stand there again."""
    here = standing(session, box)
    if here is None or here.place != "transit" or here.container_id is None:
        return
    end_stay(session, actor, here, trip.when, arriving=True)
    begin_stay(session, actor, box, "position", trip.when, reason=trip.shipment, keeping=here)


def _restay(
    session: Session,
    actor: Actor,
    vials: Sequence[Standing],
    place: str,
    state: State,
    trip: Voyage,
) -> None:
    """End the stay of each vial and begin the next at the same position of its box, in four statements."""
    by = actor.id if actor.kind == "person" else None
    then, told = trip.when.happened_at, trip.when.recorded_at
    ended = {"ended_at": then, "ended_recorded_at": told, "ended_by": by}
    stays = [one.custody_id for one in vials]
    ending = update(Custody).where(among(Custody.id, "stays")).values(ended)
    session.execute(ending.execution_options(synchronize_session=False), {"stays": stays})
    same: dict[str, Any] = {
        "place": place, "began_at": then, "began_recorded_at": told, "began_by": by,
        "began_by_name": actor.name, "reason": trip.shipment,
        "shipment_id": trip.shipment_id if place == "transit" else None,
    }  # fmt: skip
    each: dict[str, Sequence[Any]] = {
        "vial_id": [one.id for one in vials],
        "container_id": [one.container_id for one in vials],
        "ordinal": [one.ordinal for one in vials],
    }
    insert_many(session, Custody, same, each)
    become = update(Vial).where(among(Vial.id, "ids"))
    become = become.values(state=str(state), version=Vial.version + 1)
    become = become.execution_options(synchronize_session=False)
    session.execute(become, {"ids": [one.id for one in vials]})
    for row in list(session.identity_map.values()):
        if isinstance(row, Vial | Custody):
            session.expire(row)  # what is loaded already is read again, as these statements left it


def _refuse_here(session: Session, vials: Sequence[Standing]) -> None:
    """Refuse vials that the place of their container does not allow."""
    boxes = held_boxes(session, {one.container_id for one in vials if one.container_id is not None})
    placings = [
        (one.id, boxes[one.container_id], one.ordinal)
        for one in vials
        if one.container_id is not None
    ]
    if refusals := why_none_allowed(session, placings) if placings else []:
        raise AllRefused(refusals)
