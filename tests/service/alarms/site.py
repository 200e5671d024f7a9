"""A bank with several agents of many channels, their rules, and one call list: what falls silent together."""

import json
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.alarms import jobs, service
from server.alarms.models import AlarmRule, Episode
from server.core.clock import FixedClock, to_ms
from server.core.db import Database
from server.notify.models import Call
from server.outbox.models import Letter
from server.storage.models import Container, Site
from server.telemetry.models import Agent, Channel, WorkerBeat
from tests.service.alarms.bank import NOON, add_person, add_step, later, make_bank


@dataclass
class House:
    """A site: its agents and channels by number."""

    database: Database
    org_id: int = 0
    site_id: int = 0
    agents: list[int] = field(default_factory=list)
    channels: list[int] = field(default_factory=list)

    def rule(self, session: Session, kind: str, **of: int) -> AlarmRule:
        """Return the rule of this kind of one thing."""
        return session.scalars(select(AlarmRule).filter_by(kind=kind, **of)).one()

    def raise_(self, kind: str, at: float, **of: int) -> int:
        """Raise the alarm of this rule so many seconds after noon."""
        with self.database.writing() as session:
            return service.raise_episode(
                session,
                self.rule(session, kind, **of),
                raised_at=later(at),
                value=None,
                now=later(at),
                detail={"count": len(self.agents)},
            )

    def clear(self, kind: str, at: float, **of: int) -> None:
        """Let it end."""
        with self.database.writing() as session:
            service.clear_episode(
                session, self.rule(session, kind, **of), at=later(at), now=later(at)
            )

    def silenced(self) -> dict[str, int]:
        """Return how many alarms that go on are silenced by what."""
        wanted = select(Episode.silenced, func.count()).where(Episode.cleared_at.is_(None))
        with self.database.reading() as session:
            return {row[0]: row[1] for row in session.execute(wanted.group_by(Episode.silenced))}

    def calls(self) -> list[tuple[str, int]]:
        """Return what is being called about."""
        with self.database.reading() as session:
            rows = session.execute(
                select(Call.about_kind, Call.about_id)
                .where(Call.ended_at.is_(None))
                .order_by(Call.id)
            )
            return [(row[0], row[1]) for row in rows]

    def letters(self) -> dict[str, int]:
        """Return how many letters each responder got."""
        wanted = select(Letter.address, func.count()).group_by(Letter.address)
        with self.database.reading() as session:
            return {row[0]: row[1] for row in session.execute(wanted)}

    def run(self, at: float) -> None:
        """Let the worker's jobs look once, in their order; it has been connected to the broker since noon."""
        clock = FixedClock(later(at))
        facts = json.dumps({"listening_since": NOON.isoformat()})
        with self.database.writing() as session:
            beat = WorkerBeat(name="w", at=later(at), broker_connected=True, facts=facts)
            session.merge(beat)
        for _name, _seconds, job in jobs.JOBS:
            job(self.database, clock)


def make_site(database: Database, agents: int = 3, channels: int = 4) -> House:
    """Make a site with so many agents of so many channels each, silent after 30 s; two responders."""
    bank = make_bank(database, keys=())
    house = House(database, bank.org_id)
    with database.writing() as session:
        house.site_id = session.scalars(select(Site.id)).one()
        freezer = session.scalars(select(Container)).one()
        first = session.scalars(select(Agent)).one()
        more = [
            Agent(org_id=bank.org_id, site="pd", code=f"pi-{n}", enrolled_at=NOON)
            for n in range(2, agents + 1)
        ]
        session.add_all(more)
        session.flush()
        for agent in (first, *more):
            agent.online, agent.seen_at = True, NOON
            house.agents.append(agent.id)
            made = [
                Channel(
                    agent_id=agent.id, stream="s", key=f"probe{n}_c", freezer_id=freezer.id,
                    confirmed=True, interval_s=10.0, number_at_ms=to_ms(NOON), latest_value=-180.0,
                )
                for n in range(channels)
            ]  # fmt: skip
            session.add_all(made)
            session.flush()
            house.channels += [one.id for one in made]
        session.add_all(
            AlarmRule(
                org_id=bank.org_id, channel_id=one, kind="stale", severity="high", value=30.0,
                created_at=NOON,
            )
            for one in house.channels
        )  # fmt: skip
        add_step(session, bank, 1, name="wang", wait_s=300)
        add_step(session, bank, 2, name="li", wait_s=300)
        add_person(session, bank, "chen")
    jobs.make_own_rules(database, FixedClock(NOON))
    return house
