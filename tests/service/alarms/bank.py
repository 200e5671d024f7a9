"""A bank with one freezer, an agent and a call list: the little that alarms need around them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.alarms.models import AlarmRule
from server.core.db import Database
from server.notify.models import CallStep
from server.parties.models import Organisation
from server.storage.models import Container, Room, Site
from server.telemetry.models import Agent, Channel

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@dataclass
class Bank:
    """What was made, by id."""

    org_id: int = 0
    freezer_id: int = 0
    channels: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)


def make_bank(
    database: Database, code: str = "SH", keys: tuple[str, ...] = ("top_c", "level_mm", "lid_open")
) -> Bank:
    """Make an organisation with a site in Shanghai, the freezer LN2-03 and its channels."""
    bank = Bank()
    with database.writing() as session:
        org = Organisation(code=code, name=f"Bank {code}", created_at=NOON)
        session.add(org)
        session.flush()
        site = Site(org_id=org.id, code="PD", name="Pudong", time_zone="Asia/Shanghai")
        room = Room(site=site, code="B1.04")
        freezer = Container(
            org_id=org.id,
            kind="freezer",
            code="LN2-03",
            rows=1,
            columns=4,
            room=room,
            created_at=NOON,
        )
        agent = Agent(org_id=org.id, site=code.lower(), code="pi-1", enrolled_at=NOON)
        session.add_all([site, room, freezer, agent])
        session.flush()
        for key in keys:
            channel = Channel(
                agent_id=agent.id,
                stream="ln2-03",
                key=key,
                freezer_id=freezer.id,
                confirmed=True,
                interval_s=10.0,
            )
            session.add(channel)
            session.flush()
            bank.channels[key] = channel.id
        bank.org_id, bank.freezer_id = org.id, freezer.id
    return bank


def add_person(
    session: Session, bank: Bank, name: str, *, language: str = "en", active: bool = True
) -> Person:
    """Add somebody who can be called."""
    person = Person(
        email=f"{name}@example.org",
        name=name.capitalize(),
        org_id=bank.org_id,
        language=language,
        active=active,
        password_hash=None,
        created_at=NOON,
    )
    session.add(person)
    session.flush()
    bank.people[name] = person.id
    return person


def add_step(
    session: Session,
    bank: Bank,
    position: int,
    *,
    name: str = "",
    webhook: str = "",
    wait_s: int = 300,
    language: str = "en",
) -> None:
    """Add a step to the call list."""
    person = add_person(session, bank, name, language=language) if name else None
    session.add(
        CallStep(
            org_id=bank.org_id,
            position=position,
            person_id=person.id if person else None,
            webhook=webhook,
            wait_s=wait_s,
        )
    )


def add_rule(session: Session, bank: Bank, key: str = "top_c", **wish: object) -> AlarmRule:
    """Add a rule as it stands, asking nobody; high above −150 unless said otherwise."""
    settings: dict[str, object] = {"kind": "high", "severity": "critical", "value": -150.0, **wish}
    rule = AlarmRule(org_id=bank.org_id, channel_id=bank.channels[key], created_at=NOON, **settings)
    session.add(rule)
    session.flush()
    return rule


def later(seconds: float) -> datetime:
    """Return so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)
