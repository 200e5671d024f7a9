"""Fifty agents come back from a long outage: how old are live rows when they are settled, while it drains?

The agents are real ones with full spools, beside a real mosquitto and one worker. BENCH_DAYS=7 makes it
the week; BENCH_DATABASES=postgresql one database.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from sqlalchemy import func, select

from edge_agent.rows import NewRow
from edge_agent.spool import Boot, Spool
from edge_agent.wire.messages import Clk
from server.telemetry.models import Channel, reading
from tests.bench.backlog_agents import BOOT, STREAM, wall_ms
from tests.bench.house import CHANNELS, House, house
from tests.bench.rows import Row, percentile

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
AGENTS = 50
PROCESSES = 4
EVERY_MS = 10_000
A_DAY = 86_400_000 // EVERY_MS
SETTINGS = """\
[agent]
site = "main"
id = "a{number}"
start_gap_s = 0
clock = "trusted"
[server]
url = "mqtt://127.0.0.1:{port}"
[[stream]]
name = "tank"
interval_ms = {every_ms}
[[stream.probe]]
driver = "simulated"
"""


def rows() -> Iterator[Row]:
    """Measure each database."""
    days = float(os.environ.get("BENCH_DAYS", "1"))
    for dialect in os.environ.get("BENCH_DATABASES", "sqlite,postgresql").split(","):
        found = drained(dialect, AGENTS, round(days * A_DAY))
        yield from found.rows(f"{AGENTS} agents x {days:g} days, {NAMES[dialect]}")


@dataclass(frozen=True)
class Drained:
    """What was found. Ages are milliseconds from acquisition to the agent's hearing that a row is settled.

    Of rows that were acquired while agent and worker were both connected and something of the backlog was left.
    """

    ages: list[int]
    took_s: float
    readings: int
    wrong: int
    """Channels of which not every row that waited is stored, and once."""
    resident_mb: float

    def rows(self, what: str) -> Iterator[Row]:
        """Say it as rows."""
        for name, part, aim in (("p50", 0.5, None), ("p99", 0.99, 2_000.0), ("longest", 1.0, None)):
            label = f"backlog: live row to settled, {name}, {what}"
            yield Row(label, percentile(self.ages, part), "ms", aim, "less")
        yield Row(
            f"backlog: live rows seen meanwhile, {what}", len(self.ages), "rows", None, "more"
        )
        yield Row(f"backlog: drained, {what}", self.took_s, "s", None, "less")
        rate = self.readings / self.took_s
        yield Row(f"backlog: meanwhile, {what}", rate, "readings/s", None, "more")
        yield Row(f"backlog: channels with a row lost or double, {what}", self.wrong, "", 0, "less")
        yield Row(f"backlog: the worker's memory, {what}", self.resident_mb, "MB", None, "less")


def drained(dialect: str, agents: int, count: int, every_ms: int = EVERY_MS) -> Drained:
    """Let so many agents come back with so many rows each, and wait until all is settled."""
    with house(dialect, agents=agents) as built:
        end_ms = wall_ms() - 60_000
        fill(built, agents, count, end_ms, every_ms)
        built.broker.kill()
        with ExitStack() as stack:
            crowds = [stack.enter_context(crowd(built, part, every_ms)) for part in shares(agents)]
            for process in crowds:
                wait_for(process, "ready")
            began_ms, before = wall_ms(), built.connections()
            built.broker.restart()
            built.wait_until_connected(before)
            listens_ms = wall_ms()
            for process in crowds:
                wait_for(process, "drained")
            nodes = [facts for process in crowds for facts in told(process)]
        assert built.worker
        resident_mb = peak_mb(built.worker.pid)
        built.worker.stop()
        ended_ms = max(facts["drained_ms"] for facts in nodes)
        ages = [
            age for facts in nodes for at_ms, age in facts["ages"]
            if max(facts["connected_ms"], listens_ms) <= at_ms <= ended_ms
        ]  # fmt: skip
        wrong = wrong_channels(built, agents, count, end_ms)
        readings = agents * count * len(CHANNELS)
        return Drained(ages, (ended_ms - began_ms) / 1000, readings, wrong, resident_mb)


def fill(built: House, agents: int, count: int, end_ms: int, every_ms: int) -> None:
    """Give each agent its settings and a spool with so many rows, 10 s apart, that end at this time."""
    made = built.folder / "made.db"
    spool = Spool(made)
    began_ms = end_ms - (count - 1) * EVERY_MS
    spool.begin_boot(Boot(BOOT, began_ms, "bench", 0, dated=True))
    chance = random.Random(1)
    for first in range(0, count, 5_000):
        numbers = range(first, min(first + 5_000, count))
        spool.add([waiting(chance, n, began_ms + n * EVERY_MS) for n in numbers])
    spool.close()
    for number in range(agents):
        folder = built.folder / f"a{number}"
        folder.mkdir()
        shutil.copy(made, folder / "spool.db")
        facts = {"number": number, "port": built.broker.port, "every_ms": every_ms}
        (folder / "agent.toml").write_text(SETTINGS.format(**facts))


def waiting(chance: random.Random, n: int, at_ms: int) -> NewRow:
    """A row with the noise of real ones, so that packing finds no pattern."""
    top, bottom, room = (round(c + chance.gauss(0, 0.1), 2) for c in (-177.9, -195.1, 20.8))
    values = (top, bottom, 231.0 - n // 600 % 40, 0.0, room)
    return NewRow(STREAM, at_ms, Clk(s=True, off_ms=3), tuple(CHANNELS), values)


def shares(agents: int) -> list[tuple[int, int]]:
    """The first and the last agent of each process."""
    edges = [round(i * agents / PROCESSES) for i in range(PROCESSES + 1)]
    return [(a, b - 1) for a, b in pairwise(edges) if b > a]


@contextmanager
def crowd(built: House, part: tuple[int, int], every_ms: int) -> Iterator[subprocess.Popen[str]]:
    """Give a process with these agents."""
    words = [str(built.folder), *map(str, (*part, every_ms))]
    with (built.folder / f"agents-{part[0]}.log").open("w") as log:
        command = [sys.executable, "-m", "tests.bench.backlog_agents", *words]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    """Wait until the process says this word."""
    assert process.stdout
    said = process.stdout.readline()
    if said != f"{word}\n":
        raise RuntimeError(f"the agents said {said!r}; expected {word}")


def told(process: subprocess.Popen[str]) -> list[dict[str, object]]:
    """End the agents and return what each of them noted."""
    assert process.stdin
    assert process.stdout
    process.stdin.write("stop\n")
    process.stdin.flush()
    found: list[dict[str, object]] = json.loads(process.stdout.readline())
    return found


def wrong_channels(built: House, agents: int, count: int, end_ms: int) -> int:
    """How many channels do not hold each of the rows that waited exactly once."""
    query = (
        select(reading.c.channel_id, func.count(), func.count(reading.c.at_ms.distinct()))
        .where(reading.c.at_ms <= end_ms)
        .group_by(reading.c.channel_id)
    )
    with built.database.reading() as session:
        right = sum(all_rows == times == count for _, all_rows, times in session.execute(query))
        channels = session.scalar(select(func.count()).select_from(Channel)) or 0
    assert channels == agents * len(CHANNELS)
    return channels - right


def peak_mb(pid: int) -> float:
    """The most memory that a process has held, in megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1000
