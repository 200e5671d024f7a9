"""Messages that could not be read or were refused are kept with the reason, so that a person can look."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from edge_agent.wire import codec
from edge_agent.wire.errors import WireError
from server.telemetry.arrival import Arrival
from server.telemetry.models import Agent, RejectedMessage
from server.telemetry.store import KnownAgent

KEPT_BYTES = 4096
KEPT_FOR = timedelta(days=90)
MOST = 10_000
_BY_TOPIC = frozenset({"unknown_agent", "revoked_agent"})
"""Refused for who speaks, not for what is said: one row a topic is enough."""


def keep(
    session: Session, arrival: Arrival, agent: KnownAgent | None, error: WireError, *, now: datetime
) -> None:
    """Keep up to 4 KiB of the message with the reason; the same message again is only counted."""
    topic = arrival.written_topic.replace("\0", "")[:500]
    crc = codec.crc(arrival.payload)
    same = [RejectedMessage.topic == topic, RejectedMessage.code == error.code]
    if error.code not in _BY_TOPIC:
        same.append(RejectedMessage.crc32 == crc)
    found = session.scalars(select(RejectedMessage).where(*same).limit(1)).first()
    if found is None:
        found = _new(arrival, agent, error, topic, crc, now)
        session.add(found)
    else:
        found.times += 1
        found.last_at = now
    session.flush()
    if agent is not None:
        session.execute(
            update(Agent).where(Agent.id == agent.id).values(rejected=Agent.rejected + 1),
            execution_options={"synchronize_session": False},
        )


def _new(
    arrival: Arrival,
    agent: KnownAgent | None,
    error: WireError,
    topic: str,
    crc: int,
    now: datetime,
) -> RejectedMessage:
    return RejectedMessage(
        org_id=agent.org_id if agent else None,
        agent_id=agent.id if agent else None,
        topic=topic,
        size=len(arrival.payload),
        crc32=crc,
        payload=arrival.payload[:KEPT_BYTES],
        code=error.code,
        why=error.sentence.replace("\0", "")[:KEPT_BYTES],
        first_at=now,
        last_at=now,
        times=1,
    )


def forget_old(session: Session, *, now: datetime) -> int:
    """Forget what is older than 90 days or beyond the newest 10,000; returns how many."""
    newest = select(RejectedMessage.id).order_by(RejectedMessage.id.desc()).offset(MOST).limit(1)
    last = session.scalar(newest) or 0
    gone = session.execute(
        delete(RejectedMessage).where(
            (RejectedMessage.last_at < now - KEPT_FOR) | (RejectedMessage.id <= last)
        )
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a delete has one
