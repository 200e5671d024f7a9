"""The list of freezers, the page of a freezer and of a rack, and the stock."""

from flask import g, render_template, request

from server.kit.door import require
from server.storage import queries
from server.storage.queries import FreezerRow
from server.storage.views import drawing
from server.storage.views.blueprints import pages
from server.storage.views.container_facts import about
from server.storage.views.shelving import shelf

SORTS = {
    "code": lambda row: row.freezer.code,
    "site": lambda row: (row.site.name, row.room.code, row.freezer.code),
    "vials": lambda row: row.vials,
    "last": lambda row: row.last_copies,
}


@pages.get("/freezers")
@require("storage.read")
def freezers() -> str:
    """List the freezers that the person may see."""
    rows = _sorted(queries.freezers(g.session, g.actor))
    may_add = g.actor.may("storage.edit")
    return render_template("storage/freezers.html", rows=rows, may_add=may_add)


def _sorted(rows: list[FreezerRow]) -> list[FreezerRow]:
    by = SORTS.get(request.args.get("sort", ""), SORTS["site"])
    return sorted(rows, key=by, reverse=request.args.get("dir") == "desc")


@pages.get("/freezers/<code>")
@require("storage.read")
def freezer(code: str) -> str:
    """Show one freezer: where it stands, what is in it, and what higher features say of it."""
    found = queries.container(g.session, g.actor, "storage.read", code, "freezer")
    return _inside(queries.freezer_details(g.session, found).code, "freezer")


@pages.get("/racks/<code>")
@require("storage.read")
def rack(code: str) -> str:
    """Show one rack and its boxes."""
    return _inside(code, "rack")


def _inside(code: str, kind: str) -> str:
    found = queries.container(g.session, g.actor, "storage.read", code, kind)
    path = queries.path_of(g.session, found)
    rows = queries.children_of(g.session, found)
    may_edit = g.actor.may("storage.edit", found.org_id)
    return render_template(
        f"storage/{kind}.html",
        container=found,
        path=path,
        steps=drawing.steps(path),
        inside=queries.inside(g.session, found),
        rows=rows,
        cells=shelf(found, rows, fills=may_edit and found.retired_at is None),
        may_edit=may_edit,
        about=about(found),
    )


@pages.get("/stock")
@require("storage.read")
def stock() -> str:
    """Show where to begin: what is stored by line, and what can be done with it."""
    rows = queries.stock_by_line(g.session, g.actor)
    return render_template("storage/stock.html", rows=rows)
