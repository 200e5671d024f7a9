"""Pages of cell lines: the list, one line, and its form."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.catalogue import queries, rules, service
from server.catalogue.models import CellLine
from server.catalogue.views.blueprints import pages
from server.catalogue.views.forms import LineForm, typed_line
from server.core.errors import Conflict, Invalid
from server.kit import lists, notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext


@pages.get("/lines")
@require("catalogue.read")
def lines() -> str:
    """List the lines that the person may see."""
    words = request.args.get("q", "")
    wanted = queries.lines(g.actor, words)
    part = lists.part(g.session, wanted, queries.LINE_SORTS, "name", CellLine.id)
    lot_counts = queries.lots_per_line(g.session, [line.id for line in part.rows])
    return render_template(
        "catalogue/lines.html", part=part, words=words, lots=lot_counts, rules=rules
    )


@pages.get("/lines/<code>")
@require("catalogue.read")
def line(code: str) -> str:
    """Show one line with its lots."""
    found = queries.line(g.session, g.actor, code)
    lots = queries.lots_of(g.session, found)
    return render_template("catalogue/line.html", line=found, lots=lots, rules=rules)


@pages.get("/lines/new")
@require("catalogue.edit")
def new_line() -> str:
    """Show the empty form."""
    return _form(None, Typed({"biosafety_level": 1, "listed": False}))


@pages.post("/lines/new")
@require("catalogue.edit")
def add_line() -> Response | tuple[str, int]:
    """Enter a line."""
    try:
        facts = LineForm.read(request.form).facts()
        org_id = queries.own_organisation(g.actor, "catalogue.edit")
        made = service.add_line(g.session, g.actor, org_id, facts, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _form(None, typed_of(request.form), errors_of(refused)), 422
    notices.tell(gettext("%(name)s is in the catalogue. Enter its first lot next.", name=made.name))
    return redirect(url_for("catalogue.line", code=made.code), 303)


@pages.get("/lines/<code>/edit")
@require("catalogue.edit")
def edit_line(code: str) -> str:
    """Show the form as the line stands."""
    found = queries.line(g.session, g.actor, code, "catalogue.edit")
    return _form(found, typed_line(found))


@pages.post("/lines/<code>/edit")
@require("catalogue.edit")
def change_line(code: str) -> Response | tuple[str, int]:
    """Change a line."""
    found = queries.line(g.session, g.actor, code, "catalogue.edit")
    try:
        facts = LineForm.read(request.form).facts()
        service.edit_line(g.session, g.actor, found, facts, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _form(found, typed_of(request.form), errors_of(refused)), 422
    notices.tell(gettext("%(name)s has been changed.", name=found.name))
    return redirect(url_for("catalogue.line", code=found.code), 303)


def _form(line: CellLine | None, typed: Typed, errors: object = None) -> str:
    return render_template(
        "catalogue/line_form.html", line=line, typed=typed, errors=errors or {}, rules=rules
    )
