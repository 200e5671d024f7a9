"""Vials that an import brought in leave the record again, as long as nothing else has happened to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.core import bulk
from server.core.words import N_
from server.exchange.sheets.base import Desk, Item
from server.exchange.sheets.vials import inserting, lineage

GONE = N_("a vial that is still in the record as this import brought it in")
CHANGED = N_("a vial that nobody has changed since; this one is at version %(version)s")
MOVED = N_("a vial that nobody has touched since; this one was moved, promised, held or drawn from")

_TOUCHED = (
    ("custody", "vial_id", ("x.superseded_at IS NULL AND ", " GROUP BY x.vial_id HAVING count(*) > 1")),
    ("reservation", "vial_id", ("", "")),
    ("hold", "target_id", ("x.kind = 'vial' AND ", "")),
    ("volume_entry", "vial_id", ("x.reason <> 'filled' AND ", "")),
    ("request_vial", "vial_id", ("", "")),
)  # fmt: skip
"""Where something else would name a vial: table, column, and what stands before and after its ids."""
_DELETE = (
    ("edge", "child_id", "child_kind = 'vial' AND "),
    ("custody", "vial_id", ""),
    ("volume_entry", "vial_id", ""),
    ("vial_alias", "vial_id", ""),
    # + 0: not by the index of the field, in which PostgreSQL would read the values of all vials
    (
        "field_value",
        "subject_id",
        "definition_id + 0 IN (SELECT id FROM field_definition WHERE subject = 'vial') AND ",
    ),
    ("search_word", "thing_id", "kind = 'vial' AND "),
    ("vial", "id", ""),
)
"""What goes with a vial, and at last the vial: table, column, and what stands before its ids."""


def look_back(session: Session, desk: Desk, items: Sequence[Item]) -> list[Item]:
    """Return the items whose vials cannot be removed, with the reason on them; changes nothing."""
    return _stuck(items, _found(session, items), session, desk) if items else []


def remove(session: Session, desk: Desk, items: Sequence[Item], at: datetime) -> list[Item]:
    """Remove the vials of these items; where some cannot be, returns those and removes none."""
    if not items:
        return []
    found = _found(session, items, hold=bulk.is_postgresql(session))
    if stuck := _stuck(items, found, session, desk):
        return stuck
    ids = sorted(row.id for row in found.values())
    told = f'{{"import": "{desk.import_code}"}}'
    codes = [(item.values["code"], told) for item in items]
    inserting.trace(session, desk, "vial.import_taken_back", codes, at)
    for table, column, before in _DELETE:
        among, many = bulk.among(session, column, ids)
        session.execute(text(f"DELETE FROM {table} WHERE {before}{among}"), many)  # noqa: S608  tables of ours
    return []


def _found(session: Session, items: Sequence[Item], *, hold: bool = False) -> dict[str, Any]:
    """Return the vials by code; with `hold`, nobody else touches them until the end."""
    among, many = bulk.among(session, "code", [item.values["code"] for item in items])
    until = " ORDER BY id FOR UPDATE" if hold else ""
    wanted = text(f"SELECT id, code, version FROM vial WHERE {among}{until}")  # noqa: S608  a condition of ours
    return {row.code: row for row in session.execute(wanted, many)}


def _stuck(
    items: Sequence[Item], found: dict[str, Any], session: Session, desk: Desk
) -> list[Item]:
    ids = sorted(row.id for row in found.values())
    touched = _touched(session, ids) | lineage.touched(session, desk, ids)
    return [item for item in items if _is_stuck(item, found, touched)]


def _touched(session: Session, ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for table, column, which in _TOUCHED:
        among, many = bulk.among(session, f"x.{column}", ids)
        wanted = text(f"SELECT x.{column} FROM {table} x WHERE {which[0]}{among}{which[1]}")  # noqa: S608  tables of ours
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
