"""32 clients want the same position at once, over real HTTP, round after round."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select

from server.core.db import Database
from server.storage.models import Custody
from server.storage.positions import BoxShape
from tests.support.shelves import Shelves
from tests.support.signed_in import Served, make_app, sign_in

CLIENTS, ROUNDS = 32, 200


@dataclass
class Client:
    """One client with one vial, on a connection of its own."""

    port: int
    headers: dict[str, str]
    code: str
    stored: bool = False

    def want(self, box: str, position: str, together: Barrier) -> tuple[int, dict[str, object]]:
        """Ask for the position at the same moment as all others."""
        verb = "move" if self.stored else "place"
        body = json.dumps({"box": box, "position": position})
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        together.wait()
        connection.request("POST", f"/api/v1/vials/{self.code}/{verb}", body, self.headers)
        answer = connection.getresponse()
        status, content = answer.status, json.loads(answer.read())
        connection.close()
        self.stored = self.stored or status == 200
        return status, content


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Served:
    running = Served(make_app(database, tmp_path))
    yield running
    running.stop()


def test_one_of_32_wins_each_position_and_31_are_told_who(
    database: Database, served: Served
) -> None:
    """BR-02 over HTTP, on both databases."""
    shape = BoxShape(20, 10)
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        shelves.box(org, "RACE", shape=shape)
        lot = shelves.lot(org)
        codes = [shelves.vial(lot, f"SH-{n:02}").code for n in range(CLIENTS)]
        person = sign_in(session, org.id)
    headers = {**person.bearer, "Content-Type": "application/json"}
    clients = [Client(served.port, headers, code) for code in codes]
    together = Barrier(CLIENTS)
    with ThreadPoolExecutor(CLIENTS) as pool:
        for ordinal in range(1, ROUNDS + 1):
            position = shape.label(ordinal)
            asked = [pool.submit(one.want, "RACE", position, together) for one in clients]
            answers = [one.result() for one in asked]
            winners = [content for status, content in answers if status == 200]
            losers = [content for status, content in answers if status == 409]
            assert (len(winners), len(losers)) == (1, CLIENTS - 1), answers
            assert {content["occupant"] for content in losers} == {winners[0]["code"]}
            assert _most_in_one_place(database) == 1


def _most_in_one_place(database: Database) -> int:
    live = Custody.ended_at.is_(None) & Custody.superseded_at.is_(None)
    place = (Custody.container_id, Custody.ordinal)
    per_place = select(func.count().label("n")).where(live, Custody.place == "position")
    counted = per_place.group_by(*place).subquery()
    with database.reading() as session:
        return int(session.scalar(select(func.max(counted.c.n))) or 0)
