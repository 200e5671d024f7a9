"""The list of freezers, and what stands in a freezer or rack."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.core.actor import Actor
from server.storage.models import Container, Custody, Room, Site
from server.storage.queries.counts import PLACES, last_copies, tree, vials_inside


@dataclass(frozen=True)
class FreezerRow:
    """One line of the list of freezers."""

    freezer: Container
    site: Site
    room: Room
    vials: int
    last_copies: int


def freezers(session: Session, actor: Actor, permission: str = "storage.read") -> list[FreezerRow]:
    """Return the freezers that the actor may see, by site and code, with what is in them."""
    wanted: Any = (
        select(Container, Room, Site)
        .join(Room, Room.id == Container.room_id)
        .join(Site, Site.id == Room.site_id)
        .where(Container.kind == "freezer", Container.retired_at.is_(None))
        .order_by(Site.name, Container.code)
    )
    rows = session.execute(visible(wanted, actor, permission, Container.org_id)).all()
    ids = [freezer.id for freezer, _, _ in rows]
    counts, last = vials_inside(session, ids), last_copies(session, ids)
    return [
        FreezerRow(freezer, site, room, counts[freezer.id], last[freezer.id])
        for freezer, room, site in rows
    ]


@dataclass(frozen=True)
class InsideRow:
    """A rack or box inside something, where it stands, and how full it is."""

    container: Container
    label: str
    vials: int
    places: int


def children_of(session: Session, outer: Container) -> list[InsideRow]:
    """Return the racks and boxes that stand directly in this container, in the order of their positions."""
    wanted = (
        select(Container, Custody.ordinal)
        .join(Custody, Custody.child_id == Container.id)
        .where(
            Custody.container_id == outer.id,
            Custody.ended_at.is_(None),
            Custody.superseded_at.is_(None),
        )
        .order_by(Custody.ordinal)
    )
    rows = session.execute(wanted).all()
    ids = [inner.id for inner, _ in rows]
    vials, places = vials_inside(session, ids), _places(session, ids)
    return [
        InsideRow(inner, outer.shape.written(ordinal), vials[inner.id], places[inner.id])
        for inner, ordinal in rows
        if ordinal is not None
    ]


def _places(session: Session, ids: Sequence[int]) -> dict[int, int]:
    below = tree(ids)
    counted = (
        select(below.c.root, func.sum(PLACES))
        .join(Container, Container.id == below.c.id)
        .where(Container.kind == "box")
        .group_by(below.c.root)
    )
    return dict.fromkeys(ids, 0) | {root: int(n) for root, n in session.execute(counted)}


def freezer_details(session: Session, freezer: Container) -> Container:
    """Return the freezer with its room, circuit and supply loaded."""
    wanted = (
        select(Container)
        .where(Container.id == freezer.id)
        .options(
            joinedload(Container.room).joinedload(Room.site),
            joinedload(Container.power_circuit),
            joinedload(Container.nitrogen_supply),
        )
    )
    return session.scalars(wanted).one()
