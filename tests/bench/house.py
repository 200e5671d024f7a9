"""A house to measure: mosquitto, one worker process, and a database with agents, channels and rules."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from server import schema
from server.accounts.models import Person
from server.alarms.models import AlarmRule
from server.core.clock import SystemClock, to_ms
from server.core.db import Database
from server.notify.models import CallStep
from server.parties.models import Organisation
from server.telemetry.models import Agent, Channel, Settled
from server.telemetry.settling import Stream
from tests.support.mosquitto import Mosquitto
from tests.support.postgres import PostgresServer
from tests.support.processes import Process
from tests.support.waiting import eventually

BUILT = "database"
AGENTS = 20
CHANNELS = {
    "top_c": -150.0,
    "bottom_c": -150.0,
    "level_mm": 500.0,
    "lid_open": 9.0,
    "ambient_c": 40.0,
}
"""Channel and its high limit; each has a low limit too."""


class House:
    """Built for one measurement and taken down after it. Commits are durable on both databases.

    With `rules` each channel has two. With `kept` it is built in that folder, which stays, or stands again as it was there before.
    """

    def __init__(
        self,
        dialect: str,
        *,
        webhook: str = "",
        delay_on_s: float = 60.0,
        kept: Path | None = None,
        agents: int = AGENTS,
        rules: bool = True,
        smtp: str = "",
    ) -> None:
        self.smtp = smtp
        self.kept = kept is not None
        self.folder = kept or Path(tempfile.mkdtemp(prefix="ckbench-"))
        self.postgres = self._postgres() if dialect == "postgresql" else None
        built = self.folder / BUILT
        is_new = not built.exists()
        self.url = self._url() if is_new else built.read_text()
        self.database = Database(self.url)
        self.broker = Mosquitto()
        if is_new:
            schema.upgrade(self.database)
            self._fill(webhook, delay_on_s, agents, rules=rules)
            built.write_text(self.url)
        self.worker: Process | None = None

    def _postgres(self) -> PostgresServer:
        if not self.kept:
            return PostgresServer(durable=True)
        folder = self.folder / "pg"
        folder.mkdir(exist_ok=True)
        return PostgresServer(durable=True, kept=folder)

    def _url(self) -> str:
        if self.postgres is None:
            return f"sqlite:///{self.folder / 'cryokeep.sqlite3'}"
        return self.postgres.url(self.postgres.new_database())

    def _fill(self, webhook: str, delay_on_s: float, agents: int, *, rules: bool) -> None:
        now = SystemClock().now()
        with self.database.writing() as session:
            bank = Organisation(code="BANK", name="Bank", created_at=now)
            session.add(bank)
            session.flush()
            if webhook:
                session.add(CallStep(org_id=bank.id, position=1, webhook=webhook, wait_s=3600))
            if self.smtp:
                lee = Person(
                    email="lee@example.org", name="Lee", org_id=bank.id, password_hash=None,
                    created_at=now,
                )  # fmt: skip
                session.add(lee)
                session.flush()
                session.add(CallStep(org_id=bank.id, position=1, person_id=lee.id, wait_s=3600))
            for i in range(agents):
                agent = Agent(org_id=bank.id, site="main", code=f"a{i}", enrolled_at=now)
                session.add(agent)
                session.flush()
                for key, high in CHANNELS.items():
                    channel = Channel(agent_id=agent.id, stream="tank", key=key, confirmed=True)
                    session.add(channel)
                    session.flush()
                    for kind, value in (("high", high), ("low", -250.0)) if rules else ():
                        session.add(
                            AlarmRule(
                                org_id=bank.id, channel_id=channel.id, kind=kind, severity="critical",
                                value=value, hysteresis=5.0, delay_on_s=delay_on_s, created_at=now,
                            )
                        )  # fmt: skip

    def start_worker(self) -> None:
        """Start the worker and wait until it is subscribed."""
        environment = {
            "CRYOKEEP_HOME": str(self.folder),
            "CRYOKEEP_DATABASE": self.url,
            "CRYOKEEP_BROKER": self.broker.url,
            "CRYOKEEP_SMTP": self.smtp,
        }
        before = self.connections() if self.worker else 0
        self.worker = Process(
            [sys.executable, "-m", "server", "worker"],
            log=self.folder / "worker.log",
            env=environment,
        )
        self.wait_until_connected(before)

    def connections(self) -> int:
        """How often one of the worker's two links has come up."""
        assert self.worker
        return self.worker.log.count("connected to the broker")

    def wait_until_connected(self, before: int) -> None:
        """Wait until both links have come up again since there were so many connections."""
        eventually(lambda: self.connections() >= before + 2, timeout=60)

    def settled(self) -> int:
        """How many rows are settled: committed, and promised to the agents."""
        with self.database.reading() as session:
            found = session.scalars(select(Settled)).all()
        return sum(
            last - first + 1
            for s in found
            for first, last in Stream.load((s.agent_id, s.boot, s.stream), s.ranges).settled
        )

    def wait_until_settled(self, rows: int, timeout: float = 120) -> float:
        """Return the moment (time.perf_counter) at which so many rows were found settled."""
        ends = time.perf_counter() + timeout
        while self.settled() < rows:
            if time.perf_counter() > ends:
                raise AssertionError(
                    f"{self.settled()} of {rows} rows were settled in time\n{self.worker.log[-2000:] if self.worker else ''}"
                )
            time.sleep(0.01)
        return time.perf_counter()

    def now_ms(self) -> int:
        """The present moment on the wire's scale."""
        return to_ms(SystemClock().now())

    def close(self) -> None:
        """Take everything down."""
        if self.worker:
            self.worker.stop()
        self.broker.stop()
        self.database.close()
        if self.postgres:
            self.postgres.stop()
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def house(dialect: str, **more: object) -> Iterator[House]:
    """Give a house with a running worker."""
    built = House(dialect, **more)  # type: ignore[arg-type]  # handed through
    try:
        built.start_worker()
        yield built
    finally:
        built.close()


@contextmanager
def publisher(port: int, file: Path, rate: float = 0) -> Iterator[subprocess.Popen[str]]:
    """Give a publisher process that holds the packets of the file ready; a line on its input starts it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.publisher", str(port), str(file), str(rate)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


def go(process: subprocess.Popen[str]) -> float:
    """Let a publisher begin; returns the moment."""
    assert process.stdin
    began = time.perf_counter()
    process.stdin.write("go\n")
    process.stdin.flush()
    return began
