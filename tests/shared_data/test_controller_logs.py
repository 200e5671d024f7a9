"""A real log of three MVE vapour tanks comes in tank by tank, each row once, and goes back out of history."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from server.core.actor import Actor
from server.core.clock import FixedClock
from server.core.db import Database
from server.storage.models import Container
from server.telemetry import log_service, log_work
from server.telemetry.models import DeviceEvent, LogRow, reading
from tests.service.telemetry.measured import Measured

pytestmark = pytest.mark.group("shared data")
NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
ACTOR = Actor.system("manager 1")
TANKS = {"Tank 1": (10, {"F", "AM", "FD", "FT", "UW"}), "Tank 2": (10, {"FD", "FT", "BY", "AM", "F"}),
         "Tank 3": (12, {"FD", "CL", "AM", "F", "PF"})}  # fmt: skip


@pytest.fixture
def content(shared_data: Path) -> bytes:
    return (shared_data / "mve_tanks" / "mve_status_events_2022.csv").read_bytes()


@pytest.mark.parametrize("tank", TANKS)
def test_a_tanks_rows_come_in_once_and_go_as_a_whole(
    database: Database, content: bytes, tank: str
) -> None:
    measured = Measured(database)
    with database.writing() as session:
        freezer = session.get_one(Container, measured.freezer_id)
        made = log_service.look_at(session, ACTOR, freezer, "events.csv", content, at=NOW)
        assert log_service.sheet_of(made).which_tank
        sheet = log_service.answer(session, ACTOR, made, {}, tank, at=NOW)
        assert (len(sheet.rows), sheet.refused, sheet.questions) == (TANKS[tank][0], [], [])
        log_service.apply(session, ACTOR, made, at=NOW)
        code = made.code
    log_work.work(database, FixedClock(NOW))

    with database.reading() as session:
        facts = session.scalars(select(DeviceEvent.facts)).all()
        stored = session.scalar(select(func.count()).select_from(LogRow))
        values = session.scalars(select(reading.c.value)).all()
    assert stored == TANKS[tank][0]
    assert {fact.split('"')[3] for fact in facts} == TANKS[tank][1]
    assert all(-197 < value < 260 for value in values)

    with database.writing() as session:
        made = log_service.log(session, ACTOR, code)
        log_service.take_back(session, ACTOR, made, "only tried", at=NOW)
    log_work.work(database, FixedClock(NOW))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(reading)) == 0
