"""The way to a thing, now and then, and what is inside a freezer."""

from datetime import datetime, timedelta

import pytest

from server.core.db import Database
from server.core.errors import Conflict, NotFound
from server.storage import queries
from server.storage import service as storage
from server.storage.positions import BoxShape
from tests.support.shelves import START, Shelves

DAY = timedelta(days=1)


def test_a_box_that_moves_takes_its_vials_along_and_the_past_stays(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        room = storage.add_room(
            session, shelves.actor, shelves.site(org, "Pudong"), "B1.04", at=START
        )
        first, second = (shelves.freezer(org, code, room) for code in ("LN2-01", "LN2-03"))
        here, there = shelves.rack(org, "R01", first), shelves.rack(org, "R07", second)
        box = shelves.box(org, "MCB-118", here)
        vial = shelves.vial(shelves.lot(org), "SH-1", box, 25)
        storage.place_container(session, shelves.actor, box, there, 4, at=START + 2 * DAY)

        now = queries.vial_path(session, vial)
        then = queries.vial_path(session, vial, START + DAY)
        assert now.text == "Pudong › B1.04 › LN2-03 › R07 · 4 › MCB-118 › C7"
        assert then.text == "Pudong › B1.04 › LN2-01 › R01 · 1 › MCB-118 › C7"
        assert [step.kind for step in now.steps] == [
            "site",
            "room",
            "freezer",
            "rack",
            "box",
            "position",
        ]
        assert (now.freezer_id, now.time_zone) == (second.id, "Asia/Shanghai")
        assert queries.freezer_of(session, vial, START + DAY) == first
        assert queries.path_of(session, box).text == "Pudong › B1.04 › LN2-03 › R07 · 4 › MCB-118"
        assert queries.vial_path(session, vial, START - DAY).place == ""


def test_many_ways_are_found_in_one_query(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org, "D-1", shelves.rack(org, "R1", shelves.freezer(org)))
        lot = shelves.lot(org)
        vials = [shelves.vial(lot, f"SH-{n}", box, n) for n in (1, 2, 3)]
        loose = shelves.vial(lot)

        ways = queries.paths_of(session, vials=[vial.id for vial in [*vials, loose]])
        assert [ways[vial.id].steps[-1].name for vial in vials] == ["A1", "A2", "A3"]
        assert ways[loose.id].steps == ()


def test_a_freezer_counts_what_is_in_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        freezer, other = shelves.freezer(org), shelves.freezer(org)
        box = shelves.box(org, into=shelves.rack(org, into=freezer))
        far = shelves.box(org, into=shelves.rack(org, into=other))
        rare, common = shelves.lot(org), shelves.lot(org, line=shelves.line(org, "A549"))
        shelves.vial(rare, box=box, ordinal=1)
        kept = shelves.vial(common, box=box, ordinal=2)
        shelves.vial(common, box=far, ordinal=1)
        storage.reserve(
            session, shelves.actor, kept, for_kind="request", for_id=1, for_code="R-1", at=START
        )

        inside = queries.inside(session, freezer)
        assert (inside.vials, inside.boxes, inside.free) == (2, 1, 79)
        assert (inside.last_copies, inside.reserved) == (1, 1)
        assert queries.vials_inside(session, [freezer.id, other.id]) == {freezer.id: 2, other.id: 1}
        assert queries.vials_inside(session, []) == {}


def test_a_retired_box_takes_nothing_and_a_full_one_does_not_retire(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org), shelves.lot(org)
        vial = shelves.vial(lot, "SH-1", box, 1)
        with pytest.raises(Conflict, match="still holds SH-1"):
            storage.retire_container(session, shelves.actor, box, at=START)
        storage.take_out(session, shelves.actor, vial, at=START)
        storage.retire_container(session, shelves.actor, box, at=START)

        with pytest.raises(Conflict, match="retired"):
            storage.put_back(session, shelves.actor, vial, at=START)


def test_a_rack_position_holds_one_box(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        rack = shelves.rack(org, levels=1)
        shelves.box(org, "D-1", rack)

        with pytest.raises(Conflict, match="full"):
            shelves.box(org, "D-2", rack)
        with pytest.raises(Conflict, match="already holds D-1"):
            storage.place_container(
                session, shelves.actor, shelves.box(org, "D-3"), rack, 1, at=START
            )


def test_a_box_map_says_what_is_in_every_position(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org, shape=BoxShape(2, 2))
        vial = shelves.vial(shelves.lot(org, passage=12), "SH-1", box, 3)
        storage.reserve(
            session, shelves.actor, vial, for_kind="request", for_id=1, for_code="R-1", at=START
        )

        places = queries.box_contents(session, box)
        assert [place.label for place in places] == ["A1", "A2", "B1", "B2"]
        assert [place.free for place in places] == [True, True, False, True]
        assert (places[2].vial_code, places[2].line_name) == ("SH-1", "HEK293T")
        assert (places[2].passage, places[2].reserved_for) == (12, "R-1")


def test_what_is_not_there_is_said_in_a_sentence(database: Database) -> None:
    with database.reading() as session:
        actor = Shelves(session).actor
        with pytest.raises(NotFound, match="No vial has the code SH-9"):
            queries.vial(session, actor, "storage.read", "SH-9")
        with pytest.raises(NotFound, match="No box has the code D-9"):
            queries.container(session, actor, "storage.read", "D-9", "box")


def test_a_vials_times_stay_in_the_zone_of_the_site_where_it_last_was(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        shelves.site(org, zone="Europe/Berlin")
        rack = shelves.rack(org, "R01", shelves.freezer(org))  # at a site in Asia/Shanghai
        lot = shelves.lot(org)
        box = shelves.box(org, "D-1", rack)
        taken, missed = (shelves.vial(lot, f"Z-{n}", box, n) for n in (1, 2))
        never = shelves.vial(lot, "Z-3")
        storage.take_out(session, shelves.actor, taken, at=START + DAY)
        storage.miss_vial(session, shelves.actor, missed, at=START + DAY)

        zones = [
            queries.zone_of(session, vial, queries.vial_path(session, vial))
            for vial in (taken, missed, never)
        ]
        assert zones == ["Asia/Shanghai", "Asia/Shanghai", "Europe/Berlin"]


def test_the_way_at_a_past_moment_leads_through_the_room_of_that_moment(database: Database) -> None:
    """A freezer that goes to another site takes its vials along from then on, not before."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        old = shelves.room(org)
        far = storage.add_site(
            session, shelves.actor, org.id, "FAR", "FAR", "America/Lima", at=START
        )
        room = storage.add_room(session, shelves.actor, far, "F1", at=START)
        freezer = shelves.freezer(org, "LN2", old)
        box = shelves.box(org, "BX", shelves.rack(org, "R1", freezer))
        vial = shelves.vial(shelves.lot(org), "SH-1", box, 1)
        moved = START + timedelta(days=30)
        recorded = START + timedelta(days=33)
        storage.move_freezer(session, shelves.actor, freezer, room, at=recorded, happened_at=moved)

        def where(days: float, known: datetime | None = None) -> tuple[str, str, str]:
            path = queries.vial_path(session, vial, START + timedelta(days=days), known)
            return path.step("site").code, path.step("room").code, path.time_zone

        then = (old.site.code, old.code, "Asia/Shanghai")
        now = ("FAR", "F1", "America/Lima")
        assert [where(days) for days in (1, 29.9, 30, 40)] == [then, then, now, now]
        assert where(31, START + timedelta(days=32)) == then, "nobody knew it yet"
        assert where(31, recorded) == now
        here = queries.vial_path(session, vial)
        assert (here.step("room").code, here.time_zone) == ("F1", "America/Lima")
        assert queries.path_of(session, freezer, START).step("room").code == old.code
        assert queries.life_of(session, vial)[0].path.step("room").code == old.code
