"""Container types: built-in ones, own ones, and what is made from them."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict, Invalid, NotFound
from server.storage import queries, rules
from server.storage import service as storage
from server.storage.container_types import BUILT_IN, WORDS
from server.storage.models import ContainerType
from server.storage.positions import BoxShape
from server.storage.rules.reshape import why_not_heights
from server.storage.service import TypeFacts
from tests.support.shelves import START, Shelves

PLAIN = TypeFacts("Tall box", "box", "box", BoxShape(4, 4), heights_mm=(0, 0, 0, 0))


@pytest.mark.parametrize("code", sorted(BUILT_IN))
def test_every_built_in_type_can_be_made(code: str) -> None:
    one = BUILT_IN[code]

    assert rules.why_not_shape(one.shape) is None
    assert why_not_heights(one.shape.rows, list(one.heights_mm)) is None
    assert one.word in WORDS
    assert rules.why_not_code(code) is None


@pytest.mark.parametrize(
    ("code", "capacity"),
    [
        ("BOX-9X9", 81),
        ("BOX-10X10", 100),
        ("BOX-5X5", 25),
        ("BOX-8X12", 96),
        ("BOX-13X13", 169),
        ("BOX-7X7", 49),
        ("BOX-14X14", 196),
        ("BOX-ROUND-33", 33),
        ("TANK-33", 33),
        ("BAG-25", 25),
        ("TANK-12", 12),
        ("DEWAR-6", 6),
        ("CANISTER-6", 6),
        ("CANE-6", 6),
        ("RACK-10", 10),
        ("DRY-SHIPPER-1", 5),
        ("STAGING-9X9", 81),
    ],
)
def test_a_built_in_type_holds_so_much(code: str, capacity: int) -> None:
    assert BUILT_IN[code].shape.capacity == capacity


def test_a_container_has_the_shape_heights_and_size_of_its_type(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        for _ in range(2):  # the second finds the row that the first kept
            rack = storage.add_rack(
                session, shelves.actor, org.id, f"R{_}", type=BUILT_IN["RACK-10"], at=START
            )

        assert (rack.rows, rack.columns, rack.labels) == (10, 1, "number")
        assert rack.type is not None
        assert rack.type.code == "RACK-10"
        assert rack.heights_mm.startswith("[522.0,")
        assert session.scalar(select(func.count()).select_from(ContainerType)) == 1


def test_an_own_type_is_added_changed_retired_and_brought_back(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        made = storage.add_type(session, shelves.actor, org.id, "TALL-4", PLAIN, at=START)
        box = storage.add_box(session, shelves.actor, org.id, "B1", type=made, at=START)

        storage.edit_type(
            session,
            shelves.actor,
            made,
            replace(PLAIN, shape=BoxShape(5, 5), heights_mm=()),
            at=START,
        )
        assert (made.version, made.rows, box.rows) == (2, 5, 4)
        storage.retire_type(session, shelves.actor, made, at=START)
        assert made.retired_at == START
        storage.bring_back_type(session, shelves.actor, made, at=START)
        assert made.retired_at is None
        rows = queries.container_types(session, shelves.actor)
        assert [(row.type.code, row.used) for row in rows if not row.built_in] == [("TALL-4", 1)]
        assert len(rows) == 1 + len(BUILT_IN)


def test_what_cannot_be_a_type_is_refused(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        made = storage.add_type(session, shelves.actor, org.id, "TALL-4", PLAIN, at=START)
        short, flat = replace(PLAIN, heights_mm=(1, 2)), replace(PLAIN, shape=BoxShape(0, 4))
        with pytest.raises(Conflict, match="built_in"):
            storage.add_type(session, shelves.actor, org.id, "BOX-9X9", PLAIN, at=START)
        with pytest.raises(Conflict, match="code_taken"):
            storage.add_type(session, shelves.actor, org.id, "TALL-4", PLAIN, at=START)
        with pytest.raises(Invalid, match="bad_heights"):
            storage.add_type(session, shelves.actor, org.id, "T2", short, at=START)
        with pytest.raises(Invalid, match="bad_shape"):
            storage.add_type(session, shelves.actor, org.id, "T2", flat, at=START)
        with pytest.raises(Conflict, match="other_kind"):
            storage.edit_type(session, shelves.actor, made, replace(PLAIN, kind="rack"), at=START)
        with pytest.raises(Invalid, match="wrong_type"):
            storage.add_rack(session, shelves.actor, org.id, "R1", type=made, at=START)
        with pytest.raises(Invalid, match="no_shape"):
            storage.add_rack(session, shelves.actor, org.id, "R1", at=START)
        storage.add_box(session, shelves.actor, org.id, "B1", type=BUILT_IN["BOX-5X5"], at=START)
        kept = session.scalars(select(ContainerType).where(ContainerType.org_id.is_(None))).one()
        with pytest.raises(Conflict, match="built_in"):
            storage.retire_type(session, shelves.actor, kept, at=START)


def test_a_type_is_found_by_those_who_may_see_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org, other = shelves.org(), shelves.org()
        storage.add_type(session, shelves.actor, org.id, "TALL-4", PLAIN, at=START)
        theirs = {"storage.read": frozenset({other.id})}
        stranger = Actor(id=1, name="x", permissions=theirs)

        assert queries.container_type(session, shelves.actor, "storage.read", "TALL-4").name
        assert queries.container_type(session, stranger, "storage.read", "BOX-9X9").kind == "box"
        with pytest.raises(NotFound, match="no_such_type"):
            queries.container_type(session, stranger, "storage.read", "TALL-4")
        with pytest.raises(NotFound, match="no_such_type"):
            queries.container_type(session, shelves.actor, "storage.read", "TALL-4", "rack")
