"""What is made out of vials, on both databases."""

from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalogue import service as catalogue
from server.catalogue.models import Lot
from server.catalogue.service import LotFacts
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict, Invalid
from server.genealogy.models import Edge
from server.storage.models import Vial, VolumeEntry
from server.storage.queries.lineage import (
    ledger_of,
    lineage_of_lot,
    lineage_of_vial,
    without_parents,
)
from server.storage.service import lineage
from server.storage.service.endings import thaw_vial
from server.storage.service.lineage import Place
from server.storage.service.marks import measure_volume
from server.storage.service.vials import fill_vial, place_vial, put_back, take_out
from tests.support.shelves import START, Shelves


@dataclass
class Bench:
    """A master lot with tubes in hand, one millilitre in each."""

    session: Session

    def __post_init__(self) -> None:
        self.shelves = Shelves(self.session)
        self.actor = self.shelves.actor
        self.org = self.shelves.org()
        self.line = self.shelves.line(self.org)
        self.box = self.shelves.box(self.org, "D-1")

    def lot(self, tier: str = "master", **facts: object) -> Lot:
        return self.shelves.lot(self.org, tier, self.line, **{"passage": 4, **facts})

    def tube(self, lot: Lot, volume_ul: int | None = 1000) -> Vial:
        vial = self.shelves.vial(lot)
        if volume_ul is not None:
            fill_vial(self.session, self.actor, vial, volume_ul, at=START)
        place_vial(self.session, self.actor, vial, self.box, self.free, at=START)
        take_out(self.session, self.actor, vial, at=START)
        return vial

    @property
    def free(self) -> int:
        from server.storage import queries

        taken = queries.occupants(self.session, self.box)
        return next(one for one in self.box.shape.ordinals if one not in taken)


def edges(session: Session) -> list[tuple[str, str, str, int | None]]:
    rows = session.scalars(select(Edge).order_by(Edge.id))
    return [(edge.parent_code, edge.child_code, edge.relation, edge.volume_ul) for edge in rows]


def test_aliquots_take_their_volume_from_the_parents_ledger(database: Database) -> None:
    """BR-16: the parent is the tube, not only its lot."""
    with database.writing() as session:
        bench = Bench(session)
        parent = bench.tube(bench.lot("distribution"))
        made = lineage.aliquot(
            session, bench.actor, parent, ["A-1", "A-2"], 300, Place(bench.box, 10), at=START
        )
        session.flush()

        assert parent.volume_ul == 400
        assert parent.state == "checked_out"
        assert [vial.volume_ul for vial in made] == [300, 300]
        assert [vial.state for vial in made] == ["in_storage", "in_storage"]
        assert {vial.lot_id for vial in made} == {parent.lot_id}
        assert edges(session) == [
            (parent.code, "A-1", "aliquot", 300),
            (parent.code, "A-2", "aliquot", 300),
        ]
        told = [
            (entry.change_ul, entry.after_ul, entry.about) for entry in ledger_of(session, parent)
        ]
        assert told == [(-300, 400, "A-2"), (-300, 700, "A-1"), (1000, 1000, parent.lot.code)]
        assert lineage_of_vial(session, made[0]).parents[0].parent_code == parent.code
        assert [edge.child_code for edge in lineage_of_vial(session, parent).children] == [
            "A-1",
            "A-2",
        ]


def test_more_than_there_is_is_never_taken_and_nothing_is_left_behind(database: Database) -> None:
    with database.writing() as session:
        bench = Bench(session)
        parent = bench.tube(bench.lot("distribution"))
        unknown = bench.tube(bench.lot("distribution"), None)

        with pytest.raises(Conflict, match="has 1000 µl; 1200 µl cannot be taken"):
            lineage.aliquot(session, bench.actor, parent, ["A-1", "A-2"], 600, at=START)
        with pytest.raises(Conflict, match="is not known; measure it first"):
            lineage.aliquot(session, bench.actor, unknown, ["A-1"], 100, at=START)
        measure_volume(session, bench.actor, unknown, 150, "weighed", at=START)
        lineage.aliquot(session, bench.actor, unknown, ["A-1"], 100, at=START)
        assert unknown.volume_ul == 50
        assert session.scalars(select(Vial.code).where(Vial.code == "A-2")).first() is None
        assert min(session.scalars(select(VolumeEntry.after_ul))) >= 0


def test_a_measured_correction_keeps_what_was_thought_before(database: Database) -> None:
    with database.writing() as session:
        bench = Bench(session)
        parent = bench.tube(bench.lot("distribution"))
        measure_volume(session, bench.actor, parent, 850, "weighed", at=START)
        session.flush()

        newest = ledger_of(session, parent)[0]
        assert (newest.change_ul, newest.after_ul, newest.reason) == (-150, 850, "measured")
        with pytest.raises(Invalid):
            measure_volume(session, bench.actor, parent, -1, at=START)


def test_a_split_shares_everything_and_uses_the_parent_up(database: Database) -> None:
    with database.writing() as session:
        bench = Bench(session)
        parent = bench.tube(bench.lot("distribution"))
        made = lineage.split(session, bench.actor, parent, ["S-1", "S-2", "S-3"], at=START)

        assert [vial.volume_ul for vial in made] == [334, 333, 333]
        assert [vial.state for vial in made] == ["filled"] * 3
        assert (parent.volume_ul, parent.state, parent.thaws) == (0, "thawed", 1)
        with pytest.raises(Conflict, match="terminal_state"):
            lineage.aliquot(session, bench.actor, parent, ["A-1"], 1, at=START)


def test_a_pool_pours_several_tubes_of_one_lot_into_one(database: Database) -> None:
    with database.writing() as session:
        bench = Bench(session)
        lot = bench.lot("distribution")
        one, two, other = (
            bench.tube(lot),
            bench.tube(lot, 500),
            bench.tube(bench.lot("distribution")),
        )
        with pytest.raises(Invalid, match="two tubes or more"):
            lineage.pool(session, bench.actor, [one, one], "P-1", at=START)
        with pytest.raises(Conflict, match="of another lot"):
            lineage.pool(session, bench.actor, [one, other], "P-1", at=START)
        made = lineage.pool(session, bench.actor, [one, two], "P-1", at=START)

        assert made.volume_ul == 1500
        assert {one.state, two.state} == {"thawed"}
        assert {edge.parent_code for edge in lineage_of_vial(session, made).parents} == {
            one.code,
            two.code,
        }


def test_a_child_has_lived_through_the_thaws_of_its_parent(database: Database) -> None:
    with database.writing() as session:
        bench = Bench(session)
        parent = bench.tube(bench.lot("distribution"))
        thaw_vial(session, bench.actor, parent, "to aliquot", ends=False, at=START)
        assert (parent.state, parent.thaws) == ("checked_out", 1)
        put_back(session, bench.actor, parent, at=START)
        take_out(session, bench.actor, parent, at=START)
        thaw_vial(session, bench.actor, parent, "again", ends=False, at=START)
        (made,) = lineage.aliquot(session, bench.actor, parent, ["A-1"], 100, at=START)

        assert made.thaws == 2


def test_a_working_lot_is_made_from_master_vials_and_names_them(database: Database) -> None:
    """BR-10, BR-16."""
    with database.writing() as session:
        bench = Bench(session)
        master = bench.lot()
        one, two = bench.tube(master), bench.tube(master)
        facts = LotFacts("W-1", "working", passage=6, pdl=15.0)
        lot, made = lineage.derive_lot(
            session, bench.actor, [one, two], bench.line, facts, "expansion", ["W-1-1", "W-1-2"],
            Place(bench.box, 20), at=START,
        )  # fmt: skip
        session.flush()

        assert {edge.parent_code for edge in lineage_of_lot(session, lot).parents} == {
            one.code,
            two.code,
        }
        assert {one.state, two.state} == {"thawed"}
        assert [vial.state for vial in made] == ["in_storage", "in_storage"]
        above = lineage_of_vial(session, made[0])
        assert {edge.parent_code for edge in above.lot_parents} == {one.code, two.code}
        assert [edge.child_code for edge in lineage_of_lot(session, master).children] == [
            "W-1",
            "W-1",
        ]


@pytest.mark.parametrize(
    ("tier", "parent", "facts", "expected"),
    [
        ("working", "distribution", {"passage": 6}, "wrong_parent_tier"),
        ("distribution", "working", {"passage": 6}, "wrong_parent_tier"),
        ("distribution", "quarantined", {"passage": 6}, "parent_not_released"),
        ("working", "master", {"passage": 4}, "passage_not_higher"),
        ("working", "master", {}, "no_passage"),
        ("working", "master", {"passage": 6, "pdl": 11.0}, "pdl_falls"),
        ("working", "master", {"passage": 9}, "passage_ceiling"),
    ],
)
def test_a_lot_that_cannot_follow_from_its_parents_is_refused(
    database: Database, tier: str, parent: str, facts: dict[str, object], expected: str
) -> None:
    """BR-10, BR-13."""
    with database.writing() as session:
        bench = Bench(session)
        bench.line.passage_ceiling = 8
        disposition = "quarantined" if parent == "quarantined" else "released"
        tier_of = "master" if parent == "quarantined" else parent
        source = bench.lot(tier_of, disposition=disposition, pdl=12.0)
        tube = bench.tube(source)
        wanted = LotFacts("N-1", tier, **facts)
        with pytest.raises(Conflict) as refused:
            lineage.derive_lot(
                session, bench.actor, [tube], bench.line, wanted, "expansion", at=START
            )

        assert refused.value.refusal.code == expected
        assert tube.state == "checked_out"


def test_a_lot_never_comes_out_of_its_own_vials(database: Database) -> None:
    with database.writing() as session:
        bench = Bench(session)
        seed = bench.lot("seed", passage=2)
        tube = bench.tube(seed)
        facts = LotFacts("M-1", "master", passage=5)
        lot, (made,) = lineage.derive_lot(
            session, bench.actor, [tube], bench.line, facts, "expansion", ["M-1-1"], at=START
        )
        with pytest.raises(Conflict, match="comes out of"):
            lineage.record_parents(session, bench.actor, seed, [made], "split", at=START)
        early = bench.lot("seed", passage=2)
        lineage.record_parents(session, bench.actor, early, [bench.tube(seed)], "split", at=START)
        session.flush()
        assert len(lineage_of_lot(session, early).parents) == 1
        assert lot.tier == "master"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"passage": 3}, "passage_not_higher"),
        ({"passage": None}, "no_passage"),
        ({"tier": "working"}, "wrong_parent_tier"),
        ({"pdl": 11.0}, "pdl_falls"),
        ({"pdl": None}, "no_pdl"),
        ({"passage": 20}, "passage_ceiling"),
        ({"passage": 8}, "passage_not_higher"),  # of the working bank that came out of it
        ({"passage": 6, "viability_pct": 90.0}, None),
    ],
)
def test_a_lot_is_not_changed_against_its_recorded_kin(
    database: Database, changes: dict[str, object], expected: str | None
) -> None:
    """BR-10, BR-13: at the door of the catalogue as at that of a new lot; a seed made the master."""
    with database.writing() as session:
        bench = Bench(session)
        bench.line.passage_ceiling = 12
        seed = bench.tube(bench.lot("seed", passage=3, pdl=12.0))
        facts = LotFacts("M-1", "master", passage=5, pdl=14.0)
        lot, (tube,) = lineage.derive_lot(
            session, bench.actor, [seed], bench.line, facts, "expansion", ["M-1-1"], at=START
        )
        place_vial(session, bench.actor, tube, bench.box, bench.free, at=START)
        take_out(session, bench.actor, tube, at=START)
        further = LotFacts("W-1", "working", passage=8, pdl=15.0)
        lineage.derive_lot(session, bench.actor, [tube], bench.line, further, "expansion", at=START)
        wanted = replace(catalogue.facts_of_lot(lot), **changes)
        if expected is None:
            assert catalogue.edit_lot(session, bench.actor, lot, wanted, at=START).passage == 6
        else:
            with pytest.raises((Conflict, Invalid), match=expected):
                catalogue.edit_lot(session, bench.actor, lot, wanted, at=START)


def test_no_lot_is_entered_beyond_the_ceilings_of_its_line(database: Database) -> None:
    with database.writing() as session:
        bench = Bench(session)
        bench.line.passage_ceiling, bench.line.pdl_ceiling = 10, 60.0
        for facts in (LotFacts("W-1", "working", passage=99), LotFacts("W-1", "working", pdl=60.5)):
            with pytest.raises(Invalid, match="ceiling"):
                catalogue.add_lot(session, bench.actor, bench.line, facts, at=START)
        facts = LotFacts("W-1", "working", passage=10, pdl=60.0)
        lot = catalogue.add_lot(session, bench.actor, bench.line, facts, at=START)
        session.flush()
        bench.line.passage_ceiling = (
            9  # lowered later: what is said of the lot beside is still changed
        )
        catalogue.edit_lot(session, bench.actor, lot, replace(facts, viability_pct=91.0), at=START)
        with pytest.raises(Invalid, match="passage_ceiling"):
            catalogue.edit_lot(session, bench.actor, lot, replace(facts, pdl=1.0), at=START)


def test_lots_without_recorded_parents_are_told(database: Database) -> None:
    with database.writing() as session:
        bench = Bench(session)
        seed, bare = bench.lot("seed", passage=3), bench.lot("working", passage=7)
        reader = Actor(
            id=None, name="r", org_id=bench.org.id,
            permissions={"catalogue.read": frozenset({bench.org.id})},
        )  # fmt: skip
        stranger = Actor(
            id=None, name="s", org_id=bench.org.id,
            permissions={"catalogue.read": frozenset({bench.org.id + 1})},
        )  # fmt: skip
        master = bench.lot("master", passage=5)
        lineage.record_parents(
            session, bench.actor, master, [bench.tube(seed)], "expansion", at=START
        )
        session.flush()

        assert list(session.scalars(without_parents(reader))) == [bare]
        assert list(session.scalars(without_parents(stranger))) == []
