"""One box of a stock-take: read by file or tube by tube, shown beside the record, committed."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from server.core.errors import CryokeepError, Invalid, Refusal
from server.core.words import N_
from server.genealogy.models import Hold
from server.genealogy.rules import CAUSES
from server.handling.models import StockTake, StockTakeBox
from server.handling.queries import stocktakes as queries
from server.handling.rules.stocktakes import Line, next_to_read, tally
from server.handling.service import stocktakes
from server.handling.views.blueprints import pages
from server.handling.views.stocktakes import MISTAKES, WORK, page_again
from server.handling.views.take_forms import CommitForm, FileForm, ReadingForm
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.kit.state import kit
from server.storage import documents, imports
from server.storage import service as storage
from server.storage.imports import ScanRefused
from server.storage.queries import holds_on_codes, path_of
from server.storage.queries.scanners import scanner as one_scanner
from server.storage.queries.scanners import scanners
from server.storage.reconcile import Plan
from server.storage.service.scanners import manner_of
from server.storage.service.scans import File, seen_in
from server.storage.views import drawing

NO_FILE = Refusal("no_file", N_("No file was chosen. Choose the file that the scanner wrote."))
NO_BOX = Refusal("no_box", N_("The file does not name its rack. Scan the box that was scanned."))
NO_TUBE = Refusal("no_tube", N_("Scan the tube, or say that it cannot be read."))


@pages.get("/stock-takes/<code>/boxes/<box>")
@require("storage.read")
def take_box(code: str, box: str) -> str:
    """Show a box of a stock-take: what is recorded beside what was read."""
    take = queries.stock_take(g.session, g.actor, "storage.read", code)
    return _page(queries.box_of(g.session, take, box))


def _doubts(line: StockTakeBox, plan: Plan, lines: list[Line]) -> list[Refusal]:
    assert line.scan is not None
    changed = queries.changed_since(g.session, line, lines)
    return [*storage.doubts_of(g.session, line.scan, plan), *changed]


def _held(line: StockTakeBox, lines: list[Line]) -> dict[str, list[Hold]]:
    """Return the holds on tubes that are recorded in the box or were read in it, by their codes."""
    codes = {code for one in lines for code in (one.recorded, one.scanned) if code}
    return holds_on_codes(g.session, codes, line.take.org_id)


def _page(
    line: StockTakeBox, refused: CryokeepError | None = None, typed: Typed | None = None
) -> str:
    live = line.scan is not None and line.settled_at is None
    plan, lines = queries.compared(g.session, line) if live else (None, [])
    seen = seen_in(line.scan) if line.scan is not None else []
    recorded = queries.recorded_in(g.session, line.box)
    expected = next_to_read(line.box.shape.usable, recorded, [one.ordinal for one in seen])
    return render_template(
        "handling/take_box.html",
        take=line.take,
        line=line,
        box=line.box,
        plan=plan,
        lines=lines,
        held=_held(line, lines),
        causes=CAUSES,
        tally=tally(lines),
        doubts=_doubts(line, plan, lines) if plan is not None else [],
        by_hand=line.scan is None or line.scan.format == imports.BY_HAND,
        read=len(seen),
        recorded=recorded,
        expected=expected,
        steps=drawing.steps(path_of(g.session, line.box)),
        scanners=[(one.id, one.code) for one in scanners(g.session, g.actor)],
        may_work=g.actor.may(WORK, line.take.org_id) and line.settled_at is None,
        typed=typed or Typed(),
        errors=errors_of(refused) if refused else {},
        problems=refused.problems if isinstance(refused, ScanRefused) else [],
        done=request.args.get("done", ""),
    )


def _again(code: str, box: str, refused: CryokeepError) -> tuple[str, int]:
    g.session.rollback()
    with g.reader() as session:
        g.session = session
        take = queries.stock_take(session, g.actor, WORK, code)
        return _page(queries.box_of(session, take, box), refused, typed_of(request.form)), 422


def _onwards(line: StockTakeBox, done: str = "") -> Response:
    url = url_for("handling.take_box", code=line.take.code, box=line.box.code, done=done or None)
    return redirect(url, 303)


@pages.post("/stock-takes/<code>/file")
@require(WORK)
def upload_take_file(code: str) -> Response | tuple[str, int]:
    """Take a scanner's file for the box that it names, or that was scanned."""
    try:
        form = FileForm.read(request.form)
        file = _file(request.files.get("file"))
        line = _staged(code, form, file)
    except MISTAKES as refused:
        box = request.form.get("box", "")
        known = request.form.get("from_box", "") and box
        return _again(code, box, refused) if known else page_again(code, refused)
    return _onwards(line)


def _staged(code: str, form: FileForm, file: File) -> StockTakeBox:
    with g.reader() as session:
        scanner = one_scanner(session, g.actor, WORK, form.scanner) if form.scanner else None
        manner = manner_of(scanner)
        take = queries.stock_take(session, g.actor, WORK, code)
        mark = form.box or imports.rack_of(file.data, manner)
        if not mark:
            raise Invalid(NO_BOX, field="box")
        shape = queries.box_of(session, take, mark).box.shape
    read = imports.read(file.data, shape, manner)  # no one waits for the write lock meanwhile
    take = queries.stock_take(g.session, g.actor, WORK, code)
    line = queries.box_of(g.session, take, mark)
    scanner = one_scanner(g.session, g.actor, WORK, form.scanner) if form.scanner else None
    stocktakes.read_file(
        g.session, g.actor, line, file, read, scanner, rest_is_empty=form.rest_is_empty,
        at=g.clock.now(),
    )  # fmt: skip
    documents.keep(kit().settings.home, file.data)
    return line


def _file(sent: FileStorage | None) -> File:
    if sent is None or not sent.filename:
        raise Invalid(NO_FILE, field="file")
    return File(sent.filename, sent.stream.read(imports.LARGEST_BYTES + 1))


@pages.post("/stock-takes/<code>/boxes/<box>/tube")
@require(WORK)
def read_take_tube(code: str, box: str) -> Response | tuple[str, int]:
    """Write down what is at one position of the box."""
    try:
        form = ReadingForm.read(request.form)
        if form.seen == "tube" and not form.tube:
            raise Invalid(NO_TUBE, field="tube")
        line = _line(code, box)
        tube, unread = form.tube if form.seen == "tube" else "", form.seen == "unread"
        stocktakes.read_tube(
            g.session, g.actor, line, form.position, tube, unread=unread, at=g.clock.now()
        )
    except MISTAKES as refused:
        return _again(code, box, refused)
    return _onwards(line, form.tube or form.position)


def _line(code: str, box: str) -> StockTakeBox:
    take: StockTake = queries.stock_take(g.session, g.actor, WORK, code)
    return queries.box_of(g.session, take, box)


@pages.post("/stock-takes/<code>/boxes/<box>/rest-empty")
@require(WORK)
def rest_of_take_box_empty(code: str, box: str) -> Response | tuple[str, int]:
    """Write down that all positions that were not read are empty."""
    line = _line(code, box)
    try:
        stocktakes.read_rest_as_empty(g.session, g.actor, line, at=g.clock.now())
    except MISTAKES as refused:
        return _again(code, box, refused)
    return _onwards(line)


@pages.post("/stock-takes/<code>/boxes/<box>/anew")
@require(WORK)
def read_take_box_anew(code: str, box: str) -> Response | tuple[str, int]:
    """Put aside what was read of the box."""
    line = _line(code, box)
    try:
        stocktakes.read_anew(g.session, g.actor, line, at=g.clock.now())
    except MISTAKES as refused:
        return _again(code, box, refused)
    return _onwards(line)


@pages.post("/stock-takes/<code>/boxes/<box>/commit")
@require(WORK)
def commit_take_box(code: str, box: str) -> Response | tuple[str, int]:
    """Make the record say what was seen in the box; every difference is written down."""
    line = _line(code, box)
    try:
        form = CommitForm.read(request.form)
        stocktakes.commit_box(
            g.session, g.actor, line, form.fingerprint, looked=form.compared, at=g.clock.now()
        )
    except MISTAKES as refused:
        return _again(code, box, refused)
    notices.tell(
        gettext(
            "%(box)s is committed: %(same)s of %(recorded)s tubes were where the record has them.",
            box=line.box.code,
            same=line.same,
            recorded=line.recorded,
        )
    )
    return redirect(url_for("handling.stock_take", code=line.take.code), 303)
