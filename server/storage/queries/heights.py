"""How high something stands in its freezer: heights of rows, added up the tree."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.storage.models import Container, Vial
from server.storage.queries.limits import Ancestor, ancestors
from server.storage.queries.things import live_custody
from server.storage.rules.reshape import height_in
from server.storage.sizes import heights_of


def height_mm(
    session: Session, thing: Vial | Container, ordinal: int | None = None
) -> float | None:
    """Return how far the floor of a position lies above the inner floor of its freezer, in mm.

    The reference is the lowest point inside the freezer: the tank's floor under its platform, a chest's
    bottom. Of a vial it is the floor of its position, of a container the floor on which it stands (0
    for a freezer), of a container with an ordinal the floor of that position. None where it stands in
    no freezer, or where a freezer or rack on the way does not say how high its rows are. A box whose
    rows have no heights has one floor.
    """
    if isinstance(thing, Vial):
        here = live_custody(session, thing)
        if here is None or here.place != "position" or here.container is None:
            return None
        thing, ordinal = here.container, here.ordinal
    way = ancestors(session, thing.id)
    known = _containers(session, (one.id for one in way))
    if known[way[-1].id].kind != "freezer":
        return None
    inner = [] if ordinal is None else [_floor(thing, ordinal)]
    floors = [*inner, *(_floor_of(known, one) for one in way if one.ordinal is not None)]
    return None if any(floor is None for floor in floors) else sum(floor or 0.0 for floor in floors)


def _containers(session: Session, ids: Iterable[int]) -> dict[int, Container]:
    wanted = select(Container).where(Container.id.in_(list(ids)))
    return {row.id: row for row in session.scalars(wanted)}


def _floor_of(known: dict[int, Container], one: Ancestor) -> float | None:
    return _floor(known[one.id], one.ordinal or 1)


def _floor(container: Container, ordinal: int) -> float | None:
    heights = list(heights_of(container.heights_mm))
    if not heights and container.kind == "box":
        return 0.0
    return height_in(container.shape, heights, ordinal)
