"""`cryokeep agent command|configure|control`: what an agent is told, and what it has answered."""

import argparse
import json
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.errors import Invalid, NotFound, Refusal
from server.core.settings import Settings
from server.core.words import N_
from server.telemetry import orders, wanted
from server.telemetry.models import Agent, AgentCommand, AgentConfig, Channel

_NO_AGENT = N_("There is no agent %(site)s/%(agent)s; “cryokeep agent list” shows those there are.")
_NO_JSON = N_("%(what)s is expected to be a JSON object: %(why)s.")
SHOWN = 10


def find(session: Session, args: argparse.Namespace) -> Agent:
    """Return the agent that the command names; NotFound where there is none."""
    found = session.scalars(
        select(Agent).where(Agent.site == args.site, Agent.code == args.agent)
    ).first()
    if found is None:
        raise NotFound(Refusal("no_agent", _NO_AGENT, {"site": args.site, "agent": args.agent}))
    return found


def command(database: Database, args: argparse.Namespace, settings: Settings) -> str:
    """Sign a command."""
    said = _object("--args", args.args)
    with database.writing() as session:
        made = orders.command(
            session, _actor(), settings.home, find(session, args), args.kind, said,
            at=SystemClock().now(),
        )  # fmt: skip
        return f"Signed {made.kind} {made.code}, good until {made.expires_at:%Y-%m-%d %H:%M} UTC.\n"


def configure(database: Database, args: argparse.Namespace, settings: Settings) -> str:
    """Sign a configuration that stands in a file."""
    config = _object(args.file, Path(args.file).read_text(encoding="utf-8"))
    with database.writing() as session:
        agent = find(session, args)
        query = select(Channel.stream, Channel.key).where(Channel.agent_id == agent.id)
        known = wanted.Known(frozenset((row.stream, row.key) for row in session.execute(query)))
        if refusal := wanted.why_not(config, known):
            raise Invalid(refusal)
        made = orders.configure(
            session, _actor(), settings.home, agent, config, at=SystemClock().now()
        )
        return f"Signed version {made.version} for {args.site}/{args.agent}.\n"


def control(database: Database, args: argparse.Namespace, _settings: Settings) -> str:
    """Say what became of the newest configurations and commands."""
    with database.reading() as session:
        agent = find(session, args)
        configs = session.scalars(
            select(AgentConfig)
            .where(AgentConfig.agent_id == agent.id)
            .order_by(AgentConfig.id.desc())
            .limit(SHOWN)
        )
        commands = session.scalars(
            select(AgentCommand)
            .where(AgentCommand.agent_id == agent.id)
            .order_by(AgentCommand.id.desc())
            .limit(SHOWN)
        )
        lines = [f"version {one.version}\t{one.state}\t{one.why}\n" for one in configs]
        lines += [f"{one.kind} {one.code}\t{one.state}\t{one.why}\n" for one in commands]
    return "".join(lines) or "Nothing has been signed for it yet.\n"


def _object(what: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Invalid(Refusal("no_json", _NO_JSON, {"what": what, "why": str(error)})) from None
    if not isinstance(found, dict):
        raise Invalid(Refusal("no_json", _NO_JSON, {"what": what, "why": type(found).__name__}))
    return found


def _actor() -> Actor:
    return Actor.system("command line", "cli")
