"""The demo bank: two sites, five freezers, about 3,000 vials of real lines; people, requests, history.

Everything is invented but the cell lines. It is built once, in short transactions; a later call finds
it and only says again how to sign in.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import select

from server.accounts.models import Grant, Person
from server.audit.models import AuditEntry
from server.cli import demo_agents, demo_calling, demo_fill, demo_guarding, demo_requests
from server.cli.demo_agents import DemoAgent
from server.cli.demo_context import Making, table_of
from server.cli.demo_people import BANK, DEMO_PASSWORD, ORGANISATIONS, PEOPLE
from server.core.clock import Clock
from server.core.db import Database
from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.parties.models import DeliverySite, Organisation
from server.search import making as words
from server.telemetry.models import Agent

BUILT = "demo.built"


@dataclass(frozen=True)
class DemoSummary:
    """What a newcomer needs: how to sign in, and which agents to start."""

    sign_ins: list[tuple[str, str, str]]
    """(role, email, password)"""
    agents: list[DemoAgent] = field(default_factory=list)
    vials: int = 0
    """How many were made by this call; 0 where the bank was there already."""


def build(database: Database, clock: Clock, *, now: datetime, folder: Path) -> DemoSummary:
    """Make the demo bank as it stands at `now`, or find it; refuses one that was left half made.

    `folder` keeps the agents' passwords for later starts.
    """
    vials = 0 if _is_built(database) else _make(database, clock, now, folder)
    passwords = demo_agents.passwords(database, clock, folder)
    sign_ins = [(person.role, person.email, DEMO_PASSWORD) for person in PEOPLE]
    return DemoSummary(sign_ins, demo_agents.agents(passwords), vials)


def _is_built(database: Database) -> bool:
    with database.reading() as session:
        begun = session.scalar(select(Organisation.id).where(Organisation.code == BANK))
        done = session.scalar(select(AuditEntry.id).where(AuditEntry.action == BUILT).limit(1))
    if begun and not done:
        because = N_(
            "The demo bank was interrupted while it was made. Remove its data folder and start again."
        )
        raise Conflict(Refusal("demo_half_made", because))
    return done is not None


def _make(database: Database, clock: Clock, now: datetime, folder: Path) -> int:
    making = Making(database, now)
    _organisations(making)
    _people(making)
    demo_fill.places(making)
    demo_fill.lines(making)
    vials = demo_fill.stock(making)
    (folder / demo_agents.FILE).unlink(missing_ok=True)  # of another database in the same folder
    demo_agents.passwords(database, clock, folder)
    _know_agents(making)
    demo_agents.channels(making)
    demo_agents.history(making)
    demo_agents.past_alarm(making)
    demo_requests.make(making)
    demo_guarding.make(making)
    demo_calling.make(making)
    words.make(database)  # its rows are written past the sessions that keep them
    making.note(BUILT, "demo", vials=vials)
    return vials


def _organisations(making: Making) -> None:
    at = making.now - timedelta(days=2400)
    rows = [
        {"code": o.code, "name": o.name, "country": o.country, "created_at": at}
        for o in ORGANISATIONS
    ]
    making.add("organisation", Organisation, rows)
    sites = [
        {
            "org_id": making.id("organisation", o.code),
            "name": name,
            "address": address,
            "contact": contact,
        }
        for o in ORGANISATIONS
        for name, address, contact in o.sites
    ]
    making.add("delivery_site", DeliverySite, sites, by=("org_id", "name"))


def _people(making: Making) -> None:
    at = making.now - timedelta(days=900)
    known = PasswordHasher().hash(DEMO_PASSWORD)  # slow on purpose, so once for all
    people = [
        {
            "email": person.email,
            "name": person.name,
            "org_id": making.id("organisation", person.organisation),
            "language": person.language,
            "password_hash": known,
            "created_at": at,
        }
        for person in PEOPLE
    ]
    making.add("person", Person, people, by=("email",))
    grants = [
        {
            "person_id": making.id("person", person.email),
            "role": person.role,
            "org_id": None if person.everywhere else making.id("organisation", person.organisation),
            "granted_at": at,
        }
        for person in PEOPLE
    ]
    making.pour(table_of(Grant), grants)


def _know_agents(making: Making) -> None:
    with making.database.reading() as session:
        found = session.execute(select(Agent.site, Agent.code, Agent.id)).all()
    making.ids["agent"] = {f"{site}/{code}": agent_id for site, code, agent_id in found}
