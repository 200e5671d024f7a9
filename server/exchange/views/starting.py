"""A file is handed in: chosen, sent, stored in parts, looked at."""

from typing import IO

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.exchange import queries, registry, rules, staging
from server.exchange.layouts.base import OWN
from server.exchange.models import Import
from server.exchange.rules import LARGEST_BYTES, MOST_ROWS
from server.exchange.service import imports as service
from server.exchange.sheets.base import Sheet
from server.exchange.views.blueprints import pages
from server.kit import lists
from server.kit.door import admit, require
from server.kit.forms import Typed, errors_of, typed_of
from server.parties import queries as parties

NO_FILE = Refusal("no_file", N_("No file was chosen. Choose a CSV or XLSX file."))
NOTHING = Refusal("no_sheet", N_("Choose what the rows of the file are."))
SORTS = {"code": Import.id, "when": Import.created_at, "sheet": Import.sheet, "state": Import.state}


def mine() -> list[Sheet]:
    """Return the sheets of which this actor may bring rows in; refuses one who may bring in none."""
    found = [sheet for sheet in registry.SHEETS.values() if g.actor.may(sheet.permission)]
    if not found:
        raise NotFound(Refusal("no_sheets", N_("Your roles let you bring in nothing.")))
    return found


@pages.get("/imports")
@require("storage.import")
def imports() -> str:
    """List the imports, the newest first."""
    mine()
    part = lists.part(g.session, queries.imports(g.actor), SORTS, "-code", Import.id)
    return render_template("exchange/imports.html", part=part, sheets=registry.SHEETS)


@pages.get("/imports/new")
@require("storage.import")
def new_import() -> str:
    """Show the form for a file."""
    return _form(Typed({"sheet": request.args.get("sheet", "")}))


@pages.post("/imports")
@require("storage.import")
def send() -> Response | tuple[str, int]:
    """Store a file and go to the page on which its columns are mapped."""
    try:
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            raise Invalid(NO_FILE, field="file")
        sheet, _, layout = request.form.get("sheet", "").partition("/")
        if sheet not in registry.SHEETS:
            raise Invalid(NOTHING, field="sheet")
        code = take_in(sent.stream, sent.filename, sheet, layout, request.form.get("org", ""))
    except CryokeepError as refused:
        return _form(typed_of(request.form), refused), 422
    return redirect(url_for("exchange.import_page", code=code))


def take_in(file: IO[bytes], name: str, sheet: str, layout: str, org_code: str) -> str:
    """Store this file as an import of the organisation, in short transactions; returns its code."""
    permission = registry.sheet_of(sheet).permission
    admit(g.actor, permission)
    how, header, sample = staging.look(file)
    fitting = registry.fitting(header)
    if not layout:
        layout = fitting.name if fitting is not None and fitting.sheet == sheet else OWN
    if layout == OWN:
        how, header, sample = staging.look(file, marked=True)
    with g.reader.writing() as session:
        org_id = (
            parties.by_code(session, g.actor, permission, org_code).id
            if org_code
            else parties.own_organisation(session, g.actor, permission)
        )
        made = service.begin(
            session, g.actor, org_id, sheet, layout, rules.plain_name(name), at=g.clock.now()
        )
        import_id = made.id
    file.seek(0)
    size, sha256 = staging.store(g.reader.writing, import_id, file)
    found: Import = g.session.get_one(Import, import_id)
    service.receive(
        g.session, g.actor, found, size=size, sha256=sha256, how=how, header=header, sample=sample,
        at=g.clock.now(),
    )  # fmt: skip
    return found.code


def _form(typed: Typed, refused: CryokeepError | None = None) -> str:
    choices = [
        (f"{sheet.name}/{layout.name}", sheet.label, layout.label, layout.name == "own")
        for sheet in mine()
        for layout in registry.layouts_of(sheet.name)
    ]
    with g.reader() as session:
        orgs = session.scalars(parties.seen_by(g.actor, "storage.import").limit(200)).all()
    return render_template(
        "exchange/new.html", choices=choices, orgs=orgs, typed=typed, most_rows=MOST_ROWS,
        most_mb=LARGEST_BYTES // 1024 // 1024, errors=errors_of(refused) if refused else {},
    )  # fmt: skip
