"""What an agent says about itself: presence, heartbeat, and the catalogue of its channels."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from edge_agent.wire.messages import Catalog, Heartbeat, State
from edge_agent.wire.messages import Channel as Described
from edge_agent.wire.reports import catalog_hash
from server.audit import service as audit
from server.core.actor import Actor
from server.storage.models import Container
from server.telemetry.known import CHANNELS_AN_AGENT
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


def catalog(session: Session, known: KnownAgent, said: Catalog, *, now: datetime) -> int:
    """Take over what each channel is; a channel that a person has placed stays where it is.

    Where it places a channel in a freezer, the audit trail says so. Returns how many channels were left
    out because the agent has too many.
    """
    agent = session.get_one(Agent, known.id)
    agent.catalogue_hash = catalog_hash(said.channels)
    agent.agent_version = said.version or agent.agent_version
    codes = {described.freezer for described in said.channels if described.freezer}
    freezers = _freezers(session, known.org_id, codes)
    channels = _channels(session, known.id)
    left_out = 0
    for described in said.channels:
        channel = channels.get((described.stream, described.key))
        if channel is None and len(channels) >= CHANNELS_AN_AGENT:
            left_out += 1
            continue
        if channel is None:
            channel = _added(session, known.id, described)
            channels[described.stream, described.key] = channel
        _describe(channel, described)
        if channel.freezer_id is None and described.freezer in freezers:
            _place(session, agent, channel, described.freezer, freezers[described.freezer], now)
    session.flush()
    return left_out


def _channels(session: Session, agent_id: int) -> dict[tuple[str, str], Channel]:
    found = session.scalars(select(Channel).where(Channel.agent_id == agent_id))
    return {(channel.stream, channel.key): channel for channel in found}


def _freezers(session: Session, org_id: int, codes: set[str]) -> dict[str, int]:
    query = select(Container.code, Container.id).where(
        Container.org_id == org_id, Container.kind == "freezer", Container.code.in_(codes)
    )
    return {row.code: row.id for row in session.execute(query)} if codes else {}


def _added(session: Session, agent_id: int, said: Described) -> Channel:
    channel = Channel(agent_id=agent_id, stream=said.stream, key=said.key, label="")
    session.add(channel)
    return channel


def _describe(channel: Channel, said: Described) -> None:
    channel.probe_serial = said.serial
    channel.calibration_due = said.calibration_due
    channel.certificate = said.certificate
    channel.interval_s = said.interval_s or channel.interval_s or 10.0
    channel.confirmed = channel.confirmed or channel.freezer_id is not None


def _place(
    session: Session, agent: Agent, channel: Channel, code: str, freezer_id: int, at: datetime
) -> None:
    """Let the channel look into the freezer: from now on its readings alarm there."""
    channel.freezer_id = freezer_id
    channel.confirmed = True
    audit.record(
        session,
        Actor(id=agent.id, name=f"{agent.site}/{agent.code}", kind="agent", door="worker"),
        "channel.described",
        "channel",
        f"{agent.code}/{channel.stream}/{channel.key}",
        at=at,
        org_id=agent.org_id,
        before={"label": channel.label, "freezer": None},
        label=channel.label,
        freezer=code,
    )


def presence(session: Session, *, now: datetime) -> int:
    """Mark agents offline that were not heard of for three minutes; returns how many."""
    gone = session.execute(update(Agent).where(Agent.online, _silent(now)).values(online=False))
    return int(gone.rowcount)  # type: ignore[attr-defined]  # an update has one


def is_any_silent(session: Session, *, now: datetime) -> bool:
    """Say whether `presence` would mark anybody; only reads."""
    return session.scalar(select(Agent.id).where(Agent.online, _silent(now)).limit(1)) is not None


def _silent(now: datetime) -> ColumnElement[bool]:
    return or_(Agent.seen_at.is_(None), Agent.seen_at < now - SILENT_AFTER)
