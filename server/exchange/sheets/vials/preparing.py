"""Rows of new vials are made ready while the database works on those before them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.core import bulk
from server.exchange.sheets import fields
from server.exchange.sheets.base import Changed, Desk, Item
from server.exchange.sheets.vials import evidence, inserting, lineage
from server.exchange.sheets.vials.evidence import Evidence, Named
from server.storage.service.scanned_once import scanned_as

Check = Callable[..., list[fields.Own]]


@dataclass(frozen=True)
class Ready:
    """Rows that were right when they were checked, and what that rests on."""

    named: Named
    seen: Evidence
    codes: Sequence[str]
    ids: Sequence[int]
    rows: Sequence[bulk.Packed]


class Preparing:
    """Makes parts of one import ready, one after the other."""

    def __init__(self, desk: Desk, check: Check) -> None:
        self._desk, self._check = desk, check
        self._codes: dict[str, tuple[int, int]] = {}
        self._places: dict[int, dict[int, int]] = {}
        self._last = 0
        """SQLite: the id of the last vial, once the parts before have been written."""

    def prepare(self, session: Session, items: Sequence[Item], at: datetime) -> Ready | None:
        """Check the items and return their rows; None where they have to be checked in their transaction."""
        if any(not lineage.COLUMN_NAMES.isdisjoint(item.values) for item in items):
            return None
        named = Named.by(items)
        seen = evidence.look(session, self._desk.org_id, named, at, hold=False)
        if evidence.unknown_types(session, self._desk.org_id, named):
            return None
        own = self._check(session, items, at, self._codes, self._places, hold=False)
        if own != seen.own or any(item.problems for item in items):
            return None
        ids = self._ids_ahead(session, len(items))
        codes = [item.values["code"] for item in items]
        codes += [alias for item in items for alias in item.values.get("aliases", ())]
        rows = inserting.packed(session, self._desk, ids, items, own, at)
        return Ready(named, seen, codes, ids, rows)

    def put(self, session: Session, ready: Ready, at: datetime) -> None:
        """Write the rows; raises Changed where something on which they rest has changed since."""
        seen = evidence.look(session, self._desk.org_id, ready.named, at, hold=True)
        if seen != ready.seen or evidence.is_alias(session, ready.codes):
            raise Changed
        if scanned_as(session, self._desk.org_id, ready.codes):
            raise Changed
        if not bulk.is_postgresql(session) and _last(session) + 1 != ready.ids[0]:
            raise Changed
        for rows in ready.rows:
            bulk.put(session, rows)

    def forget(self) -> None:
        """Forget the codes and positions of parts that are not going to be written as they were prepared."""
        self._codes, self._places, self._last = {}, {}, 0

    def _ids_ahead(self, session: Session, count: int) -> Sequence[int]:
        """Return ids for vials to come: PostgreSQL gives those of a sequence to nobody else."""
        if bulk.is_postgresql(session):
            return bulk.next_ids(session, inserting.VIAL, count)
        first = (self._last or _last(session)) + 1
        self._last = first + count - 1
        return range(first, first + count)


def _last(session: Session) -> int:
    found: Any = session.scalar(text("SELECT max(id) FROM vial"))
    return found or 0
