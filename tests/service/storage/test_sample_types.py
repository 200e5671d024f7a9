"""Sample types: built-in ones, own ones, and what they decide."""

import pytest
from sqlalchemy import func, select

from server.core.db import Database
from server.core.errors import Conflict, Invalid, NotFound
from server.storage import service as storage
from server.storage.models import SampleType
from server.storage.positions import BoxShape
from server.storage.queries.sample_types import of_organisation, offered, sample_type, sample_types
from server.storage.rules.sample_types import why_not_sample_type
from server.storage.sample_types import BUILT_IN, VESSELS
from server.storage.service import sample_types as service
from server.storage.service.entering import Entering, enter_vials
from server.storage.service.sample_types import SampleTypeFacts
from server.storage.service.types import TypeFacts
from tests.support.shelves import START, Shelves

BAG = SampleTypeFacts("Small bag", "bag", "bag-20", 20_000)


@pytest.mark.parametrize("code", sorted(BUILT_IN))
def test_every_built_in_type_is_a_possible_one(code: str) -> None:
    one = BUILT_IN[code]

    refused = why_not_sample_type(one.name, one.vessel, one.size_class, one.largest_ul, VESSELS)

    assert refused is None


@pytest.mark.parametrize(
    ("name", "vessel", "size", "largest", "part"),
    [
        ("Bag", "bag", "bag-20", 20_000, None),
        ("Bag", "other", "", None, None),
        ("", "bag", "", None, "name"),
        ("Bag", "bucket", "", None, "vessel"),
        ("Bag", "bag", "two words", None, "size_class"),
        ("Bag", "bag", "x" * 21, None, "size_class"),
        ("Bag", "bag", "", 0, "largest_ul"),
        ("Bag", "bag", "", 10_000_001, "largest_ul"),
    ],
)
def test_what_a_sample_type_may_be(
    name: str, vessel: str, size: str, largest: int | None, part: str | None
) -> None:
    refused = why_not_sample_type(name, vessel, size, largest, VESSELS)

    assert (refused and refused[0]) == part


def test_a_sample_is_entered_as_what_it_is(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        lot = shelves.lot(shelves.org())

        for code, kind in (
            ("S-1", "straw-0.5"),
            ("S-2", "straw-0.5"),
            ("S-3", ""),
            ("S-4", "cryovial"),
        ):
            enter_vials(session, shelves.actor, lot, [code], Entering(kind), at=START)

        found = {row.type.code: row.stored for row in sample_types(session, shelves.actor)}
        assert found == {**dict.fromkeys(BUILT_IN, 0), "cryovial": None}  # none stands anywhere yet
        assert session.scalar(select(func.count()).select_from(SampleType)) == 1


def test_a_type_decides_the_positions_and_the_volume(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        lot = shelves.lot(org)
        facts = TypeFacts("For bags", "box", "box", BoxShape(1, 3), size_classes={"": "bag-20"})
        kind = storage.add_type(session, shelves.actor, org.id, "BAGS", facts, at=START)
        box = storage.add_box(session, shelves.actor, org.id, "B-1", type=kind, at=START)
        service.add_sample_type(session, shelves.actor, org.id, "my-bag", BAG, at=START)

        made = enter_vials(
            session, shelves.actor, lot, ["BAG-1"], Entering("my-bag"), box, at=START
        )
        with pytest.raises(Conflict) as small:
            enter_vials(session, shelves.actor, lot, ["SH-1"], Entering(), box, at=START)

        assert made[0].state == "in_storage"
        assert small.value.refusal.code == "wrong_size"
        (bag,) = [row for row in sample_types(session, shelves.actor) if row.type.code == "my-bag"]
        assert bag.stored == 1


def test_a_bag_holds_no_more_than_its_type(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        lot = shelves.lot(shelves.org())
        (straw,) = enter_vials(
            session, shelves.actor, lot, ["ST-1"], Entering("straw-0.25"), at=START
        )

        with pytest.raises(Conflict):
            storage.fill_vial(session, shelves.actor, straw, 251, at=START)


def test_an_own_type_is_changed_retired_and_brought_back(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        made = service.add_sample_type(session, shelves.actor, org.id, "my-bag", BAG, at=START)
        lot = shelves.lot(org)

        larger = SampleTypeFacts("Bag", "bag", "bag-20", 30_000)
        service.edit_sample_type(session, shelves.actor, made, larger, at=START)
        assert (made.name, made.largest_ul) == ("Bag", 30_000)
        service.retire_sample_type(session, shelves.actor, made, at=START)
        assert made not in offered(session, org.id)
        with pytest.raises(Conflict) as retired:
            enter_vials(session, shelves.actor, lot, ["B-1"], Entering("my-bag"), at=START)
        assert retired.value.refusal.code == "type_retired"
        service.bring_back_sample_type(session, shelves.actor, made, at=START)
        assert made in offered(session, org.id)


def test_a_type_in_use_keeps_its_size_and_what_it_holds(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        made = service.add_sample_type(session, shelves.actor, org.id, "my-bag", BAG, at=START)
        box = shelves.box(org)
        (bag,) = enter_vials(
            session, shelves.actor, shelves.lot(org), ["B-1"], Entering("my-bag"), at=START
        )
        storage.fill_vial(session, shelves.actor, bag, 20_000, at=START)
        storage.place_vial(session, shelves.actor, bag, box, 1, at=START)

        for facts, field in (
            (SampleTypeFacts("Bag", "bag", "bag-30", 20_000), "size_class"),
            (SampleTypeFacts("Bag", "bag", "bag-20", 19_999), "largest_ul"),
        ):
            with pytest.raises(Conflict) as refused:
                service.edit_sample_type(session, shelves.actor, made, facts, at=START)
            assert (refused.value.refusal.code, refused.value.field) == ("type_in_use", field)
            assert refused.value.refusal.facts["count"] == 1


def test_built_in_and_others_types_are_not_mine(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        mine, theirs = shelves.org(), shelves.org()
        service.add_sample_type(session, shelves.actor, theirs.id, "their-bag", BAG, at=START)

        with pytest.raises(Conflict):
            service.add_sample_type(session, shelves.actor, mine.id, "bag-50", BAG, at=START)
        with pytest.raises(Conflict):
            service.refuse_built_in(BUILT_IN["bag-50"])
        assert of_organisation(session, mine.id, "their-bag") is None
        lot = shelves.lot(mine)
        with pytest.raises(Invalid):
            enter_vials(session, shelves.actor, lot, ["B-1"], Entering("their-bag"), at=START)
        with pytest.raises(NotFound):
            sample_type(session, shelves.actor, "storage.read", "nothing")
