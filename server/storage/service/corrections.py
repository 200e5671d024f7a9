"""Custody corrected or entered late: the old rows are superseded and kept, with both times."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid
from server.storage import queries, rules
from server.storage.models import Container, Custody, Vial
from server.storage.queries.carrying import held_boxes
from server.storage.rules.history import (
    Span,
    corrected,
    inserted,
    why_no_reason,
    why_not_changed,
    why_not_end,
    why_not_history,
    why_not_inside,
    why_not_late,
    why_not_placed,
    why_not_superseded,
)
from server.storage.rules.stays import taken_then
from server.storage.service.stays import hold, refuse
from server.storage.service.vials import move_vial, take_out

Occupant = Vial | Container
LATE_PLACES = ("position", "bench")


def correct_stay(
    session: Session,
    actor: Actor,
    custody: Custody,
    *,
    container: Container | None = None,
    ordinal: int | None = None,
    began_at: datetime | None = None,
    ended_at: datetime | None = None,
    reason: str,
    at: datetime,
) -> Custody:
    """Say where, from when or until when something really was; the stay as it was recorded is kept.

    What is left out stays as it is. The stays before and after are fitted to it, so that there is
    neither gap nor overlap. Refused where another was in that position at that time.
    """
    if refusal := why_no_reason(reason):
        raise Invalid(refusal, field="reason")
    occupant = _occupant(session, custody)
    hold(session, occupant)
    session.refresh(custody)
    refuse(why_not_superseded(superseded=custody.superseded_at is not None))
    refuse(why_not_end(live=custody.ended_at is None, given=ended_at is not None))
    old = _spans(session, occupant)
    was = next(one for one in old if one.id == custody.id)
    wanted = _wanted(was, container, ordinal, began_at, ended_at)
    refuse(why_not_placed(was.place, given=container is not None or ordinal is not None))
    refuse(why_not_changed(changed=wanted != was))
    _refuse_place(session, occupant, wanted)
    made = _supersede(session, actor, occupant, old, corrected(old, wanted), wanted, reason, at)
    _trace(
        session, actor, occupant, f"{_kind(occupant)}.custody_corrected", was, wanted, reason, at
    )
    return made[wanted]


def enter_late(
    session: Session,
    actor: Actor,
    vial: Vial,
    *,
    container: Container | None = None,
    ordinal: int | None = None,
    happened_at: datetime,
    until: datetime | None = None,
    reason: str = "",
    at: datetime,
) -> Custody:
    """Record what nobody recorded when it happened: that a vial was in a position then, or on the bench.

    It lasted until then or, without `until`, as long as the stay into which it falls; where that is
    the present one, it is an ordinary move or taking out that is recorded late.
    """
    hold(session, vial)
    old = _spans(session, vial)
    around = next((one for one in old if one.covers(happened_at)), None)
    if around is not None and around.ended_at is None and until is None:
        if container is None or ordinal is None:
            return take_out(session, actor, vial, reason=reason, at=at, happened_at=happened_at)
        return move_vial(
            session, actor, vial, container, ordinal, at=at, happened_at=happened_at, reason=reason
        )
    if around is not None:
        refuse(why_not_late(vial.code, around.place))
    place = "position" if container is not None and ordinal is not None else "bench"
    new = Span(None, happened_at, until, place, container.id if container else None, ordinal)
    found = inserted(old, new, until)
    if found is None:
        raise Conflict(why_not_inside(vial.code, happened_at, old))
    late = next(one for one in found if one.began_at == happened_at and one.place == place)
    _refuse_place(session, vial, late)
    made = _supersede(session, actor, vial, old, found, late, reason, at)
    _trace(session, actor, vial, "vial.entered_late", around, late, reason, at)
    return made[late]


def _occupant(session: Session, custody: Custody) -> Occupant:
    if custody.vial_id is not None:
        return session.get_one(Vial, custody.vial_id)
    return session.get_one(Container, custody.child_id)


def _kind(occupant: Occupant) -> str:
    return "vial" if isinstance(occupant, Vial) else occupant.kind


def _own(occupant: Occupant) -> dict[str, int]:
    return {"vial_id" if isinstance(occupant, Vial) else "child_id": occupant.id}


def stays_of(session: Session, occupant: Occupant) -> list[Custody]:
    """Return the stays of a thing that stand, oldest first."""
    wanted = (
        select(Custody)
        .filter_by(**_own(occupant))
        .where(Custody.superseded_at.is_(None))
        .order_by(Custody.began_at, Custody.ended_at.is_(None), Custody.ended_at, Custody.id)
    )
    return list(session.scalars(wanted))


def _spans(session: Session, occupant: Occupant) -> list[Span]:
    return [
        Span(one.id, one.began_at, one.ended_at, one.place, one.container_id, one.ordinal)
        for one in stays_of(session, occupant)
    ]


def _wanted(
    was: Span,
    container: Container | None,
    ordinal: int | None,
    began_at: datetime | None,
    ended_at: datetime | None,
) -> Span:
    return replace(
        was,
        container_id=container.id if container is not None else was.container_id,
        ordinal=ordinal if ordinal is not None else was.ordinal,
        began_at=began_at or was.began_at,
        ended_at=ended_at or was.ended_at,
    )


def _refuse_place(session: Session, occupant: Occupant, wanted: Span) -> None:
    """Refuse a position that the thing cannot have had; limits bind what is done, not what was."""
    if wanted.container_id is None or wanted.ordinal is None:
        return
    box = session.get_one(Container, wanted.container_id)
    refuse(rules.why_not_hold(box.code, box.kind, _kind(occupant)))
    refuse(rules.why_not_into(box.code, retired=False, box_org=box.org_id, org=occupant.org_id))
    refuse(rules.why_not_at(box.shape, box.code, wanted.ordinal))


def _supersede(
    session: Session,
    actor: Actor,
    occupant: Occupant,
    old: Sequence[Span],
    new: Sequence[Span],
    meant: Span,
    reason: str,
    at: datetime,
) -> dict[Span, Custody]:
    """Put rows in the place of those that differ, and return them by their spans.

    The reason stands on the one that is meant; its neighbours, only fitted to it, keep their own.
    """
    refuse(why_not_history(new, at))
    stands = set(old)
    differing = [one for one in new if one not in stands]
    for span in differing:
        _refuse_others(session, occupant, span)
    rows = {row.id: row for row in stays_of(session, occupant)}
    replaced = [rows[one.id] for one in old if one.id is not None and one not in set(new)]
    for row in replaced:
        row.superseded_at = at
    session.flush()  # the rows that no longer stand free their positions first
    made = {}
    for span in differing:
        why = reason if span is meant else None
        made[span] = _row(actor, occupant, span, rows.get(span.id or 0), why, at)
        session.add(made[span])
    session.flush()
    heirs = {span.id: row.id for span, row in made.items()}
    for row in replaced:
        row.superseded_by_id = heirs.get(row.id, made[meant].id)
    if isinstance(occupant, Vial):
        flag_modified(occupant, "state")  # a new version: what was seen of it is no longer true
    session.flush()
    return made


def _refuse_others(session: Session, occupant: Occupant, span: Span) -> None:
    if span.container_id is None or span.ordinal is None:
        return
    box = held_boxes(session, [span.container_id])[span.container_id]
    found = queries.stays_at(session, [box.id], span.began_at, span.ended_at, ordinal=span.ordinal)
    for stay, code in found:
        if any(getattr(stay, name) != number for name, number in _own(occupant).items()):
            label = box.shape.written(span.ordinal)
            raise Conflict(
                taken_then(label, box.code, code, stay.began_at, stay.ended_at, span.began_at)
            )


def _row(
    actor: Actor,
    occupant: Occupant,
    span: Span,
    was: Custody | None,
    reason: str | None,
    at: datetime,
) -> Custody:
    own = actor.id if actor.kind == "person" else None
    fitted = was if reason is None else None
    return Custody(
        **_own(occupant),
        place=span.place,
        container_id=span.container_id,
        ordinal=span.ordinal,
        recipient_org_id=was.recipient_org_id if was else None,
        began_at=span.began_at,
        began_recorded_at=at,
        began_by=fitted.began_by if fitted else own,
        began_by_name=fitted.began_by_name if fitted else actor.name,
        ended_at=span.ended_at,
        ended_recorded_at=at if span.ended_at is not None else None,
        ended_by=own if span.ended_at is not None else None,
        corrects_id=span.id,
        bulk_move_id=was.bulk_move_id if was else None,
        shipment_id=was.shipment_id if was else None,
        reason=(fitted.reason if fitted else reason) or "",
    )


def _trace(
    session: Session,
    actor: Actor,
    occupant: Occupant,
    action: str,
    was: Span | None,
    now: Span,
    reason: str,
    at: datetime,
) -> None:
    audit.record(
        session,
        actor,
        action,
        _kind(occupant),
        occupant.code,
        at=at,
        org_id=occupant.org_id,
        stated_at=now.began_at,
        before=_told(session, was) if was else "",
        now=_told(session, now),
        reason=reason,
    )


def _told(session: Session, span: Span) -> str:
    where = span.place
    if span.container_id is not None and span.ordinal is not None:
        box = session.get_one(Container, span.container_id)
        where = f"{box.code} {box.shape.written(span.ordinal)}"
    ended = span.ended_at.isoformat(timespec="seconds") if span.ended_at else ""
    return f"{where}, {span.began_at.isoformat(timespec='seconds')} – {ended}".rstrip()
