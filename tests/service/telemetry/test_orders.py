"""What agents are told: signed once, sent until answered, and what became of it."""

import base64
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import select

from edge_agent.wire.codec import decode_signed
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict, Invalid
from server.telemetry import orders, service, signing_key
from server.telemetry.models import Agent, AgentCertificate, AgentCommand, AgentConfig
from server.worker import sending
from server.worker.client import Incoming
from server.worker.ingest import on_messages
from tests.service.telemetry.test_ingest import ACTOR, BOOT, NOW, Bench

ME = "ck1/main/tank-1"


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database)


class Desk:
    """A bench with a home, where things are signed."""

    def __init__(self, bench: Bench, home) -> None:
        self.bench, self.home, self.database = bench, home, bench.database

    def command(self, kind="identify", actor: Actor = ACTOR, **args):
        with self.database.writing() as session:
            agent = session.scalars(select(Agent)).one()
            now = self.bench.clock.now()
            return orders.command(session, actor, self.home, agent, kind, args, at=now).code

    def configure(self, **config):
        with self.database.writing() as session:
            agent = session.scalars(select(Agent)).one()
            now = self.bench.clock.now()
            made = orders.configure(session, ACTOR, self.home, agent, config, at=now)
            return made.version

    def heard(self, kind, **said) -> list[tuple[str, bytes]]:
        """Hand a message of the agent over; returns what is published after it."""
        payload = json.dumps({"v": 1, "boot": BOOT, "at": 1} | said).encode()
        answers = on_messages(self.bench.desk, [Incoming(f"{ME}/{kind}", payload, 1, 1)])
        return [(one.topic, one.payload) for one in answers]

    def later(self, **time) -> None:
        self.bench.clock.at += timedelta(**time)

    def one(self, model):
        return self.bench.all(model)[-1]


@pytest.fixture
def desk(bench: Bench, tmp_path) -> Desk:
    return Desk(bench, tmp_path)


def test_a_command_is_signed_over_its_very_bytes(desk: Desk) -> None:
    desk.command("drill", channel="top_c")

    (sent,) = desk.heard("hb")
    signed = decode_signed(sent[1])
    key = serialization.load_pem_public_key(signing_key.public_pem(desk.home).encode())
    key.verify(base64.b64decode(signed.sig), signed.body.encode())
    body = json.loads(signed.body)
    assert sent[0] == f"{ME}/cmd"
    assert (body["kind"], body["agent"], body["args"]) == (
        "drill", "main/tank-1", {"channel": "top_c"},
    )  # fmt: skip
    assert (desk.home / "control.key").stat().st_mode & 0o777 == 0o600


def test_it_is_sent_at_each_heartbeat_until_it_is_answered(desk: Desk) -> None:
    order_id = desk.command()

    assert len(desk.heard("hb")) == 1
    assert desk.heard("hb") == []  # the answer may be under way
    desk.later(seconds=61)
    assert len(desk.heard("hb")) == 1
    desk.heard("cmd/res", id=order_id, state="done", facts={"host": "pi"})
    desk.later(seconds=61)
    assert desk.heard("hb") == []
    found = desk.one(AgentCommand)
    assert (found.state, json.loads(found.facts)) == ("done", {"host": "pi"})


def test_a_configuration_too_is_sent_at_each_heartbeat_until_it_is_answered(desk: Desk) -> None:
    desk.configure(labels={"tank/top_c": "Top"})

    times = [
        len(desk.heard("hb")) for _ in range(3) if desk.later(seconds=61) is None
    ]  # each a minute later
    assert times == [1, 1, 1]
    desk.heard("cfg/ack", version=1, state="applied")
    desk.later(seconds=61)
    assert desk.heard("hb") == []


def test_a_configuration_that_nobody_answers_is_sent_until_it_expires(desk: Desk) -> None:
    desk.configure(labels={"tank/top_c": "Top"})
    desk.later(days=29, hours=23)
    assert len(desk.heard("hb")) == 1
    desk.later(hours=1)
    assert desk.heard("hb") == []


def test_an_expired_command_is_sent_no_more_and_said_to_have_expired(desk: Desk) -> None:
    desk.command()
    desk.later(hours=1)

    assert desk.heard("hb") == []
    with desk.database.writing() as session:
        assert orders.expire(session, now=desk.bench.clock.now()) == 1
    assert desk.one(AgentCommand).state == "expired"


def test_what_is_over_stays_as_it_was_answered_first(desk: Desk) -> None:
    order_id = desk.command()
    desk.heard("cmd/res", id=order_id, state="done")
    desk.heard("cmd/res", id=order_id, state="failed", why="late")

    assert desk.one(AgentCommand).state == "done"


def test_a_command_that_came_twice_counts_as_it_went_the_first_time(desk: Desk) -> None:
    order_id = desk.command()
    first = {"state": "failed", "why": "no LED", "facts": {"blinks": False}}
    desk.heard("cmd/res", id=order_id, state="refused", code="replayed", facts={"first": first})

    found = desk.one(AgentCommand)
    assert (found.state, found.why, json.loads(found.facts)) == (
        "failed", "no LED", {"blinks": False},
    )  # fmt: skip


def test_nobody_answers_for_another_agent_s_command(desk: Desk) -> None:
    order_id = desk.command()
    with desk.database.writing() as session:
        org_id = session.scalars(select(Agent.org_id)).one()
        service.enrol(session, ACTOR, "main", "tank-2", org_id, at=NOW)
    payload = json.dumps({"v": 1, "boot": BOOT, "id": order_id, "state": "done"}).encode()
    on_messages(desk.bench.desk, [Incoming("ck1/main/tank-2/cmd/res", payload, 1, 1)])

    assert desk.one(AgentCommand).state == "waiting"


def test_versions_rise_and_a_newer_one_withdraws_the_one_that_waits(desk: Desk) -> None:
    assert [desk.configure(home_assistant=flag) for flag in (True, False)] == [1, 2]

    sent = [json.loads(decode_signed(payload).body)["version"] for _t, payload in desk.heard("hb")]
    assert sent == [2]
    assert [one.state for one in desk.bench.all(AgentConfig)] == ["withdrawn", "wanted"]


@pytest.mark.parametrize("state", ["applied", "rolled_back", "refused"])
def test_what_became_of_a_configuration_is_kept(desk: Desk, state: str) -> None:
    desk.configure(home_assistant=True)
    desk.heard("cfg/ack", version=1, state=state, why="because")
    desk.heard("cfg/ack", version=0, state="refused", code="bad_signature")
    desk.heard("cfg/ack", version=9, state="applied")

    found = desk.one(AgentConfig)
    assert (found.state, found.why) == (state, "because")
    actions = [entry.action for entry in desk.bench.all(AuditEntry)]
    assert actions.count("agent.config_answered") == 1


def test_a_revoked_agent_is_told_nothing(desk: Desk) -> None:
    desk.command()
    with desk.database.writing() as session:
        service.revoke(session, ACTOR, session.scalars(select(Agent)).one(), at=NOW)

    assert desk.heard("hb") == []
    with pytest.raises(Conflict):
        desk.command()
    with pytest.raises(Conflict):
        desk.configure()
    with desk.database.writing() as session:
        assert orders.due(session, now=NOW, prefix="ck1") == []


def test_a_command_that_is_none_is_refused(desk: Desk) -> None:
    with pytest.raises(Invalid):
        desk.command("shell")


def test_what_is_new_leaves_at_once_and_once(desk: Desk) -> None:
    published: list[object] = []
    jobs = {name: job for name, _s, job in sending.jobs("ck1", desk.home, published.append)}
    send = jobs["orders for agents"]
    desk.command()
    desk.configure(home_assistant=True)

    for _ in range(3):
        send(desk.database, desk.bench.clock)

    assert [one.topic for one in published] == [f"{ME}/cfg", f"{ME}/cmd"]  # type: ignore[attr-defined]  # whatever was published has a topic


def test_a_catalogue_that_is_not_known_is_asked_for_once_in_a_while(desk: Desk) -> None:
    jobs = {name: job for name, _s, job in sending.jobs("ck1", desk.home, lambda _one: None)}
    ask = jobs["unknown catalogues"]

    def asked() -> list[str]:
        ask(desk.database, desk.bench.clock)
        return [one.kind for one in desk.bench.all(AgentCommand)]

    desk.heard("hb", catalog="0123456789abcdef")
    assert asked() == []  # it signs in with a password: it has no key of ours
    with desk.database.writing() as session:
        agent_id = session.scalars(select(Agent.id)).one()
        session.add(
            AgentCertificate(
                agent_id=agent_id, serial="1", key_hash="x", pem="x", issued_at=NOW,
                expires_at=NOW + timedelta(days=90),
            )
        )  # fmt: skip
    assert asked() == ["catalog"]
    assert asked() == ["catalog"]
    desk.later(minutes=11)
    assert asked() == ["catalog"]  # nothing was heard of it since
    desk.heard("hb", catalog="0123456789abcdef")
    assert asked() == ["catalog", "catalog"]
    with desk.database.writing() as session:
        session.get_one(Agent, agent_id).catalogue_hash = "0123456789abcdef"
    desk.later(minutes=11)
    desk.heard("hb", catalog="0123456789abcdef")
    assert asked() == ["catalog", "catalog"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("cmd/res", {"id": "x", "state": "exploded"}),
        ("cmd/res", {"id": "../x", "state": "done"}),
        ("cfg/ack", {"version": -1, "state": "applied"}),
        ("cfg/ack", {"version": 1, "state": "done"}),
    ],
)
def test_an_answer_that_cannot_be_read_is_set_aside(desk: Desk, kind: str, said) -> None:
    desk.configure(home_assistant=True)

    assert desk.heard(kind, **said) == []
    assert desk.one(AgentConfig).state == "wanted"
    assert desk.one(Agent).rejected == 1
