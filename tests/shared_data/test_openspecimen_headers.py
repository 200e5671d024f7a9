"""Each OpenSpecimen template, filled with rows as labs write them, comes in and goes out again unchanged."""

import csv
import io
import random
from pathlib import Path

import pytest
from sqlalchemy import select

from server.accounts.models import Person
from server.catalogue.models import Lot
from server.core.db import Database
from server.distribution.models import Request
from server.exchange.cells import Options
from server.parties.models import DeliverySite
from server.storage.models import Vial
from server.storage.positions import BoxShape
from tests.support.imports import Importing, csv_of
from tests.support.shelves import Shelves

pytestmark = pytest.mark.group("shared data")
ROWS = 240
WORDS = [
    'O\'Brien, "Pat"',
    "血液, 全血",
    "semi; colon",
    "",
    "",
    "50% (v/v)",
    "line\nbreak",
    "É—ü",
    "=1+1",
]
DATES = ["02-24-2021", "02-24-2021 11:30", "12/31/1999", "", "2021-02-30", "24 Feb 21"]


@pytest.fixture
def bank(database: Database) -> Importing:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("BANK")
        for n in range(5):
            shelves.lot(org, code=f"CP-{n}")
            shelves.box(org, f"BOX{n}", shape=BoxShape(10, 10))
        from server.storage import service as storage

        storage.add_room(session, shelves.actor, shelves.site(org, "S1"), "Room 1", at=shelves.at)
        org_id = org.id
    return Importing(database, org_id)


def header_of(shared_data: Path, name: str) -> list[str]:
    text = (shared_data / "openspecimen" / f"{name}_template.csv").read_text(encoding="utf-8-sig")
    return next(csv.reader(io.StringIO(text)))


def filled(header: list[str], more) -> list[list[str]]:
    """Fill every column with odd words and dates, then what `more(number)` says of some."""
    chance = random.Random(header[0])
    rows = []
    for n in range(ROWS):
        row = {
            name: chance.choice(DATES if "Date" in name or "Created On" in name else WORDS).strip()
            for name in header
        }
        row |= more(n, chance)
        rows.append([row[name] for name in header])
    return rows


def specimens(n: int, chance: random.Random) -> dict[str, str]:
    """Half of them stored; positions written in three ways."""
    at = {
        "Location#Container": "",
        "Location#Row": "",
        "Location#Column": "",
        "Location#Position": "",
    }
    if n % 2:
        row, column = divmod(n % 100, 10)
        letter, ordinal = chr(65 + row), n % 100 + 1
        ways = [
            {"Location#Row": letter, "Location#Column": str(column + 1)},
            {"Location#Position": f"{letter}{column + 1:02}"},
            {"Location#Position": str(ordinal)},
        ]
        at |= {"Location#Container": f"BOX{n // 100}"} | ways[n % 3]
    return at | {
        "Specimen Label": f"{n:06}", "CP Short Title": f"CP-{n % 5}", "Barcode": f"00BC{n}",
        "Available Quantity": chance.choice(["", "1.50", "0.25", "2"]),
        "Comments": chance.choice(["", "fine, \"as ever\"", "两管"]),
        "External IDs#1#Value": f"EXT-{n}", "External IDs#2#Value": "",
        "Parent Specimen Label": f"{n - 5:06}" if n >= 5 and n % 3 else "",
        "Freeze/Thaw Cycles": chance.choice(["", "0", "1", "02"]),
    }  # fmt: skip


def aliquots(n: int, chance: random.Random) -> dict[str, str]:
    count = chance.randint(1, 3)
    labels = [f"AL{n:04}-{one}" for one in range(count)]
    return {
        "CP Short Title": f"CP-{n % 5}", "Specimen Labels": ", ".join(labels), "Specimen Barcodes": "",
        "Number of Aliquots": str(count), "Quantity per Aliquot": chance.choice(["", "0.50", "1"]),
        "Container": "", "Start Row": "", "Start Column": "", "Start Position": "",
        "Parent Specimen Label": f"AL{n - 5:04}-0" if n >= 5 and n % 4 else "",
        "Freeze/Thaw Cycles": chance.choice(["", "3"]),
    }  # fmt: skip


def containers(n: int, chance: random.Random) -> dict[str, str]:
    where = {
        "Storage Location#Row": "",
        "Storage Location#Column": "",
        "Storage Location#Position": "",
    }
    if n == 0:
        kind = {
            "No. of Rows": "10",
            "No. of Columns": "30",
            "Site Name": "Room 1",
            "Stores Specimen": "No",
        }
        return where | kind | _container("Freezer-1", "")
    where["Storage Location#Position"] = str(n)
    kind = {"No. of Rows": "9", "No. of Columns": "9", "Site Name": "", "Stores Specimen": "Yes"}
    return where | kind | _container(f"Box-{n}", "Freezer-1")


def _container(name: str, inside: str) -> dict[str, str]:
    mode = "LINEAR" if not inside else "TWO_D"
    return {
        "Name": name, "Barcode": "", "Position Labeling Mode": mode,
        "Row Labeling Scheme": "Upper Case Alphabets", "Column Labeling Scheme": "Numbers",
        "Storage Location#Parent Container Name": inside,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("template", "sheet", "layout", "more"),
    [
        ("specimen", "vials", "openspecimen-specimen", specimens),
        ("specimenAliquot", "vials", "openspecimen-aliquot", aliquots),
        ("storageContainer", "containers", "openspecimen-container", containers),
    ],
)
def test_a_filled_template_comes_in_and_out_unchanged(
    shared_data: Path, bank: Importing, template: str, sheet: str, layout: str, more
) -> None:
    header = header_of(shared_data, template)
    rows = filled(header, more)
    made = bank.brought_in(sheet, csv_of(header, rows), layout=layout)

    assert (bank.problems(made.id)[:3], made.state, made.applied) == ([], "applied", ROWS)
    out_header, out = bank.out(sheet, layout)
    assert out_header == header
    own = {f"BOX{n}" for n in range(5)}  # what the bank had before
    assert [row for row in out if not own & set(row[:2])] == rows


def orders(n: int, chance: random.Random) -> dict[str, str]:
    """Several rows are one order."""
    return {
        "Name": f"ORD-{n // 3:04}", "Receiving Site": "Door", "Execution Date": "02-24-2021",
        "Tracking URL": f"https://carrier.example/{n // 3}?a=1,2", "Order Status": "EXECUTED",
        "Requester#Email Address": "zhao@university.example", "Order item#Specimen#Label": f"V{n:04}",
        "Order item#Quantity": "1.50",
    }  # fmt: skip


def test_orders_come_in_and_out_unchanged(shared_data: Path, bank: Importing) -> None:
    with bank.database.writing() as session:
        shelves = Shelves(session)
        uni = shelves.org("UNI")
        session.add(DeliverySite(org_id=uni.id, name="Door", address="Road 1"))
        session.add(
            Person(email="zhao@university.example", name="Z", org_id=uni.id, created_at=shelves.at)
        )
        lots = session.scalars(select(Lot).order_by(Lot.id)).all()
        for n in range(ROWS):  # the three of an order are of two lines
            shelves.vial(lots[n % 2], f"V{n:04}")
    header = header_of(shared_data, "distributionOrder")
    rows = filled(header, orders)
    options = Options(date="mdy")
    made = bank.brought_in(
        "requests", csv_of(header, rows), layout="openspecimen-order", options=options
    )

    assert (bank.problems(made.id)[:3], made.state, made.applied) == ([], "applied", ROWS)
    out_header, out = bank.out("requests", "openspecimen-order")
    assert out_header == header
    key = header.index("Order item#Specimen#Label")
    assert sorted(out, key=lambda row: row[key]) == rows
    with bank.database.reading() as session:
        found = session.scalars(select(Request).order_by(Request.id)).all()
        assert [(one.code, one.quantity) for one in found[:2]] == [
            ("ORD-0000", 2),
            (f"ORD-0000.{found[1].line.code}", 1),
        ]
        assert found[0].submitted_at.date().isoformat() == "2021-02-24"
    own = bank.out("requests")
    assert bank.taken_back(made.id).state == "taken_back"
    assert bank.out("requests")[1] == []
    made = bank.brought_in("requests", csv_of(own[0][2:], [row[2:] for row in own[1]]))
    assert (bank.problems(made.id)[:3], made.state) == ([], "applied")
    born_here = bank.out("requests", "openspecimen-order")[1]
    names = (
        "Execution Date",
        "Order Status",
        "Requester#Email Address",
        "Order item#Specimen#Label",
    )
    at = [header.index(name) for name in names]
    assert sorted([row[one] for one in at] for row in born_here) == sorted(
        [row[one] for one in at] for row in rows
    )


def test_what_was_changed_here_goes_out_changed(shared_data: Path, bank: Importing) -> None:
    header = header_of(shared_data, "specimen")
    rows = filled(header, specimens)
    bank.brought_in("vials", csv_of(header, rows), layout="openspecimen-specimen")
    with bank.database.writing() as session:
        from server.storage import service as storage
        from server.storage.models import Container

        vial = session.scalars(select(Vial).where(Vial.code == "000001")).one()
        box = session.scalars(select(Container).where(Container.code == "BOX4")).one()
        storage.move_vial(session, bank.actor, vial, box, 100, at=bank.clock.now())
    now = dict(zip(header, bank.out("vials", "openspecimen-specimen")[1][1], strict=True))
    before = dict(zip(header, rows[1], strict=True))

    assert (now["Location#Container"], now["Location#Position"]) == ("BOX4", "J10")
    moved = {name for name in header if name.startswith("Location#")}
    assert {n: now[n] for n in header if n not in moved} == {
        n: before[n] for n in header if n not in moved
    }


def test_refused_rows_go_back_with_the_columns_that_openspecimen_knows() -> None:
    from server.exchange import registry

    assert registry.layout_of("vials", "openspecimen-specimen").status == (
        "OS_IMPORT_STATUS", "OS_ERROR_MESSAGE",
    )  # fmt: skip
