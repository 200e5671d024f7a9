"""Move many things as one: vials, a box with all in it, a swap, another order; and take it back."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Refusal
from server.core.words import N_
from server.storage import queries, rules
from server.storage.models import BulkMove, Container, Custody, Vial
from server.storage.positions import BoxShape
from server.storage.queries import carrying as asked
from server.storage.rules.moves import (
    Move,
    changed,
    elsewhere,
    no_such_cell,
    same_arrangement,
    there_already,
    why_not_again,
    why_not_many,
    why_not_swap,
    why_not_undo,
)
from server.storage.service.carrying import carry, trace_move
from server.storage.service.holding_places import hold_for_move, moved_meanwhile
from server.storage.service.stays import (
    Moment,
    end_stay,
    occupy,
    refuse,
    refuse_moved_since,
    why_not_into,
)
from server.storage.service.vials import first_free

__all__ = [
    "Move",
    "arrange",
    "move_container",
    "move_vials",
    "reorder",
    "swap_boxes",
    "swap_vials",
    "undo_bulk",
    "why_not_taken_back",
]
Carried = Sequence[tuple[Container, Container, int]]
"""Containers, each with the one into which it goes and the position there."""


def move_vials(
    session: Session,
    actor: Actor,
    moves: Sequence[Move],
    *,
    kind: str = "move",
    scanned: bool = False,
    at: datetime,
    happened_at: datetime | None = None,
) -> BulkMove:
    """Carry stored vials to other positions, all or none; refused (AllRefused) with every reason.

    Vials may take each other's places. `scanned`: each tube's own code was read on the way.
    """
    return carry(session, actor, moves, kind, Moment.of(at, happened_at), scanned=scanned)


def arrange(
    session: Session, vials: Sequence[tuple[Vial, int, BoxShape]], into: Container, how: str
) -> list[Move]:
    """Return where each vial goes in another box: `free`, the first free positions in its direction, or `same`.

    The vials come with their positions and the shapes of their boxes. Refused with every reason
    where the box has too few positions, has no such place, or (`free`) one is in it already.
    """
    if how == "free":
        return _into_free(session, [vial for vial, _, _ in vials], into)
    moves, refusals = [], []
    for vial, ordinal, shape in vials:
        (place,) = same_arrangement(shape, into.shape, [ordinal])
        if place is None:
            refusals.append(no_such_cell(vial.code, shape.label(ordinal), into.code))
        else:
            moves.append(Move(vial.id, into.id, place))
    if refusals:
        raise AllRefused(refusals)
    return moves


def _into_free(session: Session, vials: Sequence[Vial], into: Container) -> list[Move]:
    asked.held_boxes(session, [into.id])  # whoever else looks for free ones waits
    inside = asked.places_in(session, into)
    if there := [vial for vial in vials if vial.id in inside]:
        labels = {one.id: into.shape.written(inside[one.id]) for one in there}
        raise AllRefused([there_already(one.code, labels[one.id], into.code) for one in there])
    free: dict[int | None, list[int]] = {}
    for vial in vials:
        if vial.project_id not in free:
            free[vial.project_id] = queries.free_positions(session, into, vial)
    given: set[int] = set()
    moves = []
    for vial in vials:
        place = next((one for one in free[vial.project_id] if one not in given), None)
        if place is None:
            taken = set(into.shape.usable) - {one for some in free.values() for one in some}
            refuse(rules.why_not_fit(into.shape, into.code, taken, len(vials)))
            place = first_free(session, into, vial)  # says for whom the rest is kept
        given.add(place)
        moves.append(Move(vial.id, into.id, place))
    return moves


def swap_vials(session: Session, actor: Actor, one: Vial, other: Vial, *, at: datetime) -> BulkMove:
    """Let two stored vials take each other's places."""
    refuse(why_not_swap(one.code, other.code))
    here, there = (_stay_of(session, vial) for vial in (one, other))
    moves = [
        Move(vial.id, stay.container_id, stay.ordinal)
        for vial, stay in ((one, there), (other, here))
        if stay.container_id is not None and stay.ordinal is not None
    ]
    return carry(session, actor, moves, "swap", Moment.of(at))


def _stay_of(session: Session, vial: Vial) -> Custody:
    stay = queries.live_custody(session, vial)
    if stay is None or stay.place != "position":
        because = N_("%(vial)s is in no position, so it cannot change places.")
        raise Conflict(Refusal("not_in_position", because, {"vial": vial.code}))
    return stay


def reorder(
    session: Session, actor: Actor, box: Container, order: Mapping[int, int], *, at: datetime
) -> BulkMove:
    """Put vials of a box into other positions of the same box: `order` is the position by vial id.

    Those that it does not name, or names where they are, stay. Any permutation will do.
    """
    now = asked.places_in(session, box)
    if strangers := [one for one in order if one not in now]:
        codes = session.scalars(select(Vial.code).where(Vial.id.in_(strangers)).order_by(Vial.code))
        raise AllRefused([elsewhere(code, box.code) for code in codes])
    moves = [Move(vial, box.id, place) for vial, place in changed(order, now).items()]
    return carry(session, actor, moves, "reorder", Moment.of(at))


def move_container(
    session: Session,
    actor: Actor,
    container: Container,
    into: Container,
    ordinal: int,
    *,
    at: datetime,
    happened_at: datetime | None = None,
) -> BulkMove:
    """Carry a rack or box, and all that is in it, to another position, so that it can be taken back."""
    when = Moment.of(at, happened_at)
    return _carry_containers(session, actor, [(container, into, ordinal)], "move", when)


def swap_boxes(
    session: Session,
    actor: Actor,
    one: Container,
    other: Container,
    *,
    stay: int | None = None,
    at: datetime,
) -> BulkMove:
    """Let two boxes (or racks) change places, each with all that is in it.

    `stay` is where the first stood when somebody chose to swap it; refused where it was moved since.
    """
    refuse(why_not_swap(one.code, other.code))
    refuse_moved_since(session, one, stay)
    here, there = _place_of(session, one), _place_of(session, other)
    carried = [(one, *there), (other, *here)]
    hold_for_move(session, [(one, there[0]), (other, here[0])])
    for each, place in ((one, here), (other, there)):
        if _place_of(session, each) != place:
            raise Conflict(moved_meanwhile(each.code))
    refuse_moved_since(session, one, stay)
    return _carry_containers(session, actor, carried, "swap", Moment.of(at))


def _place_of(session: Session, container: Container) -> tuple[Container, int]:
    stay = _live(session, container)
    if stay is None or stay.container is None or stay.ordinal is None:
        because = N_(
            "%(code)s stands nowhere yet, so it cannot change places; put it somewhere first."
        )
        raise Conflict(Refusal("not_in_position", because, {"code": container.code}))
    return stay.container, stay.ordinal


def _live(session: Session, container: Container) -> Custody | None:
    wanted = select(Custody).where(Custody.child_id == container.id, queries.true_at(None))
    return session.scalars(wanted).first()


def _carry_containers(
    session: Session,
    actor: Actor,
    carried: Carried,
    kind: str,
    when: Moment,
    undoes: BulkMove | None = None,
) -> BulkMove:
    refuse(why_not_many(len(carried)))
    hold_for_move(session, [(one, into) for one, into, _ in carried])
    before = {one.id: queries.path_of(session, one).text for one, _, _ in carried}
    try:
        with session.begin_nested():  # refused, nothing of it stays
            stays = _carried(session, actor, carried, when)
            move = _record(session, actor, carried, kind, when, undoes)
            for stay in stays:
                stay.bulk_move_id = move.id
                stay.reason = "undo" if undoes else ""
            session.flush()
    except IntegrityError as error:
        raise AllRefused([moved_meanwhile(carried[0][0].code)]) from error
    for one, _, _ in carried:
        _trace(session, actor, one, move, before[one.id], when)
    trace_move(session, actor, move, when)
    return move


def _carried(session: Session, actor: Actor, carried: Carried, when: Moment) -> list[Custody]:
    """End every stay, then begin the new ones; each that is refused tells its reason."""
    refusals: list[Refusal] = []
    ended = [_live(session, one) for one, _, _ in carried]
    for stay in ended:
        try:
            end_stay(session, actor, stay, when)
        except Conflict as refused:
            refusals.append(refused.refusal)
    stays = []
    for one, into, ordinal in () if refusals else carried:
        try:
            why_not_into(session, one, into, ordinal, when)
            stays.append(occupy(session, actor, one, into, ordinal, when))
        except Conflict as refused:
            refusals.append(refused.refusal)
    if refusals:
        raise AllRefused(refusals)
    _at_once([stay for stay in ended if stay is not None], stays, when)
    return stays


def _at_once(ended: Sequence[Custody], begun: Sequence[Custody], when: Moment) -> None:
    """Let all of it happen at one moment, also where that had to wait for what others had just done."""
    for stay in ended:
        stay.ended_at, stay.ended_recorded_at = when.happened_at, when.recorded_at
    for stay in begun:
        stay.began_at, stay.began_recorded_at = when.happened_at, when.recorded_at


def _record(
    session: Session,
    actor: Actor,
    carried: Carried,
    kind: str,
    when: Moment,
    undoes: BulkMove | None,
) -> BulkMove:
    move = BulkMove(
        org_id=carried[0][0].org_id,
        kind=kind,
        things=len(carried),
        happened_at=when.happened_at,
        recorded_at=when.recorded_at,
        by_name=actor.name,
        undoes_id=undoes.id if undoes else None,
    )
    session.add(move)
    session.flush()
    return move


def _trace(
    session: Session, actor: Actor, container: Container, move: BulkMove, before: str, when: Moment
) -> None:
    audit.record(
        session,
        actor,
        f"{container.kind}.{'moved' if move.kind != 'swap' else 'swapped'}",
        container.kind,
        container.code,
        at=when.recorded_at,
        org_id=container.org_id,
        stated_at=when.happened_at if when.stated else None,
        before=before,
        now=queries.path_of(session, container).text,
        move=move.id,
    )


def undo_bulk(session: Session, actor: Actor, move: BulkMove, *, at: datetime) -> BulkMove:
    """Take a move back by carrying everything to where it was, as a move of its own.

    Refused with every reason: what was moved since, whose former place is taken, and the like. Each
    move is taken back at most once.
    """
    session.refresh(move, with_for_update=True)
    stays = asked.stays_of_move(session, move)
    asked.held_vials(session, (one.vial_id for one in stays if one.vial_id is not None))
    _hold_back(session, [one for one in stays if one.child_id is not None])
    stays = asked.stays_of_move(session, move)  # as they are now that nobody moves them
    former = asked.stays_before(session, stays)
    if refusals := why_not_taken_back(session, move, stays, former):
        raise AllRefused(refusals)
    when = Moment.of(at)
    places = {one.id: former[one.id] for one in stays}
    moves = [
        Move(one.vial_id, places[one.id].container_id or 0, places[one.id].ordinal or 0)
        for one in stays
        if one.vial_id is not None
    ]
    if moves:
        return carry(session, actor, moves, "undo", when, undoes=move)
    carried = [
        (one.child, there.container, there.ordinal)
        for one in stays
        if one.child and (there := places[one.id]).container and there.ordinal
    ]
    return _carry_containers(session, actor, carried, "undo", when, undoes=move)


def _hold_back(session: Session, stays: Sequence[Custody]) -> None:
    """Hold containers that were moved, and those in which they stood before."""
    former = asked.stays_before(session, stays)
    back = [(one.child, former[one.id].container) for one in stays if one.id in former]
    hold_for_move(session, [(one, there) for one, there in back if one and there])


def why_not_taken_back(
    session: Session,
    move: BulkMove,
    stays: Sequence[Custody],
    former: Mapping[int, Custody],
) -> list[Refusal]:
    """Return why a move cannot be taken back as far as its own stays tell; empty where they allow it."""
    if refusal := why_not_again(undone=asked.undone_by(session, move) is not None):
        return [refusal]
    found = (
        why_not_undo(
            _code(one),
            still_there=one.ended_at is None and one.superseded_at is None,
            has_former=one.id in former and former[one.id].place == "position",
        )
        for one in stays
    )
    return [refusal for refusal in found if refusal is not None]


def _code(stay: Custody) -> str:
    thing = stay.vial or stay.child
    return thing.code if thing is not None else ""
