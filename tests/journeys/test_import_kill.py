"""A real worker is killed -9 in the middle of an import; the next one brings it to either end, never between."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from server.core.clock import SystemClock
from server.core.db import Database
from server.exchange.models import Import
from server.exchange.service import imports as service
from server.storage.models import Custody, Vial
from server.storage.positions import BoxShape
from tests.support.imports import Importing
from tests.support.processes import Process
from tests.support.shelves import Shelves
from tests.support.waiting import eventually

ROWS = 6000
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def bank(database_url: str) -> Importing:
    database = Database(database_url)
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("BANK")
        shelves.lot(org, code="LOT1")
        for n in range(ROWS // 400 + 1):
            shelves.box(org, f"BOX{n}", shape=BoxShape(20, 20))
        org_id = org.id
    yield Importing(database, org_id, clock=SystemClock())
    database.close()


def counted(bank: Importing) -> tuple[int, int]:
    with bank.database.reading() as session:
        return tuple(session.scalar(select(func.count()).select_from(m)) for m in (Vial, Custody))


@pytest.mark.parametrize("ends", ["applied", "taken_back"])
def test_a_killed_worker_leaves_either_end(
    bank: Importing, tmp_path: Path, process: Callable[..., Process], ends: str
) -> None:
    environment = {
        "CRYOKEEP_HOME": str(tmp_path),
        "CRYOKEEP_DATABASE": bank.database.url.render_as_string(hide_password=False),
        "CRYOKEEP_BROKER": "mqtt://127.0.0.1:1",
    }
    command = [sys.executable, "-m", "server", "worker"]
    worker = process(command, env=environment, name="worker")
    text = "code,lot,box\n" + "".join(f"V{n:05},LOT1,BOX{n // 400}\n" for n in range(ROWS))
    import_id = bank.send("vials", text)
    eventually(lambda: bank.get(import_id).state == "checked", timeout=90)
    with bank.database.writing() as session:
        service.apply(
            session, bank.actor, session.get_one(Import, import_id), "all", at=bank.clock.now()
        )
    eventually(lambda: bank.get(import_id).applied > 0, timeout=60, every=0.002)
    worker.kill()
    after = bank.get(import_id)
    assert counted(bank) == (after.applied, after.applied)  # what is there is what the mark says

    if (
        ends == "taken_back" and after.state == "applying"
    ):  # somebody takes a place that the file wants
        with bank.database.writing() as session:
            shelves = Shelves(session)
            last = session.scalars(select(Vial).limit(1)).one().lot
            from server.storage.models import Container

            box = session.scalars(
                select(Container).where(Container.code == f"BOX{(ROWS - 1) // 400}")
            ).one()
            for ordinal in range(1, 401):
                shelves.vial(last, f"OTHER{ordinal}", box, ordinal)
    worker = process(command, env=environment, name="worker")
    done = eventually(lambda: bank.get(import_id) if bank.get(import_id).state in ("applied", "taken_back", "halted") else None, timeout=120)  # fmt: skip
    others = 400 if ends == "taken_back" and done.state == "taken_back" else 0
    expected = ROWS if done.state == "applied" else others
    assert done.state in ("applied", "taken_back")
    assert counted(bank) == (expected, expected)
    if after.state == "applying":
        assert done.state == ends
