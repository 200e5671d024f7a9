"""The page of one box: its map, and the tubes that are entered into it."""

from collections import Counter

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.catalogue import queries as catalogue
from server.core.errors import Conflict, CryokeepError, Invalid, NotFound
from server.core.words import N_n
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Container
from server.storage.service.entering import Entering, enter_vials
from server.storage.views import drawing
from server.storage.views.blueprints import pages
from server.storage.views.container_facts import about
from server.storage.views.field_inputs import new_inputs, typed_fields
from server.storage.views.filling import type_choices
from server.storage.views.forms import VialsForm


@pages.get("/boxes/<code>")
@require("storage.read")
def box(code: str) -> str:
    """Show what is in a box, position by position."""
    found = queries.container(g.session, g.actor, "storage.read", code, "box")
    contents = queries.box_contents(g.session, found)
    path = queries.path_of(g.session, found)
    may_fill = g.actor.may("storage.edit", found.org_id) and found.retired_at is None
    lots = Counter(
        (place.lot_code, place.line_name, place.disposition) for place in contents if place.filled
    )
    return render_template(
        "storage/box.html",
        box=found,
        path=path,
        steps=drawing.steps(path),
        contents=contents,
        taken=sum(place.filled for place in contents),
        cells=drawing.cells(found, contents, fills=may_fill),
        lots=sorted(lots.items()),
        may_fill=may_fill,
        free=sum(place.free and place.ordinal not in found.shape.blocked for place in contents),
        about=about(found),
    )


@pages.get("/boxes/<code>/vials")
@require("storage.edit")
def add_vials_form(code: str) -> str:
    """Ask for the lot and the codes of tubes that go into the box."""
    found = queries.container(g.session, g.actor, "storage.edit", code, "box")
    return _form(found, Typed({"position": request.args.get("at", "")}))


@pages.post("/boxes/<code>/vials")
@require("storage.edit")
def add_vials(code: str) -> Response | tuple[str, int]:
    """Enter tubes into a lot and into the box, all or none."""
    found = queries.container(g.session, g.actor, "storage.edit", code, "box")
    try:
        form = VialsForm.read(request.form)
        lot = catalogue.lot(g.session, g.actor, form.lot, "storage.edit")
        start = storage.position_in(g.session, found, form.position)
        at = g.clock.now()
        entering = Entering(form.sample_type, typed_fields(request.form))
        made = enter_vials(g.session, g.actor, lot, form.lines, entering, found, start, at=at)
    except (Invalid, Conflict, NotFound) as refused:
        return _form(found, typed_of(request.form), refused), 422
    notices.tell(
        gettext(
            N_n("Entered into %(box)s: 1 tube.", "Entered into %(box)s: %(count)s tubes.", "count"),
            box=found.code,
            count=len(made),
        )
    )
    return redirect(url_for("storage.box", code=found.code))


def _form(found: Container, typed: Typed, refused: CryokeepError | None = None) -> str:
    errors = errors_of(refused) if refused else {}
    return render_template(
        "storage/add_vials.html",
        box=found,
        typed=typed,
        errors=errors,
        types=type_choices(found.org_id),
        inputs=new_inputs(found.org_id),
    )
