"""What the worker does by the clock: a table of jobs, run by one worker at a time."""

import fcntl
import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Connection, delete, text
from sqlalchemy.exc import SQLAlchemyError

from server.alarms import drilling
from server.alarms import jobs as alarms
from server.audit import sealer
from server.core.clock import Clock
from server.core.db import Database
from server.distribution import jobs as distribution
from server.exchange import telling
from server.search import making
from server.storage import jobs as storage
from server.storage.service import space
from server.telemetry import jobs as telemetry
from server.telemetry import rejected, reports
from server.telemetry.models import WorkerBeat

_LOG = logging.getLogger(__name__)
_LOCK = text("SELECT pg_try_advisory_lock(hashtext('cryokeep worker jobs'))")
BEAT_S = 2.0
OFTEN_S = 5.0
"""Jobs that come so often run two at a time, so that an alarm on its way has few rivals, and behind no long job."""
_FORGET_BEATS = timedelta(hours=1)

Job = Callable[[Database, Clock], object]
Row = tuple[str, float, Job]
"""(name, seconds between two runs, what is run)."""


def table(home: Path) -> list[Row]:
    """Return the jobs; each looks first, and writes in a short transaction only where something is due."""
    return [
        *alarms.JOBS,
        *distribution.JOBS,
        ("webhooks", 1.0, telling.tell),
        ("ended webhooks", 5.0, telling.give_up_ended),
        *space.JOBS,
        *storage.JOBS,
        (
            "audit sealer",
            1.0,
            lambda database, clock: sealer.seal(database, home, clock.now()),
        ),
        (
            "audit sealer, from the beginning",
            3600.0,
            lambda database, clock: sealer.seal(database, home, clock.now(), thorough=True),
        ),
        ("drills", drilling.EVERY_S, lambda database, clock: drilling.tend(database, clock, home)),
        ("presence", 10.0, _presence),
        *telemetry.JOBS,
        ("words by which things are found", 10.0, _make_words),
        ("old rejected messages", 3600.0, _forget_rejected),
    ]


def _presence(database: Database, clock: Clock) -> int:
    with database.reading() as session:
        if not reports.is_any_silent(session, now=clock.now()):
            return 0
    with database.writing() as session:
        return reports.presence(session, now=clock.now())


def _make_words(database: Database, _clock: Clock) -> int:
    """Make what is missing of the index of words: all of it in a bank of an earlier version."""
    return making.make(database, slices=100)


def _forget_rejected(database: Database, clock: Clock) -> int:
    with database.writing() as session:
        return rejected.forget_old(session, now=clock.now())


class Turn:
    """Says whether this worker is the one that runs the jobs: the first to hold a lock of the database.

    PostgreSQL: an advisory lock on a connection of its own. SQLite: a lock on a file beside the
    database. Both end with the process. The jobs' threads may all ask at once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._file: IO[str] | None = None
        self._one_at_a_time = threading.Lock()

    def mine(self) -> bool:
        """Say whether it is this worker's turn, taking it when nobody has it."""
        with self._one_at_a_time:
            if self._database.dialect == "sqlite":
                return self._mine_sqlite()
            return self._mine_postgresql()

    def _mine_sqlite(self) -> bool:
        if self._file is None:
            file = Path(f"{self._database.url.database}.jobs").open("w", encoding="utf-8")  # noqa: SIM115  held as long as the process lives
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                return False
            self._file = file
        return True

    def _mine_postgresql(self) -> bool:
        try:
            if self._connection is None:
                return self._take()
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            self._let_go()
            return False
        return True

    def _take(self) -> bool:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.scalar(_LOCK):
            self._connection = connection
            return True
        connection.close()
        return False

    def give_up(self) -> None:
        """Let another worker have the turn."""
        with self._one_at_a_time:
            self._let_go()

    def _let_go(self) -> None:
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.invalidate()
                self._connection.close()
        if self._file is not None:
            self._file.close()
        self._connection = self._file = None


class Clockwork:
    """Runs the jobs in threads of its own, and writes this worker's sign of life."""

    def __init__(
        self, database: Database, clock: Clock, rows: Sequence[Row], connected: Callable[[], bool],
        refusal: Callable[[], str],
    ) -> None:  # fmt: skip
        self._database, self._clock, self._connected = database, clock, connected
        self._refusal = refusal
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it tells of every run
        self._turn = Turn(database)
        self._listening_since: datetime | None = None
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"often": ThreadPoolExecutor(2), "seldom": ThreadPoolExecutor(2)},
            daemon=True,
        )
        self._add("beat", BEAT_S, self._beat)
        for name, seconds, job in rows:
            self._add(name, seconds, self._in_turn(job))

    def start(self) -> None:
        """Begin; the first sign of life comes at once."""
        self._beat_now()
        self._scheduler.start()

    def stop(self) -> None:
        """Run nothing more, and take the sign of life away."""
        self._scheduler.shutdown(wait=False)
        self._turn.give_up()
        with suppress(SQLAlchemyError), self._database.writing() as session:
            session.execute(delete(WorkerBeat).where(WorkerBeat.name == self._name))

    def _add(self, name: str, seconds: float, job: Callable[[], object]) -> None:
        self._scheduler.add_job(
            _logged(name, job), "interval", seconds=seconds, id=name, coalesce=True, max_instances=1,
            misfire_grace_time=None, executor="often" if seconds <= OFTEN_S else "seldom",
        )  # fmt: skip

    def _in_turn(self, job: Job) -> Callable[[], object]:
        return lambda: job(self._database, self._clock) if self._turn.mine() else None

    def _beat_now(self) -> None:
        _logged("beat", self._beat)()

    def _beat(self) -> None:
        now = self._clock.now()
        connected = self._connected()
        self._listening_since = (self._listening_since or now) if connected else None
        since = self._listening_since.isoformat() if self._listening_since else ""
        facts = json.dumps(
            {
                "jobs": self._turn.mine(),
                "pid": os.getpid(),
                "broker": self._refusal(),
                "listening_since": since,
            }
        )
        with self._database.writing() as session:
            beat = WorkerBeat(name=self._name, at=now, broker_connected=connected, facts=facts)
            session.merge(beat)
            session.execute(delete(WorkerBeat).where(WorkerBeat.at < now - _FORGET_BEATS))


def _logged(name: str, job: Callable[[], object]) -> Callable[[], None]:
    """Let one job's failure stop neither the others nor its own next run."""

    def run() -> None:
        try:
            job()
        except Exception:  # noqa: BLE001  whatever a job raises is logged, and the next run tries again
            _LOG.exception("job failed", extra={"job": name})

    return run
