"""The server asks for a catalogue that it does not know: the heartbeat carries only its hash."""

import json
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.telemetry import orders
from server.telemetry.models import Agent, AgentCertificate, AgentCommand

ASK_AGAIN_AFTER = timedelta(minutes=10)
_LISTENS_FOR = timedelta(minutes=3)


def unknown(session: Session, *, now: datetime) -> list[int]:
    """Return the agents that are there with a catalogue we do not have, and were not asked lately.

    Only those that hold a certificate: they have this server's key too, and obey it.
    """
    certified = exists().where(
        AgentCertificate.agent_id == Agent.id, AgentCertificate.ended_at.is_(None)
    )
    asked = exists().where(
        AgentCommand.agent_id == Agent.id,
        AgentCommand.kind == "catalog",
        AgentCommand.made_at > now - ASK_AGAIN_AFTER,
    )
    query = select(Agent.id, Agent.heartbeat, Agent.catalogue_hash).where(
        Agent.revoked_at.is_(None), Agent.heartbeat_at > now - _LISTENS_FOR, certified, ~asked
    )
    return [
        agent_id
        for agent_id, beat, known in session.execute(query.order_by(Agent.id))
        if (told := json.loads(beat).get("catalog")) and told != known
    ]


def ask(session: Session, home: Path, *, now: datetime) -> int:
    """Sign a command for each of them; returns how many."""
    found = unknown(session, now=now)
    for agent_id in found:
        agent = session.get_one(Agent, agent_id)
        orders.command(session, Actor.system("worker"), home, agent, "catalog", {}, at=now)
    return len(found)
