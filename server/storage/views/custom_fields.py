"""Custom fields: the list of each subject, one field's form, its order, its end."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage.models import FieldDefinition, SampleType
from server.storage.queries.fields import (
    choices_of,
    definition,
    definition_of,
    definitions,
    filled,
)
from server.storage.queries.sample_types import of_organisation
from server.storage.rules.fields import KINDS, SUBJECTS, Definition, bounds, plain_number
from server.storage.service import field_definitions as service
from server.storage.service.sample_types import kept
from server.storage.views.blueprints import pages
from server.storage.views.field_inputs import refuse_stale
from server.storage.views.filling import type_choices

Page = Response | tuple[str, int]
EDIT = "storage.edit"


class FieldForm(Form):
    """A custom field."""

    code: str = forms.text(required=False, most=40)
    name: str = forms.text(most=80)
    kind: str = forms.choice(tuple(KINDS))
    unit: str = forms.text(required=False, most=20)
    choices: str = forms.text(required=False, most=5000)
    least: float | None = forms.number(required=False)
    most: float | None = forms.number(required=False)
    required: bool = forms.checkbox()
    sample_type: str = forms.text(required=False, most=64)
    version: int | None = forms.whole(required=False)

    def wanted(self, code: str) -> Definition:
        """Return the field that was described."""
        lines = (line.strip() for line in self.choices.splitlines())
        return Definition(
            code, self.name, self.kind, self.unit, tuple(line for line in lines if line),
            self.least, self.most, self.required,
        )  # fmt: skip


@pages.get("/custom-fields")
@require(EDIT)
def custom_fields() -> str:
    """List the fields of each subject in the order of its forms."""
    org_id = queries.own_org(g.session, g.actor, EDIT)
    rows = {one: definitions(g.session, org_id, one, retired=True) for one in SUBJECTS}
    counts = filled(g.session, [row for some in rows.values() for row in some])
    return render_template(
        "storage/custom_fields.html",
        subjects=SUBJECTS,
        rows=rows,
        kinds=KINDS,
        counts=counts,
        allowed={row.id: _allowed(row) for some in rows.values() for row in some},
    )


def _allowed(row: FieldDefinition) -> str:
    return ", ".join(choices_of(row)) if row.kind == "choice" else bounds(definition_of(row))


@pages.get("/custom-fields/<subject>/new")
@require(EDIT)
def new_custom_field(subject: str) -> str:
    """Show the form of a new field."""
    return _form(subject, Typed({"kind": "text"}))


@pages.post("/custom-fields/<subject>/new")
@require(EDIT)
def add_custom_field(subject: str) -> Page:
    """Define a field."""
    at = g.clock.now()
    try:
        form = FieldForm.read(request.form)
        org_id = queries.own_org(g.session, g.actor, EDIT)
        kind = _sample_type(org_id, form.sample_type)
        made = service.define_field(
            g.session, g.actor, org_id, subject, form.wanted(form.code.strip()), kind, at=at
        )
    except (Invalid, Conflict) as refused:
        return _form(subject, typed_of(request.form), refused), 422
    notices.tell(gettext("The field “%(name)s” has been added.", name=made.name))
    return redirect(url_for("storage.custom_fields"))


@pages.get("/custom-fields/<subject>/<code>/edit")
@require(EDIT)
def custom_field_form(subject: str, code: str) -> str:
    """Show the form of one field."""
    row = definition(g.session, g.actor, EDIT, subject, code)
    return _form(subject, Typed(_typed(row)), row=row)


@pages.post("/custom-fields/<subject>/<code>/edit")
@require(EDIT)
def change_custom_field(subject: str, code: str) -> Page:
    """Change a field; refused where what stands in it would not be allowed any more."""
    row = definition(g.session, g.actor, EDIT, subject, code)
    at = g.clock.now()
    try:
        form = FieldForm.read(request.form)
        refuse_stale(form.version, row.version)
        kind = _sample_type(row.org_id, form.sample_type)
        service.change_field(g.session, g.actor, row, form.wanted(row.code), kind, at=at)
    except (Invalid, Conflict) as refused:
        return _form(subject, typed_of(request.form), refused, row), 422
    notices.tell(gettext("The field “%(name)s” has been changed.", name=row.name))
    return redirect(url_for("storage.custom_fields"))


@pages.post("/custom-fields/<subject>/<code>/up")
@require(EDIT)
def raise_custom_field(subject: str, code: str) -> Response:
    """Let a field stand one place further up on the forms."""
    row = definition(g.session, g.actor, EDIT, subject, code)
    codes = [one.code for one in definitions(g.session, row.org_id, subject)]
    at = codes.index(code) if code in codes else 0
    if at:
        codes[at - 1], codes[at] = codes[at], codes[at - 1]
        service.order_fields(g.session, g.actor, row.org_id, subject, codes, at=g.clock.now())
    return redirect(url_for("storage.custom_fields"))


@pages.post("/custom-fields/<subject>/<code>/retire")
@require(EDIT)
def retire_custom_field(subject: str, code: str) -> Response:
    """Ask for a field no longer, or again."""
    row = definition(g.session, g.actor, EDIT, subject, code)
    if row.retired_at is None:
        service.retire_field(g.session, g.actor, row, at=g.clock.now())
        notices.tell(gettext("“%(name)s” is asked for no longer.", name=row.name))
    else:
        service.bring_back_field(g.session, g.actor, row, at=g.clock.now())
        notices.tell(gettext("“%(name)s” is asked for again.", name=row.name))
    return redirect(url_for("storage.custom_fields"))


def _sample_type(org_id: int, code: str) -> SampleType | None:
    found = of_organisation(g.session, org_id, code) if code else None
    return kept(g.session, found, at=g.clock.now()) if found else None


def _typed(row: FieldDefinition) -> dict[str, object]:
    return {
        "code": row.code,
        "name": row.name,
        "kind": row.kind,
        "unit": row.unit,
        "choices": "\n".join(choices_of(row)),
        "least": "" if row.least is None else plain_number(row.least),
        "most": "" if row.most is None else plain_number(row.most),
        "required": row.required,
        "sample_type": row.sample_type.code if row.sample_type else "",
        "version": row.version,
    }


def _form(
    subject: str,
    typed: Typed,
    refused: CryokeepError | None = None,
    row: FieldDefinition | None = None,
) -> str:
    org_id = queries.own_org(g.session, g.actor, EDIT)
    return render_template(
        "storage/custom_field_form.html",
        row=row,
        subject=subject,
        subjects=SUBJECTS,
        typed=typed,
        kinds=[(code, gettext(word)) for code, word in KINDS.items()],
        types=type_choices(org_id) if subject == "vial" else [],
        errors=errors_of(refused) if refused else {},
    )
