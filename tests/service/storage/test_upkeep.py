"""A container gets other words, another shape, another room, and its end."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.core.db import Database
from server.core.errors import AllRefused, Conflict, Invalid
from server.storage import queries
from server.storage import service as storage
from server.storage.container_types import BUILT_IN
from server.storage.models import FreezerPlace, Site
from server.storage.positions import BoxShape
from server.storage.queries import moves as moves_of
from server.storage.rules.moves import Move
from server.storage.service import bulk
from tests.support.shelves import START, Shelves

LATER = START + timedelta(hours=1)


def test_another_scheme_gives_other_words_and_moves_nothing(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org)
        vial = shelves.vial(shelves.lot(org), "V1", box, 25)

        shape = replace(box.shape, labels="roman-number", label_first="column", fill="up-left")
        storage.reshape(session, shelves.actor, box, shape, at=LATER)

        assert queries.vial_path(session, vial).ordinal == 25
        assert queries.vial_path(session, vial).steps[-1].name == "7III"
        assert queries.live_custody(session, vial).began_at == START
        assert storage.first_free(session, box) == 81


def test_a_box_is_not_cut_below_what_is_in_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org)
        lot = shelves.lot(org)
        for ordinal in (1, 80, 81):
            shelves.vial(lot, f"V{ordinal}", box, ordinal)

        with pytest.raises(AllRefused) as refused:
            storage.reshape(session, shelves.actor, box, BoxShape(8, 9), at=LATER)
        assert [one.facts["occupant"] for one in refused.value.refusals] == ["V80", "V81"]
        for shape in (BoxShape(10, 10), BoxShape(1, 81, managed=False)):
            with pytest.raises(Conflict, match="while_occupied"):
                storage.reshape(session, shelves.actor, box, shape, at=LATER)
        storage.reshape(session, shelves.actor, box, BoxShape(12, 9), at=LATER)
        assert (box.rows, queries.inside(session, box).free) == (12, 105)


def test_an_empty_box_becomes_a_bag_while_nothing_was_ever_in_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, other = shelves.box(org), shelves.box(org)
        bag = BoxShape(1, 25, managed=False)
        storage.reshape(session, shelves.actor, box, bag, at=LATER)
        assert storage.first_free(session, box) == 1

        vial = shelves.vial(shelves.lot(org), "V1", other, 81)
        storage.move_vial(session, shelves.actor, vial, shelves.box(org), 1, at=LATER)
        with pytest.raises(Conflict, match="managed_with_past"):
            storage.reshape(session, shelves.actor, other, bag, at=LATER)


def test_another_grid_does_not_rewrite_the_past(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, other = shelves.box(org), shelves.box(org)
        lot = shelves.lot(org)
        codes = {1: "A1", 9: "A9", 10: "B1", 20: "C2"}
        vials = [shelves.vial(lot, f"V{ordinal}", box, ordinal) for ordinal in codes]
        moves = [Move(vial.id, other.id, place) for place, vial in enumerate(vials, start=1)]
        moved = bulk.move_vials(session, shelves.actor, moves, at=LATER)

        storage.reshape(session, shelves.actor, box, BoxShape(3, 10), at=LATER)

        told = [queries.vial_path(session, vial, START).steps[-1].name for vial in vials]
        assert told == list(codes.values())
        bulk.undo_bulk(session, shelves.actor, moved, at=LATER + timedelta(minutes=1))
        assert [queries.vial_path(session, vial).ordinal for vial in vials] == [1, 9, 11, 22]


def test_a_grid_keeps_every_cell_that_was_ever_used(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, other = shelves.box(org), shelves.box(org)
        vial = shelves.vial(shelves.lot(org), "V1", box, 81)
        moved = bulk.move_vials(session, shelves.actor, [Move(vial.id, other.id, 1)], at=LATER)

        with pytest.raises(Conflict, match="past_cut_off") as refused:
            storage.reshape(session, shelves.actor, box, BoxShape(9, 8), at=LATER)
        assert refused.value.refusal.facts["position"] == "I9"
        storage.reshape(session, shelves.actor, box, BoxShape(1, 9), at=LATER)  # rows at the end
        assert queries.vial_path(session, vial, START).steps[-1].name == "I9"
        assert moves_of.moved_by(session, moved)[0].before == f"{box.code} I9"


def test_a_position_is_blocked_only_while_it_is_empty(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org, shape=BoxShape(2, 2))
        lot = shelves.lot(org)
        shelves.vial(lot, "V1", box, 1)

        with pytest.raises(Conflict, match="blocked_while_occupied"):
            storage.block(session, shelves.actor, box, [1, 2], at=LATER)
        storage.block(session, shelves.actor, box, [2, 3], at=LATER)
        assert (box.unusable, queries.inside(session, box).places) == (2, 2)
        with pytest.raises(Conflict, match="blocked"):
            shelves.vial(lot, "V2", box, 2)
        assert storage.first_free(session, box) == 4
        shelves.vial(lot, "V3", box, 4)
        with pytest.raises(Conflict, match="box_full"):
            storage.first_free(session, box)
        storage.block(session, shelves.actor, box, [], at=LATER)
        assert storage.first_free(session, box) == 2


def test_heights_add_up_from_the_floor_of_the_tank(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        tank = storage.add_freezer(
            session, shelves.actor, shelves.room(org), "T1", type=BUILT_IN["TANK-12"], at=START
        )
        rack = storage.add_rack(
            session, shelves.actor, org.id, "R1", type=BUILT_IN["RACK-10"], into=tank, at=START
        )
        box = shelves.box(org, "B1", rack)
        vial = shelves.vial(shelves.lot(org), "V1", box, 5)

        assert queries.height_mm(session, tank) == 0
        assert queries.height_mm(session, rack) == 120
        assert queries.height_mm(session, rack, 10) == 120
        assert queries.height_mm(session, box) == queries.height_mm(session, vial) == 120 + 9 * 58
        storage.measure(
            session, shelves.actor, tank, heights_mm=[150], size_class="", size_classes={}, at=LATER
        )
        assert queries.height_mm(session, vial) == 150 + 9 * 58
        storage.measure(
            session, shelves.actor, tank, heights_mm=[], size_class="", size_classes={}, at=LATER
        )
        assert queries.height_mm(session, vial) is None
        loose = shelves.rack(org)
        assert queries.height_mm(session, loose) is None
        storage.take_out(session, shelves.actor, vial, at=LATER)
        assert queries.height_mm(session, vial) is None


def test_what_has_no_size_of_the_position_does_not_go_there(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        rack = shelves.rack(org, levels=3)
        storage.measure(
            session,
            shelves.actor,
            rack,
            heights_mm=[],
            size_class="",
            size_classes={"1": "tall"},
            at=START,
        )
        with pytest.raises(Conflict, match="wrong_size"):
            shelves.box(org, "B0", rack)  # the first free one is for tall boxes
        tall = shelves.box(org, "TALL")
        storage.measure(
            session,
            shelves.actor,
            tall,
            heights_mm=[],
            size_class="tall",
            size_classes={},
            at=START,
        )
        storage.place_container(session, shelves.actor, tall, rack, 1, at=START)
        with pytest.raises(Invalid, match="no_such_position"):
            storage.measure(
                session,
                shelves.actor,
                rack,
                heights_mm=[],
                size_class="",
                size_classes={"9": "tall"},
                at=START,
            )


def test_a_retired_box_leaves_its_place_and_takes_nothing(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        rack = shelves.rack(org)
        box = shelves.box(org, "B1", rack)
        vial = shelves.vial(shelves.lot(org), "V1", box, 1)
        with pytest.raises(Conflict, match="not_empty"):
            storage.retire_container(session, shelves.actor, box, at=LATER)
        with pytest.raises(Conflict, match="not_empty"):
            storage.retire_container(session, shelves.actor, rack, at=LATER)
        storage.take_out(session, shelves.actor, vial, at=LATER)

        storage.retire_container(session, shelves.actor, box, reason="cracked", at=LATER)

        assert queries.occupants(session, rack) == {}
        assert queries.path_of(session, box).place == ""
        with pytest.raises(Conflict, match="retired"):
            storage.reshape(session, shelves.actor, box, BoxShape(2, 2), at=LATER)
        storage.retire_container(session, shelves.actor, rack, at=LATER)
        with pytest.raises(Conflict, match="retired"):
            shelves.box(org, "B2", rack)
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "box.retired")).one()
        assert json.loads(told.facts)["reason"] == "cracked"


def test_a_rack_cannot_stand_in_itself_nor_too_deep(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        shelf = shelves.rack(org, "SHELF", shelves.freezer(org))
        rack = shelves.rack(org, "RACK", shelf)
        drawer = shelves.rack(org, "DRAWER", rack)

        for into in (rack, drawer):
            with pytest.raises(Conflict, match="cycle"):
                storage.place_container(session, shelves.actor, rack, into, 1, at=LATER)
        for depth in range(2):
            drawer = shelves.rack(org, f"D{depth}", drawer)
        with pytest.raises(Conflict, match="too_deep"):
            shelves.box(org, "B1", drawer)
        assert queries.path_of(session, drawer).text.endswith("D0 · 1 › D1")


def test_a_freezer_moves_to_another_room(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        site = shelves.site(org)
        room = storage.add_room(session, shelves.actor, site, "B2", at=START)
        circuit = storage.add_circuit(session, shelves.actor, site, "UPS", at=START)
        freezer = shelves.freezer(org)

        with pytest.raises(Invalid, match="other_site"):
            storage.move_freezer(
                session, shelves.actor, freezer, shelves.room(org), power_circuit=circuit, at=LATER
            )
        storage.move_freezer(session, shelves.actor, freezer, room, power_circuit=circuit, at=LATER)
        assert (freezer.room_id, freezer.power_circuit_id) == (room.id, circuit.id)
        far = shelves.room(shelves.org())
        with pytest.raises(Conflict, match="other_organisation"):
            storage.move_freezer(session, shelves.actor, freezer, far, at=LATER)


def test_what_is_said_of_a_box_changes_and_is_recorded(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        box = shelves.box(shelves.org())
        for _ in range(2):  # the second changes nothing and records nothing
            storage.describe(
                session, shelves.actor, box, name="Left", barcode="X1", model="", at=LATER
            )
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "box.changed")).one()
        assert json.loads(told.facts)["changed"]["name"] == ["", "Left"]


def test_where_a_freezer_stood_before_is_kept(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        old, new = shelves.room(org), shelves.room(org)
        freezer = shelves.freezer(org, "LN2", old)
        circuit = storage.add_circuit(
            session, shelves.actor, session.get_one(Site, new.site_id), "C1", at=START
        )
        moved = START + timedelta(days=30)
        storage.move_freezer(session, shelves.actor, freezer, new, power_circuit=circuit, at=moved)
        storage.move_freezer(session, shelves.actor, freezer, new, power_circuit=circuit, at=moved)

        wanted = select(FreezerPlace).order_by(FreezerPlace.id)
        places = [
            (one.room_id, one.power_circuit_id, one.began_at, one.ended_at)
            for one in session.scalars(wanted)
        ]
        assert places == [(old.id, None, None, moved), (new.id, circuit.id, moved, None)]
        with pytest.raises(Conflict):
            storage.move_freezer(
                session, shelves.actor, freezer, old, at=moved + timedelta(days=2),
                happened_at=moved - timedelta(days=1),
            )  # fmt: skip
