"""While PostgreSQL stores a group, the worker reads the messages behind it; whatever they are, the group stands."""

import json

import pytest
from sqlalchemy import func, select

from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.parties.models import Organisation
from server.telemetry import service
from server.telemetry.models import reading
from server.worker.client import Incoming
from server.worker.ingest import Desk, on_messages

ROWS = 180
"""Enough that three messages are read meanwhile."""


def message(seq: int, rows: int = 1) -> Incoming:
    body = {
        "v": 1, "boot": "k3v9x2m4q7ab", "seq": seq, "t0": 1_795_000_000_000, "clk": {"s": True},
        "ch": ["top_c"], "dt": list(range(rows)), "rows": [[-180.0]] * rows,
    }  # fmt: skip
    return Incoming("ck1/main/tank-1/t/tank", json.dumps(body).encode(), seq, 1)


@pytest.fixture
def desk(database: Database) -> Desk:
    now = SystemClock().now()
    with database.writing() as session:
        bank = Organisation(code="BANK", name="Bank", created_at=now)
        session.add(bank)
        session.flush()
        service.enrol(session, Actor.system("tests"), "main", "tank-1", bank.id, at=now)
    return Desk(database, SystemClock())


def test_the_messages_behind_a_group_are_read_while_it_is_stored(desk: Desk) -> None:
    broken = Incoming("ck1/main/tank-1/t/tank", b"{", 3, 1)
    behind = [message(ROWS + 1), broken, message(ROWS + 2), message(ROWS + 3)]
    desk.next = lambda: behind

    on_messages(desk, [message(1, ROWS)])
    read = [m.arrival is not None for m in behind]
    on_messages(desk, behind)

    assert read == [desk.database.dialect == "postgresql"] * 3 + [False]
    assert stored(desk) == ROWS + 3
    assert broken.arrival
    assert broken.arrival.error


def test_what_goes_wrong_in_reading_ahead_is_not_the_group_s_trouble(desk: Desk) -> None:
    poison = message(ROWS + 1)
    poison.payload = None  # type: ignore[assignment]  # nothing expects this
    desk.next = lambda: [poison]

    on_messages(desk, [message(1, ROWS)])

    assert stored(desk) == ROWS
    with pytest.raises(TypeError):
        on_messages(desk, [poison])


def stored(desk: Desk) -> int:
    with desk.database.reading() as session:
        return session.scalar(select(func.count()).select_from(reading)) or 0
