"""What agents are told: configurations and commands, signed when they are made, sent until answered or expired."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from edge_agent.wire import codec, topics
from edge_agent.wire.control import COMMANDS
from edge_agent.wire.messages import CommandResult, ConfigReport, Signed
from server.audit import service as audit
from server.core.actor import Actor
from server.core.clock import to_ms
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.telemetry import signing_key
from server.telemetry.models import Agent, AgentCommand, AgentConfig

COMMAND_LIVES = timedelta(hours=1)
CONFIG_LIVES = timedelta(days=30)
AGAIN_AFTER = timedelta(seconds=10)
OPEN = ("waiting", "begun")
_KINDS: tuple[tuple[type[AgentConfig | AgentCommand], str], ...] = (
    (AgentConfig, "cfg"),
    (AgentCommand, "cmd"),
)
_REVOKED = N_("%(agent)s has been revoked; it obeys no more.")
_UNKNOWN = N_("“%(found)s” is no command; one of %(known)s is expected.")


@dataclass(frozen=True)
class Outgoing:
    """A message for an agent, to be published once its being sent is committed."""

    topic: str
    payload: bytes


def command(
    session: Session, actor: Actor, home: Path, agent: Agent, kind: str, args: Mapping[str, Any], *,
    at: datetime,
) -> AgentCommand:  # fmt: skip
    """Sign a command; it holds for an hour. Refuses a revoked agent and a command that is none.

    Whether the agent obeys is its own settings' word.
    """
    _refuse_revoked(agent)
    if kind not in COMMANDS:
        facts = {"found": kind, "known": ", ".join(COMMANDS)}
        raise Invalid(Refusal("no_such_command", _UNKNOWN, facts), field="kind")
    order_id, expires_at = secrets.token_urlsafe(12), at + COMMAND_LIVES
    said = {"id": order_id, "kind": kind, "args": dict(args)} | _signed_facts(agent, expires_at)
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    made = AgentCommand(
        agent_id=agent.id, code=order_id, kind=kind, body=body, made_by=actor.name, made_at=at,
        signature=signing_key.sign(home, body), expires_at=expires_at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _tell(session, actor, agent, "agent.commanded", at, command=kind, id=order_id, args=dict(args))
    return made


def configure(
    session: Session, actor: Actor, home: Path, agent: Agent, config: Mapping[str, Any], *,
    at: datetime,
) -> AgentConfig:  # fmt: skip
    """Sign a configuration with the next version; one that is still unanswered is withdrawn.

    It holds for thirty days. Refuses a revoked agent.
    """
    _refuse_revoked(agent)
    session.execute(select(Agent.id).where(Agent.id == agent.id).with_for_update())
    latest = select(func.max(AgentConfig.version)).where(AgentConfig.agent_id == agent.id)
    version, expires_at = (session.scalar(latest) or 0) + 1, at + CONFIG_LIVES
    session.execute(
        update(AgentConfig)
        .where(AgentConfig.agent_id == agent.id, AgentConfig.state == "wanted")
        .values(state="withdrawn", answered_at=at)
    )
    said = {"version": version, "config": dict(config)} | _signed_facts(agent, expires_at)
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    made = AgentConfig(
        agent_id=agent.id, version=version, body=body, signature=signing_key.sign(home, body),
        made_at=at, made_by=actor.name, expires_at=expires_at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _tell(session, actor, agent, "agent.configured", at, version=version, config=dict(config))
    return made


def _refuse_revoked(agent: Agent) -> None:
    if agent.revoked_at is not None:
        facts = {"agent": f"{agent.site}/{agent.code}"}
        raise Conflict(Refusal("agent_revoked", _REVOKED, facts))


def _signed_facts(agent: Agent, expires_at: datetime) -> dict[str, Any]:
    return {
        "agent": f"{agent.site}/{agent.code}",
        "nonce": secrets.token_urlsafe(16),
        "not_after": to_ms(expires_at),
    }


# sending


def due(
    session: Session, *, now: datetime, prefix: str, agent_id: int | None = None
) -> list[Outgoing]:
    """Return what is to be sent, and note that it was: to one agent, or (None) what was never sent yet.

    Nothing that was sent within the last ten seconds, so that an answer under way is not crossed.
    """
    found: list[Outgoing] = []
    for model, kind in _KINDS:
        joined: Any = select(model, Agent).join(Agent, Agent.id == model.agent_id)
        wanted = joined.where(
            model.state.in_(("wanted", *OPEN)), model.expires_at > now, Agent.revoked_at.is_(None)
        )
        if agent_id is None:
            wanted = wanted.where(model.sent_at.is_(None))
        else:
            long_ago = or_(model.sent_at.is_(None), model.sent_at < now - AGAIN_AFTER)
            wanted = wanted.where(model.agent_id == agent_id, long_ago)
        for one, agent in session.execute(wanted.order_by(model.id)):
            one.sent_at = now
            topic = topics.build(kind, agent.site, agent.code, prefix=prefix)
            found.append(Outgoing(topic, codec.encode(Signed(one.body, one.signature))))
    session.flush()
    return found


def is_any_new(session: Session) -> bool:
    """Say whether something was never sent; only reads."""
    return any(
        session.scalar(
            select(model.id)
            .where(model.state.in_(("wanted", *OPEN)), model.sent_at.is_(None))
            .limit(1)
        )
        is not None
        for model in (AgentConfig, AgentCommand)
    )


def expire(session: Session, *, now: datetime) -> int:
    """Note that what nobody answered in time has expired; returns how many."""
    gone = 0
    for model in (AgentConfig, AgentCommand):
        ended = session.execute(
            update(model)
            .where(model.state.in_(("wanted", *OPEN)), model.expires_at <= now)
            .values(state="expired", answered_at=now)
        )
        gone += int(ended.rowcount)  # type: ignore[attr-defined]  # an update has one
    return gone


# answers


def take_result(session: Session, agent_id: int, said: CommandResult, *, now: datetime) -> None:
    """Note what became of a command; what is over stays as it was answered first.

    A command that came twice is answered with what became of it the first time.
    """
    where = (AgentCommand.agent_id == agent_id, AgentCommand.code == said.id)
    found = session.scalars(select(AgentCommand).where(*where)).first()
    if found is None or found.state not in OPEN:
        return
    state, why, facts = said.state, said.why or said.code, dict(said.facts)
    first = facts.get("first")
    if said.code == "replayed" and isinstance(first, dict):
        state, why = str(first.get("state")), str(first.get("why") or "")
        facts = first["facts"] if isinstance(first.get("facts"), dict) else {}
    if state not in {"begun", "done", "failed", "refused"}:
        return
    changed = found.state != state
    found.state, found.why, found.facts = state, why[:1000], json.dumps(facts, ensure_ascii=False)
    found.answered_at = now
    if changed and state != "begun":
        agent = session.get_one(Agent, agent_id)
        _tell(
            session, _agent_itself(agent), agent, "agent.command_answered", now,
            command=found.kind, id=found.code, state=state, why=why,
        )  # fmt: skip


def take_report(session: Session, agent_id: int, said: ConfigReport, *, now: datetime) -> None:
    """Note what became of a configuration.

    What is over stays as it was answered first. A report that names no version (what came could not
    be believed) changes nothing; the agent's event tells of it.
    """
    where = (AgentConfig.agent_id == agent_id, AgentConfig.version == said.version)
    found = session.scalars(select(AgentConfig).where(*where)).first()
    if found is None or found.state != "wanted":
        return
    found.state, found.why, found.answered_at = said.state, (said.why or said.code)[:1000], now
    agent = session.get_one(Agent, agent_id)
    _tell(
        session, _agent_itself(agent), agent, "agent.config_answered", now,
        version=said.version, state=said.state, why=found.why,
    )  # fmt: skip


def _agent_itself(agent: Agent) -> Actor:
    return Actor(id=agent.id, name=f"{agent.site}/{agent.code}", kind="agent", door="worker")


def _tell(
    session: Session, actor: Actor, agent: Agent, action: str, at: datetime, **facts: Any  # noqa: ANN401  facts are JSON
) -> None:  # fmt: skip
    name = f"{agent.site}/{agent.code}"
    audit.record(session, actor, action, "agent", name, at=at, org_id=agent.org_id, **facts)
