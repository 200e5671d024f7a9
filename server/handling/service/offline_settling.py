"""Decide about what was done without a network and quarrelled: record it late after all, or drop it with a reason."""

import json
from datetime import datetime

from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.handling.models import OfflineAct
from server.handling.queries.offline import thing_named
from server.handling.rules.acts import MOVE_BOX, NOT_THERE, TO_A_PLACE, Act
from server.handling.rules.offline import why_no_reason
from server.handling.service.offline import not_before_its_stay
from server.handling.service.offline_verbs import Thing, do, hold_thing, place_of
from server.storage import service as storage
from server.storage.queries.stays import live_stay
from server.storage.service.corrections import enter_late
from server.storage.service.stays import refuse

DECIDED = N_("This was decided already by %(name)s.")
NO_TUBE = N_(
    "No such tube or box was found, so nothing can be recorded late; drop it with a reason."
)
MISSED_THEN = N_(
    "%(vial)s was seen elsewhere since, so it is not missing; drop this with a reason."
)


def record_late(session: Session, actor: Actor, row: OfflineAct, *, at: datetime) -> None:
    """Record after all what the device told, at its own time; what was recorded since stays as it is.

    Where the tube has been in one place since before that time, it is an ordinary act that is recorded
    late. Where it was moved later, the stay is put into its history (see enter_late), and where it
    is now does not change. Refused by the same rules as everything else.
    """
    _hold_open(session, row)
    act = Act.of(json.loads(row.act))
    thing = thing_named(session, row)
    if thing is None:
        raise Conflict(Refusal("no_tube", NO_TUBE, {}))
    hold_thing(session, actor, act, thing)
    row.happened_at = not_before_its_stay(session, thing, row.happened_at, at)
    stay = live_stay(session, thing)
    if stay is None or stay.began_at <= row.happened_at:
        do(session, actor, act, thing, at=at, happened_at=row.happened_at)
    else:
        _into_history(session, actor, row, act, thing, at)
    session.flush()
    after = live_stay(session, thing)
    row.stay_after = after.id if after else None
    _resolve(session, actor, row, "late", "", at)


def _into_history(
    session: Session, actor: Actor, row: OfflineAct, act: Act, thing: Thing, at: datetime
) -> None:
    if act.kind == NOT_THERE:
        raise Conflict(Refusal("seen_since", MISSED_THEN, {"vial": thing.code}))
    into = place_of(session, actor, act) if act.kind in TO_A_PLACE else None
    ordinal = storage.position_in(session, into, act.position, thing) if into is not None else None
    reason = f"{row.device_name}, {row.person.name}"
    enter_late(
        session, actor, thing, container=into, ordinal=ordinal, happened_at=row.happened_at,
        reason=reason, at=at,
    )  # fmt: skip


def drop(session: Session, actor: Actor, row: OfflineAct, reason: str, *, at: datetime) -> None:
    """Say that what the device told is not to be recorded, and why; it stays readable."""
    _hold_open(session, row)
    if refusal := why_no_reason(reason):
        raise Invalid(refusal, field="reason")
    _resolve(session, actor, row, "dropped", reason.strip(), at)


def seen(session: Session, actor: Actor, row: OfflineAct, *, at: datetime) -> None:
    """Say that the person has read on the device that it was not done; it still waits for a decision."""
    if row.seen_at is not None:
        return
    row.seen_at = at
    _trace(session, actor, row, "seen", at)


def _hold_open(session: Session, row: OfflineAct) -> None:
    session.flush()
    session.refresh(row, with_for_update={"of": OfflineAct})
    if row.resolved_at is not None:
        refuse(Refusal("decided", DECIDED, {"name": row.resolved_by_name}))


def _resolve(
    session: Session, actor: Actor, row: OfflineAct, how: str, note: str, at: datetime
) -> None:
    row.resolution, row.note = how, note
    row.resolved_at, row.resolved_by_name = at, actor.name
    row.seen_at = row.seen_at or at
    _trace(session, actor, row, how, at)


def _trace(session: Session, actor: Actor, row: OfflineAct, what: str, at: datetime) -> None:
    code = row.vial.code if row.vial is not None else json.loads(row.act)["tube"]
    kind = "box" if row.kind == MOVE_BOX else "vial"
    audit.record(
        session, actor, f"offline_act.{what}", kind, code, at=at, org_id=row.org_id,
        stated_at=row.happened_at, act=row.kind, by=row.person.name, device=row.device_name,
        reason=row.note,
    )  # fmt: skip
