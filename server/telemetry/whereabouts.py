"""In which freezers a vial has been, and from when until when: custody intervals composed up the tree."""

from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from server.core.clock import to_ms
from server.storage.models import Container, Custody
from server.telemetry.warmest import Warmest, warmest

DEEPEST = 8


def freezer_stays(
    session: Session, vial_id: int, now: datetime
) -> list[tuple[int, datetime, datetime]]:
    """Return (freezer id, from, until) of every time the vial was in a freezer, oldest first."""
    found: list[tuple[int, datetime, datetime]] = []
    for container_id, begin, end in _inside(session, Custody.vial_id == vial_id, None, now, now):
        found += _climb(session, container_id, begin, end, now, 0)
    return found


def _climb(
    session: Session, container_id: int, begin: datetime, end: datetime, now: datetime, depth: int
) -> list[tuple[int, datetime, datetime]]:
    if session.get_one(Container, container_id).kind == "freezer":
        return [(container_id, begin, end)]
    if depth >= DEEPEST:
        return []
    found: list[tuple[int, datetime, datetime]] = []
    outer = _inside(session, Custody.child_id == container_id, begin, end, now)
    for outer_id, outer_begin, outer_end in outer:
        found += _climb(session, outer_id, outer_begin, outer_end, now, depth + 1)
    return found


def _inside(
    session: Session,
    occupant: ColumnElement[bool],
    begin: datetime | None,
    end: datetime,
    now: datetime,
) -> list[tuple[int, datetime, datetime]]:
    """Return (container, from, until) of the occupant's stays, cut to the time asked about."""
    wanted = select(Custody.container_id, Custody.began_at, Custody.ended_at).where(
        occupant,
        Custody.superseded_at.is_(None),
        Custody.place == "position",  # a slot that is kept for a vial away does not cool it
        Custody.began_at < end,
    )
    if begin is not None:
        wanted = wanted.where(or_(Custody.ended_at.is_(None), Custody.ended_at > begin))
    rows = session.execute(wanted.order_by(Custody.began_at, Custody.id))
    return [
        (container_id, max(began_at, begin or began_at), min(ended_at or now, end))
        for container_id, began_at, ended_at in rows
        if container_id is not None
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
