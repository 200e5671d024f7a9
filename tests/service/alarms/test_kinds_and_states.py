"""Every kind of alarm goes through every state alike, whatever it watches and whatever its sentences name."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import board, jobs, machine, service
from server.alarms.kinds import KINDS
from server.alarms.models import AlarmRule, Episode, Suspension
from server.alarms.service import suspensions
from server.core import catalogues
from server.core.actor import Actor
from server.core.clock import FixedClock
from server.core.db import Database
from server.notify.models import Call
from server.outbox.models import Letter
from server.storage.models import Container, Room
from server.telemetry.models import Agent
from tests.service.alarms.bank import NOON, Bank, add_person, add_step, later, make_bank

GIVEN = {"what", "far", "limit", "since", "until"}
"""What every sentence may name without its judge's help."""


def detail_of(kind: str) -> dict[str, object]:
    """Return something for each name in the kind's sentences that its judge gives."""
    said = f"{KINDS[kind].title} {KINDS[kind].head} {KINDS[kind].was}"
    return {name: "7" for name in re.findall(r"%\((\w+)\)s", said) if name not in GIVEN}


def rule_of(session: Session, bank: Bank, kind: str) -> AlarmRule:
    """Return a rule of this kind, of the thing that the kind watches, for two persons, latching, to be confirmed."""
    room = session.get_one(Room, session.get_one(Container, bank.freezer_id).room_id)
    thing = {
        "channel": {"channel_id": bank.channels["top_c"]},
        "freezer": {"freezer_id": bank.freezer_id},
        "agent": {"agent_id": session.scalars(select(Agent.id)).one()},
        "site": {"site_id": room.site_id},
        "system": {},
    }[KINDS[kind].target]
    rule = AlarmRule(
        org_id=bank.org_id, kind=kind, severity="critical", value=-150.0, created_at=NOON,
        ack_timeout_s=600.0, latching=True, needs_confirming=True, acks_needed=2, **thing,
    )  # fmt: skip
    session.add(rule)
    session.flush()
    return rule


class Life:
    """One alarm of one kind, and what it says of itself."""

    def __init__(self, database: Database, kind: str) -> None:
        self.database = database
        bank = make_bank(database)
        with database.writing() as session:
            add_step(session, bank, 1, name="night", language="zh_Hans", wait_s=86_400)
            people = [add_person(session, bank, name) for name in ("lee", "wang")]
            self.lee, self.wang = (Actor(id=one.id, name=one.name) for one in people)
            rule = rule_of(session, bank, kind)
            self.rule_id = rule.id
            self.number = service.raise_episode(
                session, rule, raised_at=NOON, value=-149.0, now=NOON, detail=detail_of(kind)
            )

    def letter(self) -> str:
        with self.database.reading() as session:
            episode = session.get_one(Episode, self.number)
            shown = board.one(session, None, self.number, later(9000))
            assert shown is not None
            assert all(shown.sentence.text(one) for one in ("en", "zh_Hans"))
            return machine.state_of(episode).letter

    def on(self, verb, by: Actor, *more, at) -> str:
        with self.database.writing() as session:
            verb(session, by, session.get_one(Episode, self.number), *more, at=at)
        return self.letter()

    def told(self) -> tuple[int, int]:
        """How many letters there were, and how many calls are running."""
        with self.database.reading() as session:
            letters = select(Letter.id).where(Letter.about_id == self.number)
            calls = select(Call.id).where(Call.about_id == self.number, Call.ended_at.is_(None))
            return len(session.scalars(letters).all()), len(session.scalars(calls).all())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_life_through_all_states(database: Database, kind: str) -> None:
    catalogues.load()
    life = Life(database, kind)
    assert (life.letter(), life.told()) == ("B", (1, 1))

    with database.writing() as session:
        rule = session.get_one(AlarmRule, life.rule_id)
        suspensions.set_aside(
            session, life.lee, rule, "shelved_timed", "x", until=later(3600), at=later(10)
        )
    assert (life.letter(), life.told()) == ("G", (1, 0))
    with database.writing() as session:
        row = session.scalars(select(Suspension)).one()
        suspensions.end(session, life.lee, row, at=later(20))
    assert (life.letter(), life.told()) == ("B", (2, 1))
    assert life.on(service.acknowledge, life.lee, "", at=later(30)) == "B"
    assert life.on(service.acknowledge, life.wang, "", at=later(40)) == "C"
    assert jobs.run_out(database, FixedClock(later(640))) == 1
    assert (life.letter(), life.told()) == ("B", (3, 1))

    with database.writing() as session:
        rule = session.get_one(AlarmRule, life.rule_id)
        service.clear_episode(session, rule, at=later(700), now=later(700))
    assert life.letter() == "E"
    assert life.on(service.acknowledge, life.lee, "", at=later(710)) == "E"
    assert life.on(service.acknowledge, life.wang, "", at=later(720)) == "F"
    assert life.on(service.reset, life.lee, at=later(730)) == "A"
    assert life.on(service.confirm, life.lee, "gasket", at=later(740)) == "A"
    with database.reading() as session:
        assert board.unfinished(session, None, later(750)) == []
    assert life.told() == (3, 0)
    assert jobs.run_out(database, FixedClock(NOON + timedelta(days=1))) == 0
