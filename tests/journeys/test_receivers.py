"""A critical alarm leaves by several ways at once, to receivers that are processes of their own, some of them ill."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from server.accounts import service as accounts
from server.alarms import service as alarms
from server.alarms.models import AlarmRule
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.notify.models import CallStep
from server.outbox.models import Letter
from tests.service.alarms.bank import make_bank
from tests.support.ports import free_port, wait_until_listening
from tests.support.processes import Process
from tests.support.waiting import eventually

DEADLINE_S = 10.0
"""Within this whoever is well has been told, however ill the others are."""


@dataclass
class Receiver:
    """A process that takes notices, and where it puts them."""

    kind: str
    folder: Path
    port: int = field(default_factory=free_port)
    ill: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        where = [self.kind, str(self.port), str(self.folder), *self.ill]
        return [sys.executable, "-m", "tests.support.receivers", *where]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def got(self) -> list[bytes]:
        return [one.read_bytes() for one in sorted(self.folder.glob("*.got"))]


@dataclass
class House:
    """A bank whose alarms go to a mailbox and to three addresses: one hangs, one fails, one is well."""

    database: Database
    rule_id: int
    mailbox: Receiver
    hangs: Receiver
    fails: Receiver
    well: Receiver
    start: Callable[[Receiver], Process]

    def raise_alarm(self) -> None:
        now = SystemClock().now()
        with self.database.writing() as session:
            rule = session.get_one(AlarmRule, self.rule_id)
            alarms.raise_episode(session, rule, raised_at=now, value=-120.0, now=now)

    def mails(self) -> list[Any]:
        found = [message_from_bytes(one, policy=policy.default) for one in self.mailbox.got()]
        return [one for one in found if "LN2-03" in str(one["Subject"])]


@pytest.fixture
def house(
    database_url: str, mosquitto_broker: Any, tmp_path: Path, process: Callable[..., Process]
) -> Iterator[House]:
    database, system, now = Database(database_url), Actor.system("tests"), SystemClock().now()
    mailbox = Receiver("smtp", tmp_path / "mails")
    hangs = Receiver("webhook", tmp_path / "hangs", ill=("--hang", "60"))
    fails = Receiver("webhook", tmp_path / "fails", ill=("--status", "500"))
    well = Receiver("webhook", tmp_path / "well")
    bank = make_bank(database)
    with database.writing() as session:
        wish = {"severity": "critical", "value": -150.0, "kind": "high", "created_at": now}
        rule = AlarmRule(org_id=bank.org_id, channel_id=bank.channels["top_c"], **wish)
        lee = accounts.add_person(
            session, system, email="lee@example.org", name="Lee", password="a-long-enough-secret",
            org_id=bank.org_id, grants=[("technician", bank.org_id)], at=now,
        )  # fmt: skip
        session.add(rule)
        session.flush()
        for position, to in enumerate((hangs, fails, well), 1):
            step = CallStep(org_id=bank.org_id, position=position, webhook=to.url, wait_s=0)
            session.add(step)
        session.add(CallStep(org_id=bank.org_id, position=4, person_id=lee.id, wait_s=300))
        rule_id = rule.id

    def start(one: Receiver) -> Process:
        made: Process = process(one.command, name=one.folder.name)
        wait_until_listening(one.port)
        return made

    environment = {
        "CRYOKEEP_HOME": str(tmp_path),
        "CRYOKEEP_DATABASE": database_url,
        "CRYOKEEP_BROKER": mosquitto_broker.url,
        "CRYOKEEP_SMTP": f"smtp://127.0.0.1:{mailbox.port}",
    }
    process([sys.executable, "-m", "server", "worker"], env=environment, name="worker")
    yield House(database, rule_id, mailbox, hangs, fails, well, start)
    database.close()


def test_one_that_hangs_and_one_that_fails_hold_up_nobody(house: House) -> None:
    for one in (house.mailbox, house.hangs, house.fails, house.well):
        house.start(one)
    began = time.monotonic()
    house.raise_alarm()

    eventually(lambda: house.mails() and house.well.got(), timeout=DEADLINE_S)

    assert time.monotonic() - began < DEADLINE_S
    assert json.loads(house.well.got()[0])["freezer"] == "LN2-03"
    assert eventually(house.fails.got, timeout=DEADLINE_S)
    assert eventually(house.hangs.got, timeout=DEADLINE_S)


def test_a_mailbox_that_dies_with_the_mail_gets_it_again_under_the_same_name(house: House) -> None:
    first = house.start(house.mailbox)
    first.kill()
    house.raise_alarm()

    def was_tried() -> bool:
        with house.database.reading() as session:
            tried = select(Letter.id).where(Letter.channel == "smtp", Letter.attempts > 0)
            return session.scalars(tried).first() is not None

    eventually(was_tried, timeout=20)
    assert house.mails() == []
    house.start(house.mailbox)

    (mail,) = eventually(house.mails, timeout=60)
    with house.database.reading() as session:
        kept = session.scalars(select(Letter.message_id).where(Letter.channel == "smtp")).all()
    assert [str(mail["Message-ID"]).strip("<>")] == [one.strip("<>") for one in kept]
