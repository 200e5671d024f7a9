"""What the builders of the demo bank share: the database, the moment, and the ids of what is made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Table, insert, select, tuple_

from server.audit import service as audit
from server.core.actor import Actor
from server.core.db import Base, Database
from server.storage.positions import BoxShape

Row = dict[str, Any]
CHUNK = 400
"""Rows a transaction: the demo, too, keeps the write lock only for a moment."""


@dataclass
class Making:
    """One building of the demo bank."""

    database: Database
    now: datetime
    actor: Actor = field(default_factory=lambda: Actor.system("demo bank", "demo"))
    ids: dict[str, dict[str, int]] = field(default_factory=dict)
    """Kind ("site", "person", ...) to code to id."""
    columns: dict[tuple[str, BoxShape], Row] = field(default_factory=dict)
    """What containers of a type and shape have in their columns."""

    def id(self, kind: str, code: str) -> int:
        """Return the id of what was made under this code."""
        return self.ids[kind][code]

    def add(
        self, kind: str, model: type[Base], rows: Sequence[Row], by: Sequence[str] = ("code",)
    ) -> None:
        """Insert rows in short transactions, keep their ids by code, and record the import."""
        table = model.__table__
        assert isinstance(table, Table)
        self.pour(table, rows)
        columns = [table.c[name] for name in by]
        wanted = {tuple(row[name] for name in by) for row in rows}
        with self.database.reading() as session:
            found = session.execute(
                select(table.c.id, *columns).where(tuple_(*columns).in_(wanted))
            ).all()
        known = self.ids.setdefault(kind, {})
        known.update({"/".join(str(part) for part in row[1:]): row[0] for row in found})
        self.note(f"{kind}.imported", kind, rows=len(rows))

    def pour(self, table: Table, rows: Iterable[Row]) -> None:
        """Insert rows of one shape in short transactions."""
        left = iter(rows)
        while chunk := list(islice(left, CHUNK)):
            with self.database.writing() as session:
                session.execute(insert(table), chunk)

    def note(self, action: str, kind: str, code: str = "demo", **facts: object) -> None:
        """Write the audit entry of one imported group."""
        org_id = self.ids.get("organisation", {}).get("DEMO")
        with self.database.writing() as session:
            audit.record(
                session,
                self.actor,
                action,
                kind,
                code,
                at=self.now,
                org_id=org_id,
                stated_at=None,
                **facts,
            )


def table_of(model: type[Base]) -> Table:
    """Return the table behind a model."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def without(row: Mapping[str, Any], *names: str) -> Row:
    """Return the row without these columns."""
    return {name: value for name, value in row.items() if name not in names}
