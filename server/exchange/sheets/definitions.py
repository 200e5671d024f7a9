"""Custom fields in rows: what an organisation asks of its vials, lots, lines and containers."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.exchange.rules import Column
from server.exchange.sheets.base import ID, VERSION, Desk, Sheet, Values, Work
from server.exchange.sheets.paging import by_id
from server.exchange.sheets.verbs import VerbWork
from server.storage.models import FieldDefinition, SampleType
from server.storage.queries.fields import definition_of
from server.storage.queries.sample_types import of_organisation
from server.storage.rules.fields import KINDS, SUBJECTS, Definition
from server.storage.service import field_definitions as service
from server.storage.service import sample_types

STAYS = N_("This stays; it is %(found)s.")
NO_TYPE = N_("There is no sample type “%(found)s”.")


class CustomFields(Sheet):
    """Definitions of custom fields."""

    name, label = "custom_fields", N_("Custom fields")
    permission, reads = "storage.edit", "storage.read"

    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns of definitions."""
        return [
            ID,
            VERSION,
            Column("subject", N_("Of what"), "choice", required=True, choices=tuple(SUBJECTS)),
            Column("code", N_("Code"), "code", required=True),
            Column("name", N_("Name"), required=True),
            Column("kind", N_("Kind"), "choice", required=True, choices=tuple(KINDS)),
            Column("unit", N_("Unit")),
            Column("choices", N_("Choices"), most=4000, hint=N_("one a line in the cell")),
            Column("least", N_("Least"), "number"),
            Column("most", N_("Most"), "number"),
            Column("required", N_("Required"), "yes_no"),
            Column("sample_type", N_("Sample type"), "code"),
            Column("asked", N_("Asked for"), "yes_no"),
        ]

    def work(self, desk: Desk) -> Work:
        """Return what brings definitions in."""
        return DefinitionWork(desk)

    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield every definition of the organisation."""
        wanted = select(FieldDefinition).where(FieldDefinition.org_id == org_id)
        for part in by_id(session, wanted, FieldDefinition.id):
            for row in part:
                said = {"id": row.id, "version": row.version, "subject": row.subject}
                yield row.id, said | {"code": row.code} | _now(row)


class DefinitionWork(VerbWork[FieldDefinition]):
    """Brings definitions in."""

    kind, key = "field", ("subject", "code")

    def find(self, session: Session, thing_id: int) -> FieldDefinition | None:
        """Return a definition of this organisation."""
        found = session.get(FieldDefinition, thing_id)
        return found if found is not None and found.org_id == self.desk.org_id else None

    def add(self, session: Session, values: Values, at: datetime) -> FieldDefinition:
        """Add a definition."""
        actor = self.desk.actor
        made = service.define_field(
            session, actor, self.desk.org_id, values["subject"],
            _definition(values["code"], values), self._type(session, values, at), at=at,
        )  # fmt: skip
        if not values.get("asked", True):
            service.retire_field(session, actor, made, at=at)
        return made

    def change(
        self, session: Session, thing: FieldDefinition, values: Values, at: datetime
    ) -> Values:
        """Change a definition."""
        for name in ("subject", "code"):
            kept = getattr(thing, name)
            if values.get(name, kept) != kept:
                raise Conflict(Refusal("stays", STAYS, {"found": kept}), field=name)
        now = _now(thing)
        wanted = self.said(values, now)
        wanted |= {name: wanted[name] or "" for name in ("unit", "choices", "sample_type")}
        wanted |= {"asked": True if wanted["asked"] is None else wanted["asked"]}
        wanted |= {"required": bool(wanted["required"])}
        if wanted == now:
            return {}
        self._write(session, thing, wanted, at)
        return now

    def restore(
        self, session: Session, thing: FieldDefinition, before: Values, at: datetime
    ) -> None:
        """Give the definition what it had."""
        self._write(session, thing, before, at)

    def _write(
        self, session: Session, thing: FieldDefinition, wanted: Values, at: datetime
    ) -> None:
        actor, kind = self.desk.actor, self._type(session, wanted, at)
        definition = _definition(thing.code, wanted)
        service.change_field(session, actor, thing, definition, kind, at=at)
        ask = service.bring_back_field if wanted["asked"] else service.retire_field
        ask(session, actor, thing, at=at)

    def _type(self, session: Session, values: Values, at: datetime) -> SampleType | None:
        if not (code := values.get("sample_type")):
            return None
        found = of_organisation(session, self.desk.org_id, code)
        if found is None:
            facts = {"found": code}
            raise Invalid(Refusal("no_such_sample_type", NO_TYPE, facts), field="sample_type")
        return sample_types.kept(session, found, at=at)


def _now(row: FieldDefinition) -> Values:
    found = definition_of(row)
    return {
        "name": row.name, "kind": row.kind, "unit": row.unit, "choices": "\n".join(found.choices),
        "least": row.least, "most": row.most, "required": row.required,
        "sample_type": row.sample_type.code if row.sample_type else "",
        "asked": row.retired_at is None,
    }  # fmt: skip


def _definition(code: str, values: Values) -> Definition:
    choices = [line.strip() for line in (values.get("choices") or "").splitlines()]
    return Definition(
        code, values["name"], values["kind"], values.get("unit") or "",
        tuple(choice for choice in choices if choice), values.get("least"), values.get("most"),
        bool(values.get("required")),
    )  # fmt: skip
