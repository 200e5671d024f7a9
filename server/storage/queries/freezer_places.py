"""Where a freezer stood, from when to when: its room, its circuit and its supply."""

from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from server.storage.models import Container, FreezerPlace, Room

Then = datetime | BindParameter[datetime]


def stood_there(at: Then, known: Then | None = None) -> ColumnElement[bool]:
    """Return the condition that a freezer stood there at that moment; `known`: as it was recorded by then."""
    place = FreezerPlace
    if known is None:
        return and_(
            or_(place.began_at.is_(None), place.began_at <= at),
            or_(place.ended_at.is_(None), place.ended_at > at),
        )
    return and_(
        or_(place.began_at.is_(None), and_(place.began_recorded_at <= known, place.began_at <= at)),
        or_(place.ended_at.is_(None), place.ended_at > at, place.ended_recorded_at > known),
    )


def places_of(session: Session, freezer: Container) -> list[FreezerPlace]:
    """Return where a freezer stood, where it stands now first."""
    wanted = (
        select(FreezerPlace)
        .where(FreezerPlace.freezer_id == freezer.id)
        .options(
            joinedload(FreezerPlace.room).joinedload(Room.site),
            joinedload(FreezerPlace.power_circuit),
            joinedload(FreezerPlace.nitrogen_supply),
        )
        .order_by(FreezerPlace.id.desc())
    )
    return list(session.scalars(wanted))
