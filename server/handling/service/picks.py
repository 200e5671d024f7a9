"""Pick lists: made of tubes that can be taken, each confirmed by scan, partly done is done so far."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from secrets import token_hex

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Invalid, Refusal
from server.core.words import N_
from server.handling.models import HandlingTimes, WorkLine, WorkList
from server.handling.queries import picks as queries
from server.handling.queries.named import vials_named
from server.handling.rules.routes import Times
from server.handling.service.hooks import hooks_of
from server.handling.service.scanning import hold_open, waiting_line
from server.storage import rules
from server.storage import service as storage
from server.storage.models import Reservation, Vial
from server.storage.queries.guarding import policies
from server.storage.queries.things import former_place
from server.storage.rules import TERMINAL, Act, State
from server.storage.service.guarding import refuse_unless_cleared
from server.storage.service.holding import why_held

MOST = 500
CHUNK = 500
MANY = N_("%(found)s tubes were named; a list has 1 to %(most)s.")
FOUND_WHERE = N_(
    "%(vial)s was recorded as missing, and nobody knows where it was before. Put it into a box first."
)
ON_OTHER = N_("%(vial)s is on the list %(list)s already.")


def make_pick_list(
    session: Session,
    actor: Actor,
    org_id: int,
    codes: Sequence[str],
    title: str,
    *,
    use: str = "",
    at: datetime,
) -> WorkList:
    """Make a list of these tubes; refused with every reason where one of them cannot be taken now."""
    if not 0 < len(codes) <= MOST:
        raise Invalid(
            Refusal("many_tubes", MANY, {"found": len(codes), "most": MOST}), field="codes"
        )
    vials = vials_named(session, actor, codes)
    if refusals := _why_not(session, vials, org_id, use):
        raise AllRefused(refusals)
    work = new_list(session, actor, org_id, "pick", title, use, at)
    promised = _promises(session, vials)
    for vial in vials:
        promise = promised.get(vial.id)
        session.add(
            WorkLine(
                list_id=work.id,
                vial_id=vial.id,
                for_kind=promise.for_kind if promise else "",
                for_id=promise.for_id if promise else None,
                for_code=promise.for_code if promise else "",
            )
        )
    trace(session, actor, work, "made", at, tubes=len(vials), title=title)
    session.flush()
    return work


def new_list(
    session: Session, actor: Actor, org_id: int, kind: str, title: str, use: str, at: datetime
) -> WorkList:
    """Store an empty list with a number of its own."""
    work = WorkList(
        org_id=org_id,
        code=token_hex(8),
        kind=kind,
        title=title,
        use=use,
        created_at=at,
        created_by_name=actor.name,
    )
    session.add(work)
    session.flush()
    work.code = f"{'P' if kind == 'pick' else 'A'}-{work.id:04}"
    return work


def _why_not(session: Session, vials: Sequence[Vial], org_id: int, use: str) -> list[Refusal]:
    elsewhere = queries.open_lines_of(session, [vial.id for vial in vials], "pick")
    refusals = [
        refusal
        for vial in vials
        if (refusal := _why_not_one(vial, org_id, elsewhere.get(vial.id, "")))
    ]
    refusals += why_held(session, [vial.id for vial in vials], Act.TAKE_OUT)
    return refusals or list(_why_not_used(session, vials, org_id, use))


def _why_not_used(
    session: Session, vials: Sequence[Vial], org_id: int, use: str
) -> Iterator[Refusal]:
    """Say of which vials the bank's rules want another use, or a signature that is not there yet."""
    wanted = policies(session, org_id)
    for vial in vials:
        policy = wanted.get(vial.lot.tier)
        if policy is None or not (policy.uses or policy.signed or policy.keep_all):
            continue
        try:
            refuse_unless_cleared(session, vial, Act.TAKE_OUT, use)
        except Conflict as refused:
            yield refused.refusal


def _why_not_one(vial: Vial, org_id: int, other: str) -> Refusal | None:
    if vial.org_id != org_id:
        because = N_("%(vial)s belongs to another organisation than this list.")
        return Refusal("other_organisation", because, {"vial": vial.code})
    if other:
        return Refusal("on_other_list", ON_OTHER, {"vial": vial.code, "list": other})
    return rules.why_not_act(vial.code, vial.state, Act.TAKE_OUT)


def _promises(session: Session, vials: Sequence[Vial]) -> dict[int, Reservation]:
    wanted = select(Reservation).where(
        Reservation.vial_id.in_([vial.id for vial in vials]), Reservation.ended_at.is_(None)
    )
    return {promise.vial_id: promise for promise in session.scalars(wanted)}


def pick_tube(
    session: Session,
    actor: Actor,
    work: WorkList,
    scanned: str,
    *,
    at: datetime,
    happened_at: datetime | None = None,
) -> WorkLine:
    """Take the scanned tube out; one that is not on the list is refused with both codes.

    A tube of the list may be taken before its turn: it lies in the hand already. One that is promised
    is taken for what it is promised to. One that was said to be missing is found by that.
    """
    line = waiting_line(session, work, scanned, "pick")
    if line.state == "missing":
        _find_again(session, actor, line.vial, at, happened_at)
    if (hooks := hooks_of(line.for_kind)) and line.for_id is not None:
        hooks.pick(session, actor, line.for_id, line.vial.code, at, happened_at)
    else:
        purpose = (line.for_kind, line.for_id) if line.for_id is not None else None
        storage.take_out(
            session, actor, line.vial, reason=work.code, purpose=purpose, use=work.use,
            at=at, happened_at=happened_at,
        )  # fmt: skip
    line.vial.verified_at = happened_at or at
    settle(session, actor, work, line, "done", at, happened_at)
    return line


def _find_again(
    session: Session, actor: Actor, vial: Vial, at: datetime, happened_at: datetime | None
) -> None:
    """Let a missing vial be found where it was before; refused where that place is taken by now."""
    if vial.state != State.MISSING:
        return
    former = former_place(session, vial)
    box = former.container if former else None
    if former is None or box is None or former.ordinal is None:
        raise Conflict(Refusal("no_place", FOUND_WHERE, {"vial": vial.code}), field="tube")
    storage.bring_vial(session, actor, vial, box, former.ordinal, at=at, happened_at=happened_at)


def is_gone(work: WorkList, line: WorkLine) -> bool:
    """Say whether the record has a waiting tube elsewhere: out, stored or ended by somebody else."""
    stored = line.vial.state == State.IN_STORAGE
    return not stored if work.kind == "pick" else stored or line.vial.state in TERMINAL


def not_there(
    session: Session,
    actor: Actor,
    work: WorkList,
    scanned: str,
    *,
    at: datetime,
    happened_at: datetime | None = None,
) -> WorkLine:
    """Record that a tube of the list is not where it should be; it is missing from now on.

    One that the record has elsewhere by now (taken out, stored or ended by somebody) is left as it is.
    """
    line = waiting_line(session, work, scanned)
    if is_gone(work, line):
        state = "missing" if line.vial.state == State.MISSING else "left"
        settle(session, actor, work, line, state, at, happened_at)
        return line
    if (hooks := hooks_of(line.for_kind)) and line.for_id is not None:
        hooks.not_there(session, actor, line.for_id, line.vial.code, at, happened_at)
    else:
        storage.miss_vial(
            session, actor, line.vial, reason=work.code, at=at, happened_at=happened_at
        )
    settle(session, actor, work, line, "missing", at, happened_at)
    return line


def close_list(session: Session, actor: Actor, work: WorkList, *, at: datetime) -> int:
    """Leave what is still waiting and close the list; returns how many tubes were left."""
    hold_open(session, work)
    left = [line for line in queries.lines_of(session, work) if line.state == "waiting"]
    for line in left:
        line.state, line.settled_at, line.settled_by_name = "left", at, actor.name
    work.state = "closed" if left else "done"
    work.closed_at, work.closed_by_name = at, actor.name
    trace(session, actor, work, "closed", at, left=[line.vial.code for line in left])
    return len(left)


def settle(
    session: Session,
    actor: Actor,
    work: WorkList,
    line: WorkLine,
    state: str,
    at: datetime,
    happened_at: datetime | None = None,
) -> None:
    """Say what became of a tube, and when; the last one ends the list."""
    line.state, line.settled_at, line.settled_by_name = state, happened_at or at, actor.name
    session.flush()
    trace(session, actor, work, f"tube_{state}", at, stated_at=happened_at, vial=line.vial.code)
    waiting = select(WorkLine.id).where(WorkLine.list_id == work.id, WorkLine.state == "waiting")
    if session.scalars(waiting.limit(1)).first() is None:
        work.state, work.closed_at, work.closed_by_name = "done", at, actor.name
        trace(session, actor, work, "done", at)


def set_times(
    session: Session, actor: Actor, org_id: int, times: Times, *, at: datetime
) -> HandlingTimes:
    """Say how long each movement keeps a lid open in this bank."""
    row = session.get(HandlingTimes, org_id) or HandlingTimes(org_id=org_id)
    row.lid_s, row.rack_s, row.box_s, row.tube_s = (
        times.lid_s, times.rack_s, times.box_s, times.tube_s,
    )  # fmt: skip
    session.add(row)
    audit.record(
        session, actor, "handling_times.changed", "organisation", str(org_id), at=at, org_id=org_id,
        lid_s=times.lid_s, rack_s=times.rack_s, box_s=times.box_s, tube_s=times.tube_s,
    )  # fmt: skip
    return row


def trace(
    session: Session,
    actor: Actor,
    work: WorkList,
    what: str,
    at: datetime,
    *,
    stated_at: datetime | None = None,
    **facts: object,
) -> None:
    """Write what was done with a list into the record."""
    audit.record(
        session, actor, f"work_list.{what}", "work_list", work.code, at=at, org_id=work.org_id,
        stated_at=stated_at, **{name: fact for name, fact in facts.items() if fact},
    )  # fmt: skip
