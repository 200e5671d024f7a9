"""What stands in the custom fields of a vial, a lot, a line or a container: shown on its page, edited on a form."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.catalogue import queries as catalogue
from server.catalogue.models import CellLine, Lot
from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage.models import Container, Vial
from server.storage.queries.aliases import aliases_of
from server.storage.queries.fields import Thing, fields_of, subject_of
from server.storage.queries.sample_types import offered
from server.storage.rules.limits import CRYOVIAL
from server.storage.sample_types import BUILT_IN
from server.storage.service.describing import describe_vial
from server.storage.service.fields import set_fields
from server.storage.service.sample_types import chosen
from server.storage.views.blueprints import pages
from server.storage.views.field_inputs import (
    errors_at_inputs,
    inputs_of,
    refuse_stale,
    shown,
    typed_fields,
)

Page = Response | str | tuple[str, int]
PERMISSIONS = {
    "vial": "storage.edit",
    "container": "storage.edit",
    "lot": "catalogue.edit",
    "line": "catalogue.edit",
}
READING = {
    "vial": "storage.read",
    "container": "storage.read",
    "lot": "catalogue.read",
    "line": "catalogue.read",
}


def thing_of(subject: str, code: str, permissions: dict[str, str]) -> Thing:
    """Return the thing with this code, for someone who has the permission for it."""
    permission = permissions.get(subject)
    if subject == "vial" and permission:
        return queries.vial(g.session, g.actor, permission, code)
    if subject == "container" and permission:
        return queries.container(g.session, g.actor, permission, code)
    if subject == "lot" and permission:
        return catalogue.lot(g.session, g.actor, code, permission)
    if subject == "line" and permission:
        return catalogue.line(g.session, g.actor, code, permission)
    raise NotFound(
        Refusal("no_fields", N_("“%(found)s” has no custom fields."), {"found": subject})
    )


def page_of(thing: Thing) -> str:
    """Return the address of a thing's page."""
    if isinstance(thing, Container):
        return url_for(f"storage.{thing.kind}", code=thing.code)
    if isinstance(thing, Lot | CellLine):
        return url_for(f"catalogue.{subject_of(thing)}", code=thing.code)
    return url_for("storage.vial", code=thing.code)


def type_name(found: Vial) -> str:
    """Return what a sample is, in words."""
    kind = found.sample_type or BUILT_IN[CRYOVIAL]
    return gettext(kind.name) if kind.code in BUILT_IN else kind.name


def fields_card(thing: Thing) -> str:
    """Return the card of a thing's custom fields, and of a sample its type and its other codes."""
    rows = fields_of(g.session, thing)
    subject = subject_of(thing)
    vial = thing if isinstance(thing, Vial) else None
    return render_template(
        "storage/fields_card.html",
        thing=thing,
        subject=subject,
        rows=shown(rows),
        vial=vial,
        type_name=type_name(vial) if vial else "",
        aliases=aliases_of(g.session, vial) if vial else [],
        may_edit=g.actor.may(PERMISSIONS[subject], thing.org_id),
        may_label=g.actor.may("storage.move", thing.org_id),
    )


@pages.get("/fields/<subject>/<code>")
@require("storage.edit")
def fields_form(subject: str, code: str) -> str:
    """Show the form of a thing's custom fields."""
    return _form(thing_of(subject, code, PERMISSIONS))


@pages.post("/fields/<subject>/<code>")
@require("storage.edit")
def fill_fields(subject: str, code: str) -> Page:
    """Set a thing's custom fields, and of a sample its type; all or none."""
    thing = thing_of(subject, code, PERMISSIONS)
    given = typed_fields(request.form)
    try:
        refuse_stale(request.form.get("version", type=int), thing.version)
        retype(thing, request.form.get("sample_type"))
        set_fields(g.session, g.actor, thing, given, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        g.session.rollback()
        return _form(thing_of(subject, code, PERMISSIONS), refused), 422
    notices.tell(gettext("%(code)s has been changed.", code=thing.code))
    return redirect(page_of(thing))


def retype(thing: Thing, code: str | None) -> None:
    """Give a sample the type that was chosen, where one was."""
    if code is None or not isinstance(thing, Vial):
        return
    if code == (thing.sample_type.code if thing.sample_type else CRYOVIAL):
        return
    at = g.clock.now()
    kind = chosen(g.session, thing.org_id, code, at=at)
    describe_vial(
        g.session, g.actor, thing, comment=thing.comment, project=thing.project, sample_type=kind, at=at
    )  # fmt: skip


def _form(thing: Thing, refused: CryokeepError | None = None) -> str:
    inputs = inputs_of(fields_of(g.session, thing))
    codes = [one.name.removeprefix("field.") for one in inputs]
    vial = thing if isinstance(thing, Vial) else None
    kind = vial.sample_type.code if vial and vial.sample_type else CRYOVIAL
    typed = typed_of(request.form) if refused else Typed({"sample_type": kind})
    return render_template(
        "storage/fields_form.html",
        thing=thing,
        back=page_of(thing),
        inputs=inputs,
        typed=typed,
        errors=errors_at_inputs(refused, codes) if refused else {},
        version=request.form.get("version", thing.version),
        types=type_choices(thing.org_id) if vial else [],
        asked=refused is not None,
    )


def type_choices(org_id: int) -> list[tuple[str, str]]:
    """Return the sample types that are offered, as (code, words)."""
    return [
        (one.code, gettext(one.name) if one.code in BUILT_IN else one.name)
        for one in offered(g.session, org_id)
    ]
