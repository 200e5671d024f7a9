"""Both brokers of the house: passwords, topic rights, and agents that come and go while they run."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import select

from server.broker import choose, run
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.errors import Invalid
from server.core.settings import Settings
from server.parties.models import Organisation
from server.telemetry import service
from server.telemetry.models import Agent
from server.telemetry.rules import SERVER_USER
from tests.support.ports import wait_until_listening
from tests.support.waiting import eventually

ACTOR = Actor.system("tests")


class Running:
    """A broker that runs as `cryokeep broker` runs it."""

    def __init__(self, kind: str, home: Path, database_url: str) -> None:
        environment = {
            "CRYOKEEP_HOME": str(home),
            "CRYOKEEP_BROKER": kind,
            "CRYOKEEP_DATABASE": database_url,
        }
        self.settings = Settings.read(environment)
        self.database = Database(database_url)
        self.plan = choose(self.settings)
        with self.database.writing() as session:
            session.add(Organisation(code="BANK", name="Bank", created_at=SystemClock().now()))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=run, args=(self.settings, self.database, self._stop))
        self._thread.start()
        eventually((self.plan.folder / "port").exists)
        wait_until_listening(self.plan.port(), 30)

    def enrol(self, code: str) -> str:
        with self.database.writing() as session:
            org_id = session.scalars(select(Organisation.id)).one()
            return service.enrol(session, ACTOR, "main", code, org_id, at=SystemClock().now())

    def revoke(self, code: str) -> None:
        with self.database.writing() as session:
            agent = session.scalars(select(Agent).where(Agent.code == code)).one()
            service.revoke(session, ACTOR, agent, at=SystemClock().now())

    def may_sign_in(self, user: str, password: str) -> bool:
        client = Client(self.plan.port(), user, password)
        try:
            return client.accepted()
        finally:
            client.stop()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)
        self.database.close()


class Client:
    """An MQTT client that keeps what it receives."""

    def __init__(
        self, port: int, user: str, password: str, client_id: str = "", will: str = ""
    ) -> None:
        self.received: list[tuple[str, bytes]] = []
        self._answered = threading.Event()
        self._refused = False
        own = f"cryokeep-{port}" if user == SERVER_USER else user
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id or own, reconnect_on_failure=False
        )
        self.client.username_pw_set(user, password)
        if will:
            self.client.will_set(will, b"gone", 1)
        self.client.on_connect = self._connected
        self.client.on_message = lambda _c, _u, m: self.received.append((m.topic, bytes(m.payload)))
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _connected(
        self, _c: object, _u: object, _f: object, reason: mqtt.ReasonCode, _p: object
    ) -> None:
        self._refused = reason.is_failure
        self._answered.set()

    def accepted(self) -> bool:
        assert self._answered.wait(10)
        return not self._refused

    def say(self, topic: str, payload: bytes) -> None:
        """Publish, and wait until the broker has answered or hung up."""
        self.client.publish(topic, payload, 1)
        eventually(lambda: not self.client._out_messages or not self.client.is_connected())

    def vanish(self) -> None:
        """End the connection as a power cut does."""
        self.client._sock_close()
        self.client.loop_stop()

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(
    params=[pytest.param("mosquitto", marks=pytest.mark.needs("mosquitto")), "embedded"]
)
def broker(
    request: pytest.FixtureRequest, tmp_path: Path, make_database_url: Callable[[str], str]
) -> Iterator[Running]:
    running = Running(request.param, tmp_path / "home", make_database_url("sqlite"))
    yield running
    running.stop()


def test_an_agent_enrolled_while_the_broker_runs_may_speak_and_a_revoked_one_may_not(
    broker: Running,
) -> None:
    password = broker.enrol("tank-1")

    assert not broker.may_sign_in("main.tank-1", "wrong")
    assert not broker.may_sign_in("main.tank-2", password)
    assert eventually(lambda: broker.may_sign_in("main.tank-1", password))
    broker.revoke("tank-1")
    assert eventually(lambda: not broker.may_sign_in("main.tank-1", password))


def test_an_agent_speaks_and_listens_only_below_its_own_name(broker: Running) -> None:
    password = broker.enrol("tank-1")
    eventually(lambda: broker.may_sign_in("main.tank-1", password))
    server = Client(broker.plan.port(), SERVER_USER, broker.plan.server_password())
    assert server.accepted()
    server.client.subscribe([("ck1/#", 1)])

    for topic in ("ck1/main/tank-2/t/tank", "ck1/main/tank-1/ack", "ck1/main/tank-1/t/tank"):
        speaker = Client(
            broker.plan.port(), "main.tank-1", password
        )  # mosquitto may hang up on a trespasser
        assert speaker.accepted()
        speaker.say(topic, b"x")
        speaker.stop()
    agent = Client(broker.plan.port(), "main.tank-1", password)
    assert agent.accepted()
    agent.client.subscribe([("ck1/main/tank-1/ack", 1)])
    agent.client.subscribe([("ck1/#", 1)])
    eventually(lambda: server.received)
    server.client.publish("ck1/main/tank-2/ack", b"not yours", 0)
    server.client.publish("ck1/main/tank-1/ack", b"yours", 0)
    eventually(lambda: agent.received)

    assert server.received[0] == ("ck1/main/tank-1/t/tank", b"x")
    assert {topic for topic, _ in agent.received} == {"ck1/main/tank-1/ack"}
    for client in (server, agent):
        client.stop()


def test_nobody_speaks_under_the_client_id_of_another(broker: Running) -> None:
    passwords = {code: broker.enrol(code) for code in ("tank-1", "tank-2")}
    eventually(lambda: broker.may_sign_in("main.tank-2", passwords["tank-2"]))
    port, server = broker.plan.port(), broker.plan.server_password()
    agent = Client(port, "main.tank-1", passwords["tank-1"])
    assert agent.accepted()
    agent.client.subscribe([("ck1/main/tank-1/ack", 1)])

    # with a password of its own, and with none at all
    for user, password in (("main.tank-2", passwords["tank-2"]), ("main.tank-1", "guessed")):
        taker = Client(port, user, password, client_id="main.tank-1", will="ck1/main/tank-1/state")
        taker.accepted()
        taker.vanish()
    speaker = Client(port, SERVER_USER, server)
    assert speaker.accepted()
    speaker.client.publish("ck1/main/tank-1/ack", b"still there", 1)

    assert eventually(lambda: agent.received) == [("ck1/main/tank-1/ack", b"still there")]
    for client in (agent, speaker):
        client.stop()


def test_a_will_is_heard_only_below_its_owner_s_name(broker: Running) -> None:
    password = broker.enrol("tank-1")
    eventually(lambda: broker.may_sign_in("main.tank-1", password))
    port = broker.plan.port()
    server = Client(port, SERVER_USER, broker.plan.server_password())
    assert server.accepted()
    server.client.subscribe([("ck1/#", 1)])

    for will in ("ck1/main/tank-2/state", "ck1/main/tank-1/ack", "ck1/main/tank-1/state"):
        agent = Client(port, "main.tank-1", password, will=will)
        agent.accepted()
        agent.vanish()

    eventually(lambda: server.received)
    assert server.received == [("ck1/main/tank-1/state", b"gone")]
    server.stop()


def test_the_files_are_for_their_owner_alone(broker: Running) -> None:
    for name in ("passwords", "acl", "server-password"):
        assert (broker.plan.folder / name).stat().st_mode & 0o077 == 0
    assert broker.plan.server_password() not in (broker.plan.folder / "passwords").read_text()


@pytest.mark.parametrize("url", ["rabbit", "http://here", "mqtt://", "mqtt://host:port"])
def test_a_broker_that_cannot_be_is_refused_in_words(url: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="bad_broker"):
        choose(Settings.read({"CRYOKEEP_HOME": str(tmp_path), "CRYOKEEP_BROKER": url}))


def test_a_given_broker_is_taken_with_its_name_and_password(tmp_path: Path) -> None:
    plan = choose(
        Settings.read(
            {"CRYOKEEP_HOME": str(tmp_path), "CRYOKEEP_BROKER": "mqtts://me:p%40ss@broker.example"}
        )
    )

    address = plan.address()
    assert (address.host, address.port, address.username, address.password, address.tls) == (
        "broker.example", 8883, "me", "p@ss", True,
    )  # fmt: skip
    assert not plan.own
    assert plan.url == "mqtts://broker.example:8883"
