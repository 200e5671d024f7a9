"""Out of which vials new vials came: aliquots, halves and pools of the same lot, as their rows say."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.core import bulk
from server.core.words import N_
from server.exchange.rules import Column, Problem
from server.exchange.sheets.base import Desk, Item, Values
from server.exchange.sheets.vials import inserting
from server.genealogy.models import Edge

EDGE: Any = Edge.__table__
RELATIONS = ("aliquot", "split", "pool")
MOST_THAWS = 1_000
COLUMNS = (
    Column("thaws", N_("Times thawed"), "whole"),
    Column("parents", N_("Out of"), "codes", hint=N_("codes of vials, between semicolons")),
    Column("relation", N_("How"), "choice", choices=RELATIONS),
)
COLUMN_NAMES = frozenset({"id", "parents", "relation", "thaws"})
"""Rows that speak of one of these, or of a vial that is there already, are checked in their transaction alone."""
EDGE_COLUMNS = (
    "org_id", "parent_kind", "parent_id", "parent_code", "child_kind", "child_id", "child_code",
    "relation", "happened_at", "recorded_at", "by_name", "superseded_because",
)  # fmt: skip

_NAMED = (
    "SELECT v.id, v.code, l.code AS lot FROM vial v JOIN lot l ON l.id = v.lot_id"
    " WHERE v.org_id = :org_id"
)
_SAID_LATER = (
    "SELECT x.child_id FROM edge x JOIN vial v ON v.id = x.child_id"
    " WHERE x.child_kind = 'vial' AND x.recorded_at <> v.created_at"
)
_DRAWN = "SELECT x.parent_id, x.child_kind, x.child_code FROM edge x WHERE x.parent_kind = 'vial'"
_IMPORTED = (
    "SELECT x.subject_code FROM audit_entry x WHERE x.subject_kind = 'vial'"
    " AND x.action = 'vial.imported' AND x.facts LIKE :told"
)

NO_PARENT = N_("the code of a vial of this organisation, or of an earlier row of the file")
OTHER_LOT = N_("a vial of the lot %(lot)s; lots that come out of vials are entered as lots")
NO_PARENTS = N_("no relation where no vial is named out of which this one came")
THAWED = N_("a whole number from 0 to %(most)s")

Lots = dict[str, str]
"""The lot of each vial that a file has named so far, by the vial's code."""


def check(session: Session, desk: Desk, items: Sequence[Item], lots: Lots) -> None:
    """Note which vials cannot have come out of those that their rows name."""
    named = {code for item in items for code in item.values.get("parents", ())}
    known = {row.code: row.lot for row in _vials(session, desk.org_id, named)} if named else {}
    for item in items:
        values = item.values
        if not 0 <= values.get("thaws", 0) <= MOST_THAWS:
            item.expect("thaws", THAWED, most=MOST_THAWS)
        if "relation" in values and "parents" not in values:
            item.expect("relation", NO_PARENTS)
        for code in values.get("parents", ()):
            lot = known.get(code) or lots.get(code)
            if lot is None:
                item.problems.append(Problem("parents", code, NO_PARENT))
            elif lot != values.get("lot"):
                facts = {"lot": values.get("lot", "")}
                item.problems.append(Problem("parents", code, OTHER_LOT, facts))
        if "code" in values and "lot" in values:
            lots.setdefault(values["code"], values["lot"])


def insert(session: Session, desk: Desk, items: Sequence[Item], at: datetime) -> None:
    """Draw the edges of these vials, which are in the record by now."""
    children = [item for item in items if item.values.get("parents")]
    if not children:
        return
    codes = {code for item in children for code in item.values["parents"]}
    codes.update(item.values["code"] for item in children)
    ids = {row.code: row.id for row in _vials(session, desk.org_id, codes)}
    now, by = bulk.moment(session, at), desk.actor.name
    rows = [
        (desk.org_id, "vial", ids[parent], parent, "vial", ids[item.values["code"]],
         item.values["code"], _relation(item.values), now, now, by, "")
        for item in children
        for parent in item.values["parents"]
    ]  # fmt: skip
    bulk.insert_many(session, EDGE, EDGE_COLUMNS, rows)
    told = [(item.values["code"], _facts(item.values, desk)) for item in children]
    inserting.trace(session, desk, "edge.derived", told, at)


def _relation(values: Values) -> str:
    """Return what is said, else an aliquot of one vial, a pool of several."""
    return str(values.get("relation") or ("aliquot" if len(values["parents"]) == 1 else "pool"))


def _facts(values: Values, desk: Desk) -> str:
    told = {"import": desk.import_code, "parents": list(values["parents"])}
    return json.dumps(told | {"relation": _relation(values)})


def _vials(session: Session, org_id: int, codes: Collection[str]) -> Sequence[Any]:
    among, many = bulk.among(session, "v.code", codes)
    wanted = text(f"{_NAMED} AND {among}")
    return session.execute(wanted, {**many, "org_id": org_id}).all()


def parents_of(session: Session, ids: Sequence[int]) -> dict[int, Values]:
    """Return out of which vials these came, as rows say it."""
    wanted = select(Edge.child_id, Edge.parent_code, Edge.relation).where(
        Edge.child_kind == "vial", Edge.child_id.in_(ids), Edge.parent_kind == "vial",
        Edge.superseded_at.is_(None), Edge.relation.in_(RELATIONS),
    )  # fmt: skip
    found: dict[int, Values] = {}
    for child_id, code, relation in session.execute(wanted.order_by(Edge.id)):
        said = found.setdefault(child_id, {"parents": (), "relation": relation})
        said["parents"] = (*said["parents"], code)
    return found


def touched(session: Session, desk: Desk, ids: Sequence[int]) -> set[int]:
    """Return those of these vials that something was drawn from, or said of, since they came in by this import."""
    if not ids:
        return set()
    among, many = bulk.among(session, "x.child_id", ids)
    since = text(f"{_SAID_LATER} AND {among}")
    found = set(session.scalars(since, many))
    among, many = bulk.among(session, "x.parent_id", ids)
    drawn = text(f"{_DRAWN} AND {among}")
    children = session.execute(drawn, many).all()
    ours = _imported(
        session, desk, [row.child_code for row in children if row.child_kind == "vial"]
    )
    return found | {row.parent_id for row in children if row.child_code not in ours}


def _imported(session: Session, desk: Desk, codes: Iterable[str]) -> set[str]:
    """Return those of these vials that came in by this import, as the record has it."""
    wanted = sorted(set(codes))
    if not wanted:
        return set()
    among, many = bulk.among(session, "x.subject_code", wanted)
    said = {**many, "told": f'%"import":"{desk.import_code}"%'}
    return set(session.scalars(text(f"{_IMPORTED} AND {among}"), said))
