"""On what the check of rows rests: looked at before the check, and again where nobody can change it any more."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from server.catalogue.models import Lot
from server.core import bulk
from server.exchange.sheets import fields
from server.exchange.sheets.base import Item
from server.genealogy.models import Hold
from server.parties.models import Project
from server.storage.models import Container, SampleType
from server.storage.queries.fields import definitions
from server.storage.queries.limits import limits_of
from server.storage.queries.space import kept_spaces
from server.storage.sample_types import BUILT_IN
from server.storage.service.tube_codes import take_turn

LOT: Any = Lot.__table__
BOX: Any = Container.__table__
PROJECT: Any = Project.__table__
KIND: Any = SampleType.__table__
Row = dict[str, Any]


@dataclass(frozen=True)
class Named:
    """What rows name, by code."""

    lots: frozenset[str]
    boxes: frozenset[str]
    projects: frozenset[str]
    types: frozenset[str]
    aliased: bool

    @classmethod
    def by(cls, items: Collection[Item]) -> "Named":
        """Return what these items name."""
        lots, boxes = _all(items, "lot"), _all(items, "box")
        projects, types = _all(items, "project"), _all(items, "sample_type")
        return cls(lots, boxes, projects, types, any("aliases" in item.values for item in items))


@dataclass(frozen=True)
class Evidence:
    """All of it but the codes and the positions that are taken: for these the database's own keys stand."""

    lots: list[Row]
    boxes: list[Row]
    projects: list[Row]
    types: list[Row]
    held: set[Any]
    kept: dict[int, Any]
    limits: dict[int, Any]
    own: list[fields.Own]


def look(session: Session, org_id: int, named: Named, at: datetime, *, hold: bool) -> Evidence:
    """Look at what these rows rest on; with `hold`, nobody changes lots and boxes until the end."""
    lots = _rows(session, LOT, org_id, named.lots, hold=hold)
    projects = _rows(session, PROJECT, org_id, named.projects, hold=False)
    boxes = _rows(session, BOX, org_id, named.boxes, hold=hold)
    if hold:
        take_turn(session, alone=named.aliased)
    ids = [row["id"] for row in boxes]
    limits = limits_of(session, ids) if ids else {}
    return Evidence(
        lots, boxes, projects, _types(session, org_id, named.types),
        _held(session, lots) if any(limits.values()) else set(),
        {one: spaces for one, spaces in kept_spaces(session, ids, at).items() if spaces} if ids else {},
        limits,
        fields.own(definitions(session, org_id, "vial")),
    )  # fmt: skip


def unknown_types(session: Session, org_id: int, named: Named) -> bool:
    """Say whether a type of the product is named that is no row yet: bringing in makes it one."""
    known = {row["code"] for row in _types(session, org_id, named.types)}
    return bool((named.types & BUILT_IN.keys()) - known)


def is_alias(session: Session, codes: Iterable[str]) -> bool:
    """Say whether one of these codes is another code of a tube."""
    among, many = bulk.among(session, "code", codes)
    wanted = text(f"SELECT 1 FROM vial_alias WHERE {among} LIMIT 1")  # noqa: S608  a condition of ours
    return session.scalar(wanted, many) is not None


def _all(items: Iterable[Item], column: str) -> frozenset[str]:
    return frozenset(item.values[column] for item in items if column in item.values)


def _rows(
    session: Session, table: Any, org_id: int, codes: Collection[str], *, hold: bool  # noqa: ANN401  a table
) -> list[Row]:  # fmt: skip
    if not codes:
        return []
    among, many = bulk.among(session, "code", sorted(codes))
    until = " FOR SHARE" if hold and bulk.is_postgresql(session) else ""
    wanted = text(
        f"SELECT * FROM {table.name} WHERE org_id = :org_id AND {among} ORDER BY id{until}"  # noqa: S608  tables of ours
    )
    found = session.execute(wanted, {"org_id": org_id, **many})
    return [dict(row) for row in found.mappings()]


def _types(session: Session, org_id: int, codes: Collection[str]) -> list[Row]:
    if not codes:
        return []
    mine = or_(KIND.c.org_id == org_id, KIND.c.org_id.is_(None))
    wanted = select(KIND).where(mine, KIND.c.code.in_(sorted(codes)))
    return [dict(row) for row in session.execute(wanted.order_by(KIND.c.id)).mappings()]


def _held(session: Session, lots: Collection[Row]) -> set[Any]:
    things = {("lot", lot["id"]) for lot in lots} | {("line", lot["line_id"]) for lot in lots}
    if not things:
        return set()
    one_of = or_(*((Hold.kind == kind) & (Hold.target_id == one) for kind, one in sorted(things)))
    wanted = select(Hold.kind, Hold.target_id).where(Hold.lifted_at.is_(None), one_of)
    return {tuple(row) for row in session.execute(wanted)}
