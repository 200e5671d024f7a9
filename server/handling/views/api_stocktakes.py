"""The API of stock-takes and discrepancies."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from flask import g

from server.core.errors import NotFound, Refusal
from server.handling.models import Discrepancy, StockTake, StockTakeBox
from server.handling.queries import discrepancies as differing
from server.handling.queries import stocktakes as queries
from server.handling.rules.stocktakes import Line, tally
from server.handling.service import discrepancies, stocktakes
from server.handling.service.stocktakes import NOT_READ
from server.handling.views.blueprints import api
from server.kit import api as described
from server.kit import cursors, etag
from server.kit.api import describes
from server.kit.door import require
from server.kit.i18n import gettext
from server.storage.queries import container, holds_on_codes
from server.storage.service import doubts_of

WORK = "storage.import"


class NewTake(msgspec.Struct, forbid_unknown_fields=True):
    """What is counted: a freezer, a rack or a box."""

    container: str
    title: str = ""


class Reading(msgspec.Struct, forbid_unknown_fields=True):
    """What is at one position: this tube, one that cannot be read, or nothing."""

    position: str
    tube: str = ""
    unread: bool = False


class Readings(msgspec.Struct, forbid_unknown_fields=True):
    """What was read of a box; `rest_is_empty` says that nothing is in all other positions."""

    tubes: list[Reading]
    rest_is_empty: bool = False


class Commit(msgspec.Struct, forbid_unknown_fields=True):
    """The comparison that is committed."""

    fingerprint: str
    compared: bool = False


class Settle(msgspec.Struct, forbid_unknown_fields=True):
    """How a discrepancy is settled: found (in this box), lost or explained."""

    how: Literal["found", "lost", "explained", "missed"]
    note: str = ""
    box: str = ""
    position: str = ""


class TakeBoxOut(msgspec.Struct):
    """One box of a stock-take."""

    box: str
    state: str
    recorded: int
    same: int


class TakeOut(msgspec.Struct):
    """A stock-take and how far it is."""

    code: str
    of: str
    title: str
    state: str
    created_at: datetime
    boxes: list[TakeBoxOut]


class TakesOut(msgspec.Struct):
    """A page of stock-takes, newest first."""

    items: list[str]
    next: str | None


class LineOut(msgspec.Struct):
    """One position: what is recorded, what was scanned, and what that means."""

    position: str
    recorded: str
    scanned: str
    change: str
    elsewhere: str


class ComparedOut(msgspec.Struct):
    """A box beside its record; the fingerprint is sent with the commit."""

    box: str
    fingerprint: str
    counts: dict[str, int]
    lines: list[LineOut]
    doubts: list[str]
    """Why somebody compares rack and box first, and says so when it is committed."""
    held: dict[str, list[str]]
    """The causes of the open holds on a tube, its lot or its line, by the code of the tube."""


class DiscrepancyOut(msgspec.Struct):
    """One difference between record and freezer, and how it was settled."""

    id: int
    source: str
    box: str
    position: str
    kind: str
    tube: str
    elsewhere: str
    found_at: datetime
    how: str
    note: str
    settled_at: datetime | None
    settled_by: str


class DiscrepanciesOut(msgspec.Struct):
    """A page of discrepancies, newest first."""

    items: list[DiscrepancyOut]
    next: str | None


@api.get("/stock-takes")
@require("storage.read")
@describes("List the codes of stock-takes, newest first", answers={200: TakesOut}, listed=True)
def stock_takes() -> TakesOut:
    """Answer the codes of the stock-takes."""
    wanted = queries.every(g.actor)
    found, onward = cursors.page(g.session, wanted, StockTake.id, newest_first=True)
    return TakesOut([take.code for take in found], onward)


@api.post("/stock-takes")
@require(WORK)
@describes("Open a stock-take", body=NewTake, answers={201: TakeOut})
def open_stock_take() -> tuple[TakeOut, int]:
    """Open a stock-take of all boxes in a container."""
    wanted = described.read(NewTake)
    root = container(g.session, g.actor, WORK, wanted.container)
    take = stocktakes.open_take(g.session, g.actor, root, wanted.title, at=g.clock.now())
    return _take(take), 201


@api.get("/stock-takes/<code>")
@require("storage.read")
@describes("Read a stock-take", answers={200: TakeOut})
def stock_take(code: str) -> TakeOut:
    """Answer a stock-take with its boxes."""
    return etag.tell_answer(_take(queries.stock_take(g.session, g.actor, "storage.read", code)))


@api.post("/stock-takes/<code>/close")
@require(WORK)
@describes("Close a stock-take; boxes that were not committed are left", answers={200: TakeOut})
def close_stock_take(code: str) -> TakeOut:
    """Close a stock-take."""
    take = queries.stock_take(g.session, g.actor, WORK, code)
    etag.check_answer(lambda: _take(take))
    stocktakes.close_take(g.session, g.actor, take, at=g.clock.now())
    return etag.tell_answer(_take(take))


@api.get("/stock-takes/<code>/boxes/<box>")
@require("storage.read")
@describes("Read a box of a stock-take beside its record", answers={200: ComparedOut})
def take_box(code: str, box: str) -> ComparedOut:
    """Answer the comparison of a box that was read."""
    return _compared(_line(code, box, "storage.read"))


@api.post("/stock-takes/<code>/boxes/<box>/readings")
@require(WORK)
@describes("Send what was read in a box", body=Readings, answers={200: ComparedOut})
def read_take_box(code: str, box: str) -> ComparedOut:
    """Take readings of a box; earlier ones of other positions stay."""
    wanted = described.read(Readings)
    line, at = _line(code, box, WORK), g.clock.now()
    for one in wanted.tubes:
        stocktakes.read_tube(
            g.session, g.actor, line, one.position, one.tube, unread=one.unread, at=at
        )
    if wanted.rest_is_empty:
        stocktakes.read_rest_as_empty(g.session, g.actor, line, at=at)
    return _compared(line)


@api.post("/stock-takes/<code>/boxes/<box>/anew")
@require(WORK)
@describes("Put aside what was read in a box", answers={200: TakeBoxOut})
def read_take_box_anew(code: str, box: str) -> TakeBoxOut:
    """Put aside what was read of a box."""
    line = _line(code, box, WORK)
    stocktakes.read_anew(g.session, g.actor, line, at=g.clock.now())
    return _box(line)


@api.post("/stock-takes/<code>/boxes/<box>/commit")
@require(WORK)
@describes("Make the record say what was read in a box", body=Commit, answers={200: TakeBoxOut})
def commit_take_box(code: str, box: str) -> TakeBoxOut:
    """Commit one box; 409 where it is no longer as the fingerprint says."""
    wanted = described.read(Commit)
    line = _line(code, box, WORK)
    stocktakes.commit_box(
        g.session, g.actor, line, wanted.fingerprint, looked=wanted.compared, at=g.clock.now()
    )
    return _box(line)


@api.get("/discrepancies")
@require("storage.read")
@describes("List discrepancies, newest first", answers={200: DiscrepanciesOut}, listed=True)
def all_discrepancies() -> DiscrepanciesOut:
    """Answer the discrepancies, settled and open."""
    wanted = differing.every(g.actor)
    found, onward = cursors.page(g.session, wanted, Discrepancy.id, newest_first=True)
    return DiscrepanciesOut([_discrepancy(one) for one in found], onward)


@api.post("/discrepancies/<int:number>/settle")
@require("storage.move")
@describes("Settle a discrepancy", body=Settle, answers={200: DiscrepancyOut})
def settle_discrepancy(number: int) -> DiscrepancyOut:
    """Settle one discrepancy."""
    wanted = described.read(Settle)
    found = differing.discrepancy(g.session, g.actor, "storage.move", number)
    box = container(g.session, g.actor, "storage.move", wanted.box, "box") if wanted.box else None
    discrepancies.settle(
        g.session, g.actor, found, wanted.how, wanted.note, box, wanted.position, at=g.clock.now()
    )
    return _discrepancy(found)


def _line(code: str, box: str, permission: str) -> StockTakeBox:
    take = queries.stock_take(g.session, g.actor, permission, code)
    return queries.box_of(g.session, take, box)


def _take(take: StockTake) -> TakeOut:
    g.session.flush()
    boxes = [_box(line) for line in queries.boxes_of(g.session, take)]
    return TakeOut(take.code, take.root.code, take.title, take.state, take.created_at, boxes)


def _box(line: StockTakeBox) -> TakeBoxOut:
    return TakeBoxOut(line.box.code, line.state, line.recorded, line.same)


def _compared(line: StockTakeBox) -> ComparedOut:
    if line.scan is None or line.settled_at is not None:
        raise NotFound(Refusal("not_read", NOT_READ, {"box": line.box.code}))
    plan, lines = queries.compared(g.session, line)
    shown = [_shown(line, one) for one in lines if one.change != "free"]
    doubts = [
        *doubts_of(g.session, line.scan, plan), *queries.changed_since(g.session, line, lines),
    ]  # fmt: skip
    told = [gettext(one.because, **one.facts) for one in doubts]
    return ComparedOut(
        line.box.code, plan.fingerprint, tally(lines), shown, told, _held(line, lines)
    )


def _held(line: StockTakeBox, lines: Sequence[Line]) -> dict[str, list[str]]:
    codes = {code for one in lines for code in (one.recorded, one.scanned) if code}
    found = holds_on_codes(g.session, codes, line.take.org_id)
    return {code: [hold.cause for hold in holds] for code, holds in found.items()}


def _shown(line: StockTakeBox, one: Line) -> LineOut:
    label = line.box.shape.label(one.ordinal)
    return LineOut(label, one.recorded, one.scanned, one.change, one.elsewhere)


def _discrepancy(one: Discrepancy) -> DiscrepancyOut:
    return DiscrepancyOut(
        id=one.id,
        source=one.source_code,
        box=one.box.code,
        position=one.box.shape.label(one.ordinal),
        kind=one.kind,
        tube=one.code,
        elsewhere=one.elsewhere,
        found_at=one.found_at,
        how=one.how,
        note=one.note,
        settled_at=one.settled_at,
        settled_by=one.settled_by_name,
    )
