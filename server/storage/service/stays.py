"""Begin and end stays: the only place that writes custody rows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.storage import queries, rules
from server.storage.models import Container, Custody, RackScan, Vial
from server.storage.queries.carrying import taken_of
from server.storage.queries.stays import live_stay
from server.storage.rules.moves import slot_kept, there_already
from server.storage.rules.space import keeper_of, why_not_kept
from server.storage.rules.stays import before_it_came, taken_then

LEEWAY = timedelta(seconds=5)
LAST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass
class Moment:
    """When it happened, and when it was recorded; they differ for what was done offline."""

    happened_at: datetime
    recorded_at: datetime

    @property
    def stated(self) -> bool:
        """Say whether somebody stated a time of their own."""
        return self.happened_at != self.recorded_at

    def not_before(self, earliest: datetime) -> None:
        """Come after what was recorded while this waited for its turn, or by a clock that is a little fast.

        A time that somebody stated stays as it is.
        """
        if not self.stated and self.happened_at < earliest <= self.happened_at + LEEWAY:
            self.happened_at = self.recorded_at = earliest

    @classmethod
    def of(cls, at: datetime, happened_at: datetime | None = None) -> "Moment":
        """Return the moment of something recorded now; refuses one that has not come yet."""
        if happened_at is not None and happened_at > at:
            because = N_("%(found)s has not come yet; when it happened lies in the past.")
            facts = {"found": happened_at.isoformat(timespec="seconds")}
            raise Invalid(Refusal("future", because, facts), field="happened_at")
        return cls(happened_at or at, at)


def refuse(refusal: Refusal | None) -> None:
    """Raise a Conflict when there is a refusal."""
    if refusal:
        raise Conflict(refusal)


def refuse_moved_since(session: Session, thing: Vial | Container, stay: int | None) -> None:
    """Refuse what was asked of a thing in another stay than its present one; None: nobody said which."""
    here = live_stay(session, thing) if stay is not None else None
    if stay is not None and (here is None or here.id != stay):
        because = N_("%(code)s has been moved since you looked. Look again where it is.")
        raise Conflict(Refusal("moved_since", because, {"code": thing.code}))


def hold(session: Session, row: Vial | Container | RackScan, *, shared: bool = False) -> None:
    """Hold the row until the end of the transaction, and see it as it is now.

    Held `shared`, others may hold it so too, but nobody may change it.
    """
    session.flush()  # a refresh drops what has not been written yet
    # "of": what was loaded beside the row (its lot) is not held, and PostgreSQL could not
    session.refresh(row, with_for_update={"read": shared, "of": type(row)})


def end_stay(
    session: Session,
    actor: Actor,
    custody: Custody | None,
    when: Moment,
    *,
    arriving: bool = False,
) -> None:
    """End a stay, so that its position is free for the next statement.

    What travels in a shipment is refused, except where the shipment itself says that it is `arriving`.
    """
    if custody is None:
        return
    if custody.place == "transit" and not arriving:
        raise Conflict(rules.why_not_in_transit(_code(custody)))
    when.not_before(custody.began_at)
    if when.happened_at < custody.began_at:
        raise Conflict(before_it_came(custody.began_at, when.happened_at))
    custody.ended_at = when.happened_at
    custody.ended_recorded_at = when.recorded_at
    custody.ended_by = actor.id if actor.kind == "person" else None
    session.flush()  # the unit of work inserts before it updates: the old row must free its index first


def _code(custody: Custody) -> str:
    thing = custody.vial or custody.child
    return thing.code if thing is not None else ""


def begin_stay(
    session: Session,
    actor: Actor,
    occupant: Vial | Container,
    place: str,
    when: Moment,
    *,
    reason: str = "",
    recipient_org_id: int | None = None,
    keeping: Custody | None = None,
) -> Custody:
    """Begin a stay elsewhere than in a position: on the bench, with a recipient, destroyed, unknown.

    The slot of the stay `keeping` stays taken for it until this stay ends.
    """
    custody = _row(actor, occupant, place, when, reason)
    custody.recipient_org_id = recipient_org_id
    if keeping is not None:
        custody.container_id, custody.ordinal = keeping.container_id, keeping.ordinal
    session.add(custody)
    return custody


def occupy(
    session: Session,
    actor: Actor,
    occupant: Vial | Container,
    into: Container,
    ordinal: int,
    when: Moment,
    *,
    reason: str = "",
) -> Custody:
    """Put a vial or container into a position; refused, with the occupant named, where it is taken.

    Ask `why_not_into` first: the rule gives the kind sentence, the index the guarantee. A race that
    slips past the rule ends in the same refusal.
    """
    custody = _row(actor, occupant, "position", when, reason)
    custody.container_id, custody.ordinal = into.id, ordinal
    try:
        with session.begin_nested():
            session.add(custody)
            session.flush()
    except IntegrityError as error:
        raise Conflict(_lost_race(session, occupant, into, ordinal)) from error
    return custody


def why_not_into(
    session: Session,
    occupant: Vial | Container,
    into: Container,
    ordinal: int,
    when: Moment | None = None,
) -> None:
    """Refuse what may not go into this position, now and (where it is stated) at that time.

    The slot that is kept for a vial is free for that vial.
    """
    kind = "vial" if isinstance(occupant, Vial) else occupant.kind
    retired = into.retired_at is not None
    refuse(rules.why_not_hold(into.code, into.kind, kind))
    refuse(rules.why_not_into(into.code, retired=retired, box_org=into.org_id, org=occupant.org_id))
    refuse(rules.why_not_at(into.shape, into.code, ordinal))
    refuse(queries.why_not_allowed(session, into, occupant, ordinal))
    occupant_code = queries.occupant_at(session, into, ordinal)
    if occupant_code and not _keeps(session, occupant, into, ordinal):
        raise Conflict(_why_not_free(session, occupant, into, ordinal, occupant_code))
    if when is not None:
        refuse(_why_not_kept(session, occupant, into, ordinal, when))
        refuse(_why_not_then(session, occupant, into, ordinal, when))


def _why_not_free(
    session: Session, occupant: Vial | Container, into: Container, ordinal: int, here: str
) -> Refusal:
    position = into.shape.label(ordinal)
    stays = taken_of(session, [(into.id, ordinal)], LAST)
    if any(stay.place != "position" for stay in stays):
        return slot_kept(position, into.code, here)
    if here == occupant.code:
        return there_already(here, position, into.code)
    return rules.position_taken(position, into.code, here)


def _keeps(session: Session, occupant: Vial | Container, into: Container, ordinal: int) -> bool:
    """Say whether this is the slot that is kept for the vial while it is away."""
    here = queries.live_custody(session, occupant) if isinstance(occupant, Vial) else None
    return (
        here is not None
        and here.place != "position"
        and (here.container_id, here.ordinal) == (into.id, ordinal)
    )


def _why_not_kept(
    session: Session, occupant: Vial | Container, into: Container, ordinal: int, when: Moment
) -> Refusal | None:
    kept = queries.kept_spaces(session, [into.id], when.recorded_at)[into.id]
    if not kept:
        return None
    projects = (
        {occupant.project_id}
        if isinstance(occupant, Vial)
        else queries.projects_inside(session, occupant)
    )
    return why_not_kept(into.shape.label(ordinal), into.code, keeper_of(kept, ordinal, projects))


def _why_not_then(
    session: Session, occupant: Vial | Container, into: Container, ordinal: int, when: Moment
) -> Refusal | None:
    """Refuse a time at which another was in the position; what was not stated comes after it."""
    for one in taken_of(session, [(into.id, ordinal)], when.happened_at):
        if one.code == occupant.code or one.ended_at is None:
            continue
        when.not_before(one.ended_at)
        if one.ended_at > when.happened_at:
            position, then = into.shape.label(ordinal), when.happened_at
            return taken_then(position, into.code, one.code, one.began_at, one.ended_at, then)
    return None


def _lost_race(
    session: Session, occupant: Vial | Container, into: Container, ordinal: int
) -> Refusal:
    if winner := queries.occupant_at(session, into, ordinal):
        return rules.position_taken(into.shape.label(ordinal), into.code, winner)
    because = N_("%(code)s was moved by someone else a moment ago. Look again where it is.")
    return Refusal("moved_meanwhile", because, {"code": occupant.code})


def _row(
    actor: Actor, occupant: Vial | Container, place: str, when: Moment, reason: str
) -> Custody:
    custody = Custody(
        place=place,
        began_at=when.happened_at,
        began_recorded_at=when.recorded_at,
        began_by=actor.id if actor.kind == "person" else None,
        began_by_name=actor.name,
        reason=reason,
    )
    if isinstance(occupant, Vial):
        custody.vial_id = occupant.id
    else:
        custody.child_id = occupant.id
    return custody
