"""An agent from its one-time code to its revocation: HTTPS, mosquitto with certificates, all real processes."""

import itertools
import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import func, select, update

from server.audit.models import AuditEntry
from server.core.clock import SystemClock
from server.core.db import Database
from server.parties.models import Organisation
from server.telemetry.models import Agent, AgentCertificate, DeviceEvent, Settled, reading
from server.telemetry.settling import Stream
from tests.support.ports import accepts
from tests.support.processes import Process, command_of, descendants
from tests.support.waiting import eventually

pytestmark = pytest.mark.needs("mosquitto")

STREAMS = """
[[stream]]
name = "tank"
interval_ms = 100
[[stream.probe]]
driver = "simulated"
"""


class House:
    """`cryokeep up` beyond the loopback, and agents that are enrolled with it by their own command."""

    def __init__(
        self, folder: Path, url: str, port: Callable[[], int], start: Callable[..., Process],
        **more: str,
    ) -> None:  # fmt: skip
        self.folder, self.start = folder, start
        self.port, self.tls_port = port(), port()
        self.environment = {
            "CRYOKEEP_HOME": str(folder / "home"),
            "CRYOKEEP_HOST": "0.0.0.0",
            "CRYOKEEP_PORT": str(self.port),
            "CRYOKEEP_BROKER": "mosquitto",
            "CRYOKEEP_BROKER_TLS_PORT": str(self.tls_port),
            "CRYOKEEP_DATABASE": url,
            "CRYOKEEP_PUBLIC_URL": f"https://localhost:{self.port}",
            **more,
        }
        self.database = Database(url)
        with self.database.writing() as session:
            session.add(Organisation(code="BANK", name="Bank", created_at=SystemClock().now()))
        self.up = start([sys.executable, "-m", "server", "up"], env=self.environment, name="up")
        self.up.wait_for_log("Stop with Ctrl-C", timeout=90)
        eventually(lambda: accepts(self.tls_port), timeout=20)

    def cryokeep(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "server", *words], env={"PATH": "/usr/bin", **self.environment},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def code(self, name: str) -> str:
        return self.cryokeep("agent", "enrol", "main", name).partition(": ")[2].split()[0]

    def enrol(
        self, code: str, folder: str, *more: str, server: str = ""
    ) -> subprocess.CompletedProcess[str]:
        streams = self.folder / "streams.toml"
        streams.write_text(STREAMS)
        where = self.folder / folder
        command = [sys.executable, "-m", "edge_agent", "enrol", "--code", code, *more]
        command += ["--server", server or f"https://localhost:{self.port}"]
        command += ["--folder", str(where), "--streams", str(streams)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def agent(self, folder: str) -> Process:
        config = self.folder / folder / "agent.toml"
        text = config.read_text()
        if "start_gap_s" not in text:
            config.write_text(
                text.replace("[server]", 'start_gap_s = 0\nclock = "trusted"\n\n[server]', 1)
            )
        command = [sys.executable, "-m", "edge_agent", "run", "--config", str(config)]
        return self.start(command, name=f"agent-{folder}")

    def readings(self) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(reading)) or 0

    def spooled(self, folder: str) -> int:
        with sqlite3.connect(self.folder / folder / "spool.db", timeout=10) as spool:
            return int(spool.execute("SELECT count(*) FROM row").fetchone()[0])

    def certificates(self) -> list[AgentCertificate]:
        with self.database.reading() as session:
            return list(session.scalars(select(AgentCertificate).order_by(AgentCertificate.id)))

    def configure(self, name: str, config: dict[str, object]) -> None:
        file = self.folder / "config.json"
        file.write_text(json.dumps(config))
        self.cryokeep("agent", "configure", "main", name, "--file", str(file))

    def control(self, name: str) -> str:
        return self.cryokeep("agent", "control", "main", name)

    def events(self, name: str) -> set[str]:
        """The kinds of events that the agent has told of; those under way are waited for."""
        eventually(lambda: self.spooled(name) < 5, timeout=20)
        with self.database.reading() as session:
            query = select(DeviceEvent.kind).join(Agent, Agent.id == DeviceEvent.agent_id)
            return set(session.scalars(query.where(Agent.code == name)))

    @contextmanager
    def nobody_answers(self) -> Iterator[None]:
        """Hold the worker still: whatever comes is not answered meanwhile."""
        worker = next(p for p in descendants(self.up.pid) if "server worker" in command_of(p))
        os.kill(worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(worker, signal.SIGCONT)

    def connects(self, folder: str, pem: str = "agent.pem") -> bool:
        """Say whether mosquitto lets in who shows this key and certificate."""
        where = self.folder / folder
        context = ssl.create_default_context(cafile=str(where / "ca.crt"))
        context.load_cert_chain(where / pem)
        client = mqtt.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        client.tls_set_context(context)
        answers: list[bool] = []
        client.on_connect = lambda _c, _u, _f, reason, _p: answers.append(not reason.is_failure)
        client.on_disconnect = lambda *_: answers.append(False)
        try:
            client.connect("localhost", self.tls_port)
        except OSError:
            return False
        client.loop_start()
        try:
            return bool(eventually(lambda: answers, timeout=10) and answers[0])
        finally:
            client.disconnect()
            client.loop_stop()


@pytest.fixture
def house(
    tmp_path: Path, free_port: Callable[[], int], process: Callable[..., Process],
    make_database_url: Callable[[str], str],
) -> Iterator[House]:  # fmt: skip
    built = House(tmp_path, make_database_url("sqlite"), free_port, process)
    yield built
    built.database.close()


def test_an_agent_from_its_code_to_its_revocation(house: House) -> None:
    code = house.code("tank-1")

    # another server, whoever has the code: nothing is sent
    stranger = house.enrol(code.replace(code[-8:], "00000000"), "stranger")
    assert stranger.returncode == 1
    assert "this is another server" in stranger.stderr
    assert not (house.folder / "stranger").exists()

    # the code gives a certificate for exactly this agent, once
    enrolled = house.enrol(code, "tank-1")
    assert enrolled.returncode == 0, enrolled.stderr
    assert "Enrolled as main/tank-1" in enrolled.stdout
    private = {p.name for p in (house.folder / "tank-1").iterdir() if p.stat().st_mode & 0o077}
    assert private == {"ca.crt", "pages-ca.crt", "server.pub"}
    stolen = house.enrol(code, "thief")
    assert stolen.returncode == 1
    assert "used already" in stolen.stderr

    # rows go over mutual TLS from then on
    running = house.agent("tank-1")
    eventually(lambda: house.readings() > 40, timeout=30)
    assert house.connects("tank-1")
    running.stop()
    running = house.agent("tank-1")

    # before it ends it is renewed, with a new key; the old one is refused
    old = (house.folder / "tank-1" / "agent.pem").read_text()
    (house.folder / "tank-1" / "old.pem").write_text(old)
    running.stop()
    from edge_agent.control import renewal

    place = renewal.Place(
        f"https://localhost:{house.port}", house.folder / "tank-1" / "pages-ca.crt",
        house.folder / "tank-1" / "agent.pem",
    )  # fmt: skip
    renewal.renew(place, round(time.time() * 1000), clock_is_set=True)
    new = (house.folder / "tank-1" / "agent.pem").read_text()
    assert new.partition("-----END PRIVATE KEY")[0] != old.partition("-----END PRIVATE KEY")[0]
    first, second = house.certificates()
    assert (first.ended_why, second.ended_at) == ("superseded", None)
    eventually(lambda: not house.connects("tank-1", "old.pem"), timeout=10)
    running = house.agent("tank-1")
    before = house.readings()
    eventually(lambda: house.readings() > before + 40, timeout=30)

    # revoked: from that commit on no row is taken, and the next connection is refused
    house.cryokeep("agent", "revoke", "main", "tank-1")
    stored = house.readings()
    eventually(lambda: house.spooled("tank-1") > 10, timeout=20)
    assert house.readings() == stored
    eventually(lambda: not house.connects("tank-1"), timeout=10)
    running.stop()
    running = house.agent("tank-1")
    eventually(lambda: house.spooled("tank-1") > 30, timeout=20)
    assert house.readings() == stored
    running.stop()

    # enrolled again, what waited is delivered
    waiting = house.spooled("tank-1")
    assert house.enrol(house.code("tank-1"), "tank-1").returncode == 0
    house.agent("tank-1")
    eventually(lambda: house.readings() >= stored + 4 * (waiting - 1), timeout=30)
    with house.database.reading() as session:
        done = set(session.scalars(select(AuditEntry.action)))
    assert {
        "agent.code_made",
        "agent.enrolled",
        "agent.certificate_renewed",
        "agent.revoked",
    } <= done


def test_certificates_of_a_minute_are_renewed_before_they_end_and_no_row_is_lost(
    tmp_path: Path, free_port: Callable[[], int], process: Callable[..., Process],
    make_database_url: Callable[[str], str],
) -> None:  # fmt: skip
    url = make_database_url("sqlite")
    house = House(tmp_path, url, free_port, process, CRYOKEEP_AGENT_CERTIFICATE_MINUTES="1")
    assert house.enrol(house.code("tank-1"), "tank-1").returncode == 0
    first = house.folder / "tank-1" / "first.pem"
    first.write_text((house.folder / "tank-1" / "agent.pem").read_text())
    running = house.agent("tank-1")
    eventually(lambda: house.readings() > 40, timeout=30)

    # the first certificate is over, and the agent goes on with its second or third
    ends = house.certificates()[0].expires_at
    eventually(lambda: SystemClock().now() > ends, timeout=70, every=0.5)
    eventually(lambda: not house.connects("tank-1", "first.pem"), timeout=10)
    before = house.readings()
    eventually(lambda: house.readings() > before + 40, timeout=30)
    assert house.connects("tank-1")
    renewed = house.certificates()
    assert len(renewed) >= 2
    assert all(
        later.issued_at < earlier.expires_at for earlier, later in itertools.pairwise(renewed)
    )
    assert len({one.key_hash for one in renewed}) == len(renewed), "a new key each time"
    assert running.log.count("began boot") == 1
    assert running.log.count("connected to") >= len(renewed)
    assert "certificate_renewed" in house.events("tank-1")

    # and of its rows none was lost or doubled by the changes
    running.stop()
    with house.database.reading() as session:
        counts = session.scalars(
            select(func.count()).select_from(reading).group_by(reading.c.channel_id)
        ).all()
        found = session.scalars(select(Settled).where(Settled.stream == "tank")).one()
    settled = Stream.load((found.agent_id, found.boot, found.stream), found.ranges).settled
    assert len(settled) == 1
    assert set(counts) == {settled[0][1]}
    house.database.close()


def test_a_certificate_that_was_not_meant_for_agents_opens_nothing(house: House) -> None:
    """The broker's own certificate comes from the same authority, and says that it is for servers."""
    where = house.folder / "tank-9"
    assert house.enrol(house.code("tank-9"), "tank-9").returncode == 0
    ca = house.folder / "home" / "ca"
    (where / "server.pem").write_text(
        (ca / "server.key").read_text() + (ca / "server.crt").read_text()
    )

    assert house.connects("tank-9")
    assert not house.connects("tank-9", "server.pem")
    with house.database.writing() as session:
        session.execute(update(Agent).values(revoked_at=SystemClock().now()))


def test_what_the_server_signs_is_tried_and_kept_or_taken_back_and_commands_are_obeyed(
    house: House,
) -> None:
    assert house.enrol(house.code("tank-5"), "tank-5").returncode == 0
    settings = house.folder / "tank-5" / "agent.toml"
    allowed = 'allow = ["catalog", "identify", "drill"]\nconfirm_s = 5'
    settings.write_text(settings.read_text().replace('allow = ["catalog", "resend"]', allowed))
    running = house.agent("tank-5")
    eventually(lambda: house.readings() > 20, timeout=30)

    # a configuration works after its restart, and is kept
    slower = {"streams": {"tank": {"interval_ms": 400}}, "labels": {"tank/top_c": "Top probe"}}
    house.configure("tank-5", slower)
    eventually(lambda: "version 1\tapplied" in house.control("tank-5"), timeout=30, every=0.5)
    assert running.running()
    assert "config_applied" in house.events("tank-5")

    # one that does not prove itself is taken back, by itself
    slowest = {"streams": {"tank": {"interval_ms": 600}}}
    threading.Thread(target=house.configure, args=("tank-5", slowest)).start()
    running.wait_for_log("configuration 2 is tried", timeout=40)
    with house.nobody_answers():
        eventually(lambda: running.log.count("began boot") == 4, timeout=40)
    eventually(lambda: "version 2\trolled_back" in house.control("tank-5"), timeout=60, every=0.5)
    assert "config_rolled_back" in house.events("tank-5")

    # commands: allowed ones are done, others refused
    for kind in ("identify", "reboot"):
        house.cryokeep("agent", "command", "main", "tank-5", kind)
    eventually(
        lambda: all(word in house.control("tank-5") for word in ("\tdone", "\trefused")),
        timeout=20,
        every=0.5,
    )
    assert "reboot is not allowed here" in house.control("tank-5")
    assert {"command_done", "command_refused"} <= house.events("tank-5")
