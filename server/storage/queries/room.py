"""Boxes by how much room is in them."""

from typing import Any

from sqlalchemy import func, select

from server.storage.models import Container, Custody
from server.storage.queries.counts import PLACES
from server.storage.queries.paths import true_at


def roomiest(least: int = 1) -> Any:  # noqa: ANN401  a select of a box and a number, to be narrowed
    """Return the query of (box, free positions) with at least so many free ones, those with most first.

    A position that is kept for a vial that is away is not free; one that is kept for a project is.
    """
    taken = (
        select(Custody.container_id, func.count().label("n"))
        .where(Custody.container_id.is_not(None), true_at(None))
        .group_by(Custody.container_id)
        .subquery()
    )
    free = PLACES - func.coalesce(taken.c.n, 0)
    return (
        select(Container, free)
        .outerjoin(taken, taken.c.container_id == Container.id)
        .where(Container.kind == "box", Container.retired_at.is_(None), free >= least)
        .order_by(free.desc(), Container.code)
    )
