"""What in a container is not allowed there: counted, and the first of them told by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, bindparam, false, func, or_, select
from sqlalchemy.orm import Session

from server.catalogue.models import Lot
from server.core.errors import Refusal
from server.parties.models import Project
from server.storage.models import Container, ContainerType, Custody, SampleType, Vial
from server.storage.queries.counts import tree
from server.storage.queries.holds import holds_among, unheld
from server.storage.queries.paths import true_at
from server.storage.rules import limits as rules
from server.storage.rules.limits import CRYOVIAL, NEVER, Limit, Stock, Vessel

AnyRows = Select[*tuple[Any, ...]]
AT_ONCE = 400


@dataclass(frozen=True)
class Violations:
    """How many things are where they may not be, and why not, of the first of them."""

    count: int
    refusals: list[Refusal]


def violations(
    session: Session, thing: Container, limits: Sequence[Limit], most: int, *, inside: bool = False
) -> Violations:
    """Return what of a container (`inside`: only what is in it) these limits do not allow.

    With `inside` the limits are those of the container itself, which bind directly what stands in it.
    """
    down = tree([thing.id])
    wrong = _vessels(session, down, limits, inside=inside)
    of_vials = [limit for limit in limits if limit.subject != "container_type"]
    if not of_vials:
        return Violations(len(wrong), wrong[:most])
    forbidden = _rows(down).where(or_(false(), *(_forbids(limit) for limit in of_vials)))
    count = session.scalar(select(func.count()).select_from(forbidden.subquery())) or 0
    ids = list(session.scalars(forbidden.order_by(Vial.code).limit(most))) if count else []
    known = stock_of(session, ids)
    told = (rules.why_not_stock(of_vials, known[one]) for one in ids)
    refusals = [*wrong, *(refusal for refusal in told if refusal)]
    return Violations(len(wrong) + int(count), refusals[:most])


def _vessels(
    session: Session, down: CTE, limits: Sequence[Limit], *, inside: bool
) -> list[Refusal]:
    kinds = kinds_of_types(session, limits)
    if not any(limit.subject == "container_type" for limit in limits):
        return []
    rows = session.execute(
        select(Container.code, Container.kind, ContainerType.code.label("type"), down.c.depth)
        .join(down, down.c.id == Container.id)
        .outerjoin(ContainerType, ContainerType.id == Container.type_id)
        .where(down.c.depth > 0 if inside else down.c.depth >= 0)
        .order_by(down.c.depth, Container.code)
    )
    further = [Limit(limit.box, limit.subject, limit.values, direct=False) for limit in limits]
    nearest = 1 if inside else 0
    told = (
        rules.why_not_vessel(
            limits if row.depth == nearest else further,
            Vessel(row.code, row.kind, row.type or ""),
            kinds,
        )
        for row in rows
    )
    return [refusal for refusal in told if refusal]


def _rows(down: CTE) -> AnyRows:
    return (
        select(Vial.id)
        .select_from(Custody)
        .join(down, down.c.id == Custody.container_id)
        .join(Vial, Vial.id == Custody.vial_id)
        .join(Lot, Lot.id == Vial.lot_id)
        .outerjoin(SampleType, SampleType.id == Vial.sample_type_id)
        .outerjoin(Project, Project.id == Vial.project_id)
        .where(true_at(None), Custody.place == "position")
    )


def _forbids(limit: Limit) -> ColumnElement[bool]:
    """Return the condition that a vial is not what the limit asks for."""
    if limit.subject == "quarantine":
        apart = or_(Lot.disposition != "released", ~unheld())
        return apart if NEVER in limit.values else ~apart
    column: ColumnElement[str] = {
        "tier": func.coalesce(Lot.tier, ""),
        "sample_type": func.coalesce(SampleType.code, CRYOVIAL),
        "project": func.coalesce(Project.code, ""),
    }[limit.subject]
    return column.not_in(sorted(limit.values))


def kinds_of_types(session: Session, limits: Iterable[Limit]) -> dict[str, str]:
    """Return of which kind each container type is that these limits name."""
    codes = {
        value for limit in limits if limit.subject == "container_type" for value in limit.values
    }
    if not codes:
        return {}
    wanted = select(ContainerType.code, ContainerType.kind).where(ContainerType.code.in_(codes))
    return {row.code: row.kind for row in session.execute(wanted)}


def stock_of(
    session: Session, vial_ids: Sequence[int], holds_matter: bool = True
) -> dict[int, Stock]:
    """Return what limits ask of these vials; holds are looked up only where they matter."""
    rows = [
        row
        for start in range(0, len(vial_ids), AT_ONCE)
        for row in session.execute(_facts(), {"ids": list(vial_ids[start : start + AT_ONCE])})
    ]
    trios = [(row.id, row.lot_id, row.line_id) for row in rows] if holds_matter else []
    held = holds_among(session, trios) if trios else {}
    return {
        row.id: Stock(
            row.code,
            row.tier,
            row.sample_type or CRYOVIAL,
            row.project or "",
            apart=row.disposition != "released" or row.id in held,
            size_class=row.size_class or "",
        )
        for row in rows
    }


@cache
def _facts() -> AnyRows:
    return (
        select(
            Vial.id,
            Vial.code,
            Vial.lot_id,
            Lot.line_id,
            Lot.tier,
            Lot.disposition,
            SampleType.code.label("sample_type"),
            SampleType.size_class,
            Project.code.label("project"),
        )
        .join(Lot, Lot.id == Vial.lot_id)
        .outerjoin(SampleType, SampleType.id == Vial.sample_type_id)
        .outerjoin(Project, Project.id == Vial.project_id)
        .where(Vial.id.in_(bindparam("ids", expanding=True)))
    )
