"""The API of custom fields, sample types and other codes of a tube."""

from datetime import datetime

import msgspec
from flask import g

from server.kit import api as described
from server.kit import etag
from server.kit.api import Answer, Body, describes
from server.kit.door import require
from server.storage import queries
from server.storage.queries.fields import (
    Plain,
    Thing,
    choices_of,
    definitions,
    plain_fields,
    subject_of,
)
from server.storage.queries.sample_types import sample_types
from server.storage.rules.fields import SUBJECTS
from server.storage.service.aliases import add_alias
from server.storage.service.fields import set_fields
from server.storage.views import answers
from server.storage.views.answers import VialOut
from server.storage.views.blueprints import api
from server.storage.views.filling import PERMISSIONS, READING, retype, thing_of

PLURALS = {"vials": "vial", "lots": "lot", "lines": "line", "containers": "container"}


class FieldsOut(Answer):
    """What stands in the custom fields of one thing, by the fields' codes."""

    subject: str
    code: str
    fields: dict[str, str | float | bool]
    version: int


class FieldsIn(Body):
    """Custom fields to be set, by their codes; null empties one, what is not named stays."""

    fields: dict[str, str | float | bool | None]


class VialIn(Body):
    """What is to be changed of a vial beside its place and state; what is left out stays."""

    fields: dict[str, str | float | bool | None] = msgspec.field(default_factory=dict)
    sample_type: str | None = None


class AliasIn(Body):
    """Another code of a tube; `kind` is label (stuck on the tube) or external (what others call it)."""

    code: str
    kind: str = "label"


class DefinitionOut(Answer):
    """A custom field: its kind is text, number, date, yes_no or choice."""

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


class DefinitionsOut(Answer):
    """The custom fields of the asker's organisation, in the order of the forms."""

    items: list[DefinitionOut]


class SampleTypeOut(Answer):
    """What samples are kept in."""

    code: str
    name: str
    vessel: str
    size_class: str
    largest_ul: int | None
    built_in: bool
    retired_at: datetime | None


class SampleTypesOut(Answer):
    """The sample types."""

    items: list[SampleTypeOut]


def _out(thing: Thing) -> FieldsOut:
    subject = subject_of(thing)
    fields = plain_fields(g.session, subject, thing.id)
    etag.tell(thing.version)
    return FieldsOut(subject=subject, code=thing.code, fields=fields, version=thing.version)


@api.get("/vials/<code>/fields", defaults={"plural": "vials"})
@api.get("/lots/<code>/fields", defaults={"plural": "lots"})
@api.get("/lines/<code>/fields", defaults={"plural": "lines"})
@api.get("/containers/<code>/fields", defaults={"plural": "containers"})
@require("storage.read")
@describes("Read the custom fields of a thing", answers={200: FieldsOut})
def fields(plural: str, code: str) -> FieldsOut:
    """Answer what stands in a thing's custom fields."""
    return _out(thing_of(PLURALS[plural], code, READING))


@api.patch("/vials/<code>/fields", defaults={"plural": "vials"})
@api.patch("/lots/<code>/fields", defaults={"plural": "lots"})
@api.patch("/lines/<code>/fields", defaults={"plural": "lines"})
@api.patch("/containers/<code>/fields", defaults={"plural": "containers"})
@require("storage.edit")
@describes("Set custom fields of a thing", body=FieldsIn, answers={200: FieldsOut})
def change_fields(plural: str, code: str) -> FieldsOut:
    """Set some of a thing's custom fields, all or none."""
    wanted = described.read(FieldsIn)
    thing = thing_of(PLURALS[plural], code, PERMISSIONS)
    etag.check(thing.version)
    set_fields(g.session, g.actor, thing, wanted.fields, at=g.clock.now())
    return _out(thing)


@api.patch("/vials/<code>")
@require("storage.edit")
@describes("Change a vial's sample type and custom fields", body=VialIn, answers={200: VialOut})
def change_vial(code: str) -> VialOut:
    """Change what is said of a vial, all or none."""
    wanted = described.read(VialIn)
    found = queries.vial(g.session, g.actor, "storage.edit", code)
    etag.check(found.version)
    retype(found, wanted.sample_type)
    fields: dict[str, Plain | None] = dict(wanted.fields)
    set_fields(g.session, g.actor, found, fields, at=g.clock.now())
    etag.tell(found.version)
    return answers.vial_out(g.session, found)


@api.post("/vials/<code>/aliases")
@require("storage.move")
@describes("Let a tube be found by another code too", body=AliasIn, answers={200: VialOut})
def give_alias(code: str) -> VialOut:
    """Give a tube another code; 409 where that is or was any tube's."""
    wanted = described.read(AliasIn)
    found = queries.vial(g.session, g.actor, "storage.move", code)
    etag.check(found.version)
    add_alias(g.session, g.actor, found, wanted.code, wanted.kind, at=g.clock.now())
    return answers.vial_out(g.session, found)


@api.get("/custom-fields")
@require("storage.read")
@describes("List the custom fields", answers={200: DefinitionsOut})
def custom_fields() -> DefinitionsOut:
    """Answer which custom fields there are."""
    org_id = queries.own_org(g.session, g.actor, "storage.read")
    rows = [row for one in SUBJECTS for row in definitions(g.session, org_id, one)]
    return DefinitionsOut(
        items=[
            DefinitionOut(
                subject=row.subject, code=row.code, name=row.name, kind=row.kind, unit=row.unit,
                choices=list(choices_of(row)), least=row.least, most=row.most, required=row.required,
                sample_type=row.sample_type.code if row.sample_type else None,
            )
            for row in rows
        ]
    )  # fmt: skip


@api.get("/sample-types")
@require("storage.read")
@describes("List the sample types", answers={200: SampleTypesOut})
def list_sample_types() -> SampleTypesOut:
    """Answer what samples are kept in."""
    return SampleTypesOut(
        items=[
            SampleTypeOut(
                code=row.type.code, name=row.type.name, vessel=row.type.vessel,
                size_class=row.type.size_class, largest_ul=row.type.largest_ul, built_in=row.built_in,
                retired_at=getattr(row.type, "retired_at", None),
            )
            for row in sample_types(g.session, g.actor)
        ]
    )  # fmt: skip
