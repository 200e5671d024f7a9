"""What a move of many asks first: each question once for all of them, and nothing loaded as objects."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from server.core.many import among
from server.core.plain import Asked, Plain, together
from server.storage.models import BulkMove, Container, Custody, Vial
from server.storage.models.containers import SHAPE, shape_of
from server.storage.positions import BoxShape
from server.storage.queries.paths import true_at
from server.storage.queries.space import AskedSpaces, ask_kept

AnyRows = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Standing:
    """A vial, and the stay in which it is now."""

    id: int
    code: str
    state: str
    org_id: int
    project_id: int | None
    custody_id: int | None = None
    place: str = ""
    container_id: int | None = None
    ordinal: int | None = None
    began_at: datetime | None = None


@dataclass(frozen=True)
class Taken:
    """Who is in a position, or was in it until then."""

    container_id: int
    ordinal: int
    vial_id: int | None
    code: str
    place: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class AskedVials:
    """Vials that are being held, and where they are: on its way."""

    held: Asked
    stays: Asked

    def found(self) -> dict[int, Standing]:
        """Return each vial with where it is now, by id."""
        stays = {row.vial_id: row for row in self.stays.found()}
        return {row.id: _standing(row, stays.get(row.id)) for row in self.held.found()}


def held_vials(session: Session, vial_ids: Iterable[int]) -> dict[int, Standing]:
    """Hold these vials until the end of the transaction, and return each with where it is now.

    They are held in the order of their ids, so that two who want the same ones wait and never block
    each other. Where each is is asked afterwards: PostgreSQL sees the rows beside a row that it
    waited for as they were before it waited.
    """
    ids = sorted(set(vial_ids))
    with together(session):
        asked = AskedVials(_HELD.ask(session, ids=ids), _STAYS.ask(session, ids=ids))
    return asked.found()


def _standing(row: Any, stay: Any) -> Standing:  # noqa: ANN401  rows of two statements
    own = (row.id, row.code, row.state, row.org_id, row.project_id)
    if stay is None:
        return Standing(*own)
    return Standing(*own, stay.id, stay.place, stay.container_id, stay.ordinal, stay.began_at)


_HELD = Plain(
    select(Vial.id, Vial.code, Vial.state, Vial.org_id, Vial.project_id)
    .where(among(Vial.id, "ids"))
    .order_by(Vial.id)
    .with_for_update(of=Vial)
)
_STAYS = Plain(
    select(
        Custody.id,
        Custody.vial_id,
        Custody.place,
        Custody.container_id,
        Custody.ordinal,
        Custody.began_at,
    ).where(among(Custody.vial_id, "ids"), true_at(None))
)


def held_boxes(session: Session, container_ids: Iterable[int]) -> dict[int, Container]:
    """Hold these containers, so that nothing else goes into them meanwhile, and return them as they are now."""
    wanted = (
        select(Container)
        .where(Container.id.in_(sorted(set(container_ids))))
        .order_by(Container.id)
        .with_for_update(of=Container, key_share=True)
        .execution_options(populate_existing=True)
    )
    return {one.id: one for one in session.scalars(wanted)}


class BoxRow(NamedTuple):
    """A container as a move needs it: no object, for only a few things of it are asked."""

    id: int
    code: str
    kind: str
    org_id: int
    retired_at: datetime | None
    size_classes: str
    shape: BoxShape


_BOX = (Container.id, Container.code, Container.kind, Container.org_id, Container.retired_at)
BOXES = select(*_BOX, Container.size_classes, *(getattr(Container, one) for one in SHAPE)).order_by(
    Container.id
)
"""The rows of containers; see `boxes_of_rows`."""
_THESE = BOXES.where(among(Container.id, "ids"))
_HELD_BOXES = Plain(_THESE.with_for_update(of=Container, key_share=True))
_SEEN_BOXES = Plain(_THESE)


def boxes_of_rows(rows: Iterable[Any]) -> dict[int, BoxRow]:
    """Return the containers of these rows, by id."""
    return {row.id: BoxRow._make((*row[:6], shape_of(row))) for row in rows}


def ask_boxes(session: Session, ids: Collection[int]) -> Asked:
    """Ask for the rows of these containers; see `boxes_of_rows`."""
    return _SEEN_BOXES.ask(session, ids=sorted(ids))


@dataclass(frozen=True)
class AskedMove:
    """All that must be known before things are moved: on its way."""

    vials: AskedVials
    boxes: Asked
    taken: Sequence[Asked]
    kept: AskedSpaces


def ask_move(
    session: Session,
    vial_ids: Iterable[int],
    places: Collection[tuple[int, int]],
    at: datetime,
    now: datetime,
) -> AskedMove:
    """Hold these vials, then the boxes to which they go, and ask who is where, all in one go.

    The locks come first, as in `held_vials`: whatever is asked after them sees what they waited for.
    """
    ids = sorted(set(vial_ids))
    boxes = sorted({box for box, _ in places})
    with together(session):
        held = _HELD.ask(session, ids=ids)
        held_boxes = _HELD_BOXES.ask(session, ids=boxes)
        vials = AskedVials(held, _STAYS.ask(session, ids=ids))
        taken = _ask_taken(session, places, at)
        return AskedMove(vials, held_boxes, taken, ask_kept(session, boxes, now))


def taken_of(session: Session, places: Collection[tuple[int, int]], since: datetime) -> list[Taken]:
    """Return who is in these positions, and who left one of them after that moment."""
    with together(session):
        asked = _ask_taken(session, places, since)
    return taken_among(asked, places)


def _ask_taken(
    session: Session, places: Collection[tuple[int, int]], since: datetime
) -> Sequence[Asked]:
    boxes = sorted({box for box, _ in places})
    ordinals = sorted({ordinal for _, ordinal in places})
    return (
        _IN_THEM.ask(session, boxes=boxes, ordinals=ordinals),
        _LEFT_THEM.ask(session, boxes=boxes, since=since),
    )


def taken_among(asked: Sequence[Asked], places: Collection[tuple[int, int]]) -> list[Taken]:
    """Return those who are, or were, in one of these positions."""
    wanted = set(places)
    rows = [row for one in asked for row in one.found()]
    return [Taken(*row) for row in rows if (row[0], row[1]) in wanted]


def _occupied() -> AnyRows:
    child = aliased(Container)
    return (
        select(
            Custody.container_id,
            Custody.ordinal,
            Custody.vial_id,
            func.coalesce(Vial.code, child.code),
            Custody.place,
            Custody.began_at,
            Custody.ended_at,
        )
        .select_from(Custody)
        .outerjoin(Vial, Vial.id == Custody.vial_id)
        .outerjoin(child, child.id == Custody.child_id)
        .where(among(Custody.container_id, "boxes"))
    )


_IN_THEM = Plain(_occupied().where(among(Custody.ordinal, "ordinals"), true_at(None)))
_LEFT_THEM = Plain(
    _occupied().where(
        Custody.superseded_at.is_(None),
        Custody.ended_at > bindparam("since", type_=Custody.ended_at.type),
        Custody.ended_at > Custody.began_at,
    )
)


def stays_of_move(session: Session, move: BulkMove) -> list[Custody]:
    """Return the stays that began with this move, in their order."""
    wanted = select(Custody).where(Custody.bulk_move_id == move.id).order_by(Custody.id)
    return list(session.scalars(wanted.execution_options(populate_existing=True)))


def stays_before(session: Session, stays: Sequence[Custody]) -> dict[int, Custody]:
    """Return, by the id of each of these stays, the one that ended when it began."""
    vials = {one.vial_id: one for one in stays if one.vial_id is not None}
    children = {one.child_id: one for one in stays if one.child_id is not None}
    found: dict[int, Custody] = {}
    for column, known in ((Custody.vial_id, vials), (Custody.child_id, children)):
        if known:
            rows = session.scalars(
                select(Custody)
                .where(column.in_(list(known)), Custody.superseded_at.is_(None))
                .order_by(Custody.began_at, Custody.ended_at, Custody.id)
            )
            found |= _latest_before(rows, known)
    return found


def _latest_before(rows: Iterable[Custody], known: Mapping[int, Custody]) -> dict[int, Custody]:
    found: dict[int, Custody] = {}
    for row in rows:
        after = known[row.vial_id or row.child_id or 0]
        if row.id != after.id and row.ended_at is not None and row.ended_at <= after.began_at:
            found[after.id] = row
    return found


def undone_by(session: Session, move: BulkMove) -> BulkMove | None:
    """Return the move that took this one back, or None."""
    return session.scalars(select(BulkMove).where(BulkMove.undoes_id == move.id)).first()


def places_in(session: Session, box: Container | BoxRow) -> dict[int, int]:
    """Return the position of each vial that is in the box now, by the vial's id."""
    wanted = select(Custody.vial_id, Custody.ordinal).where(
        Custody.container_id == box.id,
        Custody.place == "position",
        Custody.vial_id.is_not(None),
        true_at(None),
    )
    return {vial: ordinal for vial, ordinal in session.execute(wanted) if vial and ordinal}
