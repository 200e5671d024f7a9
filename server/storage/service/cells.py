"""An empty container gets another grid: what was ever in it keeps its cell, and so its past stays true."""

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.storage import queries
from server.storage.models import Container, Custody
from server.storage.positions import BoxShape


def refuse_kept(session: Session, container: Container) -> None:
    """Refuse other numbers for positions of which some are kept for a project: they are kept by number."""
    if any(one.first_ordinal is not None for one in queries.spaces_of(session, container)):
        because = N_(
            "Positions of %(box)s are kept for a project; end that before it gets another grid."
        )
        raise Conflict(Refusal("space_kept", because, {"box": container.code}))


def keep_cells(session: Session, container: Container, before: BoxShape, after: BoxShape) -> None:
    """Give every entry of the container's past the number that its cell has in the new grid.

    Each cell must be in the new grid, and nothing in the container. The numbers are set below zero
    first, so that no two entries that stand meet on the way.
    """
    here = Custody.container_id == container.id
    renumber = update(Custody).execution_options(synchronize_session=False)
    session.execute(
        renumber.where(here, Custody.ordinal > 0).values(ordinal=-_number(before, after))
    )
    session.execute(renumber.where(here, Custody.ordinal < 0).values(ordinal=-Custody.ordinal))
    session.expire_all()


def _number(before: BoxShape, after: BoxShape) -> ColumnElement[int | None]:
    cell = Custody.ordinal - 1
    layer, within = cell // (before.rows * before.columns), cell % (before.rows * before.columns)
    row, column = within // before.columns, within % before.columns
    return (layer * after.rows + row) * after.columns + column + 1
