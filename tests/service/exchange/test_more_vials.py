"""Vials with fields of their own, limits of containers, kept space; and the rows of other systems."""

import json

import pytest
from sqlalchemy import func, select

from server.audit.models import AuditEntry
from server.core.db import Database
from server.core.errors import Refusal
from server.storage.models import Allowance, Container, FieldDefinition, FieldValue
from server.storage.queries.fields import definition_of, definitions
from server.storage.rules.fields import read
from tests.support.imports import Importing, csv_of
from tests.support.shelves import START, Shelves


@pytest.fixture
def bank(database: Database) -> Importing:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("BANK")
        shelves.lot(org, code="LOT1", tier="distribution")
        shelves.lot(org, code="LOT2", tier="master", disposition="quarantined")
        rack = shelves.rack(org, "RACK1")
        shelves.box(org, "BOX1", into=rack)
        shelves.box(org, "BOX2")
        session.add(Allowance(container_id=rack.id, subject="tier", value="distribution"))
        for code, kind, more in [
            ("count", "number", {"least": 0, "most": 10}),
            ("drawn", "date", {}),
            ("fresh", "yes_no", {}),
            ("note", "text", {}),
        ]:
            session.add(
                FieldDefinition(
                    org_id=org.id,
                    subject="vial",
                    code=code,
                    name=code,
                    kind=kind,
                    created_at=START,
                    **more,
                )
            )
        org_id = org.id
    return Importing(database, org_id)


FIELDS = "code,lot,field:count,field:drawn,field:fresh,field:note\n"


def test_fields_come_in_typed_and_go_out_unchanged(bank: Importing) -> None:
    made = bank.brought_in(
        "vials", FIELDS + 'V1,LOT1,2.50,2024-02-29,yes,"a, ""b"""\nV2,LOT1,,,,\n'
    )

    assert bank.problems(made.id) == []
    header, rows = bank.out("vials")
    said = dict(zip(header, rows[0], strict=True))
    assert [said[f"field:{name}"] for name in ("count", "drawn", "fresh", "note")] == ["2.5", "2024-02-29", "yes", 'a, "b"']  # fmt: skip
    again = bank.brought_in("vials", csv_of(header, rows))
    assert (bank.problems(again.id), bank.out("vials")) == ([], (header, rows))
    assert bank.taken_back(made.id).state == "taken_back"
    with bank.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FieldValue)) == 0


def test_a_changed_field_is_set_by_the_verb_of_the_pages_and_taken_back(bank: Importing) -> None:
    bank.brought_in("vials", FIELDS + "V1,LOT1,2.5,,yes,old\n")
    header, rows = bank.out("vials")
    said = {name: at for at, name in enumerate(header)}
    wrong = [[*row] for row in rows]
    wrong[0][said["field:count"]] = "11"
    refused = bank.checked("vials", csv_of(header, wrong))
    assert [one[:2] for one in bank.problems(refused)] == [(2, "field:count")]
    rows[0][said["field:count"]], rows[0][said["field:note"]] = "3", ""
    made = bank.brought_in("vials", csv_of(header, rows))
    assert (bank.problems(made.id), made.state) == ([], "applied")
    with bank.database.reading() as session:
        wanted = select(AuditEntry).where(AuditEntry.action == "vial.fields_changed")
        told = session.scalars(wanted).one()
        assert json.loads(told.facts)["changed"] == {"count": ["2.5", "3"], "note": ["old", ""]}
    assert bank.out("vials")[1][0][said["field:count"]] == "3"
    assert bank.taken_back(made.id).state == "taken_back"
    back = bank.out("vials")[1][0]
    assert (back[said["field:count"]], back[said["field:note"]]) == ("2.5", "old")


@pytest.mark.parametrize(
    ("cells", "column"),
    [("11,,,", "field:count"), (",30.02.2024,,", "field:drawn"), (",,perhaps,", "field:fresh")],
)
def test_a_field_of_the_wrong_kind_is_refused(bank: Importing, cells: str, column: str) -> None:
    import_id = bank.checked("vials", f"{FIELDS}V1,LOT1,{cells}\n")

    assert [one[:2] for one in bank.problems(import_id)] == [(2, column)]


@pytest.mark.parametrize("typed", ["11", "-1", "0.5", "10"])
def test_a_field_is_judged_as_on_its_page(bank: Importing, typed: str) -> None:
    with bank.database.reading() as session:
        (count,) = [one for one in definitions(session, bank.org_id, "vial") if one.code == "count"]
        judged = read(definition_of(count), typed)

    problems = bank.problems(bank.checked("vials", f"{FIELDS}V1,LOT1,{typed},,,\n"))
    expected = [judged.because % judged.facts] if isinstance(judged, Refusal) else []
    assert [one[3] for one in problems] == expected


def test_what_stands_above_a_box_limits_what_comes_in(bank: Importing) -> None:
    rows = "code,lot,box\nV1,LOT1,BOX1\nV2,LOT2,BOX1\nV3,LOT2,BOX2\n"
    import_id = bank.checked("vials", rows)

    (problem,) = bank.problems(import_id)
    assert problem[:3] == (3, "box", "BOX1")
    assert problem[3] == "RACK1 takes only the tiers distribution stock; V2 is master bank."


@pytest.mark.parametrize(
    ("layout", "header", "row", "made"),
    [
        (
            "freezerpro", "BARCODE,Name,Vials,Volume,Box,Position", "00FP,LOT1,3,250,BOX2,5",
            [("00FP-1", "A5"), ("00FP-2", "A6"), ("00FP-3", "A7")],
        ),
        (
            "labkey", "Name,Lot,StoredAmount,Units,StorageLocation,StorageRow,StorageCol",
            'S1,LOT1,0.5,mL,"/Freezer/""A/B""/BOX2/",2,3', [("S1", "B3")],
        ),
        (
            "openbis", "Code,Parents,$STORAGE_POSITION.STORAGE_BOX_NAME,$STORAGE_POSITION.STORAGE_BOX_POSITION",
            "OB,LOT1,BOX2,A1 C4", [("OB-1", "A1"), ("OB-2", "C4")],
        ),
        (
            "elabftw", "entity_custom_id,entity_title,qty_stored,qty_unit,full_path",
            "EL-1,LOT1,1,mL,Room > Freezer > BOX2", [("EL-1", "A1")],
        ),
    ],
)  # fmt: skip
def test_rows_of_other_systems_become_vials(bank: Importing, layout, header, row, made) -> None:
    done = bank.brought_in("vials", f"{header}\n{row}\n", layout=layout)

    assert (bank.problems(done.id), done.state) == ([], "applied")
    columns, rows = bank.out("vials")
    said = [dict(zip(columns, one, strict=True)) for one in rows]
    assert [(one["code"], one["position"]) for one in said] == made
    assert bank.taken_back(done.id).state == "taken_back"
    assert bank.out("vials")[1] == []


@pytest.mark.parametrize(
    ("layout", "header", "row", "column"),
    [
        ("labkey", "Name,Lot,StoredAmount,Units", "S1,LOT1,-0.5,mL", "amount"),
        ("labkey", "Name,Lot,StoredAmount,Units", "S1,LOT1,1,mg", "unit"),
        ("openbis", "Code,Parents,$STORAGE_POSITION.STORAGE_BOX_NAME,$STORAGE_POSITION.STORAGE_BOX_POSITION", 'OB,LOT1,BOX2,"A1,A2"', "places"),
        ("openbis", "Code,Parents,$STORAGE_POSITION.STORAGE_BOX_NAME,$STORAGE_POSITION.STORAGE_BOX_POSITION", "OB,LOT1,BOX2,A1-A4", "places"),
        ("freezerpro", "BARCODE,Name,Vials", "FP,LOT1,0", "count"),
    ],
)  # fmt: skip
def test_what_another_system_writes_amiss_is_refused(bank, layout, header, row, column) -> None:
    import_id = bank.checked("vials", f"{header}\n{row}\n", layout=layout)

    assert column in [one[1] for one in bank.problems(import_id)]


def test_a_box_that_is_full_is_refused(bank: Importing) -> None:
    rows = "code,lot,box\n" + "".join(f"V{n},LOT1,BOX2\n" for n in range(82))
    import_id = bank.checked("vials", rows)

    assert [one[:3] for one in bank.problems(import_id)] == [(83, "box", "BOX2")]
    with bank.database.reading() as session:
        assert session.scalar(select(func.count()).where(Container.code == "BOX2")) == 1
