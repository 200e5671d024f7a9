"""One scan, one thing: codes that differ in capitals, tubes and boxes of one code, barcodes."""

from datetime import timedelta

import pytest

from server.core.db import Database
from server.core.errors import Conflict
from server.storage import service as storage
from server.storage.container_types import BUILT_IN
from server.storage.service.aliases import add_alias
from server.storage.service.trees import LevelWanted, planned_tree
from server.storage.service.upkeep import describe, retire_container
from tests.support.shelves import START, Shelves

LATER = START + timedelta(hours=1)


def test_capitals_do_not_make_another_tube(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        lot, actor = shelves.lot(org), shelves.actor
        vial = shelves.vial(lot, "RV-1")
        small = shelves.vial(lot, "rv-2")
        add_alias(session, actor, vial, "new-1", "label", at=START)

        for code, other in (("rv-1", "RV-1"), ("RV-2", "rv-2"), ("NEW-1", "new-1")):
            with pytest.raises(Conflict, match=f"{code} and {other} differ in capital letters"):
                storage.add_vials(session, actor, lot, ["X-1", code], at=START)
        with pytest.raises(Conflict, match="RV-2 and rv-2 differ"):
            add_alias(session, actor, vial, "RV-2", "label", at=START)
        with pytest.raises(Conflict, match="rv-2 is taken already"):
            add_alias(session, actor, vial, "rv-2", "label", at=START)
        assert small.code == "rv-2"


def test_a_tube_and_a_box_never_share_a_code(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org, other = shelves.org(), shelves.org()
        lot, actor = shelves.lot(org), shelves.actor
        shelves.box(org, "D-044", barcode="FX99")
        vial = shelves.vial(lot, "SH-1")
        add_alias(session, actor, vial, "SH-1B", "label", at=START)

        for code in ("D-044", "d-044", "fx99"):
            with pytest.raises(Conflict, match="code_taken"):
                storage.add_vial(session, actor, lot, code, at=START)
            with pytest.raises(Conflict, match="code_taken"):
                add_alias(session, actor, vial, code, "label", at=START)
        for code in ("SH-1", "sh-1", "SH-1b"):
            with pytest.raises(Conflict, match="is the code of a tube"):
                shelves.box(org, code)
        for code in ("d-044", "FX99"):
            with pytest.raises(Conflict, match="what the box D-044 is scanned by"):
                shelves.rack(org, code)
        storage.add_vial(session, actor, shelves.lot(other), "FX99", at=START)


def test_a_barcode_leads_to_one_rack_until_that_is_retired(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        first, second = shelves.box(org, "D-044", barcode="FX99"), shelves.box(org, "D-045")
        facts = {"name": "", "model": "", "at": LATER}

        for barcode in ("FX99", "D-044"):
            with pytest.raises(Conflict, match="code_taken") as refused:
                describe(session, shelves.actor, second, barcode=barcode, **facts)
            assert refused.value.field == "barcode"
        describe(session, shelves.actor, first, barcode="FX99", **facts)  # its own
        retire_container(session, shelves.actor, first, at=LATER)
        describe(session, shelves.actor, second, barcode="FX99", **facts)
        assert second.barcode == "FX99"


def test_the_codes_of_a_tree_lead_nowhere_else(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        rack = shelves.rack(org, "R07")
        shelves.vial(shelves.lot(org), "R07-3")

        with pytest.raises(Conflict, match="R07-3 is the code of a tube"):
            planned_tree(session, rack, [LevelWanted(BUILT_IN["BOX-9X9"], "{parent}-{n}")])
