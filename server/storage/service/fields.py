"""What stands in the custom fields of things: set for one, or for thousands at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session, joinedload

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import AllRefused, Invalid, Refusal
from server.core.words import N_
from server.search import service as search
from server.storage.models import Container, FieldDefinition, FieldValue, Vial
from server.storage.queries.fields import (
    AT_ONCE,
    MODELS,
    Plain,
    Thing,
    applies,
    definition_of,
    definitions,
    subject_of,
    values_of,
)
from server.storage.rules.fields import NO, YES, Definition, Value, plain_number, read
from server.storage.rules.states import TERMINAL

Given = Plain | None
"""Text as it was typed, a number, true or false; None or nothing typed empties the field."""
Wanted = Mapping[int, Mapping[str, Given]]
Changed = dict[str, list[str]]
"""By the field's code: what stood there, and what stands there now."""

NO_FIELD = N_("%(thing)s has no field with the code %(found)s.")
OTHER_TYPE = N_("%(thing)s is of another sample type than %(field)s is for.")
RETIRED = N_("%(field)s is filled no longer; it was retired.")
GONE = N_("%(thing)s has left for good; what is said of it stays as it is.")


@dataclass(frozen=True)
class _Write:
    """One value that differs from what stands there."""

    thing: Thing
    row: FieldDefinition
    before: str
    now: Value | None


def set_values(
    session: Session,
    actor: Actor,
    subject: str,
    wanted: Wanted,
    *,
    at: datetime,
    whole: bool = True,
) -> dict[int, Changed]:
    """Set fields of things (by their ids), by the fields' codes; what is not named stays.

    All or nothing: AllRefused says every reason why not. With `whole`, a thing that is changed must have
    what it needs. Each thing that is changed gets a new version, is found by its new words, and stands
    in the record with what was before and what is now. Returns what was changed; many things are a few
    statements more than one.
    """
    things = _held(session, subject, wanted)
    standing = values_of(session, subject, wanted)
    writes, refusals = _read(session, actor, subject, things, standing, wanted, whole=whole)
    if refusals:
        if len(refusals) == 1:
            raise Invalid(refusals[0][1], field=refusals[0][0])
        raise AllRefused([refusal for _field, refusal in refusals])
    _write(session, writes)
    _touch(session, subject, {one.thing.id for one in writes})
    return _tell(session, actor, subject, writes, at)


def set_fields(
    session: Session, actor: Actor, thing: Thing, given: Mapping[str, Given], *, at: datetime
) -> Changed:
    """Set fields of one thing; see `set_values`."""
    session.flush()
    changed = set_values(session, actor, subject_of(thing), {thing.id: given}, at=at)
    return changed.get(thing.id, {})


def _held(session: Session, subject: str, ids: Mapping[int, object]) -> list[Thing]:
    """Return the things as they are now, in the order of their ids; nobody changes them until the end."""
    model: Any = MODELS[subject]
    wanted = sorted(ids)
    found: list[Thing] = []
    for start in range(0, len(wanted), AT_ONCE):
        rows = select(model).where(model.id.in_(wanted[start : start + AT_ONCE])).order_by(model.id)
        if subject == "vial":
            rows = rows.options(joinedload(model.sample_type))
        found += session.scalars(
            rows.with_for_update(of=model), execution_options={"populate_existing": True}
        )
    return found


Refused = list[tuple[str, Refusal]]


def _read(
    session: Session, actor: Actor, subject: str, things: Sequence[Thing],
    standing: Mapping[int, Mapping[int, FieldValue]], wanted: Wanted, *, whole: bool,
) -> tuple[list[_Write], Refused]:  # fmt: skip
    by_org: dict[int, dict[str, FieldDefinition]] = {}
    writes: list[_Write] = []
    refusals: Refused = []
    for thing in things:
        if thing.org_id not in by_org:
            rows = definitions(session, thing.org_id, subject, retired=True)
            by_org[thing.org_id] = {row.code: row for row in rows}
        defined, now = by_org[thing.org_id], standing.get(thing.id, {})
        given = _as_coded(wanted[thing.id], defined)
        found, refused = _of_one(thing, defined, now, given, actor.language)
        writes += found
        refusals += refused
        if whole and found and not refused:
            refusals += _missing(thing, defined, now, given)
    return writes, refusals


def _as_coded(given: Mapping[str, Given], defined: Collection[str]) -> Mapping[str, Given]:
    """Return what is given by the codes as they are kept: capitals make no other field."""
    alike = {code.lower(): code for code in defined}
    return {
        code if code in defined else alike.get(code.lower(), code): value
        for code, value in given.items()
    }


def _of_one(
    thing: Thing, defined: Mapping[str, FieldDefinition], now: Mapping[int, FieldValue],
    given: Mapping[str, Given], language: str,
) -> tuple[list[_Write], Refused]:  # fmt: skip
    writes: list[_Write] = []
    refusals: Refused = []
    for code, typed in given.items():
        row = defined.get(code)
        if row is None:
            facts = {"thing": thing.code, "found": code}
            refusals.append((code, Refusal("no_such_field", NO_FIELD, facts)))
            continue
        before = now[row.id].text if row.id in now else ""
        value = read(definition_of(row), written(typed), language)
        if isinstance(value, Refusal):
            refusals.append((code, value))
        elif (value.text if value else "") != before:
            refusal = _why_not(thing, row) if value else None
            refusals += [(code, refusal)] if refusal else []
            writes.append(_Write(thing, row, before, value))
    if writes and isinstance(thing, Vial) and thing.state in TERMINAL:
        refusals.append(("", Refusal("terminal_state", GONE, {"thing": thing.code})))
    return writes, refusals


def _why_not(thing: Thing, row: FieldDefinition) -> Refusal | None:
    facts = {"thing": thing.code, "field": row.name}
    if row.retired_at is not None:
        return Refusal("field_retired", RETIRED, facts)
    if isinstance(thing, Vial) and not applies(row, thing.sample_type):
        return Refusal("other_type", OTHER_TYPE, facts)
    return None


def _missing(
    thing: Thing, defined: Mapping[str, FieldDefinition], now: Mapping[int, FieldValue],
    given: Mapping[str, Given],
) -> Refused:  # fmt: skip
    """Return a refusal for each field that this thing needs and will not have."""
    kind = thing.sample_type if isinstance(thing, Vial) else None
    rows = (
        row
        for row in defined.values()
        if row.required and row.retired_at is None and row.id not in now and row.code not in given
        if applies(row, kind)
    )
    found = ((row.code, read(definition_of(row), "")) for row in rows)
    return [(code, refusal) for code, refusal in found if isinstance(refusal, Refusal)]


def missing(defined: Sequence[Definition], given: Mapping[str, Given]) -> Refused:
    """Return why a new thing that is given these values cannot be entered: what it needs and does not have."""
    found = ((one.code, read(one, written(given.get(one.code)))) for one in defined)
    return [(code, refusal) for code, refusal in found if isinstance(refusal, Refusal)]


def written(given: Given) -> str:
    """Return a value as somebody would type it."""
    if given is None:
        return ""
    if isinstance(given, bool):
        return YES if given else NO
    return given if isinstance(given, str) else plain_number(given)


def _write(session: Session, writes: Sequence[_Write]) -> None:
    """Put the values into their rows, past the session, in three statements or so."""
    gone = [one for one in writes if one.before]
    by_row: dict[int, list[int]] = {}
    for one in gone:
        by_row.setdefault(one.row.id, []).append(one.thing.id)
    for row_id, ids in by_row.items():
        for start in range(0, len(ids), AT_ONCE):
            here = FieldValue.subject_id.in_(ids[start : start + AT_ONCE])
            session.execute(
                delete(FieldValue).where(FieldValue.definition_id == row_id, here),
                execution_options={"synchronize_session": False},
            )
    rows = [
        {"definition_id": one.row.id, "subject_id": one.thing.id, "text": one.now.text, "number": one.now.number}
        for one in writes
        if one.now is not None
    ]  # fmt: skip
    if rows:
        session.execute(insert(FieldValue), rows)
    for value in [one for one in session.identity_map.values() if isinstance(one, FieldValue)]:
        session.expunge(value)  # what was read before may be another row now


def _touch(session: Session, subject: str, ids: set[int]) -> None:
    """Give the things a new version and let them be found by their new words."""
    if not ids:
        return
    model: Any = MODELS[subject]
    wanted = sorted(ids)
    for start in range(0, len(wanted), AT_ONCE):
        session.execute(
            update(model)
            .where(model.id.in_(wanted[start : start + AT_ONCE]))
            .values(version=model.version + 1),
            execution_options={"synchronize_session": False},
        )
    for thing in [one for one in session.identity_map.values() if isinstance(one, model)]:
        if thing.id in ids:
            session.expire(thing, ["version"])
    search.refresh(session, subject, wanted)


def _tell(
    session: Session, actor: Actor, subject: str, writes: Sequence[_Write], at: datetime
) -> dict[int, Changed]:
    changed: dict[int, Changed] = {}
    told: dict[tuple[str, int], dict[str, dict[str, object]]] = {}
    for one in writes:
        now = one.now.text if one.now else ""
        changed.setdefault(one.thing.id, {})[one.row.code] = [one.before, now]
        kind = one.thing.kind if isinstance(one.thing, Container) else subject
        facts: dict[str, object] = {"changed": changed[one.thing.id]}
        told.setdefault((kind, one.thing.org_id), {})[one.thing.code] = facts
    for (kind, org_id), subjects in told.items():
        audit.record_many(
            session, actor, f"{kind}.fields_changed", kind, subjects, at=at, org_id=org_id
        )
    return changed
