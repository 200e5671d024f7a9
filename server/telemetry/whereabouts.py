"""In which freezers a vial has been, and from when until when: custody intervals composed up the tree."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from server.core.clock import to_ms
from server.storage.models import Container, Custody
from server.telemetry.warmest import Warmest, warmest

DEEPEST = 8


class Stay(NamedTuple):
    """A time in a container, from begin until end."""

    container_id: int
    kind: str
    begin: datetime
    end: datetime


def freezer_stays(
    session: Session, vial_id: int, now: datetime
) -> list[tuple[int, datetime, datetime]]:
    """Return (freezer id, from, until) of every time the vial was in a freezer, oldest first.

    Asks once for the vial, and once for each container that it was in.
    """
    stays = _inside(session, Custody.vial_id == vial_id, None, now, now)
    return [(stay.container_id, stay.begin, stay.end) for stay in _climb(session, stays, now, 0)]


def _climb(session: Session, stays: list[Stay], now: datetime, depth: int) -> list[Stay]:
    """Return the stays in freezers among these, and those of what the others stood in meanwhile."""
    found: list[Stay] = []
    for stay in stays:
        if stay.kind == "freezer":
            found.append(stay)
        elif depth < DEEPEST:
            child = Custody.child_id == stay.container_id
            outer = _inside(session, child, stay.begin, stay.end, now)
            found += _climb(session, outer, now, depth + 1)
    return found


def _inside(
    session: Session,
    occupant: ColumnElement[bool],
    begin: datetime | None,
    end: datetime,
    now: datetime,
) -> list[Stay]:
    """Return the occupant's stays in containers, cut to the time asked about."""
    wanted = (
        select(Container.id, Container.kind, Custody.began_at, Custody.ended_at)
        .join(Container, Container.id == Custody.container_id)
        .where(
            occupant,
            Custody.superseded_at.is_(None),
            Custody.place == "position",  # a slot that is kept for a vial away does not cool it
            Custody.began_at < end,
        )
    )
    if begin is not None:
        wanted = wanted.where(or_(Custody.ended_at.is_(None), Custody.ended_at > begin))
    rows = session.execute(wanted.order_by(Custody.began_at, Custody.id))
    return [
        Stay(container_id, kind, max(began_at, begin or began_at), min(ended_at or now, end))
        for container_id, kind, began_at, ended_at in rows
    ]


def warmest_here(
    session: Session, vial_id: int, now: datetime
) -> tuple[Warmest | None, int | None]:
    """Return the warmest reading of the freezers while the vial was in them, and in which freezer."""
    found: list[tuple[Warmest, int]] = []
    for freezer_id, begin, end in freezer_stays(session, vial_id, now):
        if one := warmest(session, freezer_id, to_ms(begin), to_ms(end)):
            found.append((one, freezer_id))
    best = max(found, key=lambda pair: pair[0][0], default=None)
    return (None, None) if best is None else best
