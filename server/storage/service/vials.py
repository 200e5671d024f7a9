"""Vials: added, placed, moved, taken out, put back, missed; and a move taken back."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.audit import service as audit
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.storage import queries, rules
from server.storage.models import Container, Custody, SampleType, Vial
from server.storage.queries.carrying import held_boxes
from server.storage.queries.guarding import policy
from server.storage.queries.stays import live_stay
from server.storage.rules import Act, State
from server.storage.rules.limits import CRYOVIAL
from server.storage.rules.lineage import why_not_measured
from server.storage.rules.moves import there_already
from server.storage.rules.space import why_all_kept
from server.storage.service.clearing import end_if_cleared
from server.storage.service.guarding import refuse_use
from server.storage.service.sites import save_new
from server.storage.service.stays import (
    Moment,
    begin_stay,
    end_stay,
    hold,
    occupy,
    refuse,
    refuse_moved_since,
    why_not_into,
)
from server.storage.service.tube_codes import refuse_given
from server.storage.service.volumes import enter

Purpose = tuple[str, int]


def add_vial(
    session: Session,
    actor: Actor,
    lot: Lot,
    code: str,
    *,
    volume_ul: int | None = None,
    sample_type: SampleType | None = None,
    at: datetime,
) -> Vial:
    """Enter a tube into a lot; refused where the code was ever given to another, as an alias too."""
    refuse_given(session, lot.org_id, [code])
    return _enter(session, actor, lot, code, volume_ul=volume_ul, sample_type=sample_type, at=at)


def _enter(
    session: Session,
    actor: Actor,
    lot: Lot,
    code: str,
    *,
    volume_ul: int | None = None,
    sample_type: SampleType | None = None,
    at: datetime,
) -> Vial:
    vial = Vial(org_id=lot.org_id, code=code, lot_id=lot.id, created_at=at, sample_type=sample_type)
    save_new(session, vial, code)
    kind = sample_type.code if sample_type else CRYOVIAL
    trace(session, actor, "vial.added", vial, at, lot=lot.code, sample_type=kind)
    if volume_ul is not None:
        fill_vial(session, actor, vial, volume_ul, at=at)
    return vial


def fill_vial(session: Session, actor: Actor, vial: Vial, volume_ul: int, *, at: datetime) -> Vial:
    """Fill an empty tube that has a label; its ledger begins with so much, in microlitres."""
    refuse(rules.why_not_act(vial.code, vial.state, Act.FILL))
    largest = vial.sample_type.largest_ul if vial.sample_type else None
    refuse(why_not_measured(vial.code, volume_ul, largest))
    enter(session, actor, vial, volume_ul, "filled", vial.lot.code, Moment.of(at))
    become(vial, Act.FILL)
    trace(session, actor, "vial.filled", vial, at, volume_ul=volume_ul)
    return vial


def add_vials(
    session: Session,
    actor: Actor,
    lot: Lot,
    codes: Sequence[str],
    box: Container | None = None,
    ordinal: int | None = None,
    *,
    sample_type: SampleType | None = None,
    at: datetime,
) -> list[Vial]:
    """Enter tubes into a lot and into the free positions of a box from this one on; all or none."""
    free = _in_turn(session, box, ordinal, len(codes)) if box is not None else []
    refuse_given(session, lot.org_id, codes)
    vials = [_enter(session, actor, lot, code, sample_type=sample_type, at=at) for code in codes]
    if box is not None:
        for vial, place in zip(vials, free, strict=False):
            place_vial(session, actor, vial, box, place, at=at)
    return vials


def place_in_turn(
    session: Session,
    actor: Actor,
    vials: Sequence[Vial],
    box: Container,
    ordinal: int | None = None,
    *,
    at: datetime,
) -> None:
    """Put vials that have no place into the free positions of a box from this one on; all or none."""
    for vial, place in zip(vials, _in_turn(session, box, ordinal, len(vials)), strict=False):
        place_vial(session, actor, vial, box, place, at=at)


def _in_turn(session: Session, box: Container, ordinal: int | None, wanted: int) -> list[int]:
    """Return the free positions of a box from this one on; refused where there are too few."""
    held_boxes(session, [box.id])  # whoever else looks for free ones waits
    taken = queries.occupants(session, box)
    refuse(rules.why_not_fit(box.shape, box.code, taken, wanted))
    offered = box.shape.usable
    start = offered.index(ordinal) if ordinal in offered else 0
    free = [one for one in offered[start:] if one not in taken]
    ends = set(offered) - set(free) if ordinal else taken
    refuse(rules.why_not_fit(box.shape, box.code, ends, wanted))
    return free


def place_vial(
    session: Session,
    actor: Actor,
    vial: Vial,
    box: Container,
    ordinal: int,
    *,
    scanned: bool = False,
    at: datetime,
    happened_at: datetime | None = None,
) -> Custody:
    """Put a vial that has no place (new, or found again) into a free position.

    `scanned`, here and in what follows: the tube's own code was read on the way; else it counts as
    not verified until it is (BR-04).
    """
    when = Moment.of(at, happened_at)
    return _bring(
        session, actor, vial, Act.PLACE, "vial.placed", box, ordinal, when, scanned=scanned
    )


def move_vial(
    session: Session,
    actor: Actor,
    vial: Vial,
    box: Container,
    ordinal: int,
    *,
    scanned: bool = False,
    at: datetime,
    happened_at: datetime | None = None,
    reason: str = "",
) -> Custody:
    """Carry a stored vial to another free position; what was promised of it stays promised."""
    when = Moment.of(at, happened_at)
    return _bring(
        session, actor, vial, Act.MOVE, "vial.moved", box, ordinal, when, reason, scanned=scanned
    )


def put_back(
    session: Session,
    actor: Actor,
    vial: Vial,
    box: Container | None = None,
    ordinal: int | None = None,
    *,
    scanned: bool = False,
    at: datetime,
    happened_at: datetime | None = None,
) -> Custody:
    """Put a vial that was taken out back, where its tier allows it; without a box, where it was.

    One that is out for what it was promised to is refused: it stays out until that is cancelled.
    """
    refuse(rules.why_not_act(vial.code, vial.state, Act.PUT_BACK))
    allowed = policy(session, vial.org_id, vial.lot.tier).return_allowed
    refuse(rules.why_not_return(vial.code, vial.lot.tier, allowed=allowed))
    if box is None or ordinal is None:
        box, ordinal = _former_place(session, vial)
    when = Moment.of(at, happened_at)
    return _bring(
        session, actor, vial, Act.PUT_BACK, "vial.put_back", box, ordinal, when, scanned=scanned
    )


def take_out(
    session: Session,
    actor: Actor,
    vial: Vial,
    *,
    reason: str = "",
    purpose: Purpose | None = None,
    use: str = "",
    keep_slot: bool = False,
    scanned: bool = False,
    at: datetime,
    happened_at: datetime | None = None,
) -> Custody:
    """Take a vial out of its position; a promised one only for what it was promised to.

    A held vial stays where it is, and so does one of a bank whose rules forbid it; `use` says what it
    is for, where the bank wants to know.
    With `keep_slot` its position stays taken until it is back, has left for good, or gives it up.
    """
    when = Moment.of(at, happened_at)
    before = _begin(session, vial, Act.TAKE_OUT)
    refuse_if_promised(session, vial, purpose)
    refuse_use(session, vial, Act.TAKE_OUT, use)
    former = queries.live_custody(session, vial)
    end_stay(session, actor, former, when)
    keeping = former if keep_slot else None
    custody = begin_stay(session, actor, vial, "bench", when, reason=reason, keeping=keeping)
    told = {"before": before, "reason": reason, "kept_slot": before if keep_slot else ""}
    vial.verified_at = when.happened_at if scanned else None
    _become(session, actor, vial, Act.TAKE_OUT, "vial.taken_out", when, **told)
    return custody


def miss_vial(
    session: Session,
    actor: Actor,
    vial: Vial,
    *,
    reason: str = "",
    at: datetime,
    happened_at: datetime | None = None,
) -> Custody:
    """Record that a vial is not where it should be; it becomes stored again when it is placed."""
    when = Moment.of(at, happened_at)
    before = _begin(session, vial, Act.MISS)
    end_stay(session, actor, queries.live_custody(session, vial), when)
    custody = begin_stay(session, actor, vial, "unknown", when, reason=reason)
    promise = queries.reservation_of(session, vial)
    told = {"before": before, "reason": reason, "reserved_for": promise.for_code if promise else ""}
    vial.verified_at = None
    _become(session, actor, vial, Act.MISS, "vial.missed", when, **told)
    return custody


def undo_move(
    session: Session, actor: Actor, vial: Vial, *, stay: int | None = None, at: datetime
) -> Custody:
    """Carry the vial back to where it was before its last move, as a move of its own.

    `stay` is the one that is taken back; refused where the vial is no longer in it.
    """
    hold(session, vial)
    refuse_moved_since(session, vial, stay)
    refuse(rules.why_not_act(vial.code, vial.state, Act.MOVE))
    box, ordinal = _former_place(session, vial)
    return move_vial(session, actor, vial, box, ordinal, at=at, reason="undo")


def _bring(
    session: Session,
    actor: Actor,
    vial: Vial,
    act: Act,
    action: str,
    box: Container,
    ordinal: int,
    when: Moment,
    reason: str = "",
    *,
    scanned: bool,
) -> Custody:
    hold(session, vial)
    refuse(rules.why_not_act(vial.code, vial.state, act))
    refuse_putting_back(session, vial, act)
    hold(session, box, shared=True)
    why_not_into(
        session, vial, box, ordinal, when
    )  # before anything is written: most refusals end here
    before = _where(session, vial)
    end_stay(session, actor, queries.live_custody(session, vial), when)
    custody = occupy(session, actor, vial, box, ordinal, when, reason=reason)
    now = queries.vial_path(session, vial).text
    vial.verified_at = when.happened_at if scanned else None
    _become(session, actor, vial, act, action, when, before=before, now=now)
    if act is Act.PUT_BACK:
        end_if_cleared(session, actor, vial, "put back", at=when.recorded_at)
    return custody


def _begin(session: Session, vial: Vial, act: Act) -> str:
    """Hold the vial, refuse the act where its state forbids it, and return where the vial was."""
    hold(session, vial)
    refuse(rules.why_not_act(vial.code, vial.state, act))
    return _where(session, vial)


def _where(session: Session, vial: Vial) -> str:
    path = queries.vial_path(session, vial)
    return path.text or path.place


def _become(
    session: Session,
    actor: Actor,
    vial: Vial,
    act: Act,
    action: str,
    when: Moment,
    **facts: object,
) -> None:
    become(vial, act)
    stated = when.happened_at if when.happened_at != when.recorded_at else None
    told = {name: fact for name, fact in facts.items() if fact}
    trace(session, actor, action, vial, when.recorded_at, stated_at=stated, **told)


def become(vial: Vial, act: Act) -> None:
    """Give the vial the state that follows, and a new version even where only its place changed."""
    after = rules.state_after(vial.state, act)
    assert after is not None
    vial.state = str(after)
    flag_modified(vial, "state")


def trace(
    session: Session,
    actor: Actor,
    action: str,
    vial: Vial,
    at: datetime,
    *,
    stated_at: datetime | None = None,
    **facts: object,
) -> None:
    """Write the audit entry of something done with a vial."""
    audit.record(
        session,
        actor,
        action,
        "vial",
        vial.code,
        at=at,
        org_id=vial.org_id,
        stated_at=stated_at,
        **facts,
    )


def refuse_if_promised(session: Session, vial: Vial, purpose: Purpose | None) -> None:
    """Refuse what is done with a promised vial, unless it is done for what it was promised to."""
    promise = queries.reservation_of(session, vial)
    if promise is not None and purpose != (promise.for_kind, promise.for_id):
        refuse(rules.why_not_reserved(vial.code, promise.for_code))


def refuse_putting_back(session: Session, vial: Vial, act: Act) -> None:
    """Refuse to put back a vial that was taken out for what it is promised to."""
    if act is Act.PUT_BACK and (promise := queries.reservation_of(session, vial)) is not None:
        refuse(rules.why_not_put_back(vial.code, promise.for_code))


def _former_place(session: Session, vial: Vial) -> tuple[Container, int]:
    """Return the position of the stay before the present one; refused where there was none."""
    former = queries.former_place(session, vial)
    if former is None or former.container is None or former.ordinal is None:
        because = N_("%(vial)s was in no position before; scan the place where it goes.")
        raise Conflict(Refusal("no_former_place", because, {"vial": vial.code}))
    return former.container, former.ordinal


def position_in(
    session: Session, container: Container, written: str, thing: Vial | Container | None = None
) -> int:
    """Return the position that was written, or where nothing was the first one free for this thing.

    A vial that is away goes to the slot that is kept for it there; what is in there already is refused,
    for nobody said that it should change its place.
    """
    if not written.strip():
        return _kept_for(session, container, thing) or first_free(session, container, thing)
    ordinal = container.shape.ordinal(written)
    refusal = rules.why_not_at(container.shape, container.code, ordinal, written)
    if refusal or ordinal is None:
        raise Invalid(refusal or NO_POSITION, field="position")
    return ordinal


def _kept_for(session: Session, container: Container, thing: Vial | Container | None) -> int | None:
    here = live_stay(session, thing) if thing is not None else None
    if thing is None or here is None or here.ordinal is None or here.container_id != container.id:
        return None
    if here.place != "position":
        return here.ordinal
    label = container.shape.written(here.ordinal)
    raise Conflict(there_already(thing.code, label, container.code))


NO_POSITION = Refusal("no_position", N_("A position is missing."))


def first_free(
    session: Session, container: Container, thing: Vial | Container | None = None
) -> int:
    """Return the first position that is free for this thing; refused where there is none.

    What is kept for a project is free for that project's things alone. Until the end of the transaction
    nobody else looks for a free one there, so that two never find the same.
    """
    held_boxes(session, [container.id])
    free = queries.free_positions(session, container, thing)
    if free:
        return free[0]
    taken = queries.occupants(session, container)
    refuse(rules.why_not_fit(container.shape, container.code, taken, 1))
    keeper = queries.kept_spaces(session, [container.id], queries.EVER)[container.id][0]
    raise Conflict(why_all_kept(container.code, keeper))


def bring_vial(
    session: Session,
    actor: Actor,
    vial: Vial,
    box: Container,
    ordinal: int,
    *,
    scanned: bool = False,
    at: datetime,
    happened_at: datetime | None = None,
) -> Custody:
    """Place, move or put back a vial, whichever its state calls for."""
    verbs: dict[State, Callable[..., Custody]] = {
        State.IN_STORAGE: move_vial,
        State.CHECKED_OUT: put_back,
    }
    verb = verbs.get(State(vial.state), place_vial)
    return verb(session, actor, vial, box, ordinal, scanned=scanned, at=at, happened_at=happened_at)
