"""Kill -9 of agent, broker and worker in turn, while the agent sends: every row is stored exactly once."""

import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from edge_agent.wire.ranges import Ranges
from server.broker.run import command, prepare
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.settings import Settings
from server.parties.models import Organisation
from server.telemetry import service
from server.telemetry.broker_plan import choose
from server.telemetry.models import Channel, Settled, reading
from server.telemetry.settling import Stream
from tests.support.ports import wait_until_listening
from tests.support.processes import Process
from tests.support.waiting import eventually

ROUNDS = 21
"""Seven kills each of agent, broker and worker."""
ROWS = 20_000
CHANNELS = 4

_CONFIG = """
[agent]
site = "main"
id = "tank-1"
spool = "spool.db"
start_gap_s = 0
heartbeat_s = 1
clock = "trusted"

[server]
url = "{url}"
username = "main.tank-1"
password = "{password}"

[[stream]]
name = "tank"
interval_ms = 20
[[stream.probe]]
driver = "simulated"
seed = 1
burst = {burst}
rows = {rows}
"""


class House:
    """An agent, a broker and a worker as real processes, each of which can be killed and started again."""

    def __init__(
        self, home: Path, database_url: str, broker: str, start: Callable[..., Process]
    ) -> None:
        self.home, self._start = home, start
        self.environment = {
            "CRYOKEEP_HOME": str(home),
            "CRYOKEEP_DATABASE": database_url,
            "CRYOKEEP_BROKER": broker,
        }
        self.settings = Settings.read(self.environment)
        self.database = Database(database_url)
        self.plan = choose(self.settings)
        self.password = self._enrol()
        prepare(self.settings, self.database)
        self.write_config(rows=0)
        self.running: dict[str, Process] = {}
        self.numbered: dict[tuple[str, str], int] = {}
        for what in ("broker", "worker", "agent"):
            self.start(what)

    def _enrol(self) -> str:
        now = SystemClock().now()
        with self.database.writing() as session:
            bank = Organisation(code="BANK", name="Bank", created_at=now)
            session.add(bank)
            session.flush()
            return service.enrol(session, Actor.system("tests"), "main", "tank-1", bank.id, at=now)

    def write_config(self, *, rows: int, burst: int = 10) -> None:
        text = _CONFIG.format(url=self.plan.url, password=self.password, rows=rows, burst=burst)
        (self.home / "agent.toml").write_text(text)

    def start(self, what: str) -> None:
        arguments = {
            "broker": command(self.plan, self.settings),
            "worker": [sys.executable, "-m", "server", "worker"],
            "agent": [
                sys.executable,
                "-m",
                "edge_agent",
                "run",
                "--config",
                str(self.home / "agent.toml"),
            ],
        }
        self.running[what] = self._start(arguments[what], env=self.environment, name=what)
        if what == "broker":
            wait_until_listening(self.plan.port())

    def kill(self, what: str) -> None:
        self.running[what].kill()
        if what == "agent":
            self.numbered |= self.spooled()  # it forgets a boot of which nothing is left

    # what the two ends know

    def spool(self) -> sqlite3.Connection:
        return sqlite3.connect(self.home / "spool.db", timeout=30)

    def spooled(self) -> dict[tuple[str, str], int]:
        """How many rows the agent has numbered, by (boot, stream)."""
        with self.spool() as spool:
            return {
                (boot, stream): next_ - 1
                for boot, stream, next_ in spool.execute("SELECT boot, stream, next FROM stream")
            }

    def rows_made(self) -> int:
        return sum((self.numbered | self.spooled()).values())

    def left(self) -> int:
        """How many rows and voids still wait in the spool."""
        with self.spool() as spool:
            rows, voids = spool.execute(
                "SELECT (SELECT count(*) FROM row), (SELECT count(*) FROM void)"
            ).fetchone()
        return int(rows + voids)

    def settled(self) -> dict[tuple[str, str], Ranges]:
        with self.database.reading() as session:
            found = session.scalars(select(Settled)).all()
        return {
            (s.boot, s.stream): Stream.load((s.agent_id, s.boot, s.stream), s.ranges).settled
            for s in found
        }

    def stored(self) -> dict[str, int]:
        """How many readings each channel has."""
        with self.database.reading() as session:
            rows = session.execute(
                select(Channel.key, func.count())
                .join(reading, reading.c.channel_id == Channel.id)
                .group_by(Channel.key)
            )
            return {row.key: row[1] for row in rows}


@pytest.fixture
def house(
    request: pytest.FixtureRequest, tmp_path: Path, process: Callable[..., Process],
    make_database_url: Callable[[str], str],
) -> Iterator[House]:  # fmt: skip
    dialect, broker = request.param
    built = House(tmp_path, make_database_url(dialect), broker, process)
    yield built
    built.database.close()


@pytest.mark.parametrize(
    "house",
    [
        pytest.param(
            ("sqlite", "mosquitto"), id="sqlite-mosquitto", marks=pytest.mark.needs("mosquitto")
        ),
        pytest.param(
            ("postgresql", "embedded"),
            id="postgresql-embedded",
            marks=pytest.mark.needs("postgresql"),
        ),
    ],
    indirect=True,
)
def test_what_was_in_the_spool_is_stored_exactly_once_whoever_is_killed(house: House) -> None:
    chance = random.Random(9)
    eventually(lambda: house.stored().get("top_c", 0) > 0, timeout=60)

    for round_ in range(ROUNDS):
        what = ("agent", "broker", "worker")[round_ % 3]
        time.sleep(chance.uniform(0.3, 2.5))
        house.kill(what)
        time.sleep(chance.uniform(0, 0.5))
        house.start(what)
    eventually(lambda: house.rows_made() >= ROWS, timeout=120)
    house.kill("agent")
    house.write_config(rows=10)
    house.start("agent")
    eventually(lambda: house.left() == 0 and house.settled(), timeout=120, every=0.5)

    time.sleep(1)  # the agent's last ten rows
    eventually(lambda: house.left() == 0, timeout=60, every=0.5)
    spooled = house.numbered | house.spooled()
    assert house.settled() == {key: ((1, n),) for key, n in spooled.items() if n}
    tank = sum(n for (_boot, stream), n in spooled.items() if stream == "tank")
    assert tank >= ROWS
    assert set(house.stored().values()) == {tank}
    assert len(house.stored()) == CHANNELS
