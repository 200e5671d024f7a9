"""What is kept of space, who was in a position at a time, and what stands above a container."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, literal, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from server.core.many import among
from server.core.plain import Asked, Plain
from server.parties.models import Project
from server.storage.models import Container, Custody, SpaceReservation, Vial
from server.storage.queries.contents import occupants
from server.storage.queries.counts import tree
from server.storage.queries.paths import DEEPEST, true_at
from server.storage.rules.space import KeptSpace, keeper_of

AnyRows = Select[*tuple[Any, ...]]
_CHILD = aliased(Container)
"""Made once: a fresh alias costs about a millisecond at its first use."""


def kept_spaces(
    session: Session, container_ids: Iterable[int], at: datetime
) -> dict[int, list[KeptSpace]]:
    """Return what is kept in each of these containers, there or by what stands above it.

    What is kept above covers the whole container.
    """
    return ask_kept(session, container_ids, at).found()


@dataclass(frozen=True)
class AskedSpaces:
    """A question for what is kept in containers: on its way."""

    ids: Sequence[int]
    asked: Asked

    def found(self) -> dict[int, list[KeptSpace]]:
        """Return what is kept in each of the containers, by id."""
        found: dict[int, list[KeptSpace]] = {one: [] for one in self.ids}
        for row in self.asked.found():
            first, last = (row.first_ordinal, row.last_ordinal) if row.depth == 0 else (None, None)
            found[row.origin].append(
                KeptSpace(row.id, row.project_id, row.code, row.until, first, last)
            )
        return found


def ask_kept(session: Session, container_ids: Iterable[int], at: datetime) -> AskedSpaces:
    """Ask what `kept_spaces` answers, and go on meanwhile."""
    ids = list(container_ids)
    return AskedSpaces(ids, _kept().ask(session, ids=ids, at=at))


@cache
def _kept() -> Plain:
    own = aliased(Container)
    up = (
        select(
            own.id.label("origin"),
            literal(0).label("depth"),
            own.id.label("container_id"),
            literal(None, Custody.ordinal.type).label("inside"),
        )
        .where(among(own.id, "ids"))
        .cte("up", recursive=True)
    )
    outer = aliased(Custody)
    up = up.union_all(
        select(up.c.origin, up.c.depth + 1, outer.container_id, outer.ordinal)
        .select_from(up)
        .join(outer, outer.child_id.in_([up.c.container_id]))
        .where(true_at(None, outer), outer.container_id.is_not(None), up.c.depth < DEEPEST)
    )
    kept = SpaceReservation
    inside = or_(
        up.c.depth == 0,
        kept.first_ordinal.is_(None),
        and_(kept.first_ordinal <= up.c.inside, up.c.inside <= kept.last_ordinal),
    )
    until = bindparam("at", type_=kept.until.type)
    return Plain(
        select(
            up.c.origin,
            up.c.depth,
            kept.id,
            kept.project_id,
            Project.code,
            kept.until,
            kept.first_ordinal,
            kept.last_ordinal,
        )
        .select_from(up)
        .join(kept, kept.container_id == up.c.container_id)
        .join(Project, Project.id == kept.project_id)
        .where(kept.ended_at.is_(None), kept.until > until, inside)
        .order_by(up.c.origin, up.c.depth, kept.id)
    )


EVER = datetime(1970, 1, 1, tzinfo=UTC)


def free_positions(
    session: Session, container: Container, thing: Vial | Container | None = None
) -> list[int]:
    """Return the free positions that this thing may take, in the order in which the container is filled.

    Positions that are kept for another project are no free ones; for an unknown thing none that is kept is.
    """
    taken = occupants(session, container)
    kept = kept_spaces(session, [container.id], EVER)[container.id]
    projects = _projects(session, thing) if kept else set()
    return [
        one
        for one in container.shape.usable
        if one not in taken and keeper_of(kept, one, projects) is None
    ]


def _projects(session: Session, thing: Vial | Container | None) -> set[int | None]:
    if thing is None:
        return {None}
    return {thing.project_id} if isinstance(thing, Vial) else projects_inside(session, thing)


def spaces_of(session: Session, container: Container) -> list[SpaceReservation]:
    """Return what is kept in this very container now, the first positions first."""
    wanted = (
        select(SpaceReservation)
        .where(SpaceReservation.container_id == container.id, SpaceReservation.ended_at.is_(None))
        .options(joinedload(SpaceReservation.project))
        .order_by(SpaceReservation.first_ordinal, SpaceReservation.id)
    )
    return list(session.scalars(wanted))


def projects_inside(session: Session, container: Container) -> set[int | None]:
    """Return the projects of all vials in a container and below it; None stands for those of none."""
    below = tree([container.id])
    wanted = (
        select(Vial.project_id)
        .join(Custody, Custody.vial_id == Vial.id)
        .join(below, below.c.id == Custody.container_id)
        .where(true_at(None))
        .distinct()
    )
    return set(session.scalars(wanted))


def stays_at(
    session: Session,
    container_ids: Collection[int],
    began: datetime,
    ended: datetime | None = None,
    ordinal: int | None = None,
) -> list[tuple[Custody, str]]:
    """Return the stays in these containers that lasted into this time, with the code of who was there.

    Superseded stays are no stays; slots that were kept count.
    """
    wanted = (
        select(Custody, func.coalesce(Vial.code, _CHILD.code))
        .select_from(Custody)
        .outerjoin(Vial, Vial.id == Custody.vial_id)
        .outerjoin(_CHILD, _CHILD.id == Custody.child_id)
        .where(
            Custody.container_id.in_(container_ids),
            Custody.superseded_at.is_(None),
            or_(Custody.ended_at.is_(None), Custody.ended_at > began),
            or_(Custody.ended_at.is_(None), Custody.ended_at > Custody.began_at),
        )
        .order_by(Custody.began_at, Custody.id)
    )
    if ended is not None:
        wanted = wanted.where(Custody.began_at < ended)
    if ordinal is not None:
        wanted = wanted.where(Custody.ordinal == ordinal)
    return [(stay, code) for stay, code in session.execute(wanted)]
