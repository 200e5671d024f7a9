"""Everything of one kind as a file, in the columns in which it can come in again."""

from collections.abc import Iterator

from flask import Response, g, render_template, request

from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.exchange import files, outward, registry
from server.exchange.layouts.base import OWN, Layout
from server.exchange.sheets.base import Sheet
from server.exchange.views.blueprints import api, pages
from server.exchange.views.results import XLSX_TYPE, sent
from server.kit.api import describes
from server.kit.door import admit, require
from server.kit.state import kit
from server.parties import queries as parties

NO_KIND = N_("A file ends in .csv or .xlsx; “%(found)s” was asked for.")


def _mine() -> list[Sheet]:
    return [sheet for sheet in registry.SHEETS.values() if g.actor.may(sheet.reads)]


@pages.get("/exports")
@require("storage.read")
def exports() -> str:
    """Show what can go out, and in whose columns."""
    sheets = _mine()
    rows = [
        (sheet, [layout for layout in registry.layouts_of(sheet.name) if layout.goes_out])
        for sheet in sheets
    ]
    orgs = g.session.scalars(parties.seen_by(g.actor, "storage.read").limit(200)).all()
    return render_template("exchange/exports.html", rows=rows, orgs=orgs)


@pages.get("/exports/<name>.<kind>")
@require("storage.read")
def export(name: str, kind: str) -> Response:
    """Return everything of this kind as a file."""
    return _file(name, kind)


@api.get("/exports/<name>.<kind>")
@require("storage.read")
@describes(
    "Everything of one kind as CSV or XLSX, in columns in which it can come in again",
    answers={200: None},
    query={"layout": "Whose columns; “own” where nothing is said.", "organisation": "Its code."},
)
def api_export(name: str, kind: str) -> Response:
    """Return everything of this kind as a file."""
    return _file(name, kind)


def _file(name: str, kind: str) -> Response:
    sheet = registry.sheet_of(name)
    admit(g.actor, sheet.reads)
    layout = registry.layout_of(name, request.args.get("layout", "") or OWN)
    code = request.args.get("organisation", "")
    org_id = (
        parties.by_code(g.session, g.actor, sheet.reads, code).id
        if code
        else parties.own_organisation(g.session, g.actor, sheet.reads)
    )
    header = outward.header_of(g.session, sheet, layout, org_id)
    rows = _rows(kit().database, g.actor, sheet, layout, org_id)
    if kind == "csv":
        parts = files.csv_parts(header, rows, marked=layout.name == OWN)
        return sent(parts, f"{name}.csv")
    if kind == "xlsx":
        return sent(files.xlsx(header, rows), f"{name}.xlsx", XLSX_TYPE)
    raise NotFound(Refusal("no_such_kind", NO_KIND, {"found": kind}))


def _rows(
    database: Database, actor: Actor, sheet: Sheet, layout: Layout, org_id: int
) -> Iterator[list[str]]:
    """Yield the rows out of a session of their own: they are sent when the door has closed."""
    with database.reading() as session:
        yield from outward.rows_of(session, actor, sheet, layout, org_id)
