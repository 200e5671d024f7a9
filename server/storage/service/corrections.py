"""Custody corrected or entered late: the old rows are superseded and kept, with both times."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.storage import queries, rules
from server.storage.models import Container, Custody, Vial
from server.storage.queries.carrying import held_boxes
from server.storage.queries.stays import places_during
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
    why_nowhere,
)
from server.storage.rules.places import DEEPEST, why_not_nested
from server.storage.rules.stays import taken_then
from server.storage.service.containers import place_container
from server.storage.service.holding_places import hold_for_move
from server.storage.service.stays import hold, refuse
from server.storage.service.vials import move_vial, take_out

Occupant = Vial | Container
RECORDED = N_(
    "%(vial)s was there at that time by the record already; nothing is to be entered late."
)
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
    _hold(session, occupant, container)
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
    thing: Occupant,
    *,
    container: Container | None = None,
    ordinal: int | None = None,
    happened_at: datetime,
    until: datetime | None = None,
    reason: str = "",
    at: datetime,
) -> Custody:
    """Record what nobody recorded when it happened: that a thing was in a position then, or a vial on the bench.

    It lasted until then or, without `until`, as long as the stay into which it falls; where that is
    the present one, it is an ordinary move or taking out that is recorded late.
    """
    if isinstance(thing, Container):
        refuse(why_nowhere(thing.code, given=container is not None and ordinal is not None))
    _hold(session, thing, container)
    old = _spans(session, thing)
    around = next((one for one in old if one.covers(happened_at)), None)
    if around is not None and around.ended_at is None and until is None:
        return _moved_late(session, actor, thing, container, ordinal, happened_at, reason, at)
    if around is not None:
        refuse(why_not_late(thing.code, around.place))
    place = "position" if container is not None and ordinal is not None else "bench"
    new = Span(None, happened_at, until, place, container.id if container else None, ordinal)
    found = inserted(old, new, until)
    if found is None:
        raise Conflict(why_not_inside(thing.code, happened_at, old))
    late = next(one for one in found if one.began_at == happened_at and one.place == place)
    if late in old:
        raise Conflict(Refusal("recorded_already", RECORDED, {"vial": thing.code}))
    _refuse_place(session, thing, late)
    made = _supersede(session, actor, thing, old, found, late, reason, at)
    _trace(session, actor, thing, f"{_kind(thing)}.entered_late", around, late, reason, at)
    return made[late]


def _moved_late(
    session: Session,
    actor: Actor,
    thing: Occupant,
    container: Container | None,
    ordinal: int | None,
    happened_at: datetime,
    reason: str,
    at: datetime,
) -> Custody:
    if container is not None and ordinal is not None:
        if isinstance(thing, Container):
            return place_container(
                session, actor, thing, container, ordinal, at=at, happened_at=happened_at
            )
        return move_vial(
            session, actor, thing, container, ordinal, at=at, happened_at=happened_at, reason=reason
        )
    assert isinstance(thing, Vial)  # a container that was nowhere has been refused
    return take_out(session, actor, thing, reason=reason, at=at, happened_at=happened_at)


def _hold(session: Session, thing: Occupant, into: Container | None) -> None:
    """Hold what is corrected, and of a container also where it is to have stood."""
    if isinstance(thing, Vial) or into is None:
        hold(session, thing)
    else:
        hold_for_move(session, [(thing, into)])


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
    if isinstance(occupant, Container) and _stood_in(session, box, occupant, wanted):
        refuse(why_not_nested(occupant.code, box.code, [occupant.code], 0))


def _stood_in(session: Session, box: Container, thing: Container, span: Span) -> bool:
    """Say whether a container was, or stood in, this thing at some moment of the span."""
    front = [(box.id, span.began_at, span.ended_at)]
    for _level in range(DEEPEST):
        if any(one == thing.id for one, _, _ in front):
            return True
        front = [
            outer
            for inner, began, ended in front
            for outer in places_during(session, inner, began, ended)
        ]
    return False


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
    else:
        flag_modified(occupant, "name")
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
