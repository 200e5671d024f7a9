"""What an agent says about itself: presence, heartbeat, and the catalogue of its channels."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from edge_agent.wire.messages import Catalog, Heartbeat, State
from edge_agent.wire.messages import Channel as Described
from edge_agent.wire.reports import catalog_hash
from server.storage.models import Container
from server.telemetry.models import Agent, Channel
from server.telemetry.store import KnownAgent

SILENT_AFTER = timedelta(minutes=3)
"""Three usual heartbeats."""


def heartbeat(session: Session, known: KnownAgent, beat: Heartbeat, *, now: datetime) -> None:
    """Keep the newest heartbeat; it also says that the agent is there."""
    agent = session.get_one(Agent, known.id)
    agent.heartbeat = json.dumps(asdict(beat))
    agent.heartbeat_at = agent.seen_at = now
    agent.agent_version = beat.version or agent.agent_version
    agent.boot = beat.boot
    agent.online = True
    session.flush()


def state(session: Session, known: KnownAgent, said: State) -> None:
    """Keep presence; a farewell of an earlier boot than the present one is late and changes nothing."""
    agent = session.get_one(Agent, known.id)
    if said.online or said.boot == agent.boot or not agent.boot:
        agent.online = said.online
        agent.boot = said.boot
    session.flush()


def catalog(session: Session, known: KnownAgent, said: Catalog) -> None:
    """Take over what each channel is; a channel that a person has placed stays where it is."""
    agent = session.get_one(Agent, known.id)
    agent.catalogue_hash = catalog_hash(said.channels)
    agent.agent_version = said.version or agent.agent_version
    codes = {described.freezer for described in said.channels if described.freezer}
    freezers = _freezers(session, known.org_id, codes)
    for described in said.channels:
        _describe(session, known.id, described, freezers)
    session.flush()


def _freezers(session: Session, org_id: int, codes: set[str]) -> dict[str, int]:
    query = select(Container.code, Container.id).where(
        Container.org_id == org_id, Container.kind == "freezer", Container.code.in_(codes)
    )
    return {row.code: row.id for row in session.execute(query)} if codes else {}


def _describe(session: Session, agent_id: int, said: Described, freezers: dict[str, int]) -> None:
    query = select(Channel).where(
        Channel.agent_id == agent_id, Channel.stream == said.stream, Channel.key == said.key
    )
    channel = session.scalars(query).first()
    if channel is None:
        channel = Channel(agent_id=agent_id, stream=said.stream, key=said.key, label="")
        session.add(channel)
    channel.probe_serial = said.serial
    channel.calibration_due = said.calibration_due
    channel.interval_s = said.interval_s or channel.interval_s or 10.0
    if channel.freezer_id is None and said.freezer in freezers:
        channel.freezer_id = freezers[said.freezer]
    channel.confirmed = channel.confirmed or channel.freezer_id is not None
    session.flush()


def presence(session: Session, *, now: datetime) -> int:
    """Mark agents offline that were not heard of for three minutes; returns how many."""
    gone = session.execute(update(Agent).where(Agent.online, _silent(now)).values(online=False))
    return int(gone.rowcount)  # type: ignore[attr-defined]  # an update has one


def is_any_silent(session: Session, *, now: datetime) -> bool:
    """Say whether `presence` would mark anybody; only reads."""
    return session.scalar(select(Agent.id).where(Agent.online, _silent(now)).limit(1)) is not None


def _silent(now: datetime) -> ColumnElement[bool]:
    return or_(Agent.seen_at.is_(None), Agent.seen_at < now - SILENT_AFTER)
