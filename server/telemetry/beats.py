"""Signs of life of workers: whether anybody works, and since when anybody listens to the broker."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.telemetry.models import WorkerBeat

FRESH = timedelta(seconds=15)
"""A worker writes its sign of life every two seconds."""


def fresh(session: Session, now: datetime) -> list[WorkerBeat]:
    """Return the signs of life of the workers that live now."""
    return list(session.scalars(select(WorkerBeat).where(WorkerBeat.at >= now - FRESH)))


def listening_since(beats: Iterable[WorkerBeat]) -> datetime | None:
    """Return since when one of these workers has been connected to the broker without a break; None: none is."""
    told = (json.loads(one.facts).get("listening_since") for one in beats if one.broker_connected)
    return min((datetime.fromisoformat(text) for text in told if text), default=None)
