"""Reads of lines and lots that more than one caller needs."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from server.accounts.queries import visible
from server.catalogue.models import CellLine, CellLineName, Lot
from server.core.actor import Actor
from server.core.errors import Forbidden, NotFound, Refusal
from server.core.words import N_

READ = "catalogue.read"
LINE_SORTS: dict[str, Any] = {
    "code": CellLine.code,
    "name": func.lower(CellLine.name),
    "species": CellLine.species,
    "category": CellLine.category,
    "level": CellLine.biosafety_level,
}
LOT_SORTS: dict[str, Any] = {
    "code": Lot.code,
    "line": func.lower(CellLine.name),
    "tier": Lot.tier,
    "disposition": Lot.disposition,
    "passage": Lot.passage,
    "frozen": Lot.frozen_on,
}


def matches(words: str) -> ColumnElement[bool]:
    """Return the condition that a line is meant by these words: in its name, another name, code or accession."""
    other = select(CellLineName.id).where(
        CellLineName.line_id == CellLine.id, CellLineName.name.icontains(words, autoescape=True)
    )
    return or_(
        CellLine.name.icontains(words, autoescape=True),
        CellLine.code.icontains(words, autoescape=True),
        CellLine.accession.icontains(words, autoescape=True),
        other.exists(),
    )


def lines(actor: Actor, words: str = "") -> Select[CellLine]:
    """Return the select of the lines that the actor may see, their names loaded, narrowed to these words."""
    wanted = visible(select(CellLine), actor, READ, CellLine.org_id)
    wanted = wanted.options(selectinload(CellLine.names))
    return wanted.where(matches(words.strip())) if words.strip() else wanted


def lots(actor: Actor, words: str = "") -> Select[Lot]:
    """Return the select of the lots that the actor may see, their line loaded, narrowed to these words."""
    wanted = visible(select(Lot), actor, READ, Lot.org_id).join(
        CellLine, CellLine.id == Lot.line_id
    )
    wanted = wanted.options(joinedload(Lot.line))
    if not words.strip():
        return wanted
    return wanted.where(
        or_(Lot.code.icontains(words.strip(), autoescape=True), matches(words.strip()))
    )


def line(session: Session, actor: Actor, code: str, permission: str = READ) -> CellLine:
    """Return the line with this code; NotFound where there is none to see."""
    wanted = select(CellLine).where(func.upper(CellLine.code) == code.upper())
    wanted = wanted.options(selectinload(CellLine.names)).order_by(CellLine.id)
    found: CellLine | None = session.scalars(
        visible(wanted, actor, permission, CellLine.org_id)
    ).first()
    if found is None:
        because = N_("No cell line has the code %(code)s.")
        raise NotFound(Refusal("no_such_line", because, {"code": code}))
    return found


def lot(session: Session, actor: Actor, code: str, permission: str = READ) -> Lot:
    """Return the lot with this code, its line loaded; NotFound where there is none to see."""
    wanted = select(Lot).where(func.upper(Lot.code) == code.upper()).options(joinedload(Lot.line))
    found: Lot | None = session.scalars(
        visible(wanted.order_by(Lot.id), actor, permission, Lot.org_id)
    ).first()
    if found is None:
        because = N_("No lot has the code %(code)s.")
        raise NotFound(Refusal("no_such_lot", because, {"code": code}))
    return found


def lots_of(session: Session, line: CellLine) -> list[Lot]:
    """Return the lots of a line, the newest first."""
    wanted = select(Lot).where(Lot.line_id == line.id).order_by(Lot.frozen_on.desc(), Lot.id.desc())
    return list(session.scalars(wanted))


def lots_per_line(session: Session, line_ids: Collection[int]) -> dict[int, int]:
    """Return how many lots each of these lines has."""
    counted = (
        select(Lot.line_id, func.count())
        .where(Lot.line_id.in_(list(line_ids)))
        .group_by(Lot.line_id)
    )
    return dict(session.execute(counted).all())


def own_organisation(actor: Actor, permission: str) -> int:
    """Return the organisation for which the actor enters new things; Forbidden where there is none."""
    if actor.org_id is not None and actor.may(permission, actor.org_id):
        return actor.org_id
    because = N_("You belong to no organisation for which you may do this.")
    raise Forbidden(Refusal("no_organisation", because))
