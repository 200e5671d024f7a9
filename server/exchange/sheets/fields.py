"""An organisation's own fields as columns at the end of a sheet."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.core.errors import Invalid, Refusal
from server.exchange.rules import Column
from server.exchange.sheets.base import Item, Values
from server.storage.models import FieldDefinition, FieldValue
from server.storage.queries.fields import definition_of, definitions
from server.storage.rules.fields import LONGEST_TEXT, NO, YES, Definition, plain_number, read
from server.storage.rules.limits import CRYOVIAL
from server.storage.service.fields import OTHER_TYPE

PREFIX = "field:"
VALUE: Any = FieldValue.__table__
COLUMNS = ("definition_id", "subject_id", "text", "number")


def columns_of(session: Session, org_id: int, subject: str) -> list[Column]:
    """Return a column for each field that things of this kind have in this organisation."""
    return [
        Column(
            PREFIX + one.code,
            f"{one.name} ({one.unit})" if one.unit else one.name,
            one.kind,
            choices=tuple(json.loads(one.choices)),
            most=LONGEST_TEXT,
        )
        for one in definitions(session, org_id, subject)
    ]


@dataclass(frozen=True, slots=True)
class Own:
    """A field as rows are checked by it: plain values, for each is asked of every row."""

    id: int
    column: str
    definition: Definition
    sample_type_id: int | None
    of_cryovials: bool

    def is_for(self, sample_type_id: int | None) -> bool:
        """Say whether samples of this type have the field; one that names no type is a cryovial."""
        if sample_type_id is None and self.of_cryovials:
            return True
        return self.sample_type_id is None or self.sample_type_id == sample_type_id


def own(defined: Iterable[FieldDefinition]) -> list[Own]:
    """Return these fields as rows are checked by them."""
    return [
        Own(
            one.id, PREFIX + one.code, definition_of(one), one.sample_type_id, one.sample_type is not None and one.sample_type.code == CRYOVIAL,
        )
        for one in defined
    ]  # fmt: skip


def check(item: Item, defined: Sequence[Own], sample_type_id: int | None) -> None:
    """Note what is wrong with the item's fields, by the rules by which they are filled in on pages."""
    for one in defined:
        value = item.values.get(one.column)
        if value is None:
            needed = one.definition.required and "id" not in item.values
            if needed and one.is_for(sample_type_id):
                _refuse(item, one, "")
        elif one.is_for(sample_type_id):
            _refuse(item, one, written(value)[0])
        else:
            facts = {"thing": item.values.get("code", "–"), "field": one.definition.name}
            item.refuse(one.column, Refusal("other_type", OTHER_TYPE, facts))


def _refuse(item: Item, one: Own, text: str) -> None:
    found = read(one.definition, text)
    item.refuse(one.column, found if isinstance(found, Refusal) else None)


def rows_of(
    defined: Sequence[Own], things: Iterable[tuple[int, Values]]
) -> tuple[list[tuple[Any, ...]], dict[int, list[str]]]:
    """Return the rows of new things' fields, in the order of COLUMNS, and what stands in them, by thing."""
    rows: list[tuple[Any, ...]] = []
    texts: dict[int, list[str]] = {}
    for thing_id, values in things:
        for one in defined:
            if one.column in values:
                text, number = written(values[one.column])
                rows.append((one.id, thing_id, text, number))
                texts.setdefault(thing_id, []).append(text)
    return rows, texts


def kept(
    session: Session, defined: Sequence[FieldDefinition], thing_id: int, names: Collection[str]
) -> dict[str, Any]:
    """Return what stands in these fields of a thing, as `put` takes it; None where nothing does."""
    columns = {one.id: PREFIX + one.code for one in defined if PREFIX + one.code in names}
    wanted = select(FieldValue.definition_id, FieldValue.text, FieldValue.number).where(
        FieldValue.subject_id == thing_id, FieldValue.definition_id.in_(columns)
    )
    found: dict[str, Any] = dict.fromkeys(columns.values())
    for definition_id, text, number in session.execute(wanted):
        found[columns[definition_id]] = [text, number]
    return found


def put(
    session: Session, defined: Sequence[FieldDefinition], thing_id: int, wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the fields of one thing, None for none; returns what was there before, as `wanted` is."""
    before: dict[str, Any] = {}
    for one in defined:
        name = PREFIX + one.code
        if name not in wanted:
            continue
        kept = session.scalar(
            select(FieldValue).where(
                FieldValue.subject_id == thing_id, FieldValue.definition_id == one.id
            )
        )
        before[name] = [kept.text, kept.number] if kept else None
        session.execute(
            delete(FieldValue).where(
                FieldValue.subject_id == thing_id, FieldValue.definition_id == one.id
            )
        )
        if wanted[name] is not None:
            text, number = written(wanted[name])
            session.add(
                FieldValue(definition_id=one.id, subject_id=thing_id, text=text, number=number)
            )
    return before


def written(value: Any) -> tuple[str, float | None]:  # noqa: ANN401  a value of any kind of field
    """Return the text and the number that are kept of a value."""
    if isinstance(value, list):  # as it was kept before
        return value[0], value[1]
    if isinstance(value, bool):
        return (YES if value else NO), float(value)
    if isinstance(value, int | float):
        return plain_number(float(value)), float(value)
    return (value.isoformat() if isinstance(value, date) else str(value)), None


def of_things(
    session: Session, defined: Sequence[FieldDefinition], ids: Sequence[int]
) -> dict[int, Values]:
    """Return the kept texts of these things by column, for going out."""
    names = {one.id: PREFIX + one.code for one in defined}
    found: dict[int, Values] = {}
    if not names:
        return found
    wanted = select(FieldValue.subject_id, FieldValue.definition_id, FieldValue.text).where(
        FieldValue.definition_id.in_(names), FieldValue.subject_id.in_(ids)
    )
    for thing_id, definition_id, text in session.execute(wanted):
        found.setdefault(thing_id, {})[names[definition_id]] = text
    return found


def of(session: Session, org_id: int, subject: str, things: Sequence[Any]) -> dict[int, Values]:
    """Return the kept texts of these rows by their ids, for going out."""
    defined = definitions(session, org_id, subject)
    return of_things(session, defined, [thing.id for thing in things]) if defined else {}


def keep(
    session: Session, org_id: int, subject: str, thing_id: int, values: Values, mapped: set[str]
) -> Values:
    """Check and write the fields of which a file speaks; returns what was there, where it differs."""
    defined = [one for one in definitions(session, org_id, subject) if PREFIX + one.code in mapped]
    if not defined:
        return {}
    item = Item(0, 0, values)
    check(item, own(defined), None)
    if item.problems:
        first = item.problems[0]
        because = Refusal("bad_field", first.expected, first.facts)
        raise Invalid(because, field=first.column)
    kept = of_things(session, defined, [thing_id]).get(thing_id, {})
    wanted = {PREFIX + one.code: values.get(PREFIX + one.code) for one in defined}
    differs = {
        name: value
        for name, value in wanted.items()
        if (None if value is None else written(value)[0]) != kept.get(name)
    }
    before = put(session, defined, thing_id, differs)
    return {"fields": before} if before else {}


def put_back(session: Session, org_id: int, subject: str, thing_id: int, before: Values) -> None:
    """Write fields as they were before."""
    if wanted := before.get("fields"):
        put(session, definitions(session, org_id, subject), thing_id, wanted)


def drop(session: Session, org_id: int, subject: str, thing_id: int) -> None:
    """Forget the fields of a thing that leaves the record."""
    ids = [one.id for one in definitions(session, org_id, subject)]
    session.execute(
        delete(FieldValue).where(
            FieldValue.subject_id == thing_id, FieldValue.definition_id.in_(ids)
        )
    )
