"""Custom fields are defined, changed, put in order, retired and brought back."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.storage.models import FieldDefinition, FieldValue, SampleType, Vial
from server.storage.queries.fields import definition_of, definitions, filled
from server.storage.rules.fields import (
    Definition,
    plain_number,
    read,
    why_not_change,
    why_not_definition,
)
from server.storage.rules.limits import CRYOVIAL
from server.storage.service.sites import keep_new

OTHER_TYPES = N_(
    "%(field)s is filled in %(count)s times; %(outside)s of these vials are not %(expected)s."
    " Empty it there first."
)
OF_VIALS = N_("Only a field of vials can be for one sample type.")


def define_field(
    session: Session, actor: Actor, org_id: int, subject: str, wanted: Definition,
    sample_type: SampleType | None = None, *, at: datetime,
) -> FieldDefinition:  # fmt: skip
    """Add a field to all things of a kind, or to the vials of one sample type; it comes last on the form."""
    _check(wanted, subject, sample_type)
    _refuse_alike(session, org_id, subject, wanted.code)
    last = select(func.max(FieldDefinition.place)).where(
        FieldDefinition.org_id == org_id, FieldDefinition.subject == subject
    )
    row = FieldDefinition(
        org_id=org_id, subject=subject, code=wanted.code, created_at=at,
        place=(session.scalar(last) or 0) + 1, sample_type=sample_type,
    )  # fmt: skip
    _put(row, wanted)
    keep_new(session, row, wanted.code)
    _record(session, actor, "field.added", row, at, **_told(row))
    return row


def _refuse_alike(session: Session, org_id: int, subject: str, code: str) -> None:
    """Refuse a code that another field has in other letters, small or capital: people take them for one."""
    alike = select(FieldDefinition.code).where(
        FieldDefinition.org_id == org_id,
        FieldDefinition.subject == subject,
        func.lower(FieldDefinition.code) == code.lower(),
        FieldDefinition.code != code,
    )
    if found := session.scalar(alike):
        because = N_("There is a field %(found)s already; capitals make no other code of %(code)s.")
        raise Conflict(Refusal("code_taken", because, {"found": found, "code": code}), field="code")


def change_field(
    session: Session, actor: Actor, row: FieldDefinition, wanted: Definition,
    sample_type: SampleType | None = None, *, at: datetime,
) -> FieldDefinition:  # fmt: skip
    """Change a field; refused, with the counts, where what stands in it would not be allowed any more."""
    session.refresh(row, with_for_update=True)
    _check(wanted, row.subject, sample_type)
    count = filled(session, [row]).get(row.id, 0)
    before = _told(row)
    _refuse_outside(session, row, wanted, count)
    if count and sample_type is not None:
        _refuse_other_types(session, row, sample_type, count)
    _put(row, wanted)
    row.sample_type = sample_type
    session.flush()
    now = _told(row)
    changed = {name: [before[name], now[name]] for name in now if before[name] != now[name]}
    if changed:
        _record(session, actor, "field.changed", row, at, changed=changed)
    return row


def order_fields(
    session: Session, actor: Actor, org_id: int, subject: str, codes: Sequence[str], *, at: datetime
) -> None:
    """Let the fields stand on forms in this order; refused where it does not name each of them once."""
    rows = {row.code: row for row in definitions(session, org_id, subject)}
    if sorted(codes) != sorted(rows):
        because = N_("Each field is named once in the order: %(expected)s.")
        raise Invalid(Refusal("bad_order", because, {"expected": ", ".join(rows)}))
    if list(codes) == list(rows):
        return
    for place, code in enumerate(codes, start=1):
        rows[code].place = place
    first = rows[codes[0]]
    told = {"subject": subject, "before": list(rows), "now": list(codes)}
    _record(session, actor, "field.ordered", first, at, **told)


def retire_field(session: Session, actor: Actor, row: FieldDefinition, *, at: datetime) -> None:
    """Ask for the field no longer; what stands in it stays, is shown and found."""
    if row.retired_at is None:
        row.retired_at = at
        _record(session, actor, "field.retired", row, at)


def bring_back_field(session: Session, actor: Actor, row: FieldDefinition, *, at: datetime) -> None:
    """Ask for a retired field again."""
    if row.retired_at is not None:
        row.retired_at = None
        _record(session, actor, "field.brought_back", row, at)


def _check(wanted: Definition, subject: str, sample_type: SampleType | None) -> None:
    if found := why_not_definition(wanted, subject):
        raise Invalid(found[1], field=found[0])
    if sample_type is not None and subject != "vial":
        raise Invalid(Refusal("bad_field", OF_VIALS), field="sample_type")


def _refuse_outside(session: Session, row: FieldDefinition, wanted: Definition, count: int) -> None:
    before = definition_of(row)
    narrower = (before.choices, before.least, before.most) != (
        wanted.choices, wanted.least, wanted.most,
    )  # fmt: skip
    outside = 0
    if count and narrower and before.kind == wanted.kind:
        said = select(FieldValue.text, func.count()).where(FieldValue.definition_id == row.id)
        outside = sum(
            times
            for text, times in session.execute(said.group_by(FieldValue.text))
            if isinstance(read(wanted, text), Refusal)
        )
    if refusal := why_not_change(before, wanted, count, outside):
        raise Conflict(refusal, field="kind" if refusal.code == "field_filled" else None)


def _refuse_other_types(
    session: Session, row: FieldDefinition, sample_type: SampleType, count: int
) -> None:
    mine = Vial.sample_type_id == sample_type.id
    if sample_type.code == CRYOVIAL:
        mine = mine | Vial.sample_type_id.is_(None)
    counted = (
        select(func.count())
        .select_from(FieldValue)
        .join(Vial, Vial.id == FieldValue.subject_id)
        .where(FieldValue.definition_id == row.id, func.coalesce(mine, False).is_(False))
    )
    if outside := session.scalar(counted):
        facts = {
            "field": row.name,
            "count": count,
            "outside": outside,
            "expected": sample_type.code,
        }
        raise Conflict(Refusal("field_filled", OTHER_TYPES, facts), field="sample_type")


def _put(row: FieldDefinition, wanted: Definition) -> None:
    row.name, row.kind, row.unit = wanted.name.strip(), wanted.kind, wanted.unit
    row.choices = json.dumps(list(wanted.choices), ensure_ascii=False)
    row.least, row.most, row.required = wanted.least, wanted.most, wanted.required


def _told(row: FieldDefinition) -> dict[str, Any]:
    found = definition_of(row)
    return {
        "subject": row.subject,
        "name": row.name,
        "kind": row.kind,
        "unit": row.unit,
        "choices": list(found.choices),
        "least": None if row.least is None else plain_number(row.least),
        "most": None if row.most is None else plain_number(row.most),
        "required": row.required,
        "sample_type": row.sample_type.code if row.sample_type else "",
    }


def _record(
    session: Session,
    actor: Actor,
    action: str,
    row: FieldDefinition,
    at: datetime,
    **facts: Any,  # noqa: ANN401  whatever the record is told
) -> None:
    audit.record(session, actor, action, "field", row.code, at=at, org_id=row.org_id, **facts)
