"""Vials brought in by file, through every rule, with their record: how many a second, and the longest step."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server import schema
from server.core.clock import SystemClock
from server.core.db import Database
from server.exchange.models import Import
from server.exchange.service import imports as service
from server.exchange.steps import Worker
from server.storage.positions import BoxShape
from server.worker.main import tune
from tests.bench.rows import Row
from tests.support.imports import Importing
from tests.support.postgres import PostgresServer
from tests.support.shelves import Shelves

VIALS, IN_A_BOX, LOTS = 50_000, 100, 20
AIMS = {"postgresql": 20_000.0, "sqlite": 25_000.0}


def rows() -> list[Row]:
    """Measure on both databases, every commit on disk."""
    tune()
    return [row for dialect in ("postgresql", "sqlite") for row in _measured(dialect)]


def _measured(dialect: str) -> Iterator[Row]:
    with _bank(dialect) as bank:
        import_id = bank.send("vials", _file())
        checked_s, _ = _worked(bank)
        with bank.database.writing() as session:
            made = session.get_one(Import, import_id)
            service.apply(session, bank.actor, made, "all", at=bank.clock.now())
        applied_s, longest_s = _worked(bank)
        done = bank.get(import_id)
        assert (done.state, done.applied) == ("applied", VIALS), done.because
    yield Row(f"import: read and check, {dialect}", VIALS / checked_s, "vials/s", None, "more")
    yield Row(f"import: apply, {dialect}", VIALS / applied_s, "vials/s", AIMS[dialect], "more")
    yield Row(f"import: longest step, {dialect}", longest_s * 1000, "ms", 100, "less")


def _worked(bank: Importing) -> tuple[float, float]:
    """Let the worker do all that there is; returns the seconds, and those of the longest step."""
    worker, began, longest = Worker(bank.database, bank.clock, "bench"), time.perf_counter(), 0.0
    while True:
        step = time.perf_counter()
        if not worker.step():
            return step - began, longest
        longest = max(longest, time.perf_counter() - step)


def _file() -> str:
    lines = (
        f"SH{n:08},LOT{n // 1000 % LOTS},BOX{n // IN_A_BOX},{chr(65 + n % 100 // 10)}{n % 10 + 1}"
        for n in range(VIALS)
    )
    return "code,lot,box,position\n" + "\n".join(lines)


@contextmanager
def _bank(dialect: str) -> Iterator[Importing]:
    folder = Path(tempfile.mkdtemp(prefix="ckbench-"))
    server = PostgresServer(durable=True) if dialect == "postgresql" else None
    url = server.url(server.new_database()) if server else f"sqlite:///{folder / 'bank.sqlite3'}"
    database = Database(url)
    schema.upgrade(database)
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("BANK")
        line = shelves.line(org)
        for n in range(LOTS):
            shelves.lot(org, line=line, code=f"LOT{n}")
        for n in range(VIALS // IN_A_BOX):
            shelves.box(org, f"BOX{n}", shape=BoxShape(10, 10))
        org_id = org.id
    try:
        yield Importing(database, org_id, clock=SystemClock())
    finally:
        database.close()
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
