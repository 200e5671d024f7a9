"""What comes out of one bank comes into another and out of it again, word for word; and can be taken back."""

import csv
import io
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from server.core.db import Database
from server.exchange.models import ImportEffect
from tests.support.imports import Importing, csv_of
from tests.support.shelves import START, Shelves

SHEETS = {
    "lines": (
        "code,name,accession,species,category,tissue,disease,biosafety_level,description,listed,names\n"
        'HEK,HEK293T,CVCL_0063,Homo sapiens,Transformed cell line,kidney,,2,"a line, of ""old""",yes,293T; HEK-T\n'
        "海拉,,,,,,,,,,\n".replace("海拉,,", "HELA,海拉,")
    ),
    "lots": (
        "code,line,tier,reserve_floor,passage,pdl,frozen_on,cells_per_vial,viability_pct\n"
        "L1,LINE1,master,5,12,30.5,2024-02-29,1000000,97.5\nL2,LINE1,working,,,,,,\n"
    ),
    "containers": (
        "code,kind,type,name,barcode,rows,columns,layers,labels,site,room,inside,position,blocked,only_tiers\n"
        "F1,freezer,,Tank,,1,4,1,number,S1,R1,,,,\n"
        "RK1,rack,,,0012,5,1,,number,,,F1,2,,master; working\n"
        "B1,box,,,,9,9,,letter-number,,,RK1,3,81,\n"
        "B2,box,,,,9,9,,letter-number,,,RK1,1,,\n"
    ),
    "container_types": (
        "code,name,kind,word,rows,columns,layers,labels,managed,mobile\n"
        "MYBOX,Own box,box,box,7,7,,letter-number,yes,no\nBAGS,Bag,box,bag,1,20,,number,no,yes\n"
    ),
    "sample_types": (
        "code,name,vessel,size_class,largest_ul,offered\n"
        "STRAW,Straw,straw,slim,500,yes\nPOUCH,袋,bag,,,no\n"
    ),
    "custom_fields": (
        "subject,code,name,kind,unit,choices,least,most,required,sample_type,asked\n"
        "vial,COLOUR,Colour,choice,,\"red\nblue; dark\",,,no,,yes\n"
        "vial,OD,Density,number,g/l,,0.5,20,yes,cryovial,yes\nlot,NOTE,说明,text,,,,,no,,no\n"
    ),
    "sites": "code,name,time_zone,address\nPD,Pudong,Asia/Shanghai,\"Road 1, door 2\"\nMH,MH,UTC,\n",
    "rooms": "site,code\nS1,B1.04\nS1,冷库\n",
    "power_circuits": "site,code\nS1,P-1\n",
    "nitrogen_supplies": "site,code\nS1,N2-1\n",
    "projects": "code,name,active\nP1,First,yes\nP2,第二,no\n",
    "organisations": "code,name,country,active\nUNI,University,CN,yes\nLAB,Laboratory,,no\n",
    "delivery_sites": "organisation,name,address,contact,active\nBANK,Door,Road 1,Lee,yes\n",
    "people": "email,name,organisation,language,roles,active\nlee@example.org,Lee,BANK,zh_Hans,technician@BANK,yes\n",
}  # fmt: skip


@dataclass
class Banks:
    one: Importing
    other: Importing


def furnish(database: Database) -> Importing:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("BANK")
        shelves.line(org, code="LINE1")
        site = shelves.site(org, "S1")
        from server.storage import service as storage

        storage.add_room(session, shelves.actor, site, "R1", at=START)
        org_id = org.id
    return Importing(database, org_id)


@pytest.fixture
def banks(make_database_url, database_url):
    dialect = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    databases = [Database(database_url), Database(make_database_url(dialect))]
    yield Banks(*(furnish(one) for one in databases))
    for one in databases:
        one.close()


def plain(out):
    """Return an export without what each bank gives its own: ids and versions."""
    header, rows = out
    own = own_columns(header)
    return [dict(zip(header[own:], row[own:], strict=True)) for row in rows]


def own_columns(header):
    """Return where the columns begin that are neither id nor version; what cannot be changed has no version."""
    return 2 if header[1] == "version" else 1


@pytest.mark.parametrize("sheet", SHEETS)
def test_an_export_comes_into_another_bank_and_out_of_it_unchanged(banks, sheet) -> None:
    before = plain(banks.one.out(sheet))
    made = banks.one.brought_in(sheet, SHEETS[sheet])
    assert (banks.one.problems(made.id), made.state) == ([], "applied")
    header, rows = banks.one.out(sheet)
    own = own_columns(header)
    news = [row for row in rows if dict(zip(header[own:], row[own:], strict=True)) not in before]
    assert len(news) == len(list(csv.reader(io.StringIO(SHEETS[sheet])))) - 1

    other = banks.other.brought_in(sheet, csv_of(header[own:], [row[own:] for row in news]))
    assert (banks.other.problems(other.id), other.state) == ([], "applied")
    assert plain(banks.other.out(sheet)) == plain((header, rows))

    again = banks.one.brought_in(sheet, csv_of(header, rows))
    assert (banks.one.problems(again.id), again.state) == ([], "applied")
    assert banks.one.out(sheet) == (header, rows)
    with banks.one.database.reading() as session:
        counted = select(func.count()).where(ImportEffect.import_id == again.id)
        assert session.scalar(counted) == 0

    assert banks.one.taken_back(made.id).state == "taken_back"
    left = plain(banks.one.out(sheet))
    if sheet == "people":  # nobody is ever deleted
        assert [(one["roles"], one["active"]) for one in left] == [("", "no")]
    else:
        assert left == before


@pytest.mark.parametrize(
    ("sheet", "column", "value"),
    [
        ("lines", "species", "Mus musculus"),
        ("lots", "frozen_on", "2023-01-31"),
        ("containers", "name", "other words"),
        ("projects", "name", "Other"),
        ("organisations", "country", "DE"),
        ("delivery_sites", "contact", "Wang"),
        ("people", "name", "Other"),
        ("container_types", "name", "Other"),
        ("sample_types", "offered", "yes"),
        ("custom_fields", "name", "Other"),
        ("sites", "time_zone", "Europe/Berlin"),
    ],
)
def test_a_change_is_made_once_and_taken_back(banks, sheet, column, value) -> None:
    banks.one.brought_in(sheet, SHEETS[sheet])
    header, rows = banks.one.out(sheet)
    changed = list(rows[-1])
    changed[header.index(column)] = value
    made = banks.one.brought_in(sheet, csv_of(header, [changed]))

    assert (banks.one.problems(made.id), made.applied) == ([], 1)
    now = banks.one.out(sheet)[1][-1]
    assert now[header.index(column)] == value
    stale = banks.one.checked(sheet, csv_of(header, [changed]))
    assert [one[:2] for one in banks.one.problems(stale)] == [(2, "version")]

    assert banks.one.taken_back(made.id).state == "taken_back"
    assert plain(banks.one.out(sheet)) == plain((header, rows))


@pytest.mark.parametrize(
    ("sheet", "row", "column", "said"),
    [
        ("lots", {"code": "X", "line": "NONE", "tier": "master"}, "line", "NONE"),
        ("lots", {"code": "X", "line": "LINE1", "tier": "best"}, "tier", "seed, master"),
        ("lots", {"code": "X", "line": "LINE1", "tier": "master", "disposition": "released"}, "disposition", "signing"),
        ("lines", {"code": "x y", "name": "X"}, "code", "capital letters"),
        ("containers", {"code": "X", "kind": "box", "rows": "9", "columns": "9", "inside": "NONE"}, "inside", "NONE"),
        ("containers", {"code": "X", "kind": "freezer", "rows": "1", "columns": "1", "room": "NONE"}, "room", "NONE"),
        ("organisations", {"code": "BANK", "name": "again"}, "code", "already"),
        ("sites", {"code": "X", "time_zone": "Mars/Base"}, "time_zone", "Asia/Shanghai"),
        ("rooms", {"site": "NONE", "code": "R9"}, "site", "NONE"),
        ("rooms", {"site": "S1", "code": "R1"}, "code", "taken"),
        ("sample_types", {"code": "cryovial", "name": "X", "vessel": "tube"}, "code", "comes with the product"),
        ("custom_fields", {"subject": "lot", "code": "C", "name": "C", "kind": "choice"}, "choices", "words to choose from"),
        ("people", {"email": "nobody", "name": "No"}, "email", "e-mail"),
        ("people", {"email": "a@example.org", "name": "A", "roles": "king@BANK"}, "roles", "king"),
    ],
)  # fmt: skip
def test_a_row_is_refused_as_its_verb_refuses(banks, sheet, row, column, said) -> None:
    import_id = banks.one.checked(sheet, csv_of(list(row), [list(row.values())]))

    (problem,) = banks.one.problems(import_id)
    assert problem[:2] == (2, column)
    assert problem[2] == row.get(column, "")
    assert said in problem[2] + problem[3]


def test_a_tree_over_many_slices_is_checked_as_one(banks, monkeypatch) -> None:
    monkeypatch.setattr("server.exchange.pace.FIRST_ROWS", 3)
    monkeypatch.setattr("server.exchange.pace.paced", lambda *_: 3)
    boxes = "".join(f"BX{n},box,,,,9,9,,letter-number,,,RK1,{n},,\n" for n in range(4, 6))
    twice = "BXX,box,,,,9,9,,letter-number,,,RK1,3,,\n"
    import_id = banks.one.checked("containers", SHEETS["containers"] + boxes + twice)

    assert banks.one.problems(import_id) == [
        (8, "position", "3", "each position once; row 4 has it already")
    ]
    assert banks.one.apply(import_id, "good").applied == 6
