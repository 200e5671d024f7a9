"""A position from its full path, however it is written."""

import pytest

from server.core.db import Database
from server.core.errors import Invalid
from server.storage import queries
from server.storage import service as storage
from server.storage.positions import BoxShape
from tests.support.shelves import START, Shelves


def test_a_full_path_leads_to_one_position_or_is_refused(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        freezer = shelves.freezer(org)
        rack = storage.add_rack(
            session, shelves.actor, org.id, "R1", BoxShape(30, 1, labels="letter-number"),
            into=freezer, ordinal=1, at=START,
        )  # fmt: skip
        place = rack.shape.ordinal("AC1")
        box = storage.add_box(
            session, shelves.actor, org.id, "B1", BoxShape(9, 9, labels="number"), into=rack,
            ordinal=place, at=START,
        )  # fmt: skip

        for written in ("01AC102", "01/AC1/02", "1 › ac1 › 2", "１／ＡＣ１／２"):
            assert queries.position_within(session, freezer, written) == (box, 2)
        assert queries.position_within(session, freezer, "7") == (freezer, 7)
        assert queries.position_within(session, rack, "AC1/81") == (box, 81)
        for wrong in ("02/AC1/2", "01/AD1/2", "01/AC1/82", "01", "01/AC1/", "x" * 50):
            if wrong == "01":
                assert queries.position_within(session, freezer, wrong) == (freezer, 1)
                continue
            with pytest.raises(Invalid, match="no_such_position"):
                queries.position_within(session, freezer, wrong)


def test_a_path_that_may_lead_to_two_boxes_is_refused_with_both(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        freezer = shelves.freezer(org)
        one, two = shelves.rack(org, "R1", freezer), shelves.rack(org, "R2")
        storage.place_container(session, shelves.actor, two, freezer, 11, at=START)
        shelves.box(org, "B1", one)
        second = shelves.box(org, "B2")
        storage.place_container(session, shelves.actor, second, one, 10, at=START)
        shelves.box(org, "B3", two)
        with pytest.raises(Invalid, match="ambiguous_position"):
            queries.position_within(
                session, freezer, "111A1"
            )  # 1/1/1A1? 11/1/A1 or 1/1... both stand
