"""A freezer with its racks and boxes in one go: checked as a whole, made in slices, taken back."""

from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from server.audit.models import AuditEntry
from server.core.clock import FixedClock
from server.core.db import Database
from server.core.errors import AllRefused, Conflict, Invalid
from server.storage import jobs, queries
from server.storage import service as storage
from server.storage.container_types import BUILT_IN
from server.storage.models import Container, ContainerTree
from server.storage.service import trees
from server.storage.service.trees import LevelWanted
from tests.support.shelves import START, Shelves

RACKS = LevelWanted(BUILT_IN["RACK-10"], "{parent}-R{n:2}")
BOXES = LevelWanted(BUILT_IN["BOX-9X9"], "{parent}-B{n:2}")


@dataclass
class Begun:
    shelves: Shelves
    root: Container


def tank(session, of: str = "TANK-12") -> Begun:
    shelves = Shelves(session)
    org = shelves.org()
    room = shelves.room(org)
    made = storage.add_freezer(session, shelves.actor, room, "LN2-09", type=BUILT_IN[of], at=START)
    return Begun(shelves, made)


def containers(session) -> int:
    return session.scalar(select(func.count()).select_from(Container)) or 0


def test_a_tank_with_racks_and_boxes_is_made_in_slices(database: Database) -> None:
    with database.writing() as session:
        begun = tank(session)
        tree = trees.begin_tree(session, begun.shelves.actor, begun.root, [RACKS, BOXES], at=START)
        assert (tree.total, tree.done, tree.state) == (132, 100, "making")
        tree_id = tree.id
    assert jobs.go_on_with_trees(database, FixedClock(START)) == 1  # as after a crash
    assert jobs.go_on_with_trees(database, FixedClock(START)) == 0
    with database.reading() as session:
        tree = session.get_one(ContainerTree, tree_id)
        assert (tree.state, tree.done) == ("made", 132)
        box = session.scalars(select(Container).where(Container.code == "LN2-09-R12-B10")).one()
        assert queries.path_of(session, box).text.endswith(
            "LN2-09 › LN2-09-R12 · 10 › LN2-09-R12-B10"
        )
        assert queries.height_mm(session, box) == 120
        root = session.get_one(Container, tree.root_id)
        assert queries.inside(session, root).places == 120 * 81
        told = select(func.count()).where(AuditEntry.action.in_(("box.added", "rack.added")))
        assert session.scalar(told) == 132


def test_nothing_is_made_where_anything_is_refused(database: Database) -> None:
    with database.writing() as session:
        begun = tank(session)
        shelves, org_id = begun.shelves, begun.root.org_id
        for code in ("LN2-09-R03", "LN2-09-R04-B01"):
            storage.add_box(
                session, shelves.actor, org_id, code, type=BUILT_IN["BOX-9X9"], at=START
            )
        before = containers(session)
        with pytest.raises(AllRefused) as refused:
            trees.begin_tree(session, shelves.actor, begun.root, [RACKS, BOXES], at=START)
        assert [one.facts["code"] for one in refused.value.refusals] == [
            "LN2-09-R03",
            "LN2-09-R04-B01",
        ]
        assert containers(session) == before
        many = [RACKS, LevelWanted(BUILT_IN["DRAWER-RACK-5X4"], "{parent}-D{n}"), BOXES]
        round_tank = tank(session, "TANK-33").root
        with pytest.raises(Invalid, match="too_many"):
            trees.planned_tree(session, round_tank, many)


def test_limits_and_sizes_of_the_root_are_asked(database: Database) -> None:
    with database.writing() as session:
        begun = tank(session)
        shelves, root = begun.shelves, begun.root
        storage.limit(
            session, shelves.actor, root, {"container_type": ["RACK-13", "BOX-5X5"]}, at=START
        )
        with pytest.raises(AllRefused) as refused:
            trees.planned_tree(session, root, [RACKS, BOXES])
        assert {one.code for one in refused.value.refusals} == {"container_type_not_allowed"}
        storage.limit(session, shelves.actor, root, {}, at=START)
        storage.measure(
            session,
            shelves.actor,
            root,
            heights_mm=[],
            size_class="",
            size_classes={"5": "wide"},
            at=START,
        )
        with pytest.raises(Conflict, match="wrong_size"):
            trees.planned_tree(session, root, [RACKS])


def test_only_free_positions_are_filled(database: Database) -> None:
    with database.writing() as session:
        begun = tank(session)
        shelves, root = begun.shelves, begun.root
        storage.add_rack(
            session, shelves.actor, root.org_id, "OLD", type=BUILT_IN["RACK-10"], into=root, ordinal=2, at=START
        )  # fmt: skip
        storage.block(session, shelves.actor, root, [4], at=START)
        two = LevelWanted(BUILT_IN["RACK-10"], "N{position}", 3)

        planned = trees.planned_tree(session, root, [two])

        assert [one.code for one in planned] == ["N1", "N3", "N5"]


def test_a_code_taken_meanwhile_stops_the_tree_until_somebody_decides(database: Database) -> None:
    with database.writing() as session:
        begun = tank(session)
        actor = begun.shelves.actor
        tree = trees.begin_tree(session, actor, begun.root, [RACKS, BOXES], at=START)
        storage.add_box(
            session, actor, begun.root.org_id, "LN2-09-R12-B05", type=BUILT_IN["BOX-9X9"], at=START
        )
        tree_id = tree.id
    jobs.go_on_with_trees(database, FixedClock(START))
    with database.writing() as session:
        tree = session.get_one(ContainerTree, tree_id)
        assert (tree.state, tree.done) == ("stopped", 100)
        assert "taken_meanwhile" in tree.trouble
        box = session.scalars(select(Container).where(Container.code == "LN2-09-R01-B01")).one()
        shelves = Shelves(session)
        org = session.get_one(type(shelves.org()), tree.org_id)
        vial = shelves.vial(shelves.lot(org), "V1", box, 1)
        with pytest.raises(Conflict, match="in_use"):
            trees.take_back(session, shelves.actor, tree, at=START)
        storage.take_out(session, shelves.actor, vial, at=START)
        assert trees.take_back(session, shelves.actor, tree, at=START) == 0
        assert tree.state == "taken_back"
        root = session.get_one(Container, tree.root_id)
        assert queries.occupants(session, root) == {}
        assert box.retired_at is not None or session.refresh(box) or box.retired_at == START
