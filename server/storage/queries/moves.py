"""Moves of many things: one by its number, the latest of a box, what each thing came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.storage.models import BulkMove, Container, Custody, Vial
from server.storage.queries.aliases import own_codes
from server.storage.queries.carrying import stays_before, stays_of_move


@dataclass(frozen=True)
class Moved:
    """One thing of a move: from where to where."""

    kind: str
    code: str
    before: str
    now: str


def bulk_move(session: Session, actor: Actor, permission: str, number: int) -> BulkMove:
    """Return the move with this number; NotFound where there is none to see."""
    wanted = visible(
        select(BulkMove).where(BulkMove.id == number), actor, permission, BulkMove.org_id
    )
    found: BulkMove | None = session.scalars(wanted).first()
    if found is None:
        because = N_("No move has the number %(number)s.")
        raise NotFound(Refusal("no_such_move", because, {"number": number}))
    return found


def moved_by(session: Session, move: BulkMove) -> list[Moved]:
    """Return what the move carried from where to where, corrections left out."""
    stays = [one for one in stays_of_move(session, move) if one.corrects_id is None]
    former = stays_before(session, stays)
    _load(session, [*stays, *former.values()])
    return [_moved(one, former.get(one.id)) for one in stays]


def _load(session: Session, stays: Sequence[Custody]) -> None:
    """Have vials and containers at hand, in two queries instead of two for each stay."""
    vials = {one.vial_id for one in stays if one.vial_id is not None}
    boxes = {one for stay in stays for one in (stay.container_id, stay.child_id) if one is not None}
    session.info["moved"] = [
        *session.scalars(select(Vial).where(Vial.id.in_(vials))),
        *session.scalars(select(Container).where(Container.id.in_(boxes))),
    ]  # held there, for the session itself forgets what nobody holds


def _moved(stay: Custody, former: Custody | None) -> Moved:
    thing = stay.vial or stay.child
    kind = "vial" if stay.vial_id is not None else stay.child.kind if stay.child else ""
    before = _place(former) if former is not None else ""
    return Moved(kind, thing.code if thing is not None else "", before, _place(stay))


def _place(stay: Custody) -> str:
    if stay.container is None or stay.ordinal is None:
        return stay.place
    return f"{stay.container.code} {stay.container.shape.written(stay.ordinal)}"


def vials_in(session: Session, box: Container) -> list[tuple[Vial, int]]:
    """Return the vials in the box with their positions, in the order of these."""
    wanted = (
        select(Vial, Custody.ordinal)
        .join(Custody, Custody.vial_id == Vial.id)
        .where(
            Custody.container_id == box.id,
            Custody.place == "position",
            Custody.ended_at.is_(None),
            Custody.superseded_at.is_(None),
        )
        .order_by(Custody.ordinal)
    )
    return [(vial, ordinal or 0) for vial, ordinal in session.execute(wanted)]


def vial_ids(
    session: Session, actor: Actor, permission: str, codes: Sequence[str]
) -> dict[str, int]:
    """Return the ids of those vials of these codes or aliases that may be seen, by what was given."""
    own = own_codes(session, codes)
    asked = {own.get(one, one) for one in codes}
    wanted: Any = select(Vial.code, Vial.id).where(Vial.code.in_(asked))
    rows = session.execute(visible(wanted, actor, permission, Vial.org_id))
    found: dict[str, int] = {code: vial_id for code, vial_id in rows}  # noqa: C416  rows are no pairs to mypy
    return {one: found[own.get(one, one)] for one in codes if own.get(one, one) in found}


def boxes_of(
    session: Session, actor: Actor, permission: str, codes: Sequence[str]
) -> dict[str, Container]:
    """Return those containers of these codes that may be seen, by the code."""
    wanted = select(Container).where(Container.code.in_(set(codes)))
    found = session.scalars(visible(wanted, actor, permission, Container.org_id))
    return {one.code: one for one in found}
