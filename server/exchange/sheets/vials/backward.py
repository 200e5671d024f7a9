"""Vials that an import brought in leave the record again, as long as nothing else has happened to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.core import bulk
from server.core.words import N_
from server.exchange.sheets.base import Desk, Item
from server.exchange.sheets.vials import inserting
from server.search import service as search

GONE = N_("a vial that is still in the record as this import brought it in")
CHANGED = N_("a vial that nobody has changed since; this one is at version %(version)s")
MOVED = N_("a vial that nobody has touched since; this one was moved, promised, held or drawn from")

_TOUCHED = (
    ("custody", "vial_id", "x.superseded_at IS NULL GROUP BY x.vial_id HAVING count(*) > 1"),
    ("reservation", "vial_id", "1 = 1"),
    ("edge", "child_id", "x.child_kind = 'vial'"),
    ("edge", "parent_id", "x.parent_kind = 'vial'"),
    ("hold", "target_id", "x.kind = 'vial'"),
    ("volume_entry", "vial_id", "x.reason <> 'filled'"),
    ("request_vial", "vial_id", "1 = 1"),
)
"""Where something else would name a vial: table, column, and which rows count."""
_OWN = ("custody", "volume_entry", "vial_alias")


def remove(session: Session, desk: Desk, items: Sequence[Item], at: datetime) -> list[Item]:
    """Remove the vials of these items; where some cannot be, returns those and removes none."""
    if not items:
        return []
    found = _found(session, [item.values["code"] for item in items])
    touched = _touched(session, [row.id for row in found.values()])
    stuck = [item for item in items if _is_stuck(item, found, touched)]
    if stuck:
        return stuck
    ids = [row.id for row in found.values()]
    for table in _OWN:
        _delete(session, table, "vial_id", ids)
    _delete(
        session, "field_value", "subject_id", ids,
        " AND definition_id IN (SELECT id FROM field_definition WHERE subject = 'vial')",
    )  # fmt: skip
    _delete(session, "vial", "id", ids)
    search.drop(session, "vial", ids)
    told = f'{{"import": "{desk.import_code}"}}'
    inserting.trace(
        session, desk, "vial.import_taken_back", [(item.values["code"], told) for item in items], at
    )
    return []


def _found(session: Session, codes: Sequence[str]) -> dict[str, Any]:
    among, many = bulk.among(session, "code", codes)
    wanted = text(f"SELECT id, code, version FROM vial WHERE {among}")  # noqa: S608  a condition of ours
    return {row.code: row for row in session.execute(wanted, many)}


def _touched(session: Session, ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for table, column, which in _TOUCHED:
        among, many = bulk.among(session, f"x.{column}", ids)
        wanted = text(f"SELECT x.{column} FROM {table} x WHERE {among} AND {which}")  # noqa: S608  tables of ours
        found.update(session.scalars(wanted, many))
    return found


def _is_stuck(item: Item, found: dict[str, Any], touched: set[int]) -> bool:
    row = found.get(item.values["code"])
    if row is None:
        item.expect("code", GONE)
    elif row.version != 1:
        item.expect("code", CHANGED, version=row.version)
    elif row.id in touched:
        item.expect("code", MOVED)
    else:
        return False
    return True


def _delete(session: Session, table: str, column: str, ids: Sequence[int], more: str = "") -> None:
    among, many = bulk.among(session, column, ids)
    session.execute(text(f"DELETE FROM {table} WHERE {among}{more}"), many)  # noqa: S608  tables of ours
