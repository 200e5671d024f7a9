"""What may go where: inherited down the tree, asked by every verb, refused against what is inside."""

import pytest

from server.core.db import Database
from server.core.errors import AllRefused, Conflict, Invalid
from server.genealogy import service as genealogy
from server.parties.models import Project
from server.storage import queries
from server.storage import service as storage
from server.storage.container_types import BUILT_IN
from server.storage.models import Container
from server.storage.queries.holds import ref
from tests.support.shelves import START, Shelves


def _limit(shelves: Shelves, container: Container, **wanted: list[str]) -> None:
    storage.limit(shelves.session, shelves.actor, container, wanted, at=START)


def test_a_tier_is_asked_for_all_the_way_down(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        freezer = shelves.freezer(org)
        box = shelves.box(org, "B1", shelves.rack(org, into=freezer))
        _limit(shelves, freezer, tier=["master", "working"])
        vial = shelves.vial(shelves.lot(org, "distribution"), "V1")
        with pytest.raises(Conflict, match="tier_not_allowed") as refused:
            storage.place_vial(session, shelves.actor, vial, box, 1, at=START)
        assert "takes only the tiers master bank, working bank; V1 is distribution stock" in str(
            refused.value
        )
        shelves.vial(shelves.lot(org, "master"), "V2", box, 1)
        _limit(shelves, box, tier=["master"])  # narrower inside
        with pytest.raises(Conflict, match="tier_not_allowed"):
            shelves.vial(shelves.lot(org, "working"), "V3", box, 2)
        with pytest.raises(Invalid, match="nothing_left"):
            _limit(shelves, box, tier=["distribution"])


def test_quarantined_and_held_stock_stays_out_of_a_released_box(database: Database) -> None:
    """BR-24."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        released, apart = shelves.box(org, "REL"), shelves.box(org, "QUA")
        _limit(shelves, released, quarantine=["never"])
        _limit(shelves, apart, quarantine=["only"])
        fresh, good = shelves.lot(org, disposition="quarantined"), shelves.lot(org)
        held = shelves.lot(org)
        genealogy.lay(session, shelves.actor, ref(held), org.id, "contamination", at=START)
        for lot in (fresh, held):
            with pytest.raises(Conflict, match="quarantined"):
                shelves.vial(lot, f"V-{lot.code}-1", released, 1)
            shelves.vial(lot, f"V-{lot.code}-2", apart, storage.first_free(session, apart))
        with pytest.raises(Conflict, match="not_quarantined"):
            shelves.vial(good, "V-1", apart, 9)
        shelves.vial(good, "V-2", released, 9)


def test_project_and_sample_type_are_asked(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        project = Project(org_id=org.id, code="P1", name="P1", created_at=START)
        session.add(project)
        session.flush()
        box = shelves.box(org, "B1")
        _limit(shelves, box, project=["P1"], sample_type=["cryovial"])
        vial = shelves.vial(shelves.lot(org), "V1")
        with pytest.raises(Conflict, match="belongs to none"):
            storage.place_vial(session, shelves.actor, vial, box, 1, at=START)
        vial.project_id = project.id
        storage.place_vial(session, shelves.actor, vial, box, 1, at=START)
        for wrong in (
            {"project": ["P9"]},
            {"tier": ["gold"]},
            {"container_type": ["X"]},
            {"colour": ["x"]},
        ):
            with pytest.raises(Invalid):
                _limit(shelves, box, **wrong)


def test_container_types_bind_what_goes_in_directly_and_their_own_kind_further_in(
    database: Database,
) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        freezer = shelves.freezer(org)
        _limit(shelves, freezer, container_type=["RACK-10", "BOX-9X9"])

        def rack(code: str, of: str, into: Container | None = None) -> Container:
            kind = BUILT_IN[of]
            return storage.add_rack(
                session, shelves.actor, org.id, code, type=kind, into=into, at=START
            )

        def box(code: str, of: str, into: Container) -> Container:
            kind = BUILT_IN[of]
            return storage.add_box(
                session, shelves.actor, org.id, code, type=kind, into=into, at=START
            )

        good = rack("R1", "RACK-10", freezer)
        with pytest.raises(Conflict, match="container_type_not_allowed"):
            rack("R2", "RACK-13", freezer)
        with pytest.raises(Conflict, match="has none"):
            shelves.rack(org, "R3", freezer)
        box("B1", "BOX-9X9", good)
        with pytest.raises(Conflict, match="container_type_not_allowed"):
            box("B2", "BOX-5X5", good)
        loose = rack("R4", "RACK-10")
        box("B3", "BOX-5X5", loose)
        with pytest.raises(Conflict, match="B3 is BOX-5X5"):  # what is in it counts too
            storage.place_container(session, shelves.actor, loose, freezer, 2, at=START)


def test_a_rack_is_refused_for_a_vial_in_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        freezer, rack = shelves.freezer(org), shelves.rack(org)
        box = shelves.box(org, "B1", rack)
        shelves.vial(shelves.lot(org, "distribution"), "V1", box, 1)
        _limit(shelves, freezer, tier=["master"])
        with pytest.raises(Conflict, match="V1 is distribution"):
            storage.place_container(session, shelves.actor, rack, freezer, 1, at=START)


def test_a_limit_that_present_contents_violate_is_refused_with_the_list(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        freezer = shelves.freezer(org)
        box = shelves.box(org, "B1", shelves.rack(org, into=freezer))
        lot, other = shelves.lot(org, "distribution"), shelves.lot(org, "master")
        for number in range(1, 26):
            shelves.vial(lot, f"V{number:02}", box, number)
        shelves.vial(other, "M1", box, 30)
        with pytest.raises(AllRefused) as refused:
            _limit(shelves, freezer, tier=["master"])
        first, *named = refused.value.refusals
        assert (first.facts["count"], len(named)) == (25, 20)
        assert "V01 is distribution stock" in named[0].text()
        assert queries.own_limits(session, freezer) == {}
        _limit(shelves, freezer, tier=["master", "distribution"])
        assert queries.own_limits(session, freezer) == {"tier": ["distribution", "master"]}
        _limit(shelves, freezer)
        assert queries.own_limits(session, freezer) == {}


def test_many_placings_are_asked_together(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org, "B1")
        _limit(shelves, box, tier=["master"])
        vials = [shelves.vial(shelves.lot(org, tier)) for tier in ("master", "working", "seed")]
        found = queries.why_none_allowed(
            session, [(vial.id, box, at) for at, vial in enumerate(vials, start=1)]
        )
        assert [str(one.facts["found"]) for one in found] == ["working bank", "seed bank"]
