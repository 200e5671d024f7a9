"""Alarms that persons are told of later: at the end of their quiet hours, or with many others."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms.models import Episode
from server.core.clock import Clock
from server.core.db import Database
from server.notify import held


def over_among(session: Session, ids: Collection[int]) -> set[int]:
    """Return those of these alarms whose condition is gone."""
    query = select(Episode.id).where(Episode.id.in_(ids), Episode.cleared_at.is_not(None))
    return set(session.scalars(query))


def tell_held(database: Database, clock: Clock) -> int:
    """Tell what waited and is due now; returns how many persons were told."""
    now = clock.now()
    with database.reading() as session:
        if not held.is_any_due(session, now):
            return 0
    with database.writing() as session:
        return held.release(session, now)


held.know_over("alarm", over_among)
