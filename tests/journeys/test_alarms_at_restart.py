"""What sank others: alarms lost at restart.

A real worker is killed -9 in the middle of a mail, with alarms that are active, acknowledged, shelved. What it
comes back to is what it left; the mail arrives at least once, under one Message-ID, and a possible repeat says so.
"""

import asyncio
import sys
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from server.alarms import service
from server.alarms.models import Episode, RuleState
from server.alarms.service import suspensions
from server.core.actor import Actor
from server.core.clock import SystemClock, to_ms
from server.core.db import Database
from server.notify.models import Call
from server.outbox.models import Letter
from server.outbox.repeats import POSSIBLE_REPEAT
from tests.service.alarms.bank import add_person, add_rule, add_step, make_bank
from tests.support.ports import free_port
from tests.support.processes import Process
from tests.support.smtp import SmtpSink
from tests.support.waiting import eventually

KEPT = (
    "cleared_at", "acknowledged_at", "acknowledged_by_name", "realarm_at", "realarms", "latched",
    "confirm_due", "silenced", "suspension_id", "worst_value", "acks_needed",
)  # fmt: skip


class SlowSink(SmtpSink):
    """Takes a mail, and while `hangs` leaves the sender waiting for the answer: nobody can know that it was taken."""

    hangs = True

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        said = await super().handle_DATA(server, session, envelope)
        while self.hangs:
            await asyncio.sleep(0.02)
        return said


class Night:
    """A bank with four alarms, made by this process; the worker is another, and sends what it finds."""

    def __init__(
        self,
        database: Database,
        url: str,
        home: Path,
        sink: SmtpSink,
        start: Callable[..., Process],
    ) -> None:
        self.database, self._start = database, start
        self.environment = {
            "CRYOKEEP_HOME": str(home),
            "CRYOKEEP_DATABASE": url,
            "CRYOKEEP_BROKER": f"mqtt://127.0.0.1:{free_port()}",
            "CRYOKEEP_SMTP": f"smtp://{sink.host}:{sink.port}",
        }
        self.alarms: dict[str, int] = {}
        self._fill()

    def _fill(self) -> None:
        now = SystemClock().now()
        bank = make_bank(self.database)
        with self.database.writing() as session:
            add_step(session, bank, 1, name="night", wait_s=86_400)
            lee = Actor(id=add_person(session, bank, "lee").id, name="Lee")
            for n, name in enumerate(("active", "acknowledged", "shelved", "shelved_briefly")):
                rule = add_rule(
                    session, bank, value=-150.0 + n, ack_timeout_s=3600.0, latching=True
                )
                self.alarms[name] = service.raise_episode(
                    session, rule, raised_at=now, value=-140.0, now=now
                )
                state = {"phase": "active", "since_ms": to_ms(now), "extreme": -140.0}
                session.add(RuleState(rule_id=rule.id, **state))
            episode = session.get_one(Episode, self.alarms["acknowledged"])
            service.acknowledge(session, lee, episode, "on my way", at=now)
            for name, seconds in (("shelved", 3600), ("shelved_briefly", 3)):
                rule = session.get_one(Episode, self.alarms[name]).rule
                until = now + timedelta(seconds=seconds)
                suspensions.set_aside(
                    session, lee, rule, "shelved_timed", "defrosting", until=until, at=now
                )

    def work(self) -> Process:
        return self._start(
            [sys.executable, "-m", "server", "worker"], env=self.environment, name="worker"
        )

    def states(self, *but: str) -> dict[str, object]:
        with self.database.reading() as session:
            found: dict[str, object] = {}
            for name, number in self.alarms.items():
                episode = session.get_one(Episode, number)
                state = session.get_one(RuleState, (episode.rule_id, ""))
                calls = select(Call.id).where(Call.about_id == number, Call.ended_at.is_(None))
                found[name] = (
                    {one: getattr(episode, one) for one in KEPT},
                    (state.phase, state.since_ms, state.extreme),
                    session.scalars(calls).all(),
                )
            return {name: one for name, one in found.items() if name not in but}

    def letters(self) -> list[Letter]:
        with self.database.reading() as session:
            query = select(Letter).where(Letter.about_id.in_(self.alarms.values()))
            return list(session.scalars(query.order_by(Letter.id)))


def ids(mails: list[EmailMessage]) -> list[str]:
    return [str(mail["X-Cryokeep-Message-Id"]) for mail in mails]


@pytest.fixture
def sink():
    made = SlowSink()
    yield made
    made.hangs = False
    made.stop()


def test_alarms_lost_at_restart(
    database: Database, database_url: str, tmp_path: Path, sink: SlowSink, process: Any
) -> None:
    night = Night(database, database_url, tmp_path, sink, process)
    before = night.states()
    worker = night.work()
    (half_sent,) = sink.wait_for(1, timeout=30)
    letter = next(one for one in night.letters() if one.message_id in ids([half_sent]))
    assert letter.state == "waiting"
    assert half_sent[POSSIBLE_REPEAT] is None

    worker.kill()
    assert night.states() == before
    sink.hangs = False
    night.work()

    eventually(lambda: all(one.state == "sent" for one in night.letters()), timeout=60)
    again = [mail for mail in sink.mails if ids([mail]) == [letter.message_id]]
    assert len(again) == 2
    assert {mail["Message-ID"] for mail in again} == {half_sent["Message-ID"]}
    assert again[1][POSSIBLE_REPEAT] == "yes"
    assert "You may have had this message before" in again[1].get_content()
    wanted = {one.message_id for one in night.letters()}
    assert wanted <= set(ids(sink.mails))
    eventually(lambda: night.states()["shelved_briefly"][0]["silenced"] == "", timeout=30)
    assert night.states("shelved_briefly") == {
        name: one for name, one in before.items() if name != "shelved_briefly"
    }
    assert len(night.states()["shelved_briefly"][2]) == 1  # it goes on, so it calls again
