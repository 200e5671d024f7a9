"""Samples are entered as what they are: with their type and with what their custom fields need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from server.catalogue.models import Lot
from server.core.actor import Actor
from server.core.errors import AllRefused, Invalid
from server.storage.models import Container, Vial
from server.storage.queries.fields import applies, definition_of, definitions
from server.storage.service.fields import Given, missing, set_values
from server.storage.service.sample_types import chosen
from server.storage.service.vials import add_vials


@dataclass(frozen=True)
class Entering:
    """What all samples have in common that are entered together."""

    sample_type: str = ""
    """The code of their type; empty: cryovials."""
    fields: Mapping[str, Given] = field(default_factory=dict)


def enter_vials(
    session: Session, actor: Actor, lot: Lot, codes: Sequence[str], entering: Entering,
    box: Container | None = None, ordinal: int | None = None, *, at: datetime,
) -> list[Vial]:  # fmt: skip
    """Enter samples of one type with the same values in their custom fields; all or none.

    Refused where a field that they need is empty.
    """
    kind = chosen(session, lot.org_id, entering.sample_type, at=at)
    rows = definitions(session, lot.org_id, "vial")
    needed = [definition_of(row) for row in rows if row.required and applies(row, kind)]
    refusals = missing(
        needed, {code: entering.fields.get(code) for code in (d.code for d in needed)}
    )
    if len(refusals) == 1:
        raise Invalid(refusals[0][1], field=f"field.{refusals[0][0]}")
    if refusals:
        raise AllRefused([refusal for _code, refusal in refusals])
    made = add_vials(session, actor, lot, codes, box, ordinal, sample_type=kind, at=at)
    session.flush()
    given = {code: value for code, value in entering.fields.items() if value not in (None, "")}
    if given:
        set_values(session, actor, "vial", {one.id: given for one in made}, at=at)
    return made
