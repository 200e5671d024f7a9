"""The way to a thing, now or at a past moment: custody intervals composed up the tree, in one query."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from server.core.many import among
from server.core.plain import Asked, Plain
from server.storage.models import Container, Custody, FreezerPlace, Room, Site, Vial
from server.storage.models.containers import SHAPE, shape_of
from server.storage.queries.freezer_places import stood_there

DEEPEST = 8
FEW = 4
"""So many ways at most are asked for one by one."""
AnyRows = Select[*tuple[Any, ...]]
AnyRow = Any
"""A row of the climb; see `_climb`."""


@dataclass(frozen=True)
class Step:
    """One step of the way: site, room, freezer, rack, box, position, or where it is instead."""

    kind: str
    id: int
    code: str
    name: str
    inside: str = ""
    """The label of the position in it at which the next step is found."""


@dataclass(frozen=True)
class Path:
    """Where something is. `place` is what its custody says, or "" for what was never placed."""

    place: str
    steps: tuple[Step, ...] = ()
    began_at: datetime | None = None
    began_by_name: str = ""
    recipient_org_id: int | None = None
    freezer_id: int | None = None
    box_id: int | None = None
    ordinal: int | None = None
    site_id: int | None = None
    time_zone: str = "UTC"
    custody_id: int | None = None
    kept_box: str = ""
    """The box in which a slot is kept for a vial that is away, and which slot."""
    kept_position: str = ""

    @property
    def text(self) -> str:
        """Return the way in one line, for records and mails; empty for what is nowhere in storage."""
        return " › ".join(_with_place(step) for step in self.steps)

    def step(self, kind: str) -> Step | None:
        """Return the step of this kind, or None."""
        return next((step for step in self.steps if step.kind == kind), None)


def _with_place(step: Step) -> str:
    return f"{step.name} · {step.inside}" if step.kind == "rack" and step.inside else step.name


def vial_path(
    session: Session,
    vial: Vial,
    at: datetime | None = None,
    known_at: datetime | None = None,
) -> Path:
    """Return where the vial is, or was at this moment; `known_at`: by what was recorded by then.

    Without `known_at` the answer is what is held true today, with all corrections.
    """
    return paths_of(session, vials=[vial.id], at=at, known_at=known_at)[vial.id]


def path_of(session: Session, thing: Vial | Container, at: datetime | None = None) -> Path:
    """Return where the vial or container is, or was at this moment."""
    if isinstance(thing, Vial):
        return vial_path(session, thing, at)
    return paths_of(session, containers=[thing.id], at=at)[thing.id]


def freezer_of(session: Session, vial: Vial, at: datetime | None = None) -> Container | None:
    """Return the freezer that the vial is in, or was at this moment; None where it was in none."""
    path = vial_path(session, vial, at)
    return session.get(Container, path.freezer_id) if path.freezer_id else None


def paths_of(
    session: Session,
    *,
    vials: Iterable[int] = (),
    containers: Iterable[int] = (),
    at: datetime | None = None,
    known_at: datetime | None = None,
) -> dict[int, Path]:
    """Return the way to each of these vials, or else to each of these containers, by id.

    A container's own step ends its way; a vial's ends with its position. What was known at a moment,
    with no other moment named, is where it was thought to be then.
    """
    asked = ask_paths(session, vials=vials, containers=containers, at=at, known_at=known_at)
    return asked.paths(session)


@dataclass(frozen=True)
class AskedPaths:
    """A question for ways that is on its way."""

    origins: Sequence[int]
    of_vials: bool
    asked: Sequence[Asked]

    def paths(self, session: Session) -> dict[int, Path]:
        """Return the way to each thing, by id."""
        by_origin: dict[int, list[AnyRow]] = {}
        for row in (row for one in self.asked for row in one.found()):
            by_origin.setdefault(row.origin, []).append(row)
        return {
            origin: _path(session, by_origin.get(origin, []), of_vial=self.of_vials)
            for origin in self.origins
        }


def ask_paths(
    session: Session,
    *,
    vials: Iterable[int] = (),
    containers: Iterable[int] = (),
    at: datetime | None = None,
    known_at: datetime | None = None,
) -> AskedPaths:
    """Ask what `paths_of` answers, and go on meanwhile."""
    vial_ids, container_ids = list(vials), list(containers)
    at = known_at if at is None else at
    ids = vial_ids or container_ids
    known, few = known_at is not None, len(ids) <= FEW
    climb = _climb(of_vials=bool(vial_ids), past=at is not None, as_known=known, one=few)
    moments = {"at": at, "known_at": known_at}
    if few:
        asked = [climb.ask(session, id=one, **moments) for one in dict.fromkeys(ids)]
    else:
        asked = [climb.ask(session, ids=ids, **moments)]
    return AskedPaths(ids, bool(vial_ids), asked)


Moment = datetime | BindParameter[datetime] | None


def true_at(
    at: Moment, custody: type[Custody] = Custody, known_at: Moment = None
) -> ColumnElement[bool]:
    """Return the condition that a custody row holds now (None) or held at this moment.

    With `known_at` it is the condition that this was believed then: what was recorded later, be it a
    stay, its end or a correction, does not count.
    """
    if at is None:
        return and_(custody.ended_at.is_(None), custody.superseded_at.is_(None))
    if known_at is None:
        return and_(
            custody.superseded_at.is_(None),
            custody.began_at <= at,
            or_(custody.ended_at.is_(None), custody.ended_at > at),
        )
    return and_(
        custody.began_recorded_at <= known_at,
        or_(custody.superseded_at.is_(None), custody.superseded_at > known_at),
        custody.began_at <= at,
        or_(
            custody.ended_at.is_(None),
            custody.ended_at > at,
            custody.ended_recorded_at > known_at,
        ),
    )


@cache
def _climb(*, of_vials: bool, past: bool, as_known: bool, one: bool) -> Plain:
    """Return the statement that climbs from things to their freezer; made once, for making it is dear.

    The one from a single thing stands alone: PostgreSQL would plan a short list anew each time.
    """
    moment = Custody.began_at.type
    at = bindparam("at", type_=moment) if past else None
    known = bindparam("known_at", type_=moment) if as_known else None
    start: AnyRows
    if of_vials:
        start = select(
            Custody.vial_id.label("origin"),
            literal(0).label("depth"),
            case((Custody.place == "position", Custody.container_id)).label("container_id"),
            case((Custody.place == "position", Custody.ordinal)).label("ordinal"),
            Custody.id.label("custody_id"),
        ).where(_origin(Custody.vial_id, one=one), true_at(at, known_at=known))
    else:
        own = aliased(Container)
        start = select(
            own.id.label("origin"),
            literal(0).label("depth"),
            own.id.label("container_id"),
            literal(None, Custody.ordinal.type).label("ordinal"),
            literal(None, Custody.id.type).label("custody_id"),
        ).where(_origin(own.id, one=one))
    way = start.cte("way", recursive=True)
    outer = aliased(Custody)
    # "IN", not "=": SQLite, once it knows how many rows there are, would read all of them for a filter
    way = way.union_all(
        select(way.c.origin, way.c.depth + 1, outer.container_id, outer.ordinal, outer.id)
        .join(outer, outer.child_id.in_([way.c.container_id]))
        .where(true_at(at, outer, known), way.c.depth < DEEPEST)
    )
    told: AnyRows = (
        select(
            way.c.origin,
            way.c.depth,
            way.c.ordinal,
            *_TOLD,
            *(getattr(Container, one) for one in SHAPE),
        )
        .outerjoin(Custody, Custody.id == way.c.custody_id)
        .outerjoin(Container, Container.id == way.c.container_id)
    )
    return Plain(
        _in_rooms(told, at, known)
        .outerjoin(Site, Site.id == Room.site_id)
        .order_by(way.c.origin, way.c.depth.desc())
    )


def _in_rooms(told: AnyRows, at: Moment, known_at: Moment) -> AnyRows:
    """Join the room in which each freezer stands, or stood at that moment."""
    if at is None:
        return told.outerjoin(Room, Room.id == Container.room_id)
    there = and_(FreezerPlace.freezer_id == Container.id, stood_there(at, known_at))
    room = func.coalesce(FreezerPlace.room_id, Container.room_id)
    return told.outerjoin(FreezerPlace, there).outerjoin(Room, Room.id == room)


def _origin(column: Any, *, one: bool) -> ColumnElement[bool]:  # noqa: ANN401  a column of ids
    return column == bindparam("id", type_=column.type) if one else among(column, "ids")


_TOLD = (
    Custody.id.label("stay"),
    Custody.place,
    Custody.began_at,
    Custody.began_by_name,
    Custody.recipient_org_id,
    Custody.container_id.label("stands_in"),
    Custody.ordinal.label("stands_at"),
    Container.id.label("here"),
    Container.kind,
    Container.code,
    Container.name,
    Room.id.label("room"),
    Room.code.label("room_code"),
    Site.id.label("site"),
    Site.code.label("site_code"),
    Site.name.label("site_name"),
    Site.time_zone,
)


def _path(session: Session, rows: list[AnyRow], *, of_vial: bool) -> Path:
    """Put one thing's rows together; they run from the freezer inwards."""
    own = next((row for row in reversed(rows) if row.stay is not None), None)
    site = next((row for row in rows if row.site is not None), None)
    path = Path(
        place=own.place if own else "",
        steps=tuple(_steps(rows, of_vial=of_vial)),
        began_at=own.began_at if own else None,
        began_by_name=own.began_by_name if own else "",
        recipient_org_id=own.recipient_org_id if own else None,
        freezer_id=next((row.here for row in rows if row.kind == "freezer"), None),
        box_id=next((row.here for row in rows if row.kind == "box"), None),
        ordinal=own.stands_at if own and of_vial else None,
        site_id=site.site if site else None,
        time_zone=site.time_zone if site else "UTC",
        custody_id=own.stay if own else None,
    )
    if own is None or own.place == "position" or own.stands_in is None:
        return path
    return _keeping(session, path, own)


def _keeping(session: Session, path: Path, own: AnyRow) -> Path:
    """Return the way of something that is away and for which a position is kept."""
    kept = session.get_one(Container, own.stands_in)
    written = kept.shape.written(own.stands_at) if own.stands_at else ""
    return replace(path, ordinal=None, kept_box=kept.code, kept_position=written)


def _steps(rows: list[AnyRow], *, of_vial: bool) -> Iterator[Step]:
    for row in rows:
        if row.here is None:
            continue
        if row.site is not None:
            yield Step("site", row.site, row.site_code, row.site_name)
            yield Step("room", row.room, row.room_code, row.room_code)
        inside = shape_of(row).written(row.ordinal) if row.ordinal else ""
        name = row.name if row.kind == "rack" and row.name else row.code
        yield Step(row.kind, row.here, row.code, name, inside)
        if of_vial and inside and row.depth == 0:
            yield Step("position", row.ordinal, inside, inside)
