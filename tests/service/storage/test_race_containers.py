"""Two change the tree of containers at the same moment: the second waits, and is told what is true by then."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import AllRefused, Conflict
from server.storage import queries
from server.storage import service as storage
from server.storage.models import BulkMove, Container, Vial
from server.storage.service.bulk import move_container, swap_boxes, undo_bulk
from server.storage.service.upkeep import retire_container
from tests.support.shelves import START, Shelves

TESTS = Actor.system("tests")
Does = Callable[[Session], object]


@pytest.fixture
def ids(database: Database) -> dict[str, int]:
    """Make two racks side by side in a freezer, a rack in the second, and a box and a vial outside."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        freezer = shelves.freezer(org)
        one, other = shelves.rack(org, "R1", freezer), shelves.rack(org, "R2", freezer)
        inner = shelves.rack(org, "R3", other)
        made = [one, other, inner, shelves.box(org, "BX"), shelves.box(org, "BY", inner)]
        vial = shelves.vial(shelves.lot(org, "working"), "V1")
        return {thing.code: thing.id for thing in [freezer, *made]} | {
            "V1": vial.id,
            "freezer": freezer.id,
        }


def while_held(database: Database, first: Does, second: Does) -> str:
    """Do the second while the first is done and not yet committed; return the code of its refusal, or ""."""
    found: list[str] = []

    def run() -> None:
        try:
            with database.writing() as session:
                second(session)
            found.append("")
        except Conflict as refused:
            codes = (
                [one.code for one in refused.refusals] if isinstance(refused, AllRefused) else []
            )
            found.append((codes or [refused.refusal.code])[0])

    thread = threading.Thread(target=run)
    with database.writing() as session:
        first(session)
        session.flush()
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), f"the second did not wait: {found}"
    thread.join(60)
    return found[0]


def moved(thing: int, into: int, ordinal: int = 9) -> Does:
    def does(session: Session) -> object:
        one, goal = session.get_one(Container, thing), session.get_one(Container, into)
        return move_container(session, TESTS, one, goal, ordinal, at=START)

    return does


def retired(thing: int) -> Does:
    return lambda session: retire_container(
        session, TESTS, session.get_one(Container, thing), at=START
    )


def limited(thing: int, **wanted: list[str]) -> Does:
    return lambda session: storage.limit(
        session, TESTS, session.get_one(Container, thing), wanted, at=START
    )


def placed(session: Session, ids: dict[str, int], box: str) -> None:
    vial, into = session.get_one(Vial, ids["V1"]), session.get_one(Container, ids[box])
    storage.place_vial(session, TESTS, vial, into, 1, at=START)


def test_what_a_box_goes_into_is_not_retired_meanwhile(
    database: Database, ids: dict[str, int]
) -> None:
    goes, closes = moved(ids["BX"], ids["R1"]), retired(ids["R1"])
    assert while_held(database, goes, closes) == "not_empty"


def test_nothing_goes_into_what_is_retired_meanwhile(
    database: Database, ids: dict[str, int]
) -> None:
    goes, closes = moved(ids["BX"], ids["R1"]), retired(ids["R1"])
    assert while_held(database, closes, goes) == "retired"


def test_two_racks_do_not_come_to_stand_in_one_another(
    database: Database, ids: dict[str, int]
) -> None:
    one, other = moved(ids["R1"], ids["R2"]), moved(ids["R2"], ids["R1"])
    assert while_held(database, one, other) == "cycle"


def test_nor_by_a_rack_further_in(database: Database, ids: dict[str, int]) -> None:
    """R1 goes into R3, which stands in R2, while R2 goes into R1."""
    one, other = moved(ids["R1"], ids["R3"]), moved(ids["R2"], ids["R1"])
    assert while_held(database, one, other) in ("moved_meanwhile", "cycle")


def test_the_other_way_round_as_well(database: Database, ids: dict[str, int]) -> None:
    one, other = moved(ids["R2"], ids["R1"]), moved(ids["R1"], ids["R3"])
    assert while_held(database, one, other) in ("moved_meanwhile", "cycle")
    with database.reading() as session:
        assert [one.code for one in queries.ancestors(session, ids["R3"])][:3] == ["R3", "R2", "R1"]


def test_a_swap_is_taken_back_or_overtaken_never_both(
    database: Database, ids: dict[str, int]
) -> None:
    with database.writing() as session:
        moved(ids["BX"], ids["R1"])(session)
        box, other = session.get_one(Container, ids["BX"]), session.get_one(Container, ids["BY"])
        swap = swap_boxes(session, TESTS, box, other, at=START).id

    def back(session: Session) -> object:
        return undo_bulk(session, TESTS, session.get_one(BulkMove, swap), at=START)

    assert while_held(database, moved(ids["BX"], ids["R2"]), back) == "moved_since"


def test_a_limit_waits_for_what_is_placed_further_in(
    database: Database, ids: dict[str, int]
) -> None:
    def placing(session: Session) -> None:
        placed(session, ids, "BY")

    limiting = limited(ids["R2"], tier=["master"])
    assert while_held(database, placing, limiting) == "contents_not_allowed"


def test_what_is_placed_waits_for_a_limit_further_out(
    database: Database, ids: dict[str, int]
) -> None:
    def placing(session: Session) -> None:
        placed(session, ids, "BY")

    limiting = limited(ids["R2"], tier=["master"])
    assert while_held(database, limiting, placing) == "tier_not_allowed"
