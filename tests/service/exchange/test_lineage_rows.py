"""Rows that say out of which vials theirs came, how often they were thawed, and vials that have left for good."""

import pytest
from sqlalchemy import select

from server.core.db import Database
from server.genealogy.models import Edge
from server.storage.models import Vial
from tests.support.imports import Importing, csv_of
from tests.support.shelves import Shelves

HEADER = "code,lot,parents,relation,thaws\n"
FAMILY = HEADER + "A,LOT1,,,\nB,LOT1,A,,2\nC,LOT1,OLD,split,\nD,LOT1,A; OLD,,0\nE,LOT1,D,aliquot,\n"


@pytest.fixture
def bank(database: Database) -> Importing:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("BANK")
        lot = shelves.lot(org, code="LOT1")
        shelves.lot(org, code="LOT2")
        shelves.vial(lot, "OLD")
        box = shelves.box(org, "BOX1")
        shelves.vial(lot, "STORED", box, 1)
        return Importing(database, org.id)


def edges(bank: Importing) -> set[tuple[str, str, str]]:
    with bank.database.reading() as session:
        found = session.execute(select(Edge.parent_code, Edge.child_code, Edge.relation))
        return {(row.parent_code, row.child_code, row.relation) for row in found}


def test_a_family_comes_in_goes_out_unchanged_and_is_taken_back(bank: Importing) -> None:
    before = bank.out("vials")
    made = bank.brought_in("vials", FAMILY)
    assert (bank.problems(made.id), made.state) == ([], "applied")
    assert edges(bank) == {
        ("A", "B", "aliquot"), ("OLD", "C", "split"), ("A", "D", "pool"), ("OLD", "D", "pool"),
        ("D", "E", "aliquot"),
    }  # fmt: skip
    header, rows = bank.out("vials")
    said = {row[header.index("code")]: dict(zip(header, row, strict=True)) for row in rows}
    assert (said["B"]["parents"], said["B"]["relation"], said["B"]["thaws"]) == (
        "A",
        "aliquot",
        "2",
    )
    assert said["D"]["parents"] == "A; OLD"

    again = bank.brought_in("vials", csv_of(header, rows))
    assert (bank.problems(again.id), again.applied) == ([], len(rows))
    assert bank.out("vials") == (header, rows)

    assert bank.taken_back(made.id).state == "taken_back"
    assert edges(bank) == set()
    assert bank.out("vials") == before


def test_what_was_drawn_from_since_is_not_taken_back(bank: Importing) -> None:
    made = bank.brought_in("vials", FAMILY)
    other = bank.brought_in("vials", HEADER + "F,LOT1,E,,\n")
    assert (bank.problems(other.id), other.state) == ([], "applied")

    assert bank.taken_back(made.id).state == "applied"
    assert len(edges(bank)) == 6
    assert bank.taken_back(other.id).state == "taken_back"
    assert bank.taken_back(made.id).state == "taken_back"


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ("F,LOT1,NONE,,", "parents", "of an earlier row"),
        ("F,LOT1,F,,", "parents", "of an earlier row"),
        ("F,LOT2,OLD,,", "parents", "LOT2"),
        ("F,LOT1,,pool,", "relation", "no relation"),
        ("F,LOT1,OLD,passage,", "relation", "aliquot, split, pool"),
        ("F,LOT1,,,1001", "thaws", "1000"),
    ],
)
def test_what_cannot_have_come_out_is_refused(
    bank: Importing, row: str, column: str, said: str
) -> None:
    import_id = bank.checked("vials", HEADER + row + "\n")
    (problem,) = bank.problems(import_id)
    assert problem[:2] == (2, column)
    assert said in problem[3]


def test_the_parents_of_a_vial_are_not_changed_by_a_file(bank: Importing) -> None:
    bank.brought_in("vials", FAMILY)
    header, rows = bank.out("vials")
    row = next(row for row in rows if row[header.index("code")] == "B")
    row[header.index("parents")] = "OLD"
    (problem,) = bank.problems(bank.checked("vials", csv_of(header, [row])))
    assert problem[:3] == (2, "parents", "OLD")


def test_an_export_with_vials_that_have_left_comes_in_unchanged(bank: Importing) -> None:
    with bank.database.writing() as session:
        session.scalars(select(Vial).where(Vial.code == "OLD")).one().state = "lost"
    header, rows = bank.out("vials")
    assert "lost" in {row[header.index("state")] for row in rows}
    made = bank.brought_in("vials", csv_of(header, rows))
    assert (bank.problems(made.id), made.state) == ([], "applied")
    (problem,) = bank.problems(bank.checked("vials", "code,lot,state\nG,LOT1,lost\n"))
    assert problem[:3] == (2, "state", "lost")


def test_openspecimen_names_the_parent(bank: Importing) -> None:
    file = (
        "Specimen Label,CP Short Title,Parent Specimen Label,Freeze/Thaw Cycles\n"
        "S1,LOT1,,\nS2,LOT1,S1,3\nS3,LOT1,OLD,00\n"
    )
    made = bank.brought_in("vials", file, layout="openspecimen-specimen")
    assert (bank.problems(made.id), made.state) == ([], "applied")
    assert edges(bank) == {("S1", "S2", "aliquot"), ("OLD", "S3", "aliquot")}
    header, rows = bank.out("vials", "openspecimen-specimen")
    names = ("Specimen Label", "Parent Specimen Label", "Freeze/Thaw Cycles")
    said = [tuple(row[header.index(name)] for name in names) for row in rows[-3:]]
    assert said == [("S1", "", ""), ("S2", "S1", "3"), ("S3", "OLD", "00")]
