"""The power goes at a random moment: what was called durable is there, the file opens, nothing comes twice.

A real agent runs under a preloaded shim that logs its writes and syncs. For each round the folder is
built as it would be after a cut at a random point of the log, with what had not been synchronised
dropped, torn or reordered, and the agent's own spool is opened on it.
"""

import itertools
import os
import random
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_agent.rows import NewRow, new_boot
from edge_agent.spool import Boot, Spool
from edge_agent.wire import ranges
from edge_agent.wire.messages import Clk
from tests.edge.fake_server import FakeServer
from tests.edge.powercut.disk import Disk, read_log

pytestmark = pytest.mark.needs("cc")
ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent / "powercut"
RUNS, ROUNDS = 5, 1_000
ROWS_WANTED = 400

SETTINGS = """
[agent]
site = "main"
id = "tank-1"
spool = "disk/spool.db"
start_gap_s = 0
clock = "trusted"

[server]
url = "mqtt://{host}:{port}"
username = "tests"
password = "tests-only"

[[stream]]
name = "tank"
interval_ms = 10

[[stream.probe]]
driver = "simulated"
freezer = "LN2-01"
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    made = tmp_path_factory.mktemp("shim") / "shim.so"
    command = [
        "cc",
        "-shared",
        "-fPIC",
        "-O1",
        "-Wall",
        "-Werror",
        "-o",
        made,
        HERE / "shim.c",
        "-ldl",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return made


@dataclass
class Known:
    """What an agent had promised, and what the server had settled, at a moment of the log."""

    promised: dict = field(default_factory=lambda: defaultdict(int))
    settled: dict = field(default_factory=lambda: defaultdict(tuple))

    def take(self, line):
        kind, boot, stream, *numbers = line.split()
        key, numbers = (boot, stream), [int(n) for n in numbers]
        if kind == "P":
            self.promised[key] = max(self.promised[key], numbers[0])
        else:
            self.settled[key] = ranges.add(self.settled[key], *numbers)


def run_agent(folder, broker, shim, process, *words, want=ROWS_WANTED, env=None):
    """Run an agent on this folder until it has promised so many rows, then kill it; give its log."""
    (folder / "disk").mkdir(exist_ok=True)
    settings, log = folder / "agent.toml", folder / f"log-{time.monotonic_ns()}"
    settings.write_text(SETTINGS.format(host=broker.host, port=broker.port))
    known = {
        "PYTHONPATH": str(ROOT), "LD_PRELOAD": str(shim), "POWERCUT_LOG": str(log),
        "POWERCUT_FOLDER": f"{folder / 'disk'}/", **(env or {}),
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.edge.powercut.run_agent", settings, *words]
    agent = process(command, env=known, name="agent")
    notes, ends = folder / "disk" / "notes", time.monotonic() + 120
    while time.monotonic() < ends and (
        not notes.exists() or notes.read_bytes().count(b"\nP") < want
    ):
        assert agent.running, agent.log
        time.sleep(0.1)
    assert notes.exists(), agent.log
    agent.kill()
    notes.unlink()
    return read_log(log)


def cuts(acts, n, chance):
    """Give `n` moments of the log, in order: (disk, what was known) just before an act."""
    points = sorted(chance.choices(range(1, len(acts)), k=n))
    disk, known, notes = Disk(), Known(), b""
    for index, act in enumerate(acts):
        while points and points[0] == index:
            points.pop(0)
            yield disk, known
        if act.name == "notes":
            notes += act.data
            *lines, notes = notes.split(b"\n")
            for line in lines:
                known.take(line.decode())
        else:
            disk.do(act)


def open_after_cut(disk, folder, chance):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in disk.after_a_cut(chance).items():
        if not name.endswith(".lock"):
            (folder / name).write_bytes(content)
    return Spool(folder / "spool.db")


def lost_rows(spool, known):
    """The rows that were promised, are not settled, and are not there."""
    lost = []
    for key, upto in known.promised.items():
        held = ranges.of_numbers(row.seq for row in spool.rows(key, 1, 2**53, 2**31))
        there = ranges.merged(held, known.settled[key])
        lost += [(key, hole) for hole in ranges.missing(there, 1, upto)]
    return lost


def drained(spool, known):
    """What a server stores in the end: what it had, and each row of the spool that it had not."""
    stored = {key: ranges.count(settled) for key, settled in known.settled.items()}
    for key in spool.streams():
        for row in spool.rows(key, 1, 2**53, 2**31):
            stored[key] = stored.get(key, 0) + (not ranges.contains(known.settled[key], row.seq))
    return stored


@pytest.fixture
def server(mosquitto_broker):
    made = FakeServer(mosquitto_broker)
    yield made
    made.stop()


def test_a_thousand_power_cuts(shim, server, mosquitto_broker, process, tmp_path):
    chance, rounds, pending = random.Random(20_261_123), 0, 0
    for run in range(RUNS):
        folder = tmp_path / f"run-{run}"
        folder.mkdir()
        acts = run_agent(folder, mosquitto_broker, shim, process)
        assert sum(act.kind == "S" for act in acts) > ROWS_WANTED / 20
        for disk, known in cuts(acts, ROUNDS // RUNS, chance):
            spool = open_after_cut(disk, tmp_path / "cut", chance)
            # a file that was being made is begun anew; one that holds a promise is whole as it stands
            assert spool.losses == [] or not known.promised
            assert lost_rows(spool, known) == []
            stored = drained(spool, known)
            assert all(stored[key] >= upto for key, upto in known.promised.items())
            spool.begin_boot(Boot(new_boot(), 1, "kernel", 0, dated=True))
            assert spool.add([NewRow("tank", 1, Clk(s=True), ("top_c",), (1.0,))]) == [1]
            spool.close()
            rounds += 1
            pending += any(file.pending for file in disk.files.values())
    assert rounds == ROUNDS
    assert pending > ROUNDS / 10, "cuts must fall between writes and syncs, or nothing is shown"
    assert server.stored("tank") > ROWS_WANTED, (
        "the runs were real: the server stored rows meanwhile"
    )


def test_the_shim_catches_an_agent_that_does_not_sync(
    shim, server, mosquitto_broker, process, tmp_path
):
    server.silent = True
    acts = run_agent(tmp_path, mosquitto_broker, shim, process, "forgetful", want=150)
    chance, caught = random.Random(1), 0

    for disk, known in cuts(acts, 40, chance):
        spool = open_after_cut(disk, tmp_path / "cut", chance)
        caught += bool(lost_rows(spool, known) or spool.losses)
        spool.close()

    assert caught >= 20


def test_a_disk_that_takes_200_ms_to_sync_does_not_hold_up_sampling(
    shim, server, mosquitto_broker, process, tmp_path, eventually
):
    (tmp_path / "disk").mkdir()
    settings = tmp_path / "agent.toml"
    text = SETTINGS.format(host=mosquitto_broker.host, port=mosquitto_broker.port)
    settings.write_text(text.replace("interval_ms = 10", "interval_ms = 1000"))
    slow = {"PYTHONPATH": str(ROOT), "LD_PRELOAD": str(shim), "POWERCUT_SYNC_MS": "200"}
    command = [sys.executable, "-m", "edge_agent", "run", "--config", settings]
    process(command, env={**os.environ, **slow}, name="agent")

    eventually(lambda: server.stored("tank") >= 8, timeout=40)

    times = sorted(
        at for message in server.messages("t", "h") if message.ch for at in message.times
    )
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(gaps) >= 500, gaps
    assert sorted(gaps)[len(gaps) // 2] == pytest.approx(1_000, abs=150), gaps
