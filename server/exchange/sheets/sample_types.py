"""Sample types in rows: those of the organisation."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.exchange.rules import Column
from server.exchange.sheets.base import ID, VERSION, Desk, Sheet, Values, Work
from server.exchange.sheets.paging import by_id
from server.exchange.sheets.verbs import VerbWork
from server.storage.models import SampleType
from server.storage.sample_types import VESSELS
from server.storage.service import sample_types as service
from server.storage.service.sample_types import SampleTypeFacts

STAYS = N_("The code stays; it is %(code)s.")


class SampleTypes(Sheet):
    """Tubes, bags, straws and plates of the organisation's own."""

    name, label = "sample_types", N_("Sample types")
    permission, reads = "storage.edit", "storage.read"

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of sample types."""
        return [
            ID,
            VERSION,
            Column("code", N_("Code"), "code", required=True),
            Column("name", N_("Name"), required=True),
            Column("vessel", N_("Vessel"), "choice", required=True, choices=tuple(VESSELS)),
            Column("size_class", N_("Size class"), "code"),
            Column("largest_ul", N_("Holds at most, µl"), "whole"),
            Column("offered", N_("Offered"), "yes_no"),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings sample types in."""
        return SampleTypeWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every sample type of the organisation's own."""
        wanted = select(SampleType).where(SampleType.org_id == org_id)
        for part in by_id(session, wanted, SampleType.id):
            for row in part:
                yield row.id, {"id": row.id, "version": row.version, "code": row.code, **_now(row)}


class SampleTypeWork(VerbWork[SampleType]):
    """Brings sample types in."""

    kind = "sample_type"

    def find(self, session: Session, thing_id: int) -> SampleType | None:
        """Return a sample type of this organisation."""
        found = session.get(SampleType, thing_id)
        return found if found is not None and found.org_id == self.desk.org_id else None

    def add(self, session: Session, values: Values, at: datetime) -> SampleType:
        """Add a sample type."""
        actor, org_id = self.desk.actor, self.desk.org_id
        made = service.add_sample_type(
            session, actor, org_id, values["code"], _facts(values), at=at
        )
        if not values.get("offered", True):
            service.retire_sample_type(session, actor, made, at=at)
        return made

    def change(self, session: Session, thing: SampleType, values: Values, at: datetime) -> Values:
        """Change a sample type."""
        if values.get("code", thing.code) != thing.code:
            raise Conflict(Refusal("other_code", STAYS, {"code": thing.code}), field="code")
        now = _now(thing)
        wanted = self.said(values, now)
        wanted["size_class"] = wanted["size_class"] or ""
        wanted["offered"] = True if wanted["offered"] is None else wanted["offered"]
        if wanted == now:
            return {}
        self._write(session, thing, wanted, at)
        return now

    def restore(self, session: Session, thing: SampleType, before: Values, at: datetime) -> None:
        """Give the sample type what it had."""
        self._write(session, thing, before, at)

    def _write(self, session: Session, thing: SampleType, wanted: Values, at: datetime) -> None:
        actor = self.desk.actor
        service.edit_sample_type(session, actor, thing, _facts(wanted), at=at)
        offer = service.bring_back_sample_type if wanted["offered"] else service.retire_sample_type
        offer(session, actor, thing, at=at)


def _now(row: SampleType) -> Values:
    return {
        "name": row.name, "vessel": row.vessel, "size_class": row.size_class,
        "largest_ul": row.largest_ul, "offered": row.retired_at is None,
    }  # fmt: skip


def _facts(values: Values) -> SampleTypeFacts:
    return SampleTypeFacts(
        values["name"], values["vessel"], values.get("size_class") or "", values.get("largest_ul")
    )
