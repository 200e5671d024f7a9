"""The API of work lists."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from flask import g

from server.genealogy.models import Hold
from server.handling.models import WorkList
from server.handling.queries import picks as queries
from server.handling.rules.putting import SPLIT, TOGETHER
from server.handling.rules.routes import openings
from server.handling.service import picks, putting
from server.handling.views.blueprints import api
from server.handling.views.lists import plan_put_away
from server.kit import api as described
from server.kit import cursors, etag
from server.kit.api import describes
from server.kit.door import require
from server.storage.queries import container, holds_on, own_org

WORK = "storage.move"
Title = Annotated[str, msgspec.Meta(max_length=120)]
Use = Literal["", "make_bank", "make_distribution", "qc", "safety"]


class NewPickList(msgspec.Struct, forbid_unknown_fields=True):
    """Tubes to take out; `use` says what for, where the rules of a bank's tier ask for it."""

    vials: list[str]
    title: Title = ""
    use: Use = ""


class NewPutAway(msgspec.Struct, forbid_unknown_fields=True):
    """Tubes to put away."""

    vials: list[str]
    title: Title = ""
    split: bool = False
    freezers: list[str] = []


class Scan(msgspec.Struct, forbid_unknown_fields=True):
    """A scanned tube."""

    tube: str


class Put(msgspec.Struct, forbid_unknown_fields=True):
    """A scanned tube and the box that it goes into."""

    tube: str
    box: str
    position: str = ""
    elsewhere: bool = False


class LineOut(msgspec.Struct):
    """One tube of a list, with the way to it (or to where it goes)."""

    vial: str
    state: str
    way: str
    position: str
    reserved_for: str
    held: list[str]
    """The causes of the open holds on the tube, its lot or its line."""


class OpeningOut(msgspec.Struct):
    """What one freezer needs, with the seconds that its lid is predicted to be open."""

    freezer: str
    racks: int
    boxes: int
    tubes: int
    lid_open_s: float


class ListOut(msgspec.Struct):
    """A list: the tubes that wait in the order of the walk, then the settled ones."""

    code: str
    kind: str
    title: str
    use: str
    state: str
    created_at: datetime
    tubes: list[LineOut]
    openings: list[OpeningOut]


class ListsOut(msgspec.Struct):
    """A page of lists, newest first."""

    items: list[str]
    next: str | None


@api.get("/work-lists")
@require("storage.read")
@describes("List the codes of work lists, newest first", answers={200: ListsOut}, listed=True)
def lists() -> ListsOut:
    """Answer the codes of the lists."""
    found, onward = cursors.page(g.session, queries.every(g.actor), WorkList.id, newest_first=True)
    return ListsOut([work.code for work in found], onward)


@api.get("/work-lists/<code>")
@require("storage.read")
@describes("Read a work list in the order of the walk", answers={200: ListOut})
def one_list(code: str) -> ListOut:
    """Answer a list."""
    return etag.tell_answer(_out(queries.work_list(g.session, g.actor, "storage.read", code)))


@api.post("/pick-lists")
@require(WORK)
@describes("Make a pick list", body=NewPickList, answers={201: ListOut})
def make_pick_list() -> tuple[ListOut, int]:
    """Make a list of tubes to take out."""
    wanted = described.read(NewPickList)
    org_id = own_org(g.session, g.actor, WORK)
    codes = list(dict.fromkeys(wanted.vials))
    made = picks.make_pick_list(
        g.session, g.actor, org_id, codes, wanted.title, use=wanted.use, at=g.clock.now()
    )
    return _out(made), 201


@api.post("/put-away-lists")
@require(WORK)
@describes("Make a put-away list with suggested positions", body=NewPutAway, answers={201: ListOut})
def make_put_away() -> tuple[ListOut, int]:
    """Make a list of tubes to put away."""
    wanted = described.read(NewPutAway)
    codes = list(dict.fromkeys(wanted.vials))
    plan = plan_put_away(codes, SPLIT if wanted.split else TOGETHER, wanted.freezers)
    made = putting.make_put_away(g.session, g.actor, plan, wanted.title, at=g.clock.now())
    return _out(made), 201


@api.post("/work-lists/<code>/scans")
@require(WORK)
@describes("Take a scanned tube of a pick list out", body=Scan, answers={200: ListOut})
def scan(code: str) -> ListOut:
    """Take a tube out; 422 names both codes where it is the wrong one."""
    wanted = described.read(Scan)
    work = _held(code)
    picks.pick_tube(g.session, g.actor, work, wanted.tube, at=g.clock.now())
    return etag.tell_answer(_out(work))


@api.post("/work-lists/<code>/puts")
@require(WORK)
@describes("Put a scanned tube of a put-away list into a box", body=Put, answers={200: ListOut})
def put(code: str) -> ListOut:
    """Put a tube away."""
    wanted = described.read(Put)
    work = _held(code)
    box = container(g.session, g.actor, WORK, wanted.box, "box")
    putting.put_tube(
        g.session, g.actor, work, wanted.tube, box, wanted.position, elsewhere=wanted.elsewhere,
        at=g.clock.now(),
    )  # fmt: skip
    return etag.tell_answer(_out(work))


@api.post("/work-lists/<code>/missing")
@require(WORK)
@describes(
    "Record that a tube is not there; one that is elsewhere by the record is left",
    body=Scan,
    answers={200: ListOut},
)
def missing(code: str) -> ListOut:
    """Record a missing tube."""
    wanted = described.read(Scan)
    work = _held(code)
    picks.not_there(g.session, g.actor, work, wanted.tube, at=g.clock.now())
    return etag.tell_answer(_out(work))


@api.post("/work-lists/<code>/close")
@require(WORK)
@describes("Close a work list; what waits is left", answers={200: ListOut})
def close(code: str) -> ListOut:
    """Close a list."""
    work = _held(code)
    picks.close_list(g.session, g.actor, work, at=g.clock.now())
    return etag.tell_answer(_out(work))


def _held(code: str) -> WorkList:
    work = queries.work_list(g.session, g.actor, WORK, code)
    etag.check_answer(lambda: _out(work))
    return work


def _out(work: WorkList) -> ListOut:
    g.session.flush()
    lines = queries.lines_of(g.session, work)
    waiting = queries.walk(g.session, [line for line in lines if line.state == "waiting"])
    settled = queries.walk(g.session, [line for line in lines if line.state != "waiting"])
    held = holds_on(g.session, [line.vial_id for line in lines])
    times = queries.times_of(g.session, work.org_id)
    return ListOut(
        code=work.code,
        kind=work.kind,
        title=work.title,
        use=work.use if work.kind == "pick" else "",
        state=work.state,
        created_at=work.created_at,
        tubes=[_line(tube, held.get(tube.line.vial_id, [])) for tube in (*waiting, *settled)],
        openings=[
            OpeningOut(one.freezer, one.racks, one.boxes, one.tubes, one.lid_open_s)
            for one in openings([tube.stop for tube in waiting], times)
        ],
    )


def _line(tube: queries.Tube, holds: list[Hold]) -> LineOut:
    target = tube.line.container
    position = tube.path.step("position")
    if target is not None and tube.line.ordinal is not None:
        label = target.shape.label(tube.line.ordinal)
    else:
        label = position.name if position else ""
    causes = [hold.cause for hold in holds]
    return LineOut(tube.code, tube.line.state, tube.path.text, label, tube.line.for_code, causes)
