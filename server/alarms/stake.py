"""Counts what stands in each freezer ahead of time, so that an alarm can say it without counting."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms.models import FreezerStake
from server.alarms.wording import Stake
from server.core.db import Database
from server.storage import queries as storage
from server.storage.models import Container


def count(session: Session) -> dict[int, Stake]:
    """Return what stands in every freezer now; only reads, and may take a while."""
    freezers = list(
        session.scalars(
            select(Container.id).where(Container.kind == "freezer", Container.retired_at.is_(None))
        )
    )
    vials, last = storage.vials_inside(session, freezers), storage.last_copies(session, freezers)
    reserved = storage.reserved_inside(session, freezers)
    return {one: Stake(vials[one], last[one], reserved[one]) for one in freezers}


def keep(session: Session, counted: Mapping[int, Stake], now: datetime) -> None:
    """Write the counts down, each freezer's in its row."""
    kept = {row.freezer_id: row for row in session.scalars(select(FreezerStake))}
    for freezer_id, stake in counted.items():
        row = kept.get(freezer_id)
        if row is None:
            row = FreezerStake(freezer_id=freezer_id, counted_at=now)
            session.add(row)
        row.vials, row.last_copies, row.reserved = stake.vials, stake.last_copies, stake.reserved
        row.counted_at = now


def refresh(database: Database, now: datetime) -> None:
    """Count all freezers outside any writing transaction, then keep the counts in a short one."""
    with database.reading() as session:
        counted = count(session)
    if not counted:
        return
    with database.writing() as session:
        keep(session, counted, now)
