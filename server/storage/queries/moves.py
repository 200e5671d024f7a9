"""Moves of many things: one by its number, the latest of a box, what each thing came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.many import among
from server.core.plain import Plain, together
from server.core.words import N_
from server.storage.models import BulkMove, Container, Custody, Vial, VialAlias
from server.storage.queries.aliases import spellings
from server.storage.queries.carrying import (
    BOXES,
    BoxRow,
    boxes_of_rows,
    stays_before,
    stays_of_move,
)


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


def named(
    session: Session, actor: Actor, permission: str, codes: Sequence[str], boxes: Sequence[str]
) -> tuple[dict[str, int], dict[str, BoxRow]]:
    """Return the ids of those vials of these codes or aliases, and those containers, that may be seen.

    Both by what was given.
    """
    everywhere = actor.orgs(permission) is None
    orgs = sorted(actor.orgs(permission) or ())
    spelt = list({one for code in codes for one in spellings(code)})
    with together(session):
        vials = _vials(everywhere=everywhere).ask(session, codes=codes, spelt=spelt, orgs=orgs)
        rows = _boxes(everywhere=everywhere).ask(session, codes=boxes, orgs=orgs)
    known = {(alias, code): vial for alias, code, vial in vials.rows()}
    found = {code: _whose(known, code) for code in codes}
    return (
        {code: vial for code, vial in found.items() if vial is not None},
        {one.code: one for one in boxes_of_rows(rows.found()).values()},
    )


def _whose(known: Mapping[tuple[int, str], int], code: str) -> int | None:
    """Return the vial of an alias, as it was typed or in capitals, or else of its own code."""
    keys = [*((1, one) for one in spellings(code)), (0, code)]
    return next((known[key] for key in keys if key in known), None)


@cache
def _vials(*, everywhere: bool) -> Plain:
    own: Any = select(literal(0), Vial.code, Vial.id).where(among(Vial.code, "codes"))
    also: Any = select(literal(1), VialAlias.code, Vial.id).join(Vial, Vial.id == VialAlias.vial_id)
    parts = (own, also.where(among(VialAlias.code, "spelt")))
    seen = (part if everywhere else part.where(among(Vial.org_id, "orgs")) for part in parts)
    return Plain(union_all(*seen))


@cache
def _boxes(*, everywhere: bool) -> Plain:
    wanted = BOXES.where(among(Container.code, "codes"))
    return Plain(wanted if everywhere else wanted.where(among(Container.org_id, "orgs")))
