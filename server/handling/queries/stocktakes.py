"""Stock-takes: which there are, how far they are, and each box beside its record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.handling.models import Discrepancy, StockTake, StockTakeBox
from server.handling.rules.routes import natural
from server.handling.rules.stocktakes import Line, completed
from server.storage import service as storage
from server.storage.models import Container, Custody, Vial
from server.storage.queries import Path, box_contents, paths_of, true_at
from server.storage.queries.aliases import spellings
from server.storage.queries.counts import tree
from server.storage.reconcile import Plan

READ = "storage.read"
KIND = "stock_take"
NO_TAKE = N_("There is no stock-take %(found)s.")
CHANGED_SINCE = N_(
    "%(vial)s was moved by %(who)s after the reading of this box was begun. Look at %(position)s again; committing would undo that move."
)
OVERWRITES = frozenset({"moved", "placed", "put_back", "missing"})
"""What committing does to a tube against its present record."""
NO_BOX = N_("%(found)s is no box of the stock-take %(take)s.")
CHUNK = 500


@dataclass(frozen=True)
class TakeRow:
    """A stock-take and how far it is."""

    take: StockTake
    boxes: int
    settled: int
    recorded: int
    """How many vials the record had in the boxes that were committed, and how many were as recorded."""
    same: int
    open_discrepancies: int


def stock_takes(session: Session, actor: Actor, most: int = 100) -> list[TakeRow]:
    """Return the stock-takes, open ones first and the newest of each first."""
    wanted = _rows().order_by(StockTake.state != "open", StockTake.id.desc()).limit(most)
    found = session.execute(visible(wanted, actor, READ, StockTake.org_id))
    return [TakeRow(*row) for row in found]


def progress(session: Session, take: StockTake) -> TakeRow:
    """Return how far a stock-take is."""
    return TakeRow(*session.execute(_rows().where(StockTake.id == take.id)).one())


def _rows() -> Select[Any]:
    box = StockTakeBox
    return select(
        StockTake,
        _of_boxes(func.count(box.id)),
        _of_boxes(func.count(box.settled_at)),
        _of_boxes(func.coalesce(func.sum(box.recorded), 0)),
        _of_boxes(func.coalesce(func.sum(box.same), 0)),
        select(func.count(Discrepancy.id))
        .where(
            Discrepancy.source_kind == KIND,
            Discrepancy.source_id == StockTake.id,
            Discrepancy.settled_at.is_(None),
        )
        .correlate(StockTake)
        .scalar_subquery(),
    ).options(joinedload(StockTake.root))


def _of_boxes(counted: ColumnElement[Any]) -> ColumnElement[Any]:
    wanted = select(counted).where(StockTakeBox.take_id == StockTake.id)
    return wanted.correlate(StockTake).scalar_subquery()


def every(actor: Actor) -> Select[Any]:
    """Return the query of all stock-takes that the actor may see."""
    return visible(select(StockTake), actor, READ, StockTake.org_id)


def stock_take(session: Session, actor: Actor, permission: str, code: str) -> StockTake:
    """Return the stock-take with this code; refused (NotFound) where there is none to see."""
    wanted = select(StockTake).where(StockTake.code.in_(spellings(code)))
    found: StockTake | None = session.scalars(
        visible(wanted, actor, permission, StockTake.org_id)
    ).first()
    if found is None:
        raise NotFound(Refusal("no_stock_take", NO_TAKE, {"found": code}))
    return found


def boxes_of(session: Session, take: StockTake) -> list[StockTakeBox]:
    """Return the boxes of a stock-take in the order of the walk, their scans loaded."""
    wanted = (
        select(StockTakeBox)
        .where(StockTakeBox.take_id == take.id)
        .options(joinedload(StockTakeBox.box), joinedload(StockTakeBox.scan))
        .order_by(StockTakeBox.place)
    )
    return list(session.scalars(wanted))


def box_of(session: Session, take: StockTake, mark: str) -> StockTakeBox:
    """Return the box of the stock-take with this code or barcode; refused where it has none such."""
    marks = spellings(mark.strip())
    wanted = (
        select(StockTakeBox)
        .join(Container, Container.id == StockTakeBox.box_id)
        .where(
            StockTakeBox.take_id == take.id,
            Container.code.in_(marks) | Container.barcode.in_(marks),
        )
        .options(joinedload(StockTakeBox.box), joinedload(StockTakeBox.scan))
        .order_by(StockTakeBox.place)
    )
    found = session.scalars(wanted).first()
    if found is None:
        raise NotFound(Refusal("not_of_take", NO_BOX, {"found": mark, "take": take.code}))
    return found


def compared(session: Session, line: StockTakeBox) -> tuple[Plan, list[Line]]:
    """Return what committing the box would change, and the whole comparison with the record.

    Only for a box that was read.
    """
    assert line.scan is not None
    plan = storage.plan_of(session, line.scan)
    lines = [
        Line(
            one.ordinal, str(one.change), one.recorded, one.scanned, one.source, one.why,
            one.promised_to,
        )
        for one in plan.entries
    ]  # fmt: skip
    return plan, completed(lines, recorded_in(session, line.box))


def changed_since(session: Session, line: StockTakeBox, lines: Sequence[Line]) -> list[Refusal]:
    """Say which tubes somebody moved after the box was begun to be read, where committing would undo that.

    The reading may be older than the move: somebody has to look at the position again.
    """
    assert line.scan is not None
    touched = [one for one in lines if one.change in OVERWRITES]
    codes = {
        one.recorded if one.change == "missing" else one.scanned: one.ordinal for one in touched
    }
    wanted = (
        select(Vial.code, Custody.began_by_name)
        .join(Custody, Custody.vial_id == Vial.id)
        .where(
            Vial.code.in_(codes),
            true_at(None),
            Custody.place != "unknown",  # what is missing was moved by nobody
            Custody.began_recorded_at > line.scan.uploaded_at,
        )
        .order_by(Vial.code)
    )
    shape = line.box.shape
    return [
        Refusal(
            "changed_since",
            CHANGED_SINCE,
            {"vial": code, "position": shape.label(codes[code]), "who": who},
        )
        for code, who in session.execute(wanted)
    ]


def recorded_in(session: Session, box: Container) -> dict[int, str]:
    """Return the vials that the record has in the box, by their positions."""
    return {one.ordinal: one.vial_code for one in box_contents(session, box) if one.filled}


def boxes_inside(session: Session, root: Container) -> list[Container]:
    """Return the boxes in a container (itself where it is one) in the order in which they are walked."""
    below = tree([root.id])
    wanted = (
        select(Container)
        .join(below, below.c.id == Container.id)
        .where(Container.kind == "box", Container.retired_at.is_(None))
    )
    found = {one.id: one for one in session.scalars(wanted)}
    paths: dict[int, Path] = {}
    ids = list(found)
    for start in range(0, len(ids), CHUNK):
        paths |= paths_of(session, containers=ids[start : start + CHUNK])
    return sorted(found.values(), key=lambda one: _turn(paths[one.id]))


def _turn(path: Path) -> list[object]:
    return [(natural(step.inside), natural(step.code)) for step in path.steps]


def taken_elsewhere(session: Session, boxes: Sequence[Container]) -> dict[int, str]:
    """Return the open stock-take in which each of these boxes still waits, by the box's id."""
    found: dict[int, str] = {}
    ids = [box.id for box in boxes]
    for start in range(0, len(ids), CHUNK):
        wanted = (
            select(StockTakeBox.box_id, StockTake.code)
            .join(StockTake, StockTake.id == StockTakeBox.take_id)
            .where(
                StockTakeBox.box_id.in_(ids[start : start + CHUNK]),
                StockTakeBox.settled_at.is_(None),
                StockTake.state == "open",
            )
        )
        found |= dict(session.execute(wanted).all())
    return found
