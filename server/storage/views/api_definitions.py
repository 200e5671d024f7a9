"""The API of custom fields themselves: defined, changed, put in order, asked for no longer."""

from typing import Annotated

import msgspec
from flask import g

from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.kit import etag
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.storage import queries
from server.storage.models import FieldDefinition, SampleType
from server.storage.queries.fields import choices_of, definition
from server.storage.queries.sample_types import of_organisation, sample_type
from server.storage.rules.fields import Definition
from server.storage.service import field_definitions as service
from server.storage.service.sample_types import kept
from server.storage.views.api_types import Offered
from server.storage.views.blueprints import api

EDIT = "storage.edit"
CODE_STAYS = N_("The code of a custom field stays: found %(found)s, expected %(expected)s.")


class FieldBody(Body):
    """A custom field: `kind` is text, number, date, yes_no or choice; `sample_type` is for vials alone."""

    code: str
    name: Annotated[str, msgspec.Meta(max_length=80)]
    kind: str
    unit: Annotated[str, msgspec.Meta(max_length=20)] = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    required: bool = False
    sample_type: str | None = None


class OrderBody(Body):
    """The codes of all fields of a kind of thing, as they are to stand on its forms."""

    codes: list[str]


class FieldOut(Answer):
    """A custom field, with its place on the forms, and whether it is still asked for."""

    subject: str
    code: str
    name: str
    kind: str
    unit: str
    choices: list[str]
    least: float | None
    most: float | None
    required: bool
    sample_type: str | None
    place: int
    offered: bool
    version: int


class OrderedOut(Answer):
    """The codes of the fields of a kind of thing, in the order of its forms."""

    codes: list[str]


@api.get("/custom-fields/<subject>/<code>")
@require(EDIT)
@describes("Read what a custom field is", answers={200: FieldOut})
def custom_field(subject: str, code: str) -> FieldOut:
    """Answer one field, retired or not."""
    return _out(definition(g.session, g.actor, EDIT, subject, code))


@api.post("/custom-fields/<subject>")
@require(EDIT)
@describes("Define a custom field", body=FieldBody, answers={201: FieldOut})
def define_custom_field(subject: str) -> tuple[FieldOut, int]:
    """Define a field of vials, lots, lines or containers; it comes last on the form."""
    wanted, org_id = read(FieldBody), queries.own_org(g.session, g.actor, EDIT)
    kind = _sample_type(org_id, wanted.sample_type)
    made = service.define_field(
        g.session, g.actor, org_id, subject, _wanted(wanted), kind, at=g.clock.now()
    )
    return _out(made), 201


@api.put("/custom-fields/<subject>/<code>")
@require(EDIT)
@describes("Change a custom field", body=FieldBody, answers={200: FieldOut})
def redefine_custom_field(subject: str, code: str) -> FieldOut:
    """Change a field; refused where what stands in it would not be allowed any more."""
    wanted, row = read(FieldBody), _seen(subject, code)
    if wanted.code != row.code:
        facts = {"found": wanted.code, "expected": row.code}
        raise Conflict(Refusal("other_code", CODE_STAYS, facts), field="code")
    kind = _sample_type(row.org_id, wanted.sample_type)
    service.change_field(g.session, g.actor, row, _wanted(wanted), kind, at=g.clock.now())
    return _out(row)


@api.put("/custom-fields/<subject>/<code>/offered")
@require(EDIT)
@describes("Ask for a custom field no longer, or again", body=Offered, answers={200: FieldOut})
def offer_custom_field(subject: str, code: str) -> FieldOut:
    """Retire a field or bring it back; what stands in it stays."""
    wanted, row = read(Offered), _seen(subject, code)
    change = service.bring_back_field if wanted.offered else service.retire_field
    change(g.session, g.actor, row, at=g.clock.now())
    return _out(row)


@api.put("/custom-fields/<subject>")
@require(EDIT)
@describes("Put custom fields in order", body=OrderBody, answers={200: OrderedOut})
def order_custom_fields(subject: str) -> OrderedOut:
    """Let the fields stand on forms in this order, each named once."""
    codes, org_id = read(OrderBody).codes, queries.own_org(g.session, g.actor, EDIT)
    service.order_fields(g.session, g.actor, org_id, subject, codes, at=g.clock.now())
    return OrderedOut(codes=codes)


def _wanted(said: FieldBody) -> Definition:
    return Definition(
        said.code, said.name, said.kind, said.unit, said.choices, said.least, said.most,
        said.required,
    )  # fmt: skip


def _sample_type(org_id: int, code: str | None) -> SampleType | None:
    if not code:
        return None
    found = of_organisation(g.session, org_id, code) or sample_type(g.session, g.actor, EDIT, code)
    return kept(g.session, found, at=g.clock.now())


def _seen(subject: str, code: str) -> FieldDefinition:
    row = definition(g.session, g.actor, EDIT, subject, code)
    etag.check(row.version)
    return row


def _out(row: FieldDefinition) -> FieldOut:
    g.session.flush()
    etag.tell(row.version)
    return FieldOut(
        subject=row.subject, code=row.code, name=row.name, kind=row.kind, unit=row.unit,
        choices=list(choices_of(row)), least=row.least, most=row.most, required=row.required,
        sample_type=row.sample_type.code if row.sample_type else None, place=row.place,
        offered=row.retired_at is None, version=row.version,
    )  # fmt: skip
