"""Find by code over HTTP, at 100,000 vials."""

import random
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

from sqlalchemy import insert, select

from server.accounts import queries as people
from server.accounts import service as accounts
from server.accounts import tokens
from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.parties.models import Organisation
from server.storage.models import Container, Custody, Room, Site, Vial
from tests.bench.house import House
from tests.bench.rows import Row, percentile
from tests.support.ports import free_port, wait_until_listening
from tests.support.processes import Process

VIALS = 100_000
IN_A_BOX, BOXES_IN_A_RACK, RACKS_IN_A_FREEZER = 100, 20, 10
ASKED = 2_000


def rows() -> Iterator[Row]:
    """Measure both databases."""
    for dialect, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        built = House(dialect)
        web = None
        try:
            token = _fill(built.database)
            port = free_port()
            environment = {
                "CRYOKEEP_HOME": str(built.folder), "CRYOKEEP_DATABASE": built.url,
                "CRYOKEEP_PORT": str(port), "CRYOKEEP_BROKER": built.broker.url,
            }  # fmt: skip
            web = Process(
                [sys.executable, "-m", "server", "web"],
                log=built.folder / "web.log",
                env=environment,
            )
            wait_until_listening(port, 60)
            found = _ask(port, token)
        finally:
            if web:
                web.stop()
            built.close()
        yield Row(
            f"find by code over HTTP, 100,000 vials, {name}, p50",
            percentile(found, 0.5),
            "ms",
            None,
            "less",
        )
        yield Row(
            f"find by code over HTTP, 100,000 vials, {name}, p99",
            percentile(found, 0.99),
            "ms",
            15,
            "less",
        )


def code_of(i: int) -> str:
    """The code of a vial."""
    return f"SH{i // 10_000:04d}-{i // 100 % 100:02d}-{i % 10_000:04d}"


def _ask(port: int, token: str) -> list[float]:
    chance = random.Random(3)
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    found = []
    for i in range(ASKED + 50):
        code = code_of(chance.randrange(VIALS))
        began = time.perf_counter()
        connection.request("GET", f"/api/v1/find?q={code}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if i >= 50:  # the first ones load templates and open connections
            found.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, body
        assert code.encode() in body, body
    return found


def _fill(database: Database) -> str:
    """Fill a bank; returns an API token of its administrator."""
    now = SystemClock().now()
    with database.writing() as session:
        bank = session.scalars(select(Organisation)).one()
        site = Site(org_id=bank.id, code="PD", name="Pudong")
        line = CellLine(org_id=bank.id, code="L1", name="HEK293", created_at=now)
        session.add_all([site, line])
        session.flush()
        room = Room(site_id=site.id, code="R1")
        lot = Lot(org_id=bank.id, code="LOT1", line_id=line.id, tier="distribution", created_at=now)
        session.add_all([room, lot])
        session.flush()
        boxes = _containers(session, bank.id, room.id, now)
        _vials(session, bank.id, lot.id, boxes, now)
        person = accounts.add_person(
            session, Actor.system("bench"), email="bench@example.org", name="Bench",
            password="a long enough pass phrase 7", administrator=True, at=now,
        )  # fmt: skip
        session.flush()
        actor = people.person_actor(session, person, "api")
        _row, token = tokens.make(
            session, actor, "bench", expires_at=now + timedelta(days=1), at=now
        )
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            connection.exec_driver_sql("ANALYZE")
    return token


def _containers(session: Any, org_id: int, room_id: int, now: Any) -> list[int]:
    count = VIALS // IN_A_BOX
    racks = count // BOXES_IN_A_RACK
    plain = {
        "org_id": org_id,
        "name": "",
        "labels": "letter-number",
        "model": "",
        "created_at": now,
        "version": 1,
        "layers": 1,
    }
    made = [
        *({**plain, "kind": "freezer", "code": f"F{i:02d}", "rows": 10, "columns": 10, "room_id": room_id} for i in range(racks // RACKS_IN_A_FREEZER)),
        *({**plain, "kind": "rack", "code": f"R{i:03d}", "rows": BOXES_IN_A_RACK, "columns": 1, "room_id": None} for i in range(racks)),
        *({**plain, "kind": "box", "code": f"B{i:04d}", "rows": 10, "columns": 10, "room_id": None} for i in range(count)),
    ]  # fmt: skip
    session.execute(insert(Container), made)
    ids = {row.code: row.id for row in session.execute(select(Container.code, Container.id))}
    session.execute(insert(Custody), [
        *(_placed(now, child=ids[f"R{i:03d}"], container=ids[f"F{i // RACKS_IN_A_FREEZER:02d}"], ordinal=i % RACKS_IN_A_FREEZER + 1) for i in range(racks)),
        *(_placed(now, child=ids[f"B{i:04d}"], container=ids[f"R{i // BOXES_IN_A_RACK:03d}"], ordinal=i % BOXES_IN_A_RACK + 1) for i in range(count)),
    ])  # fmt: skip
    return [ids[f"B{i:04d}"] for i in range(count)]


def _vials(session: Any, org_id: int, lot_id: int, boxes: list[int], now: Any) -> None:
    plain = {
        "org_id": org_id,
        "lot_id": lot_id,
        "state": "in_storage",
        "created_at": now,
        "version": 1,
    }
    session.execute(insert(Vial), [{**plain, "code": code_of(i)} for i in range(VIALS)])
    ids = {row.code: row.id for row in session.execute(select(Vial.code, Vial.id))}
    session.execute(insert(Custody), [
        _placed(now, vial=ids[code_of(i)], container=boxes[i // IN_A_BOX], ordinal=i % IN_A_BOX + 1) for i in range(VIALS)
    ])  # fmt: skip


def _placed(
    now: Any, *, container: int, ordinal: int, vial: int | None = None, child: int | None = None
) -> dict[str, Any]:
    return {
        "vial_id": vial, "child_id": child, "place": "position", "container_id": container, "ordinal": ordinal,
        "began_at": now, "began_recorded_at": now, "began_by_name": "Bench", "reason": "",
    }  # fmt: skip
