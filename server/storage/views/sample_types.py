"""Sample types: the list, and an organisation's own."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage.models import SampleType
from server.storage.queries.sample_types import MOST_COUNTED, sample_type, sample_types
from server.storage.rules.sample_types import LARGEST_UL
from server.storage.sample_types import VESSELS
from server.storage.service import sample_types as service
from server.storage.service.sample_types import SampleTypeFacts
from server.storage.views.blueprints import pages
from server.storage.views.field_inputs import refuse_stale

Page = Response | tuple[str, int]


class SampleTypeForm(Form):
    """A sample type of the organisation's own."""

    code: str = forms.code(required=False)
    name: str = forms.text(most=80)
    vessel: str = forms.choice(tuple(VESSELS))
    size_class: str = forms.text(required=False, most=20)
    largest_ul: int | None = forms.whole(required=False, least=1, most=LARGEST_UL)
    version: int | None = forms.whole(required=False)

    @property
    def facts(self) -> SampleTypeFacts:
        """Return what the form says."""
        return SampleTypeFacts(self.name, self.vessel, self.size_class, self.largest_ul)


@pages.get("/sample-types")
@require("storage.edit")
def list_sample_types() -> str:
    """List the types of samples."""
    return render_template(
        "storage/sample_types.html",
        rows=sample_types(g.session, g.actor),
        vessels=VESSELS,
        most=MOST_COUNTED,
    )


@pages.get("/sample-types/new")
@require("storage.edit")
def new_sample_type() -> str:
    """Show the form of a new type."""
    return _form(Typed({"vessel": "bag"}))


@pages.post("/sample-types/new")
@require("storage.edit")
def add_sample_type() -> Page:
    """Add a type of the organisation's own."""
    try:
        form = SampleTypeForm.read(request.form)
        org_id = queries.own_org(g.session, g.actor, "storage.edit")
        made = service.add_sample_type(
            g.session, g.actor, org_id, form.code, form.facts, at=g.clock.now()
        )
    except (Invalid, Conflict) as refused:
        return _form(typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been added.", code=made.code))
    return redirect(url_for("storage.list_sample_types"))


@pages.get("/sample-types/<code>/edit")
@require("storage.edit")
def edit_sample_type_form(code: str) -> str:
    """Show the form of a type of the organisation's own."""
    found = _own(code)
    names = ("code", "name", "vessel", "size_class", "version")
    typed = {name: getattr(found, name) for name in names}
    return _form(Typed({**typed, "largest_ul": found.largest_ul or ""}), found=found)


@pages.post("/sample-types/<code>/edit")
@require("storage.edit")
def edit_sample_type(code: str) -> Page:
    """Change a type."""
    found = _own(code)
    try:
        form = SampleTypeForm.read(request.form)
        refuse_stale(form.version, found.version)
        service.edit_sample_type(g.session, g.actor, found, form.facts, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _form(typed_of(request.form), refused, found), 422
    notices.tell(gettext("%(code)s has been changed.", code=found.code))
    return redirect(url_for("storage.list_sample_types"))


@pages.post("/sample-types/<code>/retire")
@require("storage.edit")
def retire_sample_type(code: str) -> Response:
    """Offer a type no longer, or again."""
    found = _own(code)
    if found.retired_at is None:
        service.retire_sample_type(g.session, g.actor, found, at=g.clock.now())
        notices.tell(gettext("%(code)s is offered no longer.", code=found.code))
    else:
        service.bring_back_sample_type(g.session, g.actor, found, at=g.clock.now())
        notices.tell(gettext("%(code)s is offered again.", code=found.code))
    return redirect(url_for("storage.list_sample_types"))


def _own(code: str) -> SampleType:
    return service.refuse_built_in(sample_type(g.session, g.actor, "storage.edit", code))


def _form(
    typed: Typed, refused: CryokeepError | None = None, found: SampleType | None = None
) -> str:
    return render_template(
        "storage/sample_type_form.html",
        found=found,
        typed=typed,
        vessels=[(code, gettext(word)) for code, word in VESSELS.items()],
        errors=errors_of(refused) if refused else {},
    )
