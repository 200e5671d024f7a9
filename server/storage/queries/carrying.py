"""What a move of many asks first: each question once for all of them, and nothing loaded as objects."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from server.core.many import among
from server.storage.models import BulkMove, Container, Custody, Vial
from server.storage.queries.paths import true_at

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


def held_vials(session: Session, vial_ids: Iterable[int]) -> dict[int, Standing]:
    """Hold these vials until the end of the transaction, and return each with where it is now.

    They are held in the order of their ids, so that two who want the same ones wait and never block
    each other. Where each is is asked afterwards: PostgreSQL sees the rows beside a row that it
    waited for as they were before it waited.
    """
    ids = sorted(set(vial_ids))
    vials = session.execute(_held(), {"ids": ids}).all()
    stays = {row.vial_id: row for row in session.execute(_stays(), {"ids": ids})}
    return {row.id: _standing(row, stays.get(row.id)) for row in vials}


def _standing(row: Any, stay: Any) -> Standing:  # noqa: ANN401  rows of two statements
    own = (row.id, row.code, row.state, row.org_id, row.project_id)
    if stay is None:
        return Standing(*own)
    return Standing(*own, stay.id, stay.place, stay.container_id, stay.ordinal, stay.began_at)


@cache
def _held() -> AnyRows:
    wanted = select(Vial.id, Vial.code, Vial.state, Vial.org_id, Vial.project_id)
    return wanted.where(among(Vial.id, "ids")).order_by(Vial.id).with_for_update(of=Vial)


@cache
def _stays() -> AnyRows:
    return select(
        Custody.id,
        Custody.vial_id,
        Custody.place,
        Custody.container_id,
        Custody.ordinal,
        Custody.began_at,
    ).where(among(Custody.vial_id, "ids"), true_at(None))


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


def taken_of(session: Session, places: Collection[tuple[int, int]], since: datetime) -> list[Taken]:
    """Return who is in these positions, and who left one of them after that moment."""
    wanted = set(places)
    facts = {"boxes": sorted({box for box, _ in wanted})}
    ordinals = {"ordinals": sorted({ordinal for _, ordinal in wanted})}
    rows = [
        *session.execute(_in_them(), facts | ordinals),
        *session.execute(_left_them(), facts | {"since": since}),
    ]
    return [Taken(*row) for row in rows if (row.container_id, row.ordinal) in wanted]


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


@cache
def _in_them() -> AnyRows:
    return _occupied().where(among(Custody.ordinal, "ordinals"), true_at(None))


@cache
def _left_them() -> AnyRows:
    since = bindparam("since", type_=Custody.ended_at.type)
    return _occupied().where(
        Custody.superseded_at.is_(None),
        Custody.ended_at > since,
        Custody.ended_at > Custody.began_at,
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


def places_in(session: Session, box: Container) -> dict[int, int]:
    """Return the position of each vial that is in the box now, by the vial's id."""
    wanted = select(Custody.vial_id, Custody.ordinal).where(
        Custody.container_id == box.id,
        Custody.place == "position",
        Custody.vial_id.is_not(None),
        true_at(None),
    )
    return {vial: ordinal for vial, ordinal in session.execute(wanted) if vial and ordinal}
