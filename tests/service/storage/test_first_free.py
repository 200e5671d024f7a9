"""The first free position: for each its own, the kept one for its vial, and none for what is there already."""

import threading
from datetime import timedelta

import pytest

from server.core.db import Database
from server.core.errors import AllRefused, Conflict
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Container, Vial
from server.storage.service import bulk
from tests.support.shelves import START, Shelves

HANDS = 8
LATER = START + timedelta(hours=1)


def test_hands_that_fill_one_box_at_once_each_find_a_place(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, other, lot = shelves.box(org), shelves.box(org), shelves.lot(org)
        ids = [shelves.vial(lot, f"V{n}", other, n).id for n in range(1, HANDS + 1)]
        box_id, actor = box.id, shelves.actor
    gate, refused = threading.Barrier(HANDS), []

    def put(vial_id: int) -> None:
        gate.wait()
        try:
            with database.writing() as session:
                vial, into = session.get_one(Vial, vial_id), session.get_one(Container, box_id)
                place = storage.position_in(session, into, "", vial)
                storage.move_vial(session, actor, vial, into, place, at=LATER)
        except Conflict as error:
            refused.append(error.refusal.text())

    threads = [threading.Thread(target=put, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert refused == []
    with database.reading() as session:
        inside = queries.occupants(session, session.get_one(Container, box_id))
        assert sorted(inside) == list(range(1, HANDS + 1))


def test_what_is_in_the_box_already_is_not_put_elsewhere_in_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        rack = shelves.rack(org, "R07")
        box = shelves.box(org, "D-044", rack)
        vial = shelves.vial(shelves.lot(org), "SH-1", box, 25)

        with pytest.raises(Conflict, match="SH-1 is at C7 of D-044 already"):
            storage.position_in(session, box, " ", vial)
        with pytest.raises(Conflict, match="D-044 is at 1 of R07 already"):
            storage.position_in(session, rack, "", box)
        with pytest.raises(Conflict, match="SH-1 is at C7 of D-044 already"):
            storage.move_vial(session, shelves.actor, vial, box, 25, at=LATER)
        assert storage.position_in(session, box, "A1", vial) == 1


def test_a_vial_goes_back_to_the_slot_that_is_kept_for_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, "D-044"), shelves.lot(org)
        vial, other = shelves.vial(lot, "SH-1", box, 25), shelves.vial(lot, "SH-2", box, 1)
        storage.take_out(session, shelves.actor, vial, use="qc", keep_slot=True, at=LATER)

        assert storage.position_in(session, box, "", vial) == 25
        assert storage.position_in(session, shelves.box(org), "", other) == 1
        with pytest.raises(Conflict, match="C7 of D-044 is kept for SH-1, which is away"):
            storage.move_vial(session, shelves.actor, other, box, 25, at=LATER)


def test_free_positions_of_a_box_are_not_for_what_is_in_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, other, lot = shelves.box(org, "D-044"), shelves.box(org), shelves.lot(org)
        inside, outside = shelves.vial(lot, "SH-1", box, 25), shelves.vial(lot, "SH-2", other, 1)

        with pytest.raises(AllRefused, match="SH-1 is at C7 of D-044 already"):
            bulk.arrange(session, [(one, 1, box.shape) for one in (inside, outside)], box, "free")
        (move,) = bulk.arrange(session, [(outside, 1, box.shape)], box, "free")
        assert move.ordinal == 1
