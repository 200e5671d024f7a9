"""The API of rack scans: send a scanner's file, look, apply it or put it aside; and of the scanners."""

from collections import Counter
from datetime import datetime

import msgspec
from flask import g, request

from server.catalogue import queries as catalogue
from server.core.errors import Refusal
from server.core.words import N_
from server.kit import api as described
from server.kit import cursors, etag
from server.kit.api import Answer, Body, describes
from server.kit.door import require
from server.kit.forms import FormRefused, Typed
from server.kit.i18n import gettext
from server.storage import imports, queries
from server.storage import service as storage
from server.storage.models import RackScan, Scanner
from server.storage.queries.scanners import scanner as one_scanner
from server.storage.queries.scanners import scanners as all_scanners
from server.storage.reconcile import Plan
from server.storage.scanners.seen import EMPTY_WORDS, UNREAD_WORDS, Manner, ScanRefused
from server.storage.service import scanners as service
from server.storage.service.scanners import manner_of
from server.storage.service.scans import File
from server.storage.views.blueprints import api
from server.storage.views.scans import stage

SCAN = "storage.import"
EDIT = "storage.edit"
WRONG_ROW = N_("Found “%(found)s”; %(expected)s")


class LotOfUnknown(Body):
    """Into which lot tubes that are not known are entered; empty: they stay out."""

    lot: str


class Apply(Body):
    """The comparison that is applied, by its fingerprint; `compared` says that doubts were looked at.

    With `leave_conflicts` tubes in conflict stay as they are recorded and the rest is applied.
    """

    fingerprint: str
    compared: bool = False
    leave_conflicts: bool = False


class PositionOut(Answer):
    """One position: what the record says, what the scan saw, and what applying would do."""

    position: str
    recorded: str
    scanned: str
    change: str
    why: str
    """The reason where it conflicts with the record."""


class ScanOut(Answer):
    """A rack scan; `positions`, `doubts` and `fingerprint` while it is staged."""

    number: int
    box: str
    file: str
    state: str
    lot: str
    read_at: datetime
    fingerprint: str
    doubts: list[str]
    counts: dict[str, int]
    positions: list[PositionOut]
    held: dict[str, list[str]]
    """The causes of the open holds on a tube, its lot or its line, by the code of the tube."""


class ScansOut(Answer):
    """A page of scans, the newest first."""

    items: list[ScanOut]
    next: str | None


class MannerBody(Body):
    """How a scanner writes: its words, whether it sees the rack from below, and its columns."""

    unread_words: list[str] = msgspec.field(default_factory=list)
    empty_words: list[str] = msgspec.field(default_factory=list)
    mirrored: bool = False
    down_first: bool = False
    columns: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def manner(self) -> Manner:
        """Return it as the manner of a scanner; the usual words where none are given."""
        return Manner(
            unread_words=_upper(self.unread_words) or UNREAD_WORDS,
            empty_words=_upper(self.empty_words) or EMPTY_WORDS,
            mirrored=self.mirrored,
            down_first=self.down_first,
            columns=self.columns,
        )


class NewScanner(MannerBody, kw_only=True):
    """A scanner of the organisation's own."""

    code: str


class ScannerOut(Answer):
    """A rack scanner and how it writes."""

    number: int
    code: str
    unread_words: list[str]
    empty_words: list[str]
    mirrored: bool
    down_first: bool
    columns: dict[str, str]
    offered: bool
    version: int


class ScannersOut(Answer):
    """All scanners."""

    items: list[ScannerOut]


def _upper(words: list[str]) -> frozenset[str]:
    return frozenset(word.strip().upper() for word in words if word.strip())


@api.get("/scans")
@require(SCAN)
@describes("List rack scans, the newest first", answers={200: ScansOut}, listed=True)
def list_scans() -> ScansOut:
    """Answer the scans, without their positions."""
    wanted = queries.rack_scans(g.actor)
    found, onward = cursors.page(g.session, wanted, RackScan.id, newest_first=True)
    return ScansOut(items=[_out(scan, whole=False) for scan in found], next=onward)


@api.post("/scans")
@require(SCAN)
@describes(
    "Send a scanner's file as the body; it is staged, and changes nothing yet",
    answers={201: ScanOut},
    query={
        "box": "The box that was scanned; where nothing is said, the rack that the file names.",
        "lot": "Into which lot tubes that are not known are entered; else they stay out.",
        "scanner": "The number of the scanner that wrote the file; else the usual manner.",
        "file": "Its name.",
    },
)
def send_scan() -> tuple[ScanOut, int]:
    """Stage a scan; 422 names every line that cannot be read."""
    asked = request.args
    body = request.get_data(cache=True)[: imports.LARGEST_BYTES + 1]
    file = File(asked.get("file", "") or "api.csv", body)
    scanner = asked.get("scanner", type=int)
    try:
        staged = stage(file, asked.get("box", ""), asked.get("lot", ""), scanner)
    except ScanRefused as refused:
        raise FormRefused(_by_row(refused), Typed()) from None
    return _told(staged), 201


def _by_row(refused: ScanRefused) -> dict[str, Refusal]:
    """Return the file's refusal, and what is wrong with each row under "row 3 (Position)"."""
    found = {"file": refused.refusal}
    for one in refused.problems:
        facts = {"found": one.found, **dict(one.facts)}
        expected = gettext(one.expected, **facts)
        because = Refusal("bad_row", WRONG_ROW, {"found": one.found, "expected": expected})
        found[f"row {one.row} ({one.column})"] = because
    return found


@api.get("/scans/<int:number>")
@require(SCAN)
@describes("Read a rack scan beside the record", answers={200: ScanOut})
def read_scan(number: int) -> ScanOut:
    """Answer a scan and what applying it would change."""
    return _told(queries.rack_scan(g.session, g.actor, number))


@api.put("/scans/<int:number>/lot")
@require(SCAN)
@describes(
    "Say into which lot unknown tubes are entered", body=LotOfUnknown, answers={200: ScanOut}
)
def choose_lot_of_scan(number: int) -> ScanOut:
    """Choose the lot of unknown tubes, or none."""
    wanted, found = described.read(LotOfUnknown), _held(number)
    lot = catalogue.lot(g.session, g.actor, wanted.lot, SCAN) if wanted.lot else None
    storage.choose_lot(g.session, g.actor, found, lot, at=g.clock.now())
    return _told(found)


@api.post("/scans/<int:number>/apply")
@require(SCAN)
@describes("Make the record say what the scan saw", body=Apply, answers={200: ScanOut})
def apply_scan_by_program(number: int) -> ScanOut:
    """Apply a scan, all of it or nothing; 409 where it is no longer as the fingerprint says."""
    wanted, found = described.read(Apply), _held(number)
    storage.apply_scan(
        g.session, g.actor, found, wanted.fingerprint, compared=wanted.compared,
        leaving=wanted.leave_conflicts, at=g.clock.now(),
    )  # fmt: skip
    return _told(found)


@api.post("/scans/<int:number>/put-aside")
@require(SCAN)
@describes("Close a rack scan without changing anything", answers={200: ScanOut})
def put_scan_aside(number: int) -> ScanOut:
    """Put a scan aside."""
    found = _held(number)
    storage.put_aside_scan(g.session, g.actor, found, at=g.clock.now())
    return _told(found)


def _held(number: int) -> RackScan:
    found = queries.rack_scan(g.session, g.actor, number)
    etag.check_answer(lambda: _out(found))
    return found


def _told(found: RackScan) -> ScanOut:
    g.session.flush()
    return etag.tell_answer(_out(found))


def _out(found: RackScan, *, whole: bool = True) -> ScanOut:
    plan = storage.plan_of(g.session, found) if whole and found.state == "staged" else None
    lot = queries.lot_of(g.session, found)
    doubts = storage.doubts_of(g.session, found, plan) if plan else []
    return ScanOut(
        number=found.id,
        box=found.box.code,
        file=found.file_name,
        state=found.state,
        lot=lot.code if lot else "",
        read_at=found.uploaded_at,
        fingerprint=plan.fingerprint if plan else "",
        doubts=[gettext(one.because, **one.facts) for one in doubts],
        counts=_counts(plan) if plan else {},
        positions=_positions(found, plan) if plan else [],
        held=_holds(found, plan) if plan else {},
    )


def _holds(found: RackScan, plan: Plan) -> dict[str, list[str]]:
    codes = {code for one in plan.entries for code in (one.recorded, one.scanned) if code}
    held = queries.holds_on_codes(g.session, codes, found.org_id)
    return {code: [hold.cause for hold in holds] for code, holds in held.items()}


def _counts(plan: Plan) -> dict[str, int]:
    counted = Counter(str(entry.change) for entry in plan.entries)
    return {change: count for change, count in sorted(counted.items()) if change != "free"}


def _positions(found: RackScan, plan: Plan) -> list[PositionOut]:
    return [
        PositionOut(
            position=found.box.shape.label(entry.ordinal),
            recorded=entry.recorded,
            scanned=entry.scanned,
            change=str(entry.change),
            why=gettext(entry.why.because, **entry.why.facts) if entry.why else "",
        )
        for entry in plan.entries
        if entry.change != "free"
    ]


@api.get("/scanners")
@require(EDIT)
@describes("List the rack scanners", answers={200: ScannersOut})
def list_scanners() -> ScannersOut:
    """Answer all scanners, those too that are offered no longer."""
    known = all_scanners(g.session, g.actor, EDIT, retired=True)
    return ScannersOut(items=[_scanner(one) for one in known])


@api.post("/scanners")
@require(EDIT)
@describes("Add a rack scanner", body=NewScanner, answers={201: ScannerOut})
def add_scanner_by_program() -> tuple[ScannerOut, int]:
    """Add a scanner."""
    wanted = described.read(NewScanner)
    org_id = queries.own_org(g.session, g.actor, EDIT)
    made = service.add_scanner(
        g.session, g.actor, org_id, wanted.code, wanted.manner, at=g.clock.now()
    )
    return _scanner(made), 201


@api.put("/scanners/<int:number>")
@require(EDIT)
@describes("Change how a scanner writes", body=MannerBody, answers={200: ScannerOut})
def change_scanner_by_program(number: int) -> ScannerOut:
    """Change a scanner."""
    wanted, found = described.read(MannerBody), one_scanner(g.session, g.actor, EDIT, number)
    etag.check(found.version)
    service.change_scanner(g.session, g.actor, found, wanted.manner, at=g.clock.now())
    return _scanner(found)


@api.post("/scanners/<int:number>/retire")
@require(EDIT)
@describes("Offer a scanner no longer", answers={200: ScannerOut})
def retire_scanner_by_program(number: int) -> ScannerOut:
    """Retire a scanner."""
    found = one_scanner(g.session, g.actor, EDIT, number)
    etag.check(found.version)
    service.retire_scanner(g.session, g.actor, found, at=g.clock.now())
    return _scanner(found)


def _scanner(found: Scanner) -> ScannerOut:
    g.session.flush()
    manner = manner_of(found)
    return ScannerOut(
        number=found.id, code=found.code, unread_words=sorted(manner.unread_words),
        empty_words=sorted(manner.empty_words), mirrored=manner.mirrored,
        down_first=manner.down_first, columns=dict(manner.columns),
        offered=found.retired_at is None, version=found.version,
    )  # fmt: skip
