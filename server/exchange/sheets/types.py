"""Container types in rows: those of the organisation."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.words import N_
from server.exchange.rules import Column
from server.exchange.sheets import shapes
from server.exchange.sheets.base import ID, VERSION, Desk, Sheet, Values, Work
from server.exchange.sheets.paging import by_id
from server.exchange.sheets.verbs import VerbWork
from server.storage.models import ContainerType
from server.storage.positions import BoxShape
from server.storage.service import types
from server.storage.service.types import TypeFacts
from server.storage.sizes import heights_of, sizes_of

KINDS = ("freezer", "rack", "box")


class Types(Sheet):
    """Templates of containers."""

    name, label = "container_types", N_("Container types")
    permission, reads = "storage.edit", "storage.read"

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of types."""
        return [
            ID,
            VERSION,
            Column("code", N_("Code"), "code", required=True),
            Column("name", N_("Name"), required=True),
            Column("kind", N_("Kind"), "choice", required=True, choices=KINDS),
            Column("word", N_("What people call it")),
            *shapes.COLUMNS,
            Column("mobile", N_("Travels"), "yes_no"),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings types in."""
        return TypeWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every type of the organisation's own."""
        wanted = select(ContainerType).where(ContainerType.org_id == org_id)
        for part in by_id(session, wanted, ContainerType.id):
            for row in part:
                said = {
                    "id": row.id, "version": row.version, "code": row.code, "name": row.name,
                    "kind": row.kind, "word": row.word, "mobile": row.mobile,
                }  # fmt: skip
                form = shapes.out(row.shape, row.heights_mm, row.size_class, row.size_classes)
                yield row.id, said | form


class TypeWork(VerbWork[ContainerType]):
    """Brings types in."""

    kind = "container_type"

    def find(self, session: Session, thing_id: int) -> ContainerType | None:
        """Return a type of this organisation."""
        found = session.get(ContainerType, thing_id)
        return found if found is not None and found.org_id == self.desk.org_id else None

    def add(self, session: Session, values: Values, at: datetime) -> ContainerType:
        """Add a type."""
        shape = shapes.shape_of(shapes.EMPTY, values, self.mapped)
        facts = TypeFacts(
            values["name"], values["kind"], values.get("word") or values["kind"], shape,
            shapes.heights(values), values.get("size_class", ""), _all_sizes(values),
            values.get("mobile", False),
        )  # fmt: skip
        actor = self.desk.actor
        return types.add_type(session, actor, self.desk.org_id, values["code"], facts, at=at)

    def change(
        self, session: Session, thing: ContainerType, values: Values, at: datetime
    ) -> Values:
        """Change a type."""
        now = _facts(thing)
        wanted = TypeFacts(
            values.get("name", now.name), values.get("kind", now.kind), values.get("word", now.word),
            shapes.shape_of(now.shape, values, self.mapped),
            shapes.heights(values) if "heights_mm" in self.mapped else now.heights_mm,
            values.get("size_class", "") if "size_class" in self.mapped else now.size_class,
            _all_sizes(values) if "size_classes" in self.mapped else now.size_classes,
            values.get("mobile", now.mobile),
        )  # fmt: skip
        if _plain(wanted) == _plain(now):
            return {}
        types.edit_type(session, self.desk.actor, thing, wanted, at=at)
        return {"facts": _plain(now)}

    def restore(self, session: Session, thing: ContainerType, before: Values, at: datetime) -> None:
        """Give the type what it had."""
        facts: dict[str, Any] = dict(before["facts"])
        kept = facts.pop("shape")
        kept["blocked"], kept["absent"] = frozenset(kept["blocked"]), frozenset(kept["absent"])
        shape = BoxShape(**kept)
        types.edit_type(session, self.desk.actor, thing, TypeFacts(shape=shape, **facts), at=at)


def _all_sizes(values: Values) -> dict[str, str]:
    return shapes.sizes(values)


def _facts(row: ContainerType) -> TypeFacts:
    return TypeFacts(
        row.name, row.kind, row.word, row.shape, list(heights_of(row.heights_mm)), row.size_class,
        dict(sizes_of(row.size_classes)), row.mobile,
    )  # fmt: skip


def _plain(facts: TypeFacts) -> Values:
    """Return the facts as JSON can keep them."""
    said = asdict(facts)
    shape = said["shape"]
    shape["blocked"], shape["absent"] = sorted(shape["blocked"]), sorted(shape["absent"])
    said["heights_mm"] = [float(one) for one in said["heights_mm"]]
    return said
