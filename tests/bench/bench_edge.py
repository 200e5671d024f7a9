"""The agent as it runs on a node: what it costs, what its spool sustains, and how large a reading is."""

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edge_agent.packing import message_of, run_of
from edge_agent.rows import NewRow, new_boot
from edge_agent.spool import Boot, Spool
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import Clk
from tests.bench.rows import Row
from tests.edge.fake_server import FakeServer
from tests.support.mosquitto import Mosquitto
from tests.support.processes import Process

PROJECT = Path(__file__).resolve().parents[2]
CHANNELS = ("top_c", "bottom_c", "level_mm", "lid_open", "room_c")
CLK = Clk(s=True)
T0 = 1_763_800_000_000
TIMES = 5
WINDOW_S = 10
SPOOLED_S = 1.0
BACKLOG = 2_000
ROOM = "28-00000a1b2c3d"
SETTINGS = """
[agent]
site = "main"
id = "tank-1"
start_gap_s = 0
clock = "trusted"
[server]
url = "mqtt://{host}:{port}"
username = "{username}"
password = "{password}"
[[stream]]
name = "tank"
interval_s = 1
[[stream.probe]]
driver = "simulated"
[[stream.probe]]
driver = "w1"
id = "{room}"
channel = "room_c"
root = "w1"
[[limit]]
stream = "tank"
channel = "top_c"
kind = "high"
value = -150
"""


def rows() -> Iterator[Row]:
    """CPU share and memory of a running agent; then the spool; then sizes. Medians of five."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _running(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        yield from _spooled(Path(folder))


def _running(folder: Path) -> Iterator[Row]:
    probe = folder / "w1" / ROOM
    probe.mkdir(parents=True)
    text = "4d 01 4b 46 7f ff 03 10 5e"
    (probe / "w1_slave").write_text(f"{text} : crc=5e YES\n{text} t=20812\n")
    broker = Mosquitto()
    server = FakeServer(broker)
    path = folder / "agent.toml"
    signing_in = {"username": broker.username, "password": broker.password}
    path.write_text(SETTINGS.format(host=broker.host, port=broker.port, room=ROOM, **signing_in))
    command = [sys.executable, "-m", "edge_agent", "run", "--config", path]
    agent = Process(command, log=folder / "log", env={"PYTHONPATH": str(PROJECT)})
    try:
        time.sleep(WINDOW_S)
        shares, resident = zip(*(_window(agent.pid) for _ in range(TIMES)), strict=True)
        channels = {channel for message in server.messages("t") for channel in message.ch}
    finally:
        agent.stop()
        server.stop()
        broker.stop()
    if channels != set(CHANNELS):
        raise RuntimeError(f"the agent sent {sorted(channels)}; expected {sorted(CHANNELS)}")
    aims = {"edge: CPU of one core, 5 channels at 1 Hz": (shares, "%", 2.0),
            "edge: resident memory, 5 channels at 1 Hz": (resident, "MB", 40.0)}  # fmt: skip
    for name, (found, unit, aim) in aims.items():
        yield Row(name, statistics.median(found), unit, aim, "less")


def _window(pid: int) -> tuple[float, float]:
    """CPU share in percent over a while, and resident megabytes at its end."""
    begun, used = time.monotonic(), _cpu_s(pid)
    time.sleep(WINDOW_S)
    share = 100 * (_cpu_s(pid) - used) / (time.monotonic() - begun)
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return share, pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _spooled(folder: Path) -> Iterator[Row]:
    spool = Spool(folder / "spool.db")
    spool.begin_boot(Boot(new_boot(), T0, "bench", 0, dated=True))
    n, rates = 0, []
    for _ in range(TIMES):
        begun, first = time.monotonic(), n
        while time.monotonic() - begun < SPOOLED_S:
            spool.add([_row(n)])
            n += 1
        rates.append((n - first) / (time.monotonic() - begun))
    yield Row("edge: rows a second, each synchronised to the disk", statistics.median(rates),
              "rows/s", None, "more")  # fmt: skip
    if n < BACKLOG:
        spool.add([_row(i) for i in range(n, BACKLOG)])
    readings = max(n, BACKLOG) * len(CHANNELS)
    yield Row("edge: on the disk", spool.used_bytes() / readings, "bytes/reading", None, "less")
    key = (spool.boot, "tank")
    for name, count, hist in (("live, a row a message", 1, False), ("backlog", BACKLOG, True)):
        held = run_of(spool.rows(key, 1, count, count))
        size = len(encode(message_of(key, held, hist=hist)))
        per_reading = size / (len(held) * len(CHANNELS))
        yield Row(f"edge: on the wire, {name}", per_reading, "bytes/reading", None, "less")
    spool.close()


def _row(n: int) -> NewRow:
    """Readings with the noise of real ones, so that packing finds no pattern; the same at each run."""
    noise = random.Random(n)
    top, bottom, room = (round(c + noise.gauss(0, 0.1), 2) for c in (-177.9, -195.1, 20.8))
    return NewRow("tank", T0 + n * 1000, CLK, CHANNELS, (top, bottom, 231.0 - n // 600, 0, room))
