"""A promised vial goes nowhere but where it was promised to."""

import pytest

from server.core.db import Database
from server.core.errors import Conflict
from server.storage import queries
from server.storage import service as storage
from tests.support.shelves import START, Shelves

REQUEST = {"for_kind": "request", "for_id": 931, "for_code": "R-0931"}
OTHER = {"for_kind": "request", "for_id": 932, "for_code": "R-0932"}


def test_two_requests_never_get_the_same_vial(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org), "SH-1", shelves.box(org), 1)
        storage.reserve(session, shelves.actor, vial, **REQUEST, at=START)

        with pytest.raises(Conflict, match="SH-1 is reserved for R-0931"):
            storage.reserve(session, shelves.actor, vial, **OTHER, at=START)


@pytest.mark.parametrize(
    ("purpose", "may"), [(("request", 931), True), (("request", 932), False), (None, False)]
)
def test_a_promised_vial_is_taken_out_only_for_its_promise(
    database: Database, purpose: tuple[str, int] | None, *, may: bool
) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org), "SH-1", shelves.box(org), 1)
        storage.reserve(session, shelves.actor, vial, **REQUEST, at=START)

        if may:
            storage.take_out(session, shelves.actor, vial, purpose=purpose, at=START)
            assert vial.state == "checked_out"
        else:
            with pytest.raises(Conflict, match="R-0931"):
                storage.take_out(session, shelves.actor, vial, purpose=purpose, at=START)


def test_a_promised_vial_may_be_moved_and_stays_promised(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org)
        vial = shelves.vial(shelves.lot(org), "SH-1", box, 1)
        storage.reserve(session, shelves.actor, vial, **REQUEST, at=START)
        storage.move_vial(session, shelves.actor, vial, box, 2, at=START)

        promise = queries.reservation_of(session, vial)
        assert promise
        assert promise.for_code == "R-0931"


def test_shipping_keeps_the_promise_and_ends_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org, lab = shelves.org(), shelves.org()
        vial = shelves.vial(shelves.lot(org), "SH-1", shelves.box(org), 1)
        promise = storage.reserve(session, shelves.actor, vial, **REQUEST, at=START)
        storage.take_out(session, shelves.actor, vial, purpose=("request", 931), at=START)
        storage.ship_vial(session, shelves.actor, vial, lab.id, purpose=("request", 931), at=START)

        assert promise.ended_because == "shipped"
        assert queries.reservation_of(session, vial) is None


def test_a_vial_that_is_out_for_its_promise_is_not_put_back(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org), "SH-1", shelves.box(org), 1)
        promise = storage.reserve(session, shelves.actor, vial, **REQUEST, at=START)
        storage.take_out(session, shelves.actor, vial, purpose=("request", 931), at=START)

        with pytest.raises(Conflict, match="taken out for R-0931; cancel that"):
            storage.put_back(session, shelves.actor, vial, at=START)
        storage.end_reservation(session, shelves.actor, promise, "cancelled", at=START)
        storage.put_back(session, shelves.actor, vial, at=START)
        assert vial.state == "in_storage"


def test_a_promise_that_ended_frees_the_vial(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org), "SH-1", shelves.box(org), 1)
        promise = storage.reserve(session, shelves.actor, vial, **REQUEST, at=START)
        storage.end_reservation(session, shelves.actor, promise, "cancelled", at=START)
        storage.end_reservation(session, shelves.actor, promise, "again", at=START)
        storage.reserve(session, shelves.actor, vial, **OTHER, at=START)

        assert promise.ended_because == "cancelled"


def test_only_a_stored_vial_is_promised(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        vial = shelves.vial(shelves.lot(shelves.org()), "SH-1")

        with pytest.raises(Conflict, match="no place yet"):
            storage.reserve(session, shelves.actor, vial, **REQUEST, at=START)
