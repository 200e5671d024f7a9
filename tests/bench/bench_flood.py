"""A site loses its power: 5,000 alarms follow. How long it takes to write them all, the notices, and the board's time."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select

from server import schema
from server.alarms import jobs
from server.alarms.models import Episode
from server.core.clock import FixedClock
from server.core.db import Database
from tests.bench.rows import Row, percentile
from tests.service.alarms.bank import later
from tests.service.alarms.site import House, make_site
from tests.support.postgres import PostgresServer
from tests.support.signed_in import make_app, sign_in

AGENTS, CHANNELS = 50, 100
ASKED = 60


def rows() -> Iterator[Row]:
    """Measure both databases, with the power told and without: below one cause, and as a flood."""
    for name in ("SQLite", "PostgreSQL"):
        for told in (True, False):
            with tempfile.TemporaryDirectory(prefix="ckbench-") as folder:
                yield from _measured(name, Path(folder), told=told)


def _measured(name: str, folder: Path, *, told: bool) -> Iterator[Row]:
    server = PostgresServer(durable=True) if name == "PostgreSQL" else None
    url = server.url(server.new_database()) if server else f"sqlite:///{folder / 'b.sqlite3'}"
    database = Database(url)
    try:
        schema.upgrade(database)
        house = make_site(database, agents=AGENTS, channels=CHANNELS)
        yield from _flood(name, folder, house, told=told)
    finally:
        database.close()
        if server:
            server.stop()


def _flood(name: str, folder: Path, house: House, *, told: bool) -> Iterator[Row]:
    kind = "below site power" if told else "with no cause told"
    if told:
        house.raise_("power", 1, agent_id=house.agents[0])
        house.raise_("power", 3, agent_id=house.agents[1])
    began = time.perf_counter()
    jobs.watch_time(house.database, FixedClock(later(31)))
    took = time.perf_counter() - began
    jobs.tend_floods(house.database, FixedClock(later(33)))
    with house.database.reading() as session:
        wanted = select(func.count()).select_from(Episode).where(Episode.kind == "stale")
        kept = session.scalar(wanted) or 0
    what = f"5,000 alarms {kind}, {name}"
    yield Row(f"{what}: lost", AGENTS * CHANNELS - kept, "alarms", 0, "less")
    yield Row(f"{what}: written in", took, "s", None, "less")
    yield Row(f"{what}: notices a responder", max(house.letters().values()), "", 3, "less")
    times = _asked(house, folder)
    yield Row(f"{what}: the board, p95", percentile(times, 0.95) * 1000, "ms", 300, "less")


def _asked(house: House, folder: Path) -> list[float]:
    """How long the page of the board takes, through the whole application."""
    with house.database.writing() as session:
        person = sign_in(session, house.org_id, ("bank_manager",), at=later(40))
    browser = person.browser(make_app(house.database, folder, FixedClock(later(60))))
    times = []
    for _ in range(ASKED):
        began = time.perf_counter()
        answer = browser.get("/alarms")
        times.append(time.perf_counter() - began)
        assert answer.status_code == 200
    return times[5:]  # the first ones compile the templates
