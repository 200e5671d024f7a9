"""What sank other systems, each by its name: a real agent, a real mosquitto, and the real worker behind it."""

import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from edge_agent.probes.platinum import ratio_at
from server.alarms.models import AlarmRule, Episode
from server.core.clock import SystemClock, to_ms
from server.parties.models import Organisation
from server.telemetry.models import Channel, reading
from tests.bench.house import House, house
from tests.edge.emulators import trees
from tests.edge.fake_server import FakeServer
from tests.support.mosquitto import Mosquitto
from tests.support.processes import Process
from tests.support.waiting import eventually

pytestmark = pytest.mark.needs("mosquitto")
ROOT = Path(__file__).parents[2]
AGENT = """
[agent]
site = "main"
id = "a0"
start_gap_s = 0
clock = "trusted"
[server]
url = "mqtt://127.0.0.1:{port}"
keepalive_s = 5
[[stream]]
name = "tank"
interval_ms = 200
[[stream.probe]]
{probe}
"""
SIMULATED = 'driver = "simulated"'
PLATINUM = """driver = "iio"
chip = "max31865"
root = "iio"
read_every_s = 0.1
oldest_s = 2
[[stream.probe.input]]
channel = "top_c"
"""
Start = Callable[[Mosquitto, str], Process]


@pytest.fixture
def agent(tmp_path: Path, process: Callable[..., Process]) -> Start:
    """Give `agent(broker, probe)`: a running agent; its files stay in `tmp_path`."""

    def start(broker: Mosquitto, probe: str = SIMULATED) -> Process:
        path = tmp_path / "agent.toml"
        path.write_text(AGENT.format(port=broker.port, probe=probe))
        command = [sys.executable, "-m", "edge_agent", "run", "--config", path]
        return process(command, env={"PYTHONPATH": str(ROOT)}, name="agent")

    return start


def whole(server: FakeServer) -> bool:
    """Say whether of the rows of each start none is missing and none came twice."""
    numbers: dict[str, list[int]] = {}
    for boot, stream, seq in list(server.values):
        if stream == "tank":
            numbers.setdefault(boot, []).append(seq)
    return all(sorted(found) == list(range(1, len(found) + 1)) for found in numbers.values())


def held(file: Path) -> int:
    """How many rows wait in the spool's file, seen from outside."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as reader:
        return int(reader.execute("SELECT count(*) FROM row").fetchone()[0])


def test_first_20_seconds_of_an_outage(mosquitto_broker: Mosquitto, agent: Start) -> None:
    """The connection seems to stand, what is sent goes nowhere, and the end is noticed late."""
    server = FakeServer(mosquitto_broker)
    running = agent(mosquitto_broker, SIMULATED)
    eventually(lambda: server.stored("tank") > 5, timeout=20)
    mosquitto_broker.process.send(signal.SIGSTOP)
    began = time.monotonic()
    running.wait_for_log("the connection ended", timeout=30)
    time.sleep(max(0.0, 20 - (time.monotonic() - began)))
    before = server.stored("tank")
    mosquitto_broker.kill()  # and with it all that lay in its sockets
    mosquitto_broker.restart()

    eventually(lambda: server.stored("tank") > before + 20 / 0.2 and whole(server), timeout=40)
    server.stop()


def test_buffer_rebuilt_on_reconnect(
    mosquitto_broker: Mosquitto, agent: Start, tmp_path: Path
) -> None:
    """What waits survives every loss of the connection: it is the same file, and nothing leaves it unanswered."""
    server = FakeServer(mosquitto_broker)
    server.silent = True
    running = agent(mosquitto_broker, SIMULATED)
    file = tmp_path / "spool.db"
    eventually(lambda: len(server.messages("t")) > 5, timeout=20)
    inode, waiting = file.stat().st_ino, held(file)
    for _ in range(4):
        connected = running.log.count("connected to")
        mosquitto_broker.restart()
        eventually(lambda n=connected: running.log.count("connected to") > n, timeout=30)
        assert file.stat().st_ino == inode
        before, waiting = waiting, held(file)
        assert waiting > before
    server.silent = False
    sent = max(m.seq for m in server.messages("t"))

    eventually(lambda: server.stored("tank") > sent and whole(server), timeout=40)
    server.stop()


class Freezer:
    """A platinum probe in the kernel's files, and what the server knows of it."""

    def __init__(self, built: House, folder: Path) -> None:
        self._built, self.iio = built, folder / "iio"
        self.reads(ratio_at(-180))
        with built.database.writing() as session:
            channel = session.scalars(select(Channel).where(Channel.key == "top_c")).one()
            self.channel_id = channel.id
            org_id = session.scalars(select(Organisation.id)).one()
            for kind in ("high", "probe_fault"):
                rule = {
                    "kind": kind,
                    "severity": "critical",
                    "value": -150.0 if kind == "high" else 0,
                }
                session.add(
                    AlarmRule(
                        org_id=org_id, channel_id=channel.id, created_at=SystemClock().now(),
                        hysteresis=0.0, delay_on_s=0.0, **rule,
                    )
                )  # fmt: skip

    def reads(self, ratio: float) -> None:
        code = min(round(ratio * 100 / 430 * 32768), 32767)
        trees.iio(self.iio, 0, "max31865", in_temp_raw=code, fault_ovuv=0)

    def newest(self) -> tuple[float | None, int]:
        with self._built.database.reading() as session:
            query = select(reading.c.value, reading.c.quality)
            mine = query.where(reading.c.channel_id == self.channel_id)
            found = session.execute(mine.order_by(reading.c.at_ms.desc()).limit(1)).first()
        return (found.value, found.quality) if found else (None, 0)

    def numbers_since(self, at_ms: int) -> int:
        with self._built.database.reading() as session:
            query = select(reading.c.value).where(
                reading.c.channel_id == self.channel_id, reading.c.at_ms > at_ms
            )
            return sum(value is not None for value in session.scalars(query))

    def alarms(self) -> list[str]:
        with self._built.database.reading() as session:
            standing = select(Episode.kind).where(
                Episode.channel_id == self.channel_id, Episode.cleared_at.is_(None)
            )
            return sorted(session.scalars(standing))


def test_unplugged_probe_feeding_old_values(agent: Start, tmp_path: Path) -> None:
    """From the moment that it is gone no number is stored or judged; the alarm for it comes, and ends with it."""
    with house("sqlite", agents=1, rules=False) as built:
        freezer = Freezer(built, tmp_path)
        agent(built.broker, PLATINUM)
        eventually(lambda: freezer.newest()[0] is not None, timeout=20)
        assert freezer.newest()[0] == pytest.approx(-180, abs=0.05)
        freezer.reads(ratio_at(-120))
        eventually(lambda: "high" in freezer.alarms(), timeout=20)
        shutil.rmtree(freezer.iio / "iio:device0")
        eventually(lambda: freezer.newest() == (None, 21), timeout=20)
        gone_ms = to_ms(SystemClock().now())
        time.sleep(3)
        assert freezer.numbers_since(gone_ms) == 0
        assert freezer.alarms() == ["high", "probe_fault"], "a lost probe is no cold probe"
        freezer.reads(ratio_at(-180))
        eventually(lambda: freezer.alarms() == [], timeout=20)


def test_open_probe_never_raising(agent: Start, tmp_path: Path) -> None:
    """A broken wire, as the converter's registers show it, is an alarm on the server."""
    with house("sqlite", agents=1, rules=False) as built:
        freezer = Freezer(built, tmp_path)
        agent(built.broker, PLATINUM)
        eventually(lambda: freezer.newest()[0] is not None, timeout=20)
        assert freezer.alarms() == []
        freezer.reads(1e6)
        eventually(lambda: freezer.alarms() == ["probe_fault"], timeout=20)
        assert freezer.newest() == (None, 16)


def test_minus_135_read_as_minus_146_6(agent: Start, tmp_path: Path) -> None:
    """Others take code / 32 - 256, and an alarm at -140 stays silent until the sample is at -128."""
    with house("sqlite", agents=1, rules=False) as built:
        freezer = Freezer(built, tmp_path)
        freezer.reads(ratio_at(-135))
        code = int((freezer.iio / "iio:device0" / "in_temp_raw").read_text())
        assert code / 32 - 256 == pytest.approx(-146.6, abs=0.05)
        agent(built.broker, PLATINUM)
        eventually(lambda: freezer.alarms() == ["high"], timeout=20)
        assert freezer.newest()[0] == pytest.approx(-135, abs=0.05)
