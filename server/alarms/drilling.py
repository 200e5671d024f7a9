"""What the worker does every few seconds for drills: begin what is planned, follow what is under way."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms.models import Drill, DrillPlan
from server.alarms.service import drills
from server.core.clock import Clock
from server.core.db import Database

EVERY_S = 5.0


def tend(database: Database, clock: Clock, home: Path) -> int:
    """Begin the drills that are due and end those that were answered or missed; returns how many.

    `home` holds the key with which commands are signed.
    """
    now = clock.now()
    with database.reading() as session:
        due = session.scalar(drills.due_plans(now).with_only_columns(DrillPlan.id).limit(1))
        under_way = _any_under_way(session)
    done = 0
    if due is not None:
        with database.writing() as session:
            done += len(drills.begin_planned(session, home, at=now))
    if under_way:
        with database.writing() as session:
            done += drills.follow(session, at=now)
    return done


def _any_under_way(session: Session) -> bool:
    return session.scalar(select(Drill.id).where(Drill.ended_at.is_(None)).limit(1)) is not None
