"""Stock-takes: opened, each box read by file or tube by tube, committed box by box."""

from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Invalid, Refusal
from server.core.many import insert_many
from server.core.words import N_
from server.handling.models import StockTake, StockTakeBox
from server.handling.queries import stocktakes as queries
from server.handling.rules.stocktakes import differences, tally
from server.handling.service import discrepancies
from server.storage import imports
from server.storage import service as storage
from server.storage.models import Container, RackScan, Scanner, Vial
from server.storage.queries.aliases import as_recorded
from server.storage.reconcile import Seen
from server.storage.service.scans import File, reread, seen_in
from server.storage.service.stays import hold

MOST = 2000
NO_BOXES = N_("There is no box in %(code)s; choose the freezer, rack or box that is to be counted.")
MANY = N_(
    "%(code)s holds %(found)s boxes; a stock-take has at most %(most)s. Take it rack by rack."
)
ON_OTHER = N_("%(box)s is still to be counted in the stock-take %(take)s.")
TAKE_CLOSED = N_("The stock-take %(take)s is closed.")
BOX_SETTLED = N_("%(box)s has been committed in this stock-take; open another to count it again.")
NOT_READ = N_("%(box)s has not been read yet; scan it first.")
READ_TWICE = N_("%(tube)s was read at %(position)s already; take that reading back first.")
BY_FILE = N_("%(box)s was read by file. Put that aside first to read it tube by tube.")


def open_take(
    session: Session, actor: Actor, root: Container, title: str, *, at: datetime
) -> StockTake:
    """Open a stock-take of all boxes in a container; nothing is moved or refused because of it."""
    boxes = queries.boxes_inside(session, root)
    _refuse_boxes(session, root, boxes)
    take = StockTake(
        org_id=root.org_id, code=token_hex(8), root_id=root.id, title=title or root.code,
        created_at=at, created_by_name=actor.name,
    )  # fmt: skip
    session.add(take)
    session.flush()
    take.code = f"ST-{take.id:04}"
    ids = [box.id for box in boxes]
    turns = list(range(1, len(ids) + 1))
    insert_many(session, StockTakeBox, {"take_id": take.id}, {"box_id": ids, "place": turns})
    trace(session, actor, take, "opened", at, of=root.code, boxes=len(boxes), title=title)
    return take


def _refuse_boxes(session: Session, root: Container, boxes: Sequence[Container]) -> None:
    if not boxes:
        raise Invalid(Refusal("no_boxes", NO_BOXES, {"code": root.code}), field="container")
    if len(boxes) > MOST:
        facts = {"code": root.code, "found": len(boxes), "most": MOST}
        raise Invalid(Refusal("many_boxes", MANY, facts), field="container")
    if elsewhere := queries.taken_elsewhere(session, boxes):
        raise AllRefused(
            [
                Refusal("on_other_take", ON_OTHER, {"box": box.code, "take": elsewhere[box.id]})
                for box in boxes
                if box.id in elsewhere
            ]
        )


def read_file(
    session: Session,
    actor: Actor,
    line: StockTakeBox,
    file: File,
    read: imports.Scan,
    scanner: Scanner | None = None,
    *,
    rest_is_empty: bool = False,
    at: datetime,
) -> StockTakeBox:
    """Take a scanner's file as what was seen in the box; an earlier reading of it is put aside.

    With `rest_is_empty` positions that the file does not name were seen to be empty.
    """
    _hold_open(session, line)
    _put_aside(session, actor, line, at)
    scan = storage.stage_scan(
        session, actor, line.box, file, read=read, scanner=scanner, for_code=line.take.code, at=at
    )
    line.scan, line.state = scan, "read"
    session.flush()
    if rest_is_empty:
        read_rest_as_empty(session, actor, line, at=at)
    return line


def read_tube(
    session: Session,
    actor: Actor,
    line: StockTakeBox,
    position: str,
    tube: str = "",
    *,
    unread: bool = False,
    at: datetime,
) -> Seen:
    """Write down what is at a position: this tube, one that cannot be read, or (neither) nothing."""
    _hold_open(session, line)
    scan = _by_hand(session, actor, line, at)
    ordinal = storage.position_in(session, line.box, position)
    code = _code_of(session, tube)
    seen = {one.ordinal: one for one in seen_in(scan)}
    twice = next((one for one in seen.values() if code and one.code == code), None)
    if twice is not None and twice.ordinal != ordinal:
        facts = {"tube": code, "position": line.box.shape.label(twice.ordinal)}
        raise Conflict(Refusal("read_twice", READ_TWICE, facts), field="tube")
    now = Seen(ordinal, code or None, unread and not code)
    reread(session, actor, scan, _sorted(seen | {ordinal: now}), at=at)
    return now


def _code_of(session: Session, tube: str) -> str:
    """Return the tube's own code as the record has it: for an alias, or where it is in capitals there."""
    (typed,) = as_recorded(session, [tube.strip()])
    known = session.scalars(select(Vial.code).where(Vial.code.in_((typed, typed.upper())))).all()
    return typed if typed in known or not known else known[0]


def _sorted(seen: dict[int, Seen]) -> list[Seen]:
    return [seen[ordinal] for ordinal in sorted(seen)]


def read_rest_as_empty(
    session: Session, actor: Actor, line: StockTakeBox, *, at: datetime
) -> StockTakeBox:
    """Write down that every position of which nothing was read yet is empty."""
    _hold_open(session, line)
    scan = line.scan or _by_hand(session, actor, line, at)
    seen = {one.ordinal: one for one in seen_in(scan)}
    empty = {one: Seen(one, None, False) for one in line.box.shape.usable}
    reread(session, actor, scan, _sorted(empty | seen), at=at)
    return line


def _by_hand(session: Session, actor: Actor, line: StockTakeBox, at: datetime) -> RackScan:
    """Return the scan of a box that is read tube by tube, begun where there is none."""
    if line.scan is not None:
        if line.scan.format != imports.BY_HAND:
            raise Conflict(Refusal("by_file", BY_FILE, {"box": line.box.code}))
        return line.scan
    nothing = imports.Scan(imports.BY_HAND, None, ())
    file = File(line.take.code, b"")
    line.scan = storage.stage_scan(
        session, actor, line.box, file, read=nothing, for_code=line.take.code, at=at
    )
    line.state = "read"
    session.flush()
    return line.scan


def read_anew(session: Session, actor: Actor, line: StockTakeBox, *, at: datetime) -> None:
    """Put aside what was read of a box, so that it is read again."""
    _hold_open(session, line)
    _put_aside(session, actor, line, at)
    trace(session, actor, line.take, "read_anew", at, box=line.box.code)


def _put_aside(session: Session, actor: Actor, line: StockTakeBox, at: datetime) -> None:
    if line.scan is not None:
        storage.put_aside_scan(session, actor, line.scan, for_code=line.take.code, at=at)
    line.scan, line.state = None, "waiting"
    session.flush()


def commit_box(
    session: Session,
    actor: Actor,
    line: StockTakeBox,
    fingerprint: str,
    *,
    looked: bool = False,
    at: datetime,
) -> StockTakeBox:
    """Make the record say what was seen in one box, and write every difference down (BR-05).

    Refused where the box is no longer as it was shown. `looked`: somebody compared rack and box
    where that was in doubt, as where a tube was moved after the reading was begun. What cannot be recorded stays an open discrepancy.
    """
    _hold_open(session, line)
    hold(session, line.box)
    if line.scan is None:
        raise Conflict(Refusal("not_read", NOT_READ, {"box": line.box.code}))
    _plan, lines = queries.compared(session, line)
    if not looked and (changed := queries.changed_since(session, line, lines)):
        raise Conflict(changed[0], field="compared")
    storage.apply_scan(
        session, actor, line.scan, fingerprint, compared=looked, for_code=line.take.code, at=at
    )
    found = differences(lines)
    discrepancies.write_down(session, actor, line, found, at)
    seen = [
        one.scanned for one in lines if one.scanned and one.change not in ("unknown", "conflict")
    ]
    _seen_again(session, actor, line, seen, at)
    counted = tally(lines)
    line.same = counted["same"]
    line.recorded = len({one.ordinal for one in lines if one.recorded})
    line.state, line.settled_at, line.settled_by_name = "committed", at, actor.name
    counts = {name: number for name, number in counted.items() if number}
    trace(session, actor, line.take, "committed", at, box=line.box.code, **counts)
    _end_if_done(session, actor, line.take, at)
    return line


def _seen_again(
    session: Session, actor: Actor, line: StockTakeBox, codes: Sequence[str], at: datetime
) -> None:
    """Say of tubes whose own code was read that they were seen; what was missing of them is found."""
    session.flush()
    session.execute(update(Vial).where(Vial.code.in_(codes)).values(verified_at=at))
    discrepancies.settle_seen(session, actor, codes, f"{line.take.code} {line.box.code}", at)


def close_take(session: Session, actor: Actor, take: StockTake, *, at: datetime) -> int:
    """Close a stock-take; boxes that were not committed are left. Returns how many."""
    hold_open(session, take)
    left = [line for line in queries.boxes_of(session, take) if line.settled_at is None]
    for line in left:
        if line.scan is not None:
            _put_aside(session, actor, line, at)
    ends = {"state": "left", "settled_at": at, "settled_by_name": actor.name}
    open_ones = (StockTakeBox.take_id == take.id, StockTakeBox.settled_at.is_(None))
    session.execute(update(StockTakeBox).where(*open_ones).values(ends))
    take.state = "closed" if left else "done"
    take.closed_at, take.closed_by_name = at, actor.name
    trace(session, actor, take, "closed", at, left=[line.box.code for line in left][:100])
    return len(left)


def _end_if_done(session: Session, actor: Actor, take: StockTake, at: datetime) -> None:
    session.flush()
    waiting = select(StockTakeBox.id).where(
        StockTakeBox.take_id == take.id, StockTakeBox.settled_at.is_(None)
    )
    if session.scalars(waiting.limit(1)).first() is None:
        take.state, take.closed_at, take.closed_by_name = "done", at, actor.name
        trace(session, actor, take, "done", at)


def hold_open(session: Session, take: StockTake) -> None:
    """Hold the stock-take for this transaction; refused where it is closed."""
    session.flush()
    session.refresh(take, with_for_update={"of": StockTake})
    if take.state != "open":
        raise Conflict(Refusal("take_closed", TAKE_CLOSED, {"take": take.code}))


def _hold_open(session: Session, line: StockTakeBox) -> None:
    hold_open(session, line.take)
    session.refresh(line, with_for_update={"of": StockTakeBox})
    if line.settled_at is not None:
        raise Conflict(Refusal("box_settled", BOX_SETTLED, {"box": line.box.code}))


def trace(
    session: Session, actor: Actor, take: StockTake, what: str, at: datetime, **facts: object
) -> None:
    """Write what was done in a stock-take into the record."""
    audit.record(
        session, actor, f"stock_take.{what}", "stock_take", take.code, at=at, org_id=take.org_id,
        stated_at=None, **{name: fact for name, fact in facts.items() if fact},
    )  # fmt: skip
