"""The disk of a running agent takes nothing more, and later does again: nothing is lost, and it is told."""

import resource
import sys
from pathlib import Path

import pytest

from tests.edge.fake_server import FakeServer

ROOT = Path(__file__).parents[2]
FULL_BYTES = 400_000
SETTINGS = """
[agent]
site = "main"
id = "tank-1"
start_gap_s = 0
heartbeat_s = 1
clock = "trusted"
[server]
url = "mqtt://{host}:{port}"
username = "tests"
password = "tests-only"
[[stream]]
name = "tank"
interval_ms = 20
[[stream.probe]]
driver = "simulated"
rows = 1500
burst = 5
[[stream.probe.incident]]
kind = "warm"
at_s = 4
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


def test_an_agent_whose_disk_is_full_keeps_sampling_alarms_and_loses_nothing(
    server, mosquitto_broker, process, tmp_path, eventually
):
    """No file of the agent may grow beyond a limit, as on a full card; then there is room again."""
    server.silent = True
    path = tmp_path / "agent.toml"
    path.write_text(SETTINGS.format(host=mosquitto_broker.host, port=mosquitto_broker.port))
    agent = [sys.executable, "-m", "edge_agent", "run", "--config", str(path)]
    limited = ["prlimit", f"--fsize={FULL_BYTES}:unlimited", *agent]
    running = process(limited, env={"PYTHONPATH": str(ROOT)}, name="agent")
    running.wait_for_log("rows are kept in memory until it can", timeout=40)
    eventually(lambda: server.said.get("hb", {}).get("unwritten", 0) > 100, timeout=20)
    running.wait_for_log("local_alarm_raised", timeout=20)

    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    server.silent = False

    eventually(lambda: server.stored("tank") == 1_500, timeout=60)
    eventually(lambda: server.said["hb"].get("unwritten", 0) == 0, timeout=20)
    events = [event for message in server.messages("ev") for event in message.ev]
    (trouble,) = (event for event in events if event["kind"] == "spool_trouble")
    assert trouble["waited"] > 100
    assert trouble["lost"] == 0
    assert "local_alarm_raised" in {event["kind"] for event in events}
