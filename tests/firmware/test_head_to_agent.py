"""The C of a probe head, run on this computer, talks over a pseudo terminal to a real agent, which delivers."""

import subprocess
import sys

import pytest

from tests.edge.fake_server import FakeServer
from tests.firmware.test_firmware import make
from tools.needs import PROJECT

pytestmark = [pytest.mark.needs("cc"), pytest.mark.xdist_group("firmware")]
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
interval_ms = 500

[[stream.probe]]
driver = "probe_head"
freezer = "LN2-01"
port = "{line}"
read_every_s = 0.1
silent_s = 3

[[limit]]
stream = "tank"
channel = "top_c"
kind = "high"
value = -150
"""


@pytest.fixture
def program(tmp_path):
    make("cc", tmp_path / "head", f"{tmp_path}/head/head_on_host")
    return tmp_path / "head" / "head_on_host"


@pytest.fixture
def server(mosquitto_broker):
    made = FakeServer(mosquitto_broker)
    yield made
    made.stop()


@pytest.fixture
def head(program):
    made = subprocess.Popen(
        [program, "250"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield made
    made.stdin.close()
    made.kill()
    made.wait(10)
    made.stdout.close()


def tell(head, words):
    head.stdin.write(f"{words}\n")
    head.stdin.flush()


def newest(server, channel):
    """Give (value, quality) of the newest live row that reached the server."""
    rows = [message for message in server.messages("t") if channel in message.ch]
    if not rows:
        return None
    at = rows[-1].ch.index(channel)
    return rows[-1].rows[-1][at], rows[-1].q[-1][at] if rows[-1].q else 0


def kinds(server):
    return [event["kind"] for message in server.messages("ev") for event in message.ev]


def test_from_the_converters_registers_to_the_server(
    head, server, mosquitto_broker, process, tmp_path, eventually
):
    line = head.stdout.readline().strip()
    settings = tmp_path / "agent.toml"
    settings.write_text(
        SETTINGS.format(host=mosquitto_broker.host, port=mosquitto_broker.port, line=line)
    )
    agent = process(
        [sys.executable, "-m", "edge_agent", "run", "--config", settings],
        env={"PYTHONPATH": str(PROJECT)}, name="agent",
    )  # fmt: skip

    eventually(lambda: newest(server, "top_c") and newest(server, "top_c")[0], timeout=30)
    assert newest(server, "top_c")[0] == pytest.approx(-178, abs=0.3)
    assert newest(server, "level_mm")[0] == pytest.approx(224.825)

    tell(head, "lid 1")
    tell(head, "ohm 0 60.3")
    eventually(lambda: "local_alarm_raised" in kinds(server), timeout=30)
    eventually(lambda: "door_opened" in kinds(server), timeout=30)

    tell(head, "ohm 0 1e9")
    eventually(lambda: newest(server, "top_c") == (None, 16), timeout=30)

    tell(head, "hang")  # the head's watchdog resets it: silence, and no old value in its place
    eventually(lambda: newest(server, "level_mm") in {(None, 21), (None, 22)}, timeout=30)
    assert head.wait(10) == 3
    assert agent.running, agent.log
