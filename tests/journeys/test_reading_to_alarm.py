"""From a warming tank to an answered alarm: agent, broker, worker, mail, webhook, Chromium; all real processes."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from server.accounts import service as accounts
from server.alarms import service as alarms
from server.alarms.models import Episode
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.notify.models import Call, CallStep
from server.parties.models import Organisation
from server.storage.models import Container, Room, Site
from server.telemetry import service as telemetry
from server.telemetry.models import Agent, Channel
from tests.support.ports import free_port, wait_until_listening
from tests.support.processes import Process
from tests.support.smtp import SmtpSink
from tests.support.waiting import eventually
from tests.support.webhook import WebhookReceiver

if TYPE_CHECKING:
    from playwright.sync_api import Page

TOPICS = "ck1/pudong/tank-1"
PASSWORD = "a-long-enough-secret"
AGENT = """
[agent]
site = "pudong"
id = "tank-1"
start_gap_s = 0
clock = "trusted"

[server]
url = "mqtt://{host}:{port}"
username = "{username}"
password = "{password}"

[[stream]]
name = "tank"
interval_ms = 200

[[stream.probe]]
driver = "simulated"
freezer = "LN2-03"
seed = 3

[[stream.probe.incident]]
kind = "warm"
at_s = 1
to_c = -120
k_per_min = 2000
"""


@dataclass
class House:
    """The running house: its database, and the port of its pages."""

    database: Database
    port: int
    base: str


def furnish(database: Database, webhook: str) -> None:
    """A bank with one tank, the usual rules, and a call list: Lee first, then a webhook a second later."""
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
            freezer_id=freezer.id, confirmed=True, interval_s=60,
        )  # fmt: skip
        session.add(channel)
        session.flush()
        alarms.default_rules(session, system, channel, at=now)
        lee = accounts.add_person(
            session, system, email="lee@example.org", name="Lee", password=PASSWORD,
            org_id=bank.id, grants=[("technician", bank.id)], at=now,
        )  # fmt: skip
        session.flush()
        session.add(CallStep(org_id=bank.id, position=1, person_id=lee.id, wait_s=1))
        session.add(CallStep(org_id=bank.id, position=2, webhook=webhook, wait_s=300))


@pytest.fixture
def house(
    database_url: str, broker: Any, tmp_path: Path, process: Callable[..., Process],
    smtp_sink: SmtpSink, webhook_receiver: WebhookReceiver,
) -> Iterator[House]:  # fmt: skip
    database = Database(database_url)
    furnish(database, webhook_receiver.url)
    port = free_port()
    environment = {
        "CRYOKEEP_HOME": str(tmp_path),
        "CRYOKEEP_DATABASE": database_url,
        "CRYOKEEP_BROKER": broker.url,
        "CRYOKEEP_PORT": str(port),
        "CRYOKEEP_SMTP": f"smtp://{smtp_sink.host}:{smtp_sink.port}",
    }
    for what in ("worker", "web"):
        process([sys.executable, "-m", "server", what], env=environment, name=what)
    wait_until_listening(port)
    yield House(database, port, f"http://127.0.0.1:{port}")
    database.close()


def start_agent(folder: Path, broker: Any, process: Callable[..., Process]) -> Process:
    config = folder / "agent.toml"
    config.write_text(
        AGENT.format(
            host=broker.host, port=broker.port, username=broker.username, password=broker.password
        )
    )
    arguments = [sys.executable, "-m", "edge_agent", "run", "--config", config]
    return process(arguments, name="agent", cwd=folder)


def critical(database: Database) -> Episode | None:
    with database.reading() as session:
        return session.scalars(select(Episode).where(Episode.severity == "critical")).first()


def heard(capmqtt: Any) -> list[str]:
    """The topics of everything that went over the broker, in its order."""
    return [message.topic for message in capmqtt.messages]


def sign_in(page: "Page", house: House) -> None:
    page.goto(f"{house.base}/sign-in")
    page.fill("#email", "lee@example.org")
    page.fill("#password", PASSWORD)
    page.locator("main button[type=submit], form button.main").first.click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


@pytest.mark.needs("built pages")
def test_a_warming_tank_rings_until_somebody_answers_from_the_keyboard(
    house: House, broker: Any, capmqtt: Any, page: "Page", tmp_path: Path,
    process: Callable[..., Process], smtp_sink: SmtpSink, webhook_receiver: WebhookReceiver,
) -> None:  # fmt: skip
    sign_in(page, house)
    page.goto(f"{house.base}/alarms")
    page.locator("html[data-ready]").wait_for()
    assert page.locator("[data-row]").count() == 0

    start_agent(tmp_path, broker, process)

    # a person is told, and nobody answering, the next step
    mail = smtp_sink.wait_for(1, timeout=30)[0]
    assert mail["To"] == "lee@example.org"
    assert mail["Subject"] == "Critical: LN2-03 Top probe too warm"
    assert f"{house.base}/alarms/" in mail.get_content()
    called = webhook_receiver.wait_for(1, timeout=15)[0].json
    episode = critical(house.database)
    assert episode is not None
    assert (called["id"], called["freezer"], called["test"]) == (episode.id, "LN2-03", False)
    assert called["value"] > called["limit"] == -150

    # the rows were promised to the agent only after they were stored
    eventually(lambda: f"{TOPICS}/ack" in heard(capmqtt), timeout=10)
    assert heard(capmqtt).index(f"{TOPICS}/t/tank") < heard(capmqtt).index(f"{TOPICS}/ack")

    # the board has shown it without a reload; two keys answer it
    row = page.locator(f"#alarm-{episode.id}")
    row.wait_for(timeout=10_000)
    assert "Top probe too warm" in row.inner_text()
    assert page.locator(".strip").inner_text().startswith("▲")
    page.keyboard.press("a")  # the first press only chooses
    page.locator(f"#alarm-{episode.id}[data-selected]").wait_for()
    page.keyboard.press("a")
    page.get_by_text("acknowledged. Nobody else is called").wait_for()

    answered = critical(house.database)
    assert answered is not None
    assert answered.acknowledged_by_name == "Lee"
    with house.database.reading() as session:
        call = session.scalars(select(Call).where(Call.about_id == episode.id)).one()
        assert call.ended_at is not None
        actions = session.scalars(select(AuditEntry.action)).all()
    assert {"alarm.raised", "alarm.acknowledged"} <= set(actions)
    assert page.locator(f"#alarm-{episode.id}[data-held]").count() == 1
