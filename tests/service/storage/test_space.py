"""Kept slots, kept space, and what would be lost together, on both databases."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from server.core.clock import FixedClock
from server.core.db import Database
from server.core.errors import AllRefused, Conflict, Invalid
from server.parties.models import Organisation, Project
from server.storage import queries
from server.storage import service as storage
from server.storage.queries.spread import banks, failure_domains
from server.storage.rules.spread import must_split, why_at_risk
from server.storage.service import bulk, space
from server.storage.service.bulk import Move
from tests.support.shelves import START, Shelves

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def make_project(session: "Session", org: Organisation, code: str = "HIPSCI") -> Project:
    row = Project(org_id=org.id, code=code, name=code, created_at=START)
    session.add(row)
    session.flush()
    return row


def test_a_kept_slot_is_taken_until_its_vial_is_back(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, "D-044"), shelves.lot(org)
        vial, other = shelves.vial(lot, "SH-1", box, 1), shelves.vial(lot, "SH-2", box, 2)
        shelves.vial(lot, "SH-3", box, 3)
        storage.take_out(session, shelves.actor, vial, use="qc", keep_slot=True, at=START + HOUR)

        path = queries.vial_path(session, vial)
        assert (path.place, path.text, path.kept_box, path.kept_position) == (
            "bench", "", "D-044", "A1",
        )  # fmt: skip
        assert queries.vials_inside(session, [box.id]) == {box.id: 2}
        assert queries.inside(session, box).free == 78
        assert queries.box_contents(session, box)[0].kept_for == "SH-1"
        assert storage.first_free(session, box) == 4
        with pytest.raises(Conflict, match="A1 of D-044"):
            storage.move_vial(session, shelves.actor, other, box, 1, at=START + HOUR)
        with pytest.raises(AllRefused, match="A1 of D-044 is kept for SH-1, which is away"):
            bulk.move_vials(session, shelves.actor, [Move(other.id, box.id, 1)], at=START + HOUR)
        storage.put_back(session, shelves.actor, vial, box, 1, at=START + 2 * HOUR)
        assert queries.vial_path(session, vial).text == "D-044 › A1"


def test_a_slot_is_given_up_or_lost_with_the_vial(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org, lab = shelves.org(), shelves.org()
        box, lot = shelves.box(org, "D-044"), shelves.lot(org)
        vials = [shelves.vial(lot, f"SH-{n}", box, n) for n in range(1, 6)]
        for vial in vials[:2]:
            storage.take_out(
                session, shelves.actor, vial, use="qc", keep_slot=True, at=START + HOUR
            )
        space.release_slot(session, shelves.actor, vials[0], at=START + 2 * HOUR)
        storage.ship_vial(session, shelves.actor, vials[1], lab.id, at=START + 2 * HOUR)

        assert queries.occupants(session, box) == {3: "SH-3", 4: "SH-4", 5: "SH-5"}
        assert queries.vial_path(session, vials[0]).place == "bench"
        with pytest.raises(Conflict, match="No slot is kept for SH-1"):
            space.release_slot(session, shelves.actor, vials[0], at=START + 3 * HOUR)


def test_space_is_kept_for_a_project_and_its_things_alone(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        rack = shelves.rack(org, "R07")
        box, other = shelves.box(org, "D-044", rack), shelves.box(org, "D-045")
        lot, project = shelves.lot(org), make_project(session, org)
        mine, theirs = shelves.vial(lot, "SH-1"), shelves.vial(lot, "SH-2", other, 1)
        mine.project_id = project.id
        space.reserve_space(
            session, shelves.actor, box, project, first=1, last=9, until=START + DAY, at=START
        )

        with pytest.raises(
            Conflict, match="A1 of D-044 is kept for project HIPSCI until 2026-04-18"
        ):
            storage.move_vial(session, shelves.actor, theirs, box, 1, at=START)
        with pytest.raises(AllRefused, match="kept for project HIPSCI"):
            bulk.move_vials(session, shelves.actor, [Move(theirs.id, box.id, 2)], at=START)
        assert storage.first_free(session, box) == 10
        assert storage.first_free(session, box, mine) == 1
        storage.place_vial(session, shelves.actor, mine, box, 1, at=START)
        storage.move_vial(session, shelves.actor, theirs, box, 10, at=START)


def test_what_is_kept_in_a_rack_binds_the_boxes_in_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        rack = shelves.rack(org, "R07")
        box, loose = shelves.box(org, "D-044", rack), shelves.box(org, "D-045")
        project = make_project(session, org)
        vial = shelves.vial(shelves.lot(org), "SH-1", loose, 1)
        space.reserve_space(
            session, shelves.actor, rack, project, first=1, last=5, until=START + DAY, at=START
        )

        with pytest.raises(Conflict, match="is kept for project HIPSCI"):
            storage.move_vial(session, shelves.actor, vial, box, 1, at=START)
        with pytest.raises(Conflict, match="2 of R07 is kept for project HIPSCI"):
            storage.place_container(session, shelves.actor, loose, rack, 2, at=START)
        storage.place_container(session, shelves.actor, loose, rack, 6, at=START)


def test_kept_space_ends_on_its_day(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, project = shelves.box(org, "D-044"), make_project(session, org)
        other = make_project(session, org, "OTHER")
        vial = shelves.vial(shelves.lot(org))
        space.reserve_space(session, shelves.actor, box, project, until=START + DAY, at=START)
        with pytest.raises(Conflict, match="kept for project HIPSCI until 2026-04-18 already"):
            space.reserve_space(session, shelves.actor, box, other, until=START + DAY, at=START)
        with pytest.raises(Conflict, match="What is free in D-044 is kept"):
            storage.first_free(session, box, vial)
        with pytest.raises(Invalid, match="has passed"):
            space.reserve_space(session, shelves.actor, box, project, until=START, at=START)
    assert space.expire(database, FixedClock(START + HOUR)) == 0
    assert space.expire(database, FixedClock(START + 2 * DAY)) == 1
    assert space.expire(database, FixedClock(START + 2 * DAY)) == 0
    with database.reading() as session:
        assert queries.kept_spaces(session, [box.id], START) == {box.id: []}


def test_a_bank_in_one_freezer_is_told_until_it_is_split(database: Database) -> None:
    """BR-14."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        room = shelves.room(org)
        here = shelves.box(org, "D-1", shelves.rack(org, into=shelves.freezer(org, "LN2-1", room)))
        near = shelves.box(org, "D-2", shelves.rack(org, into=shelves.freezer(org, "LN2-2", room)))
        far = shelves.box(org, "D-3", shelves.rack(org, into=shelves.freezer(org, "LN2-3")))
        lot = shelves.lot(org, "master", code="L-7")
        vials = [shelves.vial(lot, f"SH-{n}", here, n) for n in (1, 2, 3)]
        told = []
        for step, box in enumerate((None, near, far), 1):
            if box is not None:
                storage.move_vial(
                    session, shelves.actor, vials[step - 1], box, 1, at=START + step * HOUR
                )
            found = failure_domains(session, [lot.id])[lot.id]
            refusal = why_at_risk(found)
            told.append((refusal and refusal.code, must_split(found)))
        assert told == [("one_freezer", True), ("one_room", True), (None, False)]
        assert lot.id in banks(session, shelves.actor)
        assert failure_domains(session, [shelves.lot(org).id]) == {}
