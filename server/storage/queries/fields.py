"""Custom fields: which ones a thing has, and what stands in them."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.storage.models import Container, FieldDefinition, FieldValue, SampleType, Vial
from server.storage.rules.fields import YES, Definition
from server.storage.rules.limits import CRYOVIAL

Thing = Vial | Lot | CellLine | Container
Plain = str | float | bool
MODELS: Mapping[str, type[Any]] = {
    "vial": Vial,
    "lot": Lot,
    "line": CellLine,
    "container": Container,
}
AT_ONCE = 400


def subject_of(thing: Thing) -> str:
    """Return whose fields a thing has."""
    return next(name for name, model in MODELS.items() if isinstance(thing, model))


def definition_of(row: FieldDefinition) -> Definition:
    """Return a field as the rules see it."""
    return Definition(
        row.code, row.name, row.kind, row.unit, tuple(json.loads(row.choices)), row.least, row.most,
        row.required,
    )  # fmt: skip


def applies(row: FieldDefinition, sample_type: SampleType | None) -> bool:
    """Say whether vials of this type have the field; one that names no type is a cryovial."""
    if row.sample_type is None:
        return True
    if sample_type is None:
        return row.sample_type.code == CRYOVIAL
    return row.sample_type_id == sample_type.id


def definitions(
    session: Session, org_id: int, subject: str, *, retired: bool = False
) -> list[FieldDefinition]:
    """Return the fields of an organisation in the order of the form; retired ones last, where they are wanted."""
    facts = {"org_id": org_id, "subject": subject}
    found = session.scalars(_defined(), facts)
    rows = sorted(found, key=lambda row: (row.retired_at is not None, row.place, row.id))
    return [row for row in rows if retired or row.retired_at is None]


@cache
def _defined() -> Select[FieldDefinition]:
    mine = FieldDefinition.org_id == bindparam("org_id")
    wanted = select(FieldDefinition).where(mine, FieldDefinition.subject == bindparam("subject"))
    return wanted.options(joinedload(FieldDefinition.sample_type))


def definition(
    session: Session, actor: Actor, permission: str, subject: str, code: str
) -> FieldDefinition:
    """Return a field by its code; NotFound where there is none to see."""
    wanted = select(FieldDefinition).where(
        FieldDefinition.subject == subject, func.lower(FieldDefinition.code) == code.lower()
    )
    wanted = visible(wanted, actor, permission, FieldDefinition.org_id)
    found: FieldDefinition | None = session.scalars(
        wanted.order_by(FieldDefinition.code != code, FieldDefinition.id)
    ).first()
    if found is None:
        because = N_(
            "There is no custom field with the code %(code)s. The list of fields shows all of them."
        )
        raise NotFound(Refusal("no_such_field", because, {"code": code}))
    return found


def values_of(
    session: Session, subject: str, ids: Iterable[int]
) -> dict[int, dict[int, FieldValue]]:
    """Return what stands in the fields of these things: by thing, then by definition."""
    wanted = sorted(set(ids))
    found: dict[int, dict[int, FieldValue]] = {}
    for at in range(0, len(wanted), AT_ONCE):
        facts = {"subject": subject, "ids": wanted[at : at + AT_ONCE]}
        for value in session.scalars(_standing(), facts):
            found.setdefault(value.subject_id, {})[value.definition_id] = value
    return found


@cache
def _standing() -> Select[FieldValue]:
    here = FieldValue.subject_id.in_(bindparam("ids", expanding=True))
    wanted = select(FieldValue).join(FieldDefinition).where(here)
    wanted = wanted.where(FieldDefinition.subject == bindparam("subject"))
    return wanted.options(joinedload(FieldValue.definition))


Shown = tuple[FieldDefinition, FieldValue | None]


def fields_of(session: Session, thing: Thing) -> list[Shown]:
    """Return the fields of one thing in the order of the form: those that it has, and those that stand filled."""
    subject = subject_of(thing)
    values = values_of(session, subject, [thing.id]).get(thing.id, {})
    rows = definitions(session, thing.org_id, subject, retired=bool(values))
    kind = thing.sample_type if isinstance(thing, Vial) else None
    return [
        (row, values.get(row.id))
        for row in rows
        if row.id in values or (row.retired_at is None and applies(row, kind))
    ]


def plain(value: FieldValue) -> Plain:
    """Return a value as the API tells it: text, a number, or true and false."""
    return plain_value(value.definition.kind, value.text, value.number)


def plain_value(kind: str, text: str, number: float | None) -> Plain:
    """Return what stands in a field of this kind as the API tells it."""
    if kind == "yes_no":
        return text == YES
    return text if number is None else number


def plain_fields(session: Session, subject: str, thing_id: int) -> dict[str, Plain]:
    """Return what stands in the fields of a thing, by their codes."""
    found = values_of(session, subject, [thing_id]).get(thing_id, {}).values()
    ordered = sorted(found, key=lambda one: (one.definition.place, one.definition_id))
    return {one.definition.code: plain(one) for one in ordered}


def filled(session: Session, rows: Collection[FieldDefinition]) -> dict[int, int]:
    """Return how many things have a value in each of these fields; those that none has are left out."""
    counted = (
        select(FieldValue.definition_id, func.count())
        .where(FieldValue.definition_id.in_([row.id for row in rows]))
        .group_by(FieldValue.definition_id)
    )
    return {row_id: count for row_id, count in session.execute(counted)}  # noqa: C416  rows are no pairs to mypy


def choices_of(row: FieldDefinition) -> Sequence[str]:
    """Return the words from which a value is chosen."""
    return tuple(json.loads(row.choices))
