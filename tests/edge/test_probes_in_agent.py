"""The agent as a process with hardware drivers: what hangs on files, sockets and pseudo-terminals of the test."""

import json
import shutil
import socket
import sqlite3
import sys
from pathlib import Path

import pytest

from edge_agent.probes.platinum import ratio_at
from tests.edge.emulators import trees
from tests.edge.emulators.serial_port import SerialDevice
from tests.edge.emulators.tec3000 import Tec3000Units

ROOT = Path(__file__).parents[2]

SETTINGS = """
[agent]
site = "main"
id = "tank-1"
start_gap_s = 0
clock = "trusted"

[server]
url = "mqtt://127.0.0.1:1"

[[stream]]
name = "tank"
interval_ms = 100

[[stream.probe]]
driver = "iio"
chip = "max31865"
root = "{iio}"
read_every_s = 0.1
oldest_s = 2
certificate = "K-1"
calibration = {{ top_c = [[-200, -199.5], [-100, -99.5]] }}
[[stream.probe.input]]
channel = "top_c"

[[stream.probe]]
driver = "tec3000"
port = "{port}"
read_every_s = 0.1
oldest_s = 2
[[stream.probe.query]]
channel = "controller_c"
ask = "TEMPA?"

[[stream.probe]]
driver = "tec3000"
host = "127.0.0.1"
tcp_port = {silent}
read_every_s = 0.1
oldest_s = 1
answer_s = 10
[[stream.probe.query]]
channel = "hung_c"
ask = "TEMPA?"

[[stream.check]]
kind = "twins"
channel = "top_c"
other = "controller_c"
limit = 5
for_s = 0.5
"""


class Node:
    """The running agent, its probes, and what it has written."""

    def __init__(self, tmp_path, units, iio):
        self._spool = tmp_path / "spool.db"
        self.units, self.iio = units, iio

    def top(self, celsius):
        code = round(ratio_at(celsius) * 100 / 430 * 32768)
        trees.iio(self.iio, 0, "max31865", in_temp_raw=code, fault_ovuv=0)

    def rows(self):
        """All rows of the tank, oldest first, each as (values, qualities)."""
        found = self._asked("SELECT body, q FROM row WHERE stream = 'tank' ORDER BY seq")
        return [(json.loads(body), json.loads(q) if q else [0, 0, 0]) for body, q in found]

    def events(self, channel):
        """What was told of a channel: kind and quality."""
        found = self._asked("SELECT body FROM row WHERE stream = 'ev' ORDER BY seq")
        events = [json.loads(body) for (body,) in found]
        return [(e["kind"], e.get("quality")) for e in events if e.get("channel") == channel]

    def newest(self, channel):
        """Value and quality of the newest row."""
        rows = self.rows()
        return (rows[-1][0][channel], rows[-1][1][channel]) if rows else (None, None)

    def _asked(self, question):
        """The answer of the spool's file; nothing while the agent is still making it."""
        try:
            reader = sqlite3.connect(f"file:{self._spool}?mode=ro", uri=True)
        except sqlite3.OperationalError:
            return []
        try:
            return reader.execute(question).fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            reader.close()


@pytest.fixture
def node(tmp_path, process):
    """A running agent with two good probes and one that never answers."""
    units = {1: {"TEMPA?": "-180.0"}}
    device = SerialDevice(Tec3000Units(units))
    silent = socket.create_server(("127.0.0.1", 0))
    made = Node(tmp_path, units, tmp_path / "iio")
    made.top(-180)
    path = tmp_path / "agent.toml"
    facts = {"iio": made.iio, "port": device.path, "silent": silent.getsockname()[1]}
    path.write_text(SETTINGS.format(**facts))
    command = [sys.executable, "-m", "edge_agent", "run", "--config", path]
    running = process(command, env={"PYTHONPATH": str(ROOT)}, name="agent")
    yield made
    running.popen.terminate()
    assert running.popen.wait(10) == 0
    silent.close()
    device.stop()


TOP, CONTROLLER, HUNG = 0, 1, 2


def test_a_probe_that_hangs_leaves_the_others_in_their_rhythm(node, eventually):
    eventually(lambda: node.newest(HUNG)[1] == 22 and node.newest(TOP)[0] is not None, 20)
    before = len(node.rows())
    eventually(lambda: len(node.rows()) >= before + 20, 10)
    values, q = node.rows()[-1]
    assert values == [pytest.approx(-179.5, abs=0.05), -180.0, None]
    assert q == [0, 0, 22]
    assert node.events("hung_c") == [("probe_fault", 22)]


def test_an_unplugged_probe_has_no_number_until_it_is_back(node, eventually):
    eventually(lambda: node.newest(TOP)[0] is not None, 20)
    shutil.rmtree(node.iio / "iio:device0")
    eventually(lambda: node.newest(TOP) == (None, 21), 10)
    gone = len(node.rows())
    eventually(lambda: len(node.rows()) >= gone + 15, 10)
    assert {values[TOP] for values, _ in node.rows()[gone:]} == {None}
    node.top(-150)
    eventually(lambda: node.newest(TOP) == (pytest.approx(-149.5, abs=0.05), 20), 10)
    assert node.events("top_c")[0] == ("probe_fault", 21)


def test_a_controller_that_disagrees_with_the_independent_probe_is_told_once(node, eventually):
    eventually(
        lambda: node.newest(CONTROLLER)[0] is not None and node.newest(TOP)[0] is not None, 20
    )
    node.top(-120)
    eventually(lambda: node.newest(TOP)[1] == 20, 10)
    values, q = node.rows()[-1]
    assert values[:2] == [pytest.approx(-119.5, abs=0.05), -180.0]
    assert q[:2] == [20, 20]
    seen = len(node.rows())
    eventually(lambda: len(node.rows()) >= seen + 15, 10)
    assert node.events("top_c") == node.events("controller_c") == [("probe_fault", 20)]
