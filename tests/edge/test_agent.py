"""The agent as a process, against a real mosquitto and a server that only settles rows."""

import sqlite3
import sys
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.config import PASSWORD_VARIABLE
from edge_agent.rows import NewRow, new_boot
from edge_agent.spool import Boot, Spool
from edge_agent.wire.messages import Clk
from tests.edge.fake_server import FakeServer
from tests.support.mosquitto import Mosquitto

ROOT = Path(__file__).parents[2]

SETTINGS = """
[agent]
site = "main"
id = "tank-1"
start_gap_s = 0
clock = "trusted"

[server]
url = "mqtt://{host}:{port}"
username = "tests"
password = "tests-only"

[[stream]]
name = "tank"
interval_ms = {interval_ms}

[[stream.probe]]
driver = "simulated"
freezer = "LN2-01"
rows = {rows}
burst = {burst}

[[stream.probe.incident]]
kind = "warm"
at_s = 0
k_per_min = 10000

[[limit]]
stream = "tank"
channel = "top_c"
kind = "high"
value = -150
"""


@pytest.fixture
def server(mosquitto_broker):
    made = FakeServer(mosquitto_broker)
    yield made
    made.stop()


@pytest.fixture
def agent(mosquitto_broker, tmp_path, process):
    """Give `agent(interval_ms, rows)`: a running agent; its spool is kept from one start to the next."""

    def start(
        interval_ms=200, rows=0, burst=1, broker=mosquitto_broker, env=None, settings=SETTINGS
    ):
        path = tmp_path / "agent.toml"
        facts = {"interval_ms": interval_ms, "rows": rows, "burst": burst}
        path.write_text(settings.format(host=broker.host, port=broker.port, **facts))
        command = [sys.executable, "-m", "edge_agent", "run", "--config", path]
        return process(command, env={"PYTHONPATH": str(ROOT), **(env or {})}, name="agent")

    return start


@pytest.fixture
def spooled(tmp_path):
    """Give `spooled()`: how many rows wait in the spool's file, seen from outside."""

    def count(table="row"):
        with sqlite3.connect(f"file:{tmp_path / 'spool.db'}?mode=ro", uri=True) as reader:
            found = reader.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        reader.close()
        return found

    return count


def fill(tmp_path, n):
    """Rows of an earlier boot, waiting."""
    spool = Spool(tmp_path / "spool.db")
    spool.begin_boot(Boot(new_boot(), 1_763_800_000_000, "kernel", 0, dated=True))
    clk = Clk(s=True)
    ch = ("top_c", "bottom_c")
    spool.add([NewRow("old", 1_763_800_000_000 + i, clk, ch, (i, -195.1)) for i in range(1, n + 1)])
    spool.close()


def push_out(broker, name):
    """End the connection of this name: the broker keeps only the newest."""
    other = mqtt.Client(CallbackAPIVersion.VERSION2, name)
    other.connect(broker.host, broker.port)
    other.loop_start()
    other.disconnect()
    other.loop_stop()


def test_what_is_sampled_is_delivered_settled_and_forgotten(server, agent, spooled, eventually):
    running = agent(rows=4)
    eventually(lambda: server.stored("tank") == 4 and spooled() == 0)
    kinds = [event["kind"] for message in server.messages("ev") for event in message.ev]
    assert kinds == ["local_alarm_raised"]
    assert set(server.kinds()) == {"t", "ev"}
    eventually(lambda: {"state", "catalog", "hb"} <= set(server.said))
    assert server.said["state"]["online"] is True
    top = next(c for c in server.said["catalog"]["channels"] if c["key"] == "top_c")
    assert (top["unit"], top["freezer"], top["stream"]) == ("°C", "LN2-01", "tank")
    began = time.monotonic()
    running.popen.terminate()
    assert running.popen.wait(5) == 0
    assert time.monotonic() - began < 1
    eventually(lambda: server.said["state"]["online"] is False)


def test_a_killed_agent_is_said_to_be_gone(server, agent, eventually):
    running = agent()
    eventually(lambda: server.said.get("state", {}).get("online"))
    running.kill()
    eventually(lambda: server.said["state"]["online"] is False)


def test_live_rows_come_while_a_backlog_drains(server, agent, spooled, tmp_path, eventually):
    fill(tmp_path, 20_000)
    server.wait_s = 0.15
    agent(interval_ms=100)
    eventually(lambda: server.stored("old") == 20_000 and spooled() < 5, timeout=20)
    kinds = server.kinds()
    assert kinds.index("t") < kinds.index("h")
    last = len(kinds) - kinds[::-1].index("h")
    assert kinds[:last].count("t") >= 5
    assert all(message.n < 20 for message in server.messages("t"))


def test_twenty_thousand_rows_drain_in_seconds(server, agent, spooled, tmp_path, eventually):
    fill(tmp_path, 20_000)
    began = time.monotonic()
    agent(rows=1)
    eventually(lambda: server.stored("old") == 20_000 and spooled() == 0, timeout=20)
    assert time.monotonic() - began < 10


def test_an_agent_can_be_told_to_spool_fast(server, agent, spooled, eventually):
    agent(interval_ms=1, rows=20_000, burst=10)
    eventually(lambda: server.stored("tank") == 20_000 and spooled() == 0, timeout=30)


def test_rows_whose_ack_was_lost_are_sent_again_after_a_reconnect_and_kept_once(
    server, agent, spooled, mosquitto_broker, eventually
):
    server.silent = True
    agent(rows=5)
    eventually(lambda: sum(m.n for m in server.messages("t")) == 5)
    assert spooled() >= 5
    server.silent = False
    push_out(mosquitto_broker, "tests")
    eventually(lambda: server.stored("tank") == 5 and spooled() == 0, timeout=20)
    assert server.messages("h")


def test_a_row_that_cannot_be_read_is_halved_out_and_the_rest_arrives(
    server, agent, spooled, tmp_path, eventually
):
    fill(tmp_path, 300)
    server.unreadable = {42}
    agent(rows=1)
    eventually(lambda: spooled("refused") == 1 and spooled() == 0 and spooled("void") == 0)
    assert server.stored("old") == 299
    tries = [
        m for m in server.messages("h") if m.stream == "old" and m.n and m.seq <= 42 < m.seq + m.n
    ]
    assert tries[0].n == 300
    assert tries[-1].n == 1
    assert len(tries) <= 10
    assert any(m.void == ((42, 42),) for m in server.messages("h"))
    refusals = [e for m in server.messages("ev") for e in m.ev if e["kind"] == "rows_refused"]
    assert [(e["first"], e["why"]) for e in refusals] == [(42, "it cannot be read")]


def test_kills_in_the_middle_lose_and_double_nothing(server, agent, spooled, eventually):
    for already in (50, 900, 2_500):
        running = agent(interval_ms=1)
        eventually(lambda n=already: server.stored("tank") > n, timeout=20)
        running.kill()
    written = {(*k, s) for *k, s in server.values}
    agent(rows=1, interval_ms=1_000)
    eventually(lambda: spooled() == 0, timeout=20)
    assert written <= set(server.values)
    for boot, stream in {key[:2] for key in server.values}:
        seqs = [s for b, t, s in server.values if (b, t) == (boot, stream)]
        assert sorted(seqs) == list(range(1, max(seqs) + 1)), "no number is missing"


def test_while_no_broker_is_there_rows_wait_and_the_log_says_why(
    agent, spooled, mosquitto_broker, eventually
):
    mosquitto_broker.kill()
    running = agent(interval_ms=50)
    running.wait_for_log("cannot be reached")
    eventually(lambda: spooled() > 5)
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 1.5


def test_a_wrong_password_is_told_in_words_and_the_one_outside_wins(agent, eventually):
    broker = Mosquitto(passwords={"tests": "tests-only"})
    try:
        refused = agent(broker=broker, env={PASSWORD_VARIABLE: "wrong"})
        refused.wait_for_log("the broker refuses main.tank-1")
        refused.stop()
        right = agent(broker=broker, env={PASSWORD_VARIABLE: "tests-only"})
        right.wait_for_log("connected to 127.0.0.1")
        right.stop()
    finally:
        broker.stop()


def test_a_second_agent_on_the_same_spool_ends_with_a_sentence(agent, mosquitto_broker):
    agent().wait_for_log("began boot")
    second = agent()
    assert second.popen.wait(10) == 1
    assert "is in use by another agent" in second.log


def test_two_starts_are_apart_and_the_wait_can_be_ended(agent):
    hasty = SETTINGS.replace("start_gap_s = 0", "start_gap_s = 30")
    first = agent(settings=hasty)
    first.wait_for_log("began boot")
    first.stop()
    second = agent(settings=hasty)
    with pytest.raises(AssertionError):
        second.wait_for_log("began boot", timeout=4)
    assert second.stop() == 0
