"""Many move boxes and vials at the same moment, over real HTTP: one wins each place, and swaps never double."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from server.core.db import Database
from server.storage.models import Custody
from server.storage.positions import BoxShape
from tests.support.shelves import Shelves
from tests.support.signed_in import Served, make_app, sign_in

CLIENTS, ROUNDS = 8, 25


@dataclass
class Client:
    """One program on a connection of its own for each request."""

    port: int
    headers: dict[str, str]

    def post(self, path: str, body: object, together: Barrier) -> tuple[int, dict[str, Any]]:
        """Send the request at the same moment as all others."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        together.wait()
        connection.request("POST", f"/api/v1{path}", json.dumps(body), self.headers)
        answer = connection.getresponse()
        status, content = answer.status, json.loads(answer.read())
        connection.close()
        return status, content


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Served:
    running = Served(make_app(database, tmp_path))
    yield running
    running.stop()


@dataclass
class Bank:
    """A rack of twenty levels with a box for each client, four vials in each."""

    client: Client
    boxes: list[str]
    vials: list[list[str]]


@pytest.fixture
def bank(database: Database, served: Served) -> Bank:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        rack = shelves.rack(org, "RACK", levels=40)
        boxes = [shelves.box(org, f"BX-{n}", rack, BoxShape(4, 4)) for n in range(CLIENTS)]
        lot = shelves.lot(org)
        vials = [
            [shelves.vial(lot, f"SH-{n}-{at}", box, at).code for at in range(1, 5)]
            for n, box in enumerate(boxes)
        ]
        shelves.box(org, "GOAL", rack, BoxShape(20, 20))
        person = sign_in(session, org.id)
        codes = [box.code for box in boxes]
    headers = {**person.bearer, "Content-Type": "application/json"}
    return Bank(Client(served.port, headers), codes, vials)


def together(bank: Bank, asked: list[tuple[str, object]]) -> list[tuple[int, dict[str, Any]]]:
    barrier = Barrier(len(asked))
    with ThreadPoolExecutor(len(asked)) as pool:
        sent = [pool.submit(bank.client.post, path, body, barrier) for path, body in asked]
        return [one.result() for one in sent]


def sound(database: Database) -> None:
    """Nobody shares a place, nobody has two, and every stay begins when the one before it ended."""
    live = Custody.ended_at.is_(None) & Custody.superseded_at.is_(None)
    with database.reading() as session:
        for columns in (
            (Custody.container_id, Custody.ordinal),
            (Custody.vial_id,),
            (Custody.child_id,),
        ):
            counted = select(func.count().label("n")).where(live, columns[0].is_not(None))
            most = select(func.max(counted.group_by(*columns).subquery().c.n))
            assert session.scalar(most) == 1
        stays: dict[tuple[int | None, int | None], list[Custody]] = {}
        order = (Custody.began_at, Custody.ended_at.is_(None), Custody.ended_at, Custody.id)
        for row in session.scalars(select(Custody).order_by(*order)):
            before = stays.setdefault((row.vial_id, row.child_id), [])
            assert not before or before[-1].ended_at == row.began_at
            before.append(row)


def test_one_of_many_bulk_moves_wins_the_places_and_the_others_are_told_all(
    database: Database, bank: Bank
) -> None:
    shape = BoxShape(20, 20)
    for number in range(ROUNDS):
        places = [shape.label(number * 4 + at) for at in range(1, 5)]
        asked = [
            ("/moves", {"moves": [{"vial": vial, "box": "GOAL", "position": place} for vial, place in zip(vials, places, strict=True)]})
            for vials in bank.vials
        ]  # fmt: skip
        answers = together(bank, asked)
        won = [content for status, content in answers if status == 201]
        lost = [content for status, content in answers if status == 409]
        assert (len(won), len(lost)) == (1, CLIENTS - 1), answers
        assert all(len(one["errors"]) == 4 for one in lost)
        assert {error["code"] for one in lost for error in one["errors"]} == {"position_taken"}
    sound(database)


def test_boxes_that_swap_and_move_at_once_never_share_a_place(
    database: Database, bank: Bank
) -> None:
    for number in range(ROUNDS):
        one, other, third = (bank.boxes[(number + n) % CLIENTS] for n in range(3))
        asked = [
            ("/moves/swap", {"boxes": [one, other]}),
            ("/moves/swap", {"boxes": [other, one]}),
            ("/moves/swap", {"boxes": [other, third]}),
            ("/moves/swap", {"boxes": [third, one]}),
        ]
        statuses = [status for status, _ in together(bank, asked)]
        assert set(statuses) <= {201, 409}
        assert 201 in statuses
    sound(database)


def test_vials_that_swap_reorder_and_go_at_once_never_share_a_place(
    database: Database, bank: Bank
) -> None:
    first, second = bank.vials[0], bank.vials[1]
    box = bank.boxes[0]
    for number in range(ROUNDS):
        a, b, c, d = (first[(number + n) % 4] for n in range(4))
        asked = [
            ("/moves/swap", {"vials": [a, b]}),
            ("/moves/swap", {"vials": [b, c]}),
            (f"/boxes/{box}/order", {"positions": {a: "A1", b: "A2", c: "A3", d: "A4"}}),
            (f"/boxes/{box}/order", {"positions": {a: "A4", b: "A3", c: "A2", d: "A1"}}),
            (f"/vials/{second[0]}/move", {"box": box}),
            (f"/vials/{second[1]}/move", {"box": "GOAL"}),
        ]
        statuses = [status for status, _ in together(bank, asked)]
        assert set(statuses) <= {200, 201, 409}, statuses
        assert {200, 201} & set(statuses)
    sound(database)


def test_a_move_is_taken_back_by_one_of_many(database: Database, bank: Bank) -> None:
    moves = [{"vial": vial, "box": "GOAL"} for vial in bank.vials[0]]
    status, made = bank.client.post("/moves", {"moves": moves}, Barrier(1))
    assert status == 201
    answers = together(bank, [(f"/moves/{made['id']}/undo", {})] * CLIENTS)
    assert sorted(status for status, _ in answers) == [201] + [409] * (CLIENTS - 1)
    sound(database)
