"""Vials come in by sets, through every rule, and leave again as long as nobody has touched them."""

from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from server.audit.models import AuditEntry
from server.core.db import Database
from server.exchange.models import Import, ImportEffect
from server.exchange.steps import Worker
from server.parties.models import Project
from server.storage import service as storage
from server.storage.models import Container, Custody, Vial, VolumeEntry
from tests.support.imports import Importing, csv_of
from tests.support.shelves import START, Shelves

HEADER = "code,lot,box,position,volume_ul,comment\n"


@dataclass
class Bank:
    importing: Importing
    database: Database
    box_id: int

    def count(self, model: type) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(model)) or 0

    def vial(self, code: str) -> Vial:
        with self.database.reading() as session:
            return session.scalars(select(Vial).where(Vial.code == code)).one()


@pytest.fixture
def bank(database: Database) -> Bank:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("BANK")
        session.add(Project(org_id=org.id, code="P1", name="First", created_at=START))
        shelves.lot(org, code="LOT1")
        box = shelves.box(org, "BOX1")
        shelves.box(org, "BOX2").barcode = "RACK-7"
        org_id, box_id = org.id, box.id
    return Bank(Importing(database, org_id), database, box_id)


def test_vials_come_in_with_their_place_volume_and_record(bank: Bank) -> None:
    made = bank.importing.brought_in(
        "vials", HEADER + "0001,LOT1,BOX1,A1,500,fine\n0002,LOT1,,,,\n"
    )

    assert (made.state, made.rows, made.bad, made.applied) == ("applied", 2, 0, 2)
    vial = bank.vial("0001")
    assert (vial.state, vial.volume_ul, vial.comment, vial.tail) == (
        "in_storage",
        500,
        "fine",
        "0001",
    )
    assert bank.vial("0002").state == "labelled"
    with bank.database.reading() as session:
        stay = session.scalars(select(Custody).where(Custody.vial_id == vial.id)).one()
        assert (stay.place, stay.container_id, stay.ordinal) == ("position", bank.box_id, 1)
        entry = session.scalars(select(VolumeEntry)).one()
        assert (entry.vial_id, entry.after_ul, entry.reason) == (vial.id, 500, "filled")
        told = session.scalars(select(AuditEntry).where(AuditEntry.subject_code == "0001")).one()
        assert (told.action, told.org_id) == ("vial.imported", bank.importing.org_id)
        assert '"box":"BOX1","position":"A1"' in told.facts


@pytest.mark.parametrize(
    ("row", "column", "found", "expected"),
    [
        ("0003,NONE,,,,", "lot", "NONE", "the code of a lot of this organisation"),
        ("0003,LOT1,NONE,,,", "box", "NONE", "the code of a box of this organisation"),
        (",LOT1,,,,", "code", "", "a value; this column is needed"),
        ("0001,LOT1,,,,", "code", "0001", "each code once, in capital or small letters; row 2 has it already"),
        ("given,LOT1,,,,", "code", "given", "a code that no tube bears or ever bore, in capital or small letters"),
        ("GIVEN,LOT1,,,,", "code", "GIVEN", "a code that no tube bears or ever bore, in capital or small letters"),
        ("box2,LOT1,,,,", "code", "box2", "a code that leads to no freezer, rack or box; scanned, this one leads to BOX2"),
        ("RACK-7,LOT1,,,,", "code", "RACK-7", "a code that leads to no freezer, rack or box; scanned, this one leads to BOX2"),
        ("0003,LOT1,BOX1,A1,,", "position", "A1", "each position once; row 2 has it already"),
        ("0003,LOT1,BOX2,A1,,", "position", "A1", "A1 of BOX2 already holds GIVEN."),
        ("0003,LOT1,,B7,,", "box", "", "a box, where a position is named"),
        ("0003,LOT1,,,12.5,", "volume_ul", "12.5", "a whole number"),
        ("=1+1,LOT1,,,,", "code", "=1+1", "“=1+1” is not a code; letters and digits are expected, with . _ : + # - between."),
    ],
)  # fmt: skip
def test_each_bad_row_is_told_with_row_column_found_and_expected(
    bank: Bank, row: str, column: str, found: str, expected: str
) -> None:
    bank.importing.brought_in("vials", HEADER + "GIVEN,LOT1,BOX2,A1,,\n")
    import_id = bank.importing.checked("vials", f"{HEADER}0001,LOT1,BOX1,A1,,\n{row}\n")

    assert bank.importing.problems(import_id) == [(3, column, found, expected)]
    assert bank.importing.get(import_id).bad == 1


def test_capitals_make_no_other_tube_and_verified_comes_and_goes(bank: Bank) -> None:
    header = "code,lot,verified\n"
    made = bank.importing.brought_in("vials", header + "ab-1,LOT1,yes\nab-2,LOT1,no\nab-3,LOT1,\n")
    assert made.state == "applied"
    assert [bank.vial(f"ab-{n}").verified_at is not None for n in (1, 2, 3)] == [True, False, False]
    twice = bank.importing.checked("vials", header + "xy,LOT1,\nXY,LOT1,\n")
    (problem,) = bank.importing.problems(twice)
    assert problem[:3] == (3, "code", "XY")

    columns, rows = bank.importing.out("vials")
    code, verified = columns.index("code"), columns.index("verified")
    assert [row[verified] for row in rows] == ["yes", "no", "no"]
    for row in rows:
        row[code] = row[code].upper()  # the very same tubes
    again = bank.importing.brought_in("vials", csv_of(columns, rows))
    assert (bank.importing.problems(again.id), again.state) == ([], "applied")
    assert bank.importing.out("vials")[1][0][code] == "ab-1"
    rows[1][verified] = "yes"
    other = bank.importing.checked("vials", csv_of(columns, rows))
    assert [one[1:3] for one in bank.importing.problems(other)] == [("verified", "yes")]


def test_a_position_outside_the_box_is_refused_with_what_the_box_has(bank: Bank) -> None:
    import_id = bank.importing.checked("vials", HEADER + "0001,LOT1,BOX1,K1,,\n")

    (problem,) = bank.importing.problems(import_id)
    assert problem[:3] == (2, "position", "K1")
    assert "A1 to I9 are expected" in problem[3]


def test_good_rows_come_in_and_bad_ones_stay_out(bank: Bank) -> None:
    import_id = bank.importing.checked(
        "vials", HEADER + "1,LOT1,BOX1,,,\n2,X,,,,\n3,LOT1,BOX1,,,\n"
    )
    made = bank.importing.apply(import_id, "good")

    assert (made.state, made.rows, made.bad, made.applied) == ("applied", 3, 1, 2)
    assert {bank.vial("1").state, bank.vial("3").state} == {"in_storage"}
    assert bank.count(Vial) == 2


def test_what_was_taken_meanwhile_takes_all_back(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.exchange.pace.FIRST_ROWS", 2)
    monkeypatch.setattr("server.exchange.pace.paced", lambda *_: 2)
    rows = "".join(f"V{n},LOT1,BOX1,{chr(64 + n)}1,,\n" for n in range(1, 9))
    import_id = bank.importing.checked("vials", HEADER + rows)
    with bank.database.writing() as session:
        shelves = Shelves(session)
        lot = shelves.vial(shelves.lot(bank_org(session, bank)), "OTHER").lot
        box = session.get_one(Container, bank.box_id)
        shelves.vial(lot, "FASTER", box, box.shape.ordinal("G1"))
    before = bank.count(Custody)
    made = bank.importing.apply(import_id)

    assert (made.state, made.applied) == ("taken_back", 0)
    assert bank.count(Vial) == 2
    assert bank.count(Custody) == before
    assert (8, "position", "G1", "G1 of BOX1 already holds FASTER.") in bank.importing.problems(
        import_id
    )


def bank_org(session, bank: Bank):
    from server.parties.models import Organisation

    return session.get_one(Organisation, bank.importing.org_id)


def test_an_import_is_taken_back_as_a_whole(bank: Bank) -> None:
    made = bank.importing.brought_in("vials", HEADER + "0001,LOT1,BOX1,A1,500,x\n0002,LOT1,,,,\n")
    made = bank.importing.taken_back(made.id)

    assert (made.state, made.applied) == ("taken_back", 0)
    assert (bank.count(Vial), bank.count(Custody), bank.count(VolumeEntry)) == (0, 0, 0)
    with bank.database.reading() as session:
        told = session.scalars(select(AuditEntry.action).where(AuditEntry.subject_kind == "vial"))
        assert sorted(told) == ["vial.import_taken_back"] * 2 + ["vial.imported"] * 2


def test_nothing_is_taken_back_when_a_vial_was_moved_since(bank: Bank) -> None:
    made = bank.importing.brought_in("vials", HEADER + "0001,LOT1,BOX1,A1,,\n0002,LOT1,BOX1,A2,,\n")
    with bank.database.writing() as session:
        vial = session.scalars(select(Vial).where(Vial.code == "0002")).one()
        box = session.get_one(Container, bank.box_id)
        storage.move_vial(session, bank.importing.actor, vial, box, 9, at=START)
    made = bank.importing.taken_back(made.id)

    assert (made.state, bank.count(Vial)) == ("applied", 2)
    assert bank.importing.problems(made.id) == [
        (3, "code", "0002", "a vial that nobody has changed since; this one is at version 2")
    ]  # fmt: skip


def test_an_export_comes_in_again_and_changes_nothing(bank: Bank) -> None:
    bank.importing.brought_in("vials", HEADER + "0001,LOT1,BOX1,A1,500,x\n0002,LOT1,,,,\n")
    before = bank.importing.out("vials")
    made = bank.importing.brought_in("vials", csv_of(*before))

    assert (made.state, made.bad, made.applied) == ("applied", 0, 2)
    assert bank.importing.out("vials") == before
    assert bank.count(ImportEffect) == 0


def test_a_changed_row_changes_its_vial_and_can_be_taken_back(bank: Bank) -> None:
    bank.importing.brought_in("vials", HEADER + "0001,LOT1,BOX1,A1,500,x\n")
    before = bank.importing.out("vials")
    header, (row,) = before[0], before[1]
    row = list(row)
    row[header.index("position")], row[header.index("project")] = "C3", "P1"
    row[header.index("comment")] = "moved, and of a project"
    made = bank.importing.brought_in("vials", csv_of(header, [row]))

    assert bank.importing.problems(made.id) == []
    now = dict(zip(header, bank.importing.out("vials")[1][0], strict=True))
    assert (now["position"], now["project"], now["comment"]) == (
        "C3",
        "P1",
        "moved, and of a project",
    )
    assert bank.importing.taken_back(made.id).state == "taken_back"
    now = dict(zip(header, bank.importing.out("vials")[1][0], strict=True))
    assert (now["position"], now["project"], now["comment"]) == ("A1", "", "x")


@pytest.mark.parametrize("former", ["labelled", "missing", "checked_out"])
def test_a_placing_by_a_file_is_taken_back_to_what_was(bank: Bank, former: str) -> None:
    place = "," if former == "labelled" else "BOX1,A1"
    bank.importing.brought_in("vials", HEADER + f"0001,LOT1,{place},500,x\n0002,LOT1,BOX1,B2,,\n")
    acts = {"missing": storage.miss_vial, "checked_out": storage.take_out}
    if act := acts.get(former):
        with bank.database.writing() as session:
            vial = session.scalars(select(Vial).where(Vial.code == "0001")).one()
            act(session, bank.importing.actor, vial, reason="looked", at=START)
    header, rows = bank.importing.out("vials")
    row = dict(zip(header, rows[0], strict=True)) | {"box": "BOX2", "position": "C3"}
    del row["state"]
    made = bank.importing.brought_in("vials", csv_of(list(row), [list(row.values())]))
    assert (made.state, made.bad, bank.vial("0001").state) == ("applied", 0, "in_storage")

    assert bank.importing.taken_back(made.id).state == "taken_back"

    assert bank.vial("0001").state == former
    with bank.database.reading() as session:
        live = session.scalars(
            select(Custody).where(
                Custody.vial_id == bank.vial("0001").id,
                Custody.ended_at.is_(None),
                Custody.superseded_at.is_(None),
            )
        ).all()
        stayed = session.scalar(
            select(func.count())
            .select_from(Custody)
            .join(Container, Container.id == Custody.container_id)
            .where(Container.code == "BOX2")
        )
    assert [one.place for one in live] == {
        "labelled": [], "missing": ["unknown"], "checked_out": ["bench"],
    }[former]  # fmt: skip
    assert stayed == 1, "that it was recorded there is kept"


def test_a_fault_in_one_import_does_not_hold_up_the_next(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bank.importing.brought_in("vials", HEADER + "0001,LOT1,BOX1,A1,500,x\n")
    monkeypatch.setattr(
        "server.exchange.undoing.Undoing.look_back", lambda *_: (_ for _ in ()).throw(KeyError("x"))
    )
    stopped = bank.importing.taken_back(first.id)
    assert (stopped.state, "KeyError" in stopped.because) == ("applied", True)

    second = bank.importing.brought_in("vials", HEADER + "0002,LOT1,BOX1,A2,500,x\n")

    assert second.state == "applied"


def test_a_row_that_was_changed_since_the_export_is_refused(bank: Bank) -> None:
    bank.importing.brought_in("vials", HEADER + "0001,LOT1,BOX1,A1,500,x\n")
    header, (row,) = bank.importing.out("vials")
    with bank.database.writing() as session:
        vial = session.scalars(select(Vial)).one()
        box = session.get_one(Container, bank.box_id)
        storage.move_vial(session, bank.importing.actor, vial, box, 9, at=START)
    row = list(row)
    row[header.index("comment")] = "mine"
    import_id = bank.importing.checked("vials", csv_of(header, [row]))

    assert bank.importing.problems(import_id)[0][:3] == (2, "version", "1")
    assert bank.vial("0001").comment == "x"


def test_a_worker_that_is_gone_leaves_either_end(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.exchange.pace.FIRST_ROWS", 3)
    monkeypatch.setattr("server.exchange.checking.CHECK_ROWS", 3)
    rows = "".join(f"V{n:03},LOT1,BOX1,,,\n" for n in range(40))
    import_id = bank.importing.send("vials", HEADER + rows)
    for state in ("checked", "applied"):
        for _ in range(200):  # each step is done by another worker, as after a kill
            worker = Worker(bank.database, bank.importing.clock, "tests")
            if state == "applied" or not bank.importing.get(import_id).staged:
                worker.step()
                continue
            while worker.step():
                pass
            break
        assert bank.importing.get(import_id).state == state
        if state == "checked":
            with bank.database.writing() as session:
                from server.exchange.service import imports as service

                made = session.get_one(Import, import_id)
                service.apply(session, bank.importing.actor, made, "all", at=START)
    assert bank.count(Vial) == bank.count(Custody) == 40


def test_who_was_switched_off_meanwhile_brings_nothing_in(bank: Bank) -> None:
    from dataclasses import replace as with_

    from server.accounts.models import Grant, Person
    from server.accounts.queries import person_actor
    from server.exchange.service import imports as service

    with bank.database.writing() as session:
        person = Person(
            email="t@example.org", name="t", org_id=bank.importing.org_id, created_at=START
        )
        session.add(person)
        session.flush()
        grant = Grant(
            person_id=person.id, role="technician", org_id=bank.importing.org_id, granted_at=START
        )
        session.add(grant)
        session.flush()
        actor, person_id = person_actor(session, person, "page"), person.id
    mine = with_(bank.importing, actor=actor)
    import_id = mine.checked("vials", HEADER + "0001,LOT1,BOX1,A1,,\n")
    with bank.database.writing() as session:
        service.apply(session, actor, session.get_one(Import, import_id), "all", at=START)
        session.get_one(Person, person_id).active = False
    mine.work()

    made = mine.get(import_id)
    assert (made.state, made.applied) == ("halted", 0)
    assert "may not bring such rows" in made.because
    assert bank.count(Vial) == 0
