"""`cryokeep agent ...`: who may speak for a freezer, and what it is told."""

import argparse
import sys

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.cli import agent_orders, opened
from server.cli.verbs import Verbs
from server.core.actor import Actor
from server.core.address import base_url
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.errors import NotFound, Refusal
from server.core.settings import Settings
from server.core.words import N_
from server.parties.models import Organisation
from server.telemetry import enrolment, service
from server.telemetry.models import Agent
from server.telemetry.terms import terms


def add(verbs: Verbs) -> None:
    """Add the command to the command line."""
    command = verbs.add_parser("agent", help="enrol, revoke or list edge agents")
    command.add_argument(
        "what", choices=["enrol", "revoke", "list", "command", "configure", "control"]
    )
    command.add_argument(
        "site", nargs="?", default="", help="the site as it stands in the topic, such as pudong"
    )
    command.add_argument(
        "agent", nargs="?", default="", help="the agent's own name, such as tank-1"
    )
    command.add_argument("kind", nargs="?", default="", help="for command: which one")
    command.add_argument(
        "--args", default="{}", metavar="JSON", help="for command: what it needs to know"
    )
    command.add_argument(
        "--file", default="", metavar="JSON", help="for configure: the configuration"
    )
    command.add_argument(
        "--organisation",
        default="",
        metavar="CODE",
        help="whose agent it is; may be left out when there is only one",
    )
    command.add_argument(
        "--password",
        action="store_true",
        help="enrol with a password at once, for an agent on this machine or a broker without certificates",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Do it and say what came of it; returns the exit code."""
    with opened.database(settings) as database:
        sys.stdout.write(_VERBS[args.what](database, args, settings))
    return 0


def _organisation(session: Session, code: str) -> Organisation:
    query = select(Organisation).order_by(Organisation.id)
    if code:
        query = query.where(Organisation.code == code)
    found = session.scalars(query).first()
    if found is None and not code:
        because = N_(
            "There is no organisation yet. Make the first administrator, at the address that the server prints."
        )
        raise NotFound(Refusal("no_organisation", because))
    if found is None:
        because = N_("There is no organisation %(code)s; name one that exists.")
        raise NotFound(Refusal("no_organisation", because, {"code": code}))
    return found


def _code(database: Database, args: argparse.Namespace, settings: Settings) -> str:
    now = SystemClock().now()
    fingerprint = terms(settings, now).fingerprint
    with database.writing() as session:
        org = _organisation(session, args.organisation)
        actor = Actor.system("command line", "cli")
        offered = enrolment.offer(
            session, actor, args.site, args.agent, org.id, fingerprint, at=now
        )
    url = base_url(settings)
    more = "" if fingerprint else " --ca-file AUTHORITY.pem"
    return (
        f"One-time code for {args.site}/{args.agent}, good for ten minutes: {offered.code}\n"
        f"On the agent: cryokeep-edge enrol --server {url} --code {offered.code}{more}\n"
    )


def _enrol(database: Database, args: argparse.Namespace, settings: Settings) -> str:
    if not args.password:
        return _code(database, args, settings)
    with database.writing() as session:
        org = _organisation(session, args.organisation)
        password = service.enrol(
            session,
            Actor.system("command line", "cli"),
            args.site,
            args.agent,
            org.id,
            at=SystemClock().now(),
        )
    return f"Enrolled {args.site}/{args.agent}. Its password, shown only now: {password}\n"


def _revoke(database: Database, args: argparse.Namespace, _settings: Settings) -> str:
    with database.writing() as session:
        found = agent_orders.find(session, args)
        service.revoke(session, Actor.system("command line", "cli"), found, at=SystemClock().now())
    return f"Revoked {args.site}/{args.agent}. None of its rows is taken from now on.\n"


def _list(database: Database, _args: argparse.Namespace, _settings: Settings) -> str:
    with database.reading() as session:
        agents = session.scalars(select(Agent).order_by(Agent.site, Agent.code)).all()
    rows = (
        f"{a.site}/{a.code}\t{'revoked' if a.revoked_at else 'enrolled'}\t{a.seen_at or 'never seen'}\n"
        for a in agents
    )
    return "".join(rows) or "No agent is enrolled.\n"


_VERBS = {
    "enrol": _enrol,
    "revoke": _revoke,
    "list": _list,
    "command": agent_orders.command,
    "configure": agent_orders.configure,
    "control": agent_orders.control,
}
