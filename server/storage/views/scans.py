"""Rack scans: a file is read, shown beside the record, and applied or put aside."""

from collections.abc import Sequence

from flask import g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from server.catalogue import queries as catalogue
from server.core.errors import Conflict, CryokeepError, Gone, Invalid, NotFound, Refusal
from server.core.words import N_
from server.genealogy.models import Hold
from server.genealogy.rules import CAUSES
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.kit.state import kit
from server.storage import documents, imports, queries
from server.storage import service as storage
from server.storage.imports import Problem, ScanRefused
from server.storage.models import Container, RackScan, Scanner
from server.storage.queries.scanners import scanner as one_scanner
from server.storage.queries.scanners import scanners as all_scanners
from server.storage.reconcile import Plan
from server.storage.service.scanners import manner_of
from server.storage.service.scans import ENTERS, File
from server.storage.views import drawing
from server.storage.views.blueprints import pages
from server.storage.views.forms import ApplyForm, LotForm, ScanForm

NO_FILE = Refusal("no_file", N_("No file was chosen. Choose the file that the scanner wrote."))
NO_BOX = Refusal("no_box", N_("The file does not name its rack. Scan the box that was scanned."))


@pages.get("/scans")
@require("storage.import")
def scans() -> str:
    """Show the form for a scanner's file, and the scans so far."""
    return _page(Typed({"box": request.args.get("box", "")}))


@pages.post("/scans")
@require("storage.import")
def upload() -> Response | tuple[str, int]:
    """Read a file and show what it would change; a bad file is refused with all that is wrong."""
    try:
        form = ScanForm.read(request.form)
        file = _file(request.files.get("file"))
        staged = stage(file, form.box, form.lot, form.scanner)
    except (Invalid, Conflict, NotFound) as refused:
        problems = refused.problems if isinstance(refused, ScanRefused) else []
        return _page(typed_of(request.form), refused, problems), 422
    return redirect(url_for("storage.scan", scan_id=staged.id))


def stage(file: File, box_code: str, lot_code: str, scanner_id: int | None) -> RackScan:
    """Read a scanner's file and keep it with its box; an empty code asks the file for its rack."""
    with g.reader() as session:
        manner = manner_of(_scanner(session, scanner_id))
        shape = _box(session, box_code, file, manner).shape
    read = imports.read(file.data, shape, manner)  # no one waits for the write lock meanwhile
    box = _box(g.session, box_code, file, manner)
    lot = catalogue.lot(g.session, g.actor, lot_code, "storage.import") if lot_code else None
    staged = storage.stage_scan(
        g.session, g.actor, box, file, read=read, lot=lot,
        scanner=_scanner(g.session, scanner_id), at=g.clock.now(),
    )  # fmt: skip
    documents.keep(kit().settings.home, file.data)
    return staged


def _file(sent: FileStorage | None) -> File:
    if sent is None or not sent.filename:
        raise Invalid(NO_FILE, field="file")
    return File(sent.filename, sent.stream.read(imports.LARGEST_BYTES + 1))


def _scanner(session: Session, scanner_id: int | None) -> Scanner | None:
    return one_scanner(session, g.actor, "storage.import", scanner_id) if scanner_id else None


def _box(session: Session, typed: str, file: File, manner: imports.Manner) -> Container:
    code = typed or imports.rack_of(file.data, manner)
    if not code:
        raise Invalid(NO_BOX, field="box")
    return queries.container(session, g.actor, "storage.import", code, "box")


def _page(
    typed: Typed, refused: CryokeepError | None = None, problems: Sequence[Problem] = ()
) -> str:
    with g.reader() as session:
        so_far = queries.recent_scans(session, g.actor)
        offered = [(one.id, one.code) for one in all_scanners(session, g.actor)]
    return render_template(
        "storage/scans.html",
        scans=so_far,
        scanners=offered,
        typed=typed,
        errors=errors_of(refused) if refused else {},
        may_enter=g.actor.may(ENTERS),
        problems=problems,
        format_names=imports.FORMAT_NAMES,
    )


@pages.get("/scans/<int:scan_id>")
@require("storage.import")
def scan(scan_id: int) -> str:
    """Show what applying the scan would change, side by side."""
    return _staging(scan_id)


def _staging(scan_id: int, refused: CryokeepError | None = None, typed: Typed | None = None) -> str:
    found = queries.rack_scan(g.session, g.actor, scan_id)
    plan = storage.plan_of(g.session, found) if found.state == "staged" else None
    lot = queries.lot_of(g.session, found)
    return render_template(
        "storage/scan.html",
        scan=found,
        box=found.box,
        plan=plan,
        held=_held(found, plan) if plan else {},
        causes=CAUSES,
        doubts=storage.doubts_of(g.session, found, plan) if plan else [],
        lot=lot,
        may_enter=g.actor.may(ENTERS, found.org_id),
        steps=drawing.steps(queries.path_of(g.session, found.box)),
        typed=typed or Typed({"lot": lot.code if lot else ""}),
        errors=errors_of(refused) if refused else {},
        format_names=imports.FORMAT_NAMES,
    )


def _held(scan: RackScan, plan: Plan) -> dict[str, list[Hold]]:
    """Return the holds on tubes that are recorded in the box or were scanned in it, by their codes."""
    codes = {code for one in plan.entries for code in (one.recorded, one.scanned) if code}
    return queries.holds_on_codes(g.session, codes, scan.org_id)


@pages.post("/scans/<int:scan_id>/lot")
@require("storage.import")
def choose_lot(scan_id: int) -> Response | tuple[str, int]:
    """Say into which lot unknown tubes are entered, or that they stay out."""
    try:
        form = LotForm.read(request.form)
        found = queries.rack_scan(g.session, g.actor, scan_id)
        lot = catalogue.lot(g.session, g.actor, form.lot, "storage.import") if form.lot else None
        storage.choose_lot(g.session, g.actor, found, lot, at=g.clock.now())
    except (Invalid, Conflict, Gone, NotFound) as refused:
        return _staging(scan_id, refused, typed_of(request.form)), 422
    return redirect(url_for("storage.scan", scan_id=scan_id))


@pages.post("/scans/<int:scan_id>/apply")
@require("storage.import")
def apply_scan(scan_id: int) -> Response | tuple[str, int]:
    """Make the record say what the scan saw, all of it or nothing."""
    form, at = ApplyForm.read(request.form), g.clock.now()
    found = queries.rack_scan(g.session, g.actor, scan_id)
    try:
        plan = storage.apply_scan(
            g.session, g.actor, found, form.fingerprint, compared=form.compared,
            leaving=form.leaving, at=at,
        )  # fmt: skip
    except Conflict as refused:
        g.session.rollback()
        return _staging(scan_id, refused), 422 if refused.field == "compared" else 409
    notices.tell(
        gettext("The scan has been applied. Vials changed: %(count)s.", count=plan.changes)
    )
    return redirect(url_for("storage.box", code=found.box.code))


@pages.post("/scans/<int:scan_id>/put-aside")
@require("storage.import")
def put_aside(scan_id: int) -> Response:
    """Close the scan without changing anything."""
    found = queries.rack_scan(g.session, g.actor, scan_id)
    storage.put_aside_scan(g.session, g.actor, found, at=g.clock.now())
    notices.tell(gettext("The scan has been put aside; nothing was changed."))
    return redirect(url_for("storage.scans"))
