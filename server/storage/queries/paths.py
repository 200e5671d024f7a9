"""The way to a thing, now or at a past moment: custody intervals composed up the tree, in one query."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    case,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from server.storage.models import Container, Custody, Room, Site, Vial

DEEPEST = 8
AnyRows = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]


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
    vial_ids, container_ids = list(vials), list(containers)
    at = known_at if at is None else at
    climb = _climb(of_vials=bool(vial_ids), past=at is not None, as_known=known_at is not None)
    moments = {"at": at, "known_at": known_at}
    facts = {"ids": vial_ids or container_ids} | {
        name: moment for name, moment in moments.items() if moment is not None
    }
    rows = session.execute(climb, facts).all()
    by_origin: dict[int, list[AnyRow]] = {}
    for row in rows:
        by_origin.setdefault(row.origin, []).append(row)
    return {
        origin: _path(by_origin.get(origin, []), of_vial=bool(vial_ids))
        for origin in vial_ids or container_ids
    }


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
def _climb(*, of_vials: bool, past: bool, as_known: bool) -> AnyRows:
    """Return the statement that climbs from things to their freezer; made once, for making it is dear."""
    ids: BindParameter[int] = bindparam("ids", expanding=True)
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
        ).where(Custody.vial_id.in_(ids), true_at(at, known_at=known))
    else:
        own = aliased(Container)
        start = select(
            own.id.label("origin"),
            literal(0).label("depth"),
            own.id.label("container_id"),
            literal(None, Custody.ordinal.type).label("ordinal"),
            literal(None, Custody.id.type).label("custody_id"),
        ).where(own.id.in_(ids))
    way = start.cte("way", recursive=True)
    outer = aliased(Custody)
    # "IN", not "=": SQLite, once it knows how many rows there are, would read all of them for a filter
    way = way.union_all(
        select(way.c.origin, way.c.depth + 1, outer.container_id, outer.ordinal, outer.id)
        .join(outer, outer.child_id.in_([way.c.container_id]))
        .where(true_at(at, outer, known), way.c.depth < DEEPEST)
    )
    return (
        select(way.c.origin, way.c.depth, way.c.ordinal, Custody, Container, Room, Site)
        .outerjoin(Custody, Custody.id == way.c.custody_id)
        .outerjoin(Container, Container.id == way.c.container_id)
        .outerjoin(Room, Room.id == Container.room_id)
        .outerjoin(Site, Site.id == Room.site_id)
        .order_by(way.c.origin, way.c.depth.desc())
    )


def _path(rows: list[AnyRow], *, of_vial: bool) -> Path:
    """Put one thing's rows together; they run from the freezer inwards."""
    here = [row.Container for row in rows if row.Container is not None]
    placed = [row.Custody for row in rows if row.Custody is not None]
    own: Custody | None = placed[-1] if placed else None
    freezer = next((one for one in here if one.kind == "freezer"), None)
    box = next((one for one in here if one.kind == "box"), None)
    site: Site | None = next((row.Site for row in rows if row.Site is not None), None)
    kept = own.container if own and own.place != "position" else None
    return Path(
        place=own.place if own else "",
        steps=tuple(_steps(rows, of_vial=of_vial)),
        began_at=own.began_at if own else None,
        began_by_name=own.began_by_name if own else "",
        recipient_org_id=own.recipient_org_id if own else None,
        freezer_id=freezer.id if freezer else None,
        box_id=box.id if box else None,
        ordinal=own.ordinal if own and of_vial and not kept else None,
        site_id=site.id if site else None,
        time_zone=site.time_zone if site else "UTC",
        custody_id=own.id if own else None,
        kept_box=kept.code if kept else "",
        kept_position=kept.shape.written(own.ordinal) if own and kept and own.ordinal else "",
    )


def _steps(rows: list[AnyRow], *, of_vial: bool) -> Iterator[Step]:
    for row in rows:
        here: Container | None = row.Container
        if here is None:
            continue
        if row.Site is not None:
            yield Step("site", row.Site.id, row.Site.code, row.Site.name)
            yield Step("room", row.Room.id, row.Room.code, row.Room.code)
        inside = here.shape.written(row.ordinal) if row.ordinal else ""
        name = here.name if here.kind == "rack" and here.name else here.code
        yield Step(here.kind, here.id, here.code, name, inside)
        if of_vial and inside and row.depth == 0:
            yield Step("position", row.ordinal, inside, inside)
