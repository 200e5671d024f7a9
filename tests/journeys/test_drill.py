"""A drill from its order to a person's answer, and what becomes of those that nobody answers; all real processes."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from server.accounts import service as accounts
from server.alarms import drills as reads
from server.alarms.models import AlarmRule, Drill, DrillPlan, Episode
from server.alarms.service import drills
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.notify.models import CallStep
from server.parties.models import Organisation
from server.storage.models import Container, Room, Site
from server.telemetry import service as telemetry
from server.telemetry import signing_key
from server.telemetry.models import Agent, Channel, reading
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port, wait_until_listening
from tests.support.processes import Process
from tests.support.smtp import SmtpSink
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "a-long-enough-secret"
LIMIT = -150.0
AGENT = """
[agent]
site = "pudong"
id = "tank-1"
start_gap_s = 0
clock = "trusted"
[server]
url = "mqtt://{host}:{port}"
[control]
server_key = "server.pub"
allow = ["drill"]
[[stream]]
name = "tank"
interval_ms = 500
[[stream.probe]]
driver = "simulated"
freezer = "LN2-03"
seed = 3
"""


@dataclass
class House:
    """The running house: agent, broker, worker and pages are processes of their own."""

    database: Database
    base: str
    sink: SmtpSink
    work: Callable[[], Process]
    worker: Process

    def drill(self, number: int) -> Drill:
        """Return the drill with this number, from 1, once it is there."""

        def found() -> Drill | None:
            with self.database.reading() as session:
                return session.scalars(select(Drill).order_by(Drill.id).offset(number - 1)).first()

        return eventually(found, timeout=20)

    def ended(self, number: int) -> Drill:
        return eventually(lambda: d if (d := self.drill(number)).ended_at else None, timeout=20)

    def plan_for_now(self) -> None:
        """Let the weekly hour of the plan be this moment."""
        with self.database.writing() as session:
            session.execute(update(DrillPlan).values(next_at=SystemClock().now()))

    def mail_of(self, code: str) -> EmailMessage:
        return eventually(
            lambda: next((one for one in self.sink.mails if code in one.get_content()), None),
            timeout=20,
        )

    def alarms(self, *where: Any) -> list[Episode]:
        with self.database.reading() as session:
            return list(session.scalars(select(Episode).where(*where).order_by(Episode.id)))

    def warmest(self) -> float:
        with self.database.reading() as session:
            query = select(func.max(reading.c.value)).join(
                Channel, Channel.id == reading.c.channel_id
            )
            return float(session.scalar(query.where(Channel.key == "top_c")) or 0)


def furnish(database: Database, home: Path) -> None:
    """A bank with one tank, a limit that a drill breaks, its rule of missed drills, and Lee to be called."""
    system, now = Actor.system("tests"), SystemClock().now()
    with database.writing() as session:
        bank = Organisation(code="SH", name="Shanghai Bank", created_at=now)
        session.add(bank)
        session.flush()
        site = Site(org_id=bank.id, code="PD", name="Pudong", time_zone="Asia/Shanghai")
        freezer = Container(
            org_id=bank.id, kind="freezer", code="LN2-03", rows=1, columns=4,
            room=Room(site=site, code="B1.04"), created_at=now,
        )  # fmt: skip
        session.add_all([site, freezer])
        telemetry.enrol(session, system, "pudong", "tank-1", bank.id, at=now)
        session.flush()
        channel = Channel(
            agent=session.scalars(select(Agent)).one(), stream="tank", key="top_c",
            freezer_id=freezer.id, confirmed=True, interval_s=1,
        )  # fmt: skip
        session.add(channel)
        session.flush()
        wish = {"severity": "critical", "value": LIMIT, "delay_on_s": 1.0, "created_at": now}
        session.add(AlarmRule(org_id=bank.id, channel_id=channel.id, kind="high", **wish))
        lee = accounts.add_person(
            session, system, email="lee@example.org", name="Lee", password=PASSWORD,
            org_id=bank.id, grants=[("bank_manager", bank.id)], at=now,
        )  # fmt: skip
        session.flush()
        session.add(CallStep(org_id=bank.id, position=1, person_id=lee.id, wait_s=300))
        drills.plan(session, system, channel, now.weekday(), 0, 1800, at=now)
    (home / "server.pub").write_text(signing_key.public_pem(home))


@pytest.fixture
def house(
    database_url: str, mosquitto_broker: Mosquitto, tmp_path: Path,
    process: Callable[..., Process], smtp_sink: SmtpSink,
) -> Iterator[House]:  # fmt: skip
    database, port = Database(database_url), free_port()
    furnish(database, tmp_path)
    environment = {
        "CRYOKEEP_HOME": str(tmp_path),
        "CRYOKEEP_DATABASE": database_url,
        "CRYOKEEP_BROKER": mosquitto_broker.url,
        "CRYOKEEP_PORT": str(port),
        "CRYOKEEP_SMTP": f"smtp://{smtp_sink.host}:{smtp_sink.port}",
    }

    def work() -> Process:
        return process([sys.executable, "-m", "server", "worker"], env=environment, name="worker")

    worker = work()
    process([sys.executable, "-m", "server", "web"], env=environment, name="web")
    config = tmp_path / "agent.toml"
    config.write_text(AGENT.format(host=mosquitto_broker.host, port=mosquitto_broker.port))
    process(
        [sys.executable, "-m", "edge_agent", "run", "--config", config], cwd=tmp_path, name="agent"
    )
    wait_until_listening(port)
    yield House(database, f"http://127.0.0.1:{port}", smtp_sink, work, worker)
    database.close()


def sign_in(page: "Page", house: House) -> None:
    page.goto(f"{house.base}/sign-in")
    page.fill("#email", "lee@example.org")
    page.fill("#password", PASSWORD)
    page.locator("main button.main").first.click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def answer_by_the_link(page: "Page", mail: EmailMessage) -> None:
    """Do what a person does with the mail: open its link, read, and say that they take it."""
    link = re.search(r"http\S+/alarms/answer/\S+", mail.get_content())
    assert link
    page.goto(link[0])
    assert "This is a TEST" in page.locator("main").inner_text()
    page.get_by_role("button", name="I take it").click()
    page.get_by_text("Lee has it").wait_for()


@pytest.mark.needs("built pages")
def test_a_drill_is_followed_to_a_person_and_one_that_nobody_answers_is_an_alarm(
    house: House, page: "Page"
) -> None:
    sign_in(page, house)
    eventually(lambda: -200 < house.warmest() < LIMIT, timeout=20)

    # begun by hand: order, marked rows, alarm, mail, answer by the link in it
    page.goto(f"{house.base}/alarms/drills")
    page.select_option("[name=now_channel]", index=1)
    page.get_by_role("button", name="Begin a drill").click()
    page.get_by_text("The drill is ordered").wait_for()
    first = house.drill(1)
    mail = house.mail_of(first.code)
    assert str(mail["Subject"]).startswith("TEST")
    page.goto(f"{house.base}/alarms")
    assert "TEST" in page.locator("[data-row]").inner_text()
    answer_by_the_link(page, mail)
    first = house.ended(1)
    assert (first.outcome, first.answered_by_name) == ("answered", "Lee")
    steps = [first.ordered_at, first.raised_at, first.told_at, first.answered_at]
    assert steps == sorted(s for s in steps if s)
    page.goto(f"{house.base}/alarms/drills")
    row = page.locator("#drills tbody tr").first.inner_text()
    assert first.code in row
    assert len(re.findall(r"\d+ s\b", row)) == 3, row
    assert (reads.to_answer(first) or 0) < 60

    # nothing else knows of it: no reading, no history, no figure
    assert house.warmest() < LIMIT
    assert house.alarms(Episode.drill == "") == []
    for place in ("history", "trouble"):
        page.goto(f"{house.base}/alarms/{place}")
        assert "LN2-03" not in page.locator("main").inner_text(), place

    # the weekly one is not answered in time: that is an alarm, and no test
    house.plan_for_now()
    second = house.drill(2)
    eventually(lambda: house.alarms(Episode.drill == second.code), timeout=20)
    with house.database.writing() as session:
        now = SystemClock().now()
        session.execute(update(Drill).where(Drill.id == second.id).values(answer_by=now))
    assert house.ended(2).outcome == "missed"
    (missed,) = eventually(lambda: house.alarms(Episode.kind == "drill_missed"), timeout=20)
    assert (missed.drill, missed.cleared_at) == ("", None)
    assert house.alarms(Episode.drill == second.code)[0].cleared_at is not None

    # the worker dies in the middle of the next: it is answered meanwhile, and the new worker goes on
    house.plan_for_now()
    third = house.drill(3)
    mail = house.mail_of(third.code)
    house.worker.kill()
    answer_by_the_link(page, mail)
    house.worker = house.work()
    assert house.ended(3).outcome == "answered"
    eventually(
        lambda: not house.alarms(Episode.id == missed.id, Episode.cleared_at.is_(None)), timeout=20
    )
    assert house.ended(3).ended_at - third.ordered_at < timedelta(minutes=1)
