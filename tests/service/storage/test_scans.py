"""Rack scans: staged, shown, applied once, all or nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import AllRefused, Conflict, Forbidden, Gone, Invalid
from server.genealogy import service as genealogy
from server.parties.models import Organisation, Project
from server.storage import queries
from server.storage import service as storage
from server.storage.models import RackScan, Vial
from server.storage.positions import BoxShape
from server.storage.queries.holds import ref
from server.storage.reconcile import Change
from server.storage.service.scans import File
from server.storage.service.space import reserve_space
from server.storage.service.upkeep import block, measure
from tests.support.shelves import START, Shelves

SBS = BoxShape(8, 12)


def stage(shelves: Shelves, box: object, text: str, **facts: object) -> RackScan:
    file = File("rack.csv", text.encode())
    return storage.stage_scan(shelves.session, shelves.actor, box, file, at=START, **facts)


def apply(shelves: Shelves, scan: RackScan) -> None:
    shown = storage.plan_of(shelves.session, scan).fingerprint
    storage.apply_scan(shelves.session, shelves.actor, scan, shown, at=START)


def test_staging_changes_nothing_and_applying_makes_the_record_say_what_was_seen(
    database: Database,
) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, other = shelves.box(org, "FX1", shape=SBS), shelves.box(org)
        lot = shelves.lot(org)
        swapped = [shelves.vial(lot, code, box, n) for n, code in ((1, "V1"), (2, "V2"))]
        gone, unread = shelves.vial(lot, "V3", box, 3), shelves.vial(lot, "V4", box, 4)
        moved, fresh = shelves.vial(lot, "V5", other, 9), shelves.vial(lot, "V6")
        text = "A1,V2\nA2,V1\nA3,EMPTY\nA4,NO READ\nA5,V5\nA6,V6\nA7,V7\n"

        scan = stage(shelves, box, text, lot=lot)
        assert queries.occupants(session, box) == {1: "V1", 2: "V2", 3: "V3", 4: "V4"}
        apply(shelves, scan)

        assert queries.occupants(session, box) == {
            1: "V2",
            2: "V1",
            4: "V4",
            5: "V5",
            6: "V6",
            7: "V7",
        }
        assert [vial.state for vial in (*swapped, gone, unread, moved, fresh)] == [
            "in_storage",
            "in_storage",
            "missing",
            "in_storage",
            "in_storage",
            "in_storage",
        ]
        assert queries.occupants(session, other) == {}
        assert scan.state == "applied"
        read = set(session.scalars(select(Vial.code).where(Vial.verified_at == START)))
        assert read == {
            "V1",
            "V2",
            "V5",
            "V6",
            "V7",
        }  # neither what is missing nor what was not read


def test_a_scan_is_applied_once(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org, shape=SBS)
        shelves.vial(shelves.lot(org), "V1")
        scan = stage(shelves, box, "A1,V1\n")
        shown = storage.plan_of(session, scan).fingerprint
        storage.apply_scan(session, shelves.actor, scan, shown, at=START)

        with pytest.raises(Gone, match=r"applied already, 2026-04-17 .*, by tests"):
            storage.apply_scan(session, shelves.actor, scan, shown, at=START)


def test_what_changed_since_it_was_shown_is_shown_again(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, shape=SBS), shelves.lot(org)
        shelves.vial(lot, "V1")
        scan = stage(shelves, box, "A1,V1\n")
        shown = storage.plan_of(session, scan).fingerprint
        shelves.vial(lot, "V9", box, 1)

        with pytest.raises(Conflict, match="has changed since"):
            storage.apply_scan(session, shelves.actor, scan, shown, at=START)


def test_one_conflict_stops_the_whole_scan(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org, lab = shelves.org(), shelves.org()
        box, lot = shelves.box(org, shape=SBS), shelves.lot(org)
        shipped = shelves.vial(lot, "V1", box, 9)
        storage.take_out(session, shelves.actor, shipped, at=START)
        storage.ship_vial(session, shelves.actor, shipped, lab.id, at=START)
        shelves.vial(lot, "V2")
        scan = stage(shelves, box, "A1,V1\nA2,V2\n")

        assert [entry.change for entry in storage.plan_of(session, scan).entries] == [
            Change.CONFLICT,
            Change.PLACED,
        ]
        with pytest.raises(Conflict, match="has been shipped"):
            apply(shelves, scan)
        assert queries.occupants(session, box) == {}


def test_a_tube_that_is_out_for_its_promise_conflicts(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, shape=SBS), shelves.lot(org)
        vial = shelves.vial(lot, "V1", box, 9)
        wanted = {"for_kind": "request", "for_id": 7, "for_code": "R-0007"}
        storage.reserve(session, shelves.actor, vial, **wanted, at=START)
        storage.take_out(session, shelves.actor, vial, purpose=("request", 7), at=START)
        scan = stage(shelves, box, "A1,V1\n")

        with pytest.raises(Conflict, match="V1 was taken out for R-0007"):
            apply(shelves, scan)


def test_unknown_tubes_stay_out_until_a_lot_is_chosen(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, shape=SBS), shelves.lot(org)
        scan = stage(shelves, box, "A1,0363132553\n")
        assert storage.plan_of(session, scan).changes == 0
        storage.choose_lot(session, shelves.actor, scan, lot, at=START)
        apply(shelves, scan)

        entered = session.scalars(select(Vial)).one()
        assert (entered.code, entered.lot_id) == ("0363132553", lot.id)


def test_a_scan_that_was_put_aside_changes_nothing(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org, shape=SBS)
        scan = stage(shelves, box, "A1,V1\n", lot=shelves.lot(org))
        storage.put_aside_scan(session, shelves.actor, scan, at=START)

        with pytest.raises(Gone, match="put aside"):
            apply(shelves, scan)


def test_the_file_of_another_rack_is_refused(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        box = shelves.box(shelves.org(), "D-1", shape=SBS, barcode="FX1")

        with pytest.raises(Invalid, match="of rack FX2, but D-1 bears FX1"):
            stage(shelves, box, "FX2,A1,V1\n")


def test_a_position_outside_this_box_is_refused(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        box = shelves.box(shelves.org(), shape=BoxShape(2, 2))

        with pytest.raises(Invalid, match="Problems found: 1"):
            stage(shelves, box, "A1,V1\nC1,V2\n")


def technician(org_id: int) -> Actor:
    """Return someone who reads racks and moves vials, but enters none."""
    granted = ("storage.read", "storage.import", "storage.move")
    may = {permission: frozenset({org_id}) for permission in granted}
    return Actor(id=None, name="Li Ran", permissions=may)


def test_who_may_not_enter_vials_enters_none_by_a_scan(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, shape=SBS), shelves.lot(org)
        actor, file = technician(org.id), File("rack.csv", b"A1,V1\n")
        with pytest.raises(Forbidden, match="ask a bank manager"):
            storage.stage_scan(session, actor, box, file, lot=lot, at=START)
        scan = stage(shelves, box, "A1,V1\n")
        with pytest.raises(Forbidden):
            storage.choose_lot(session, actor, scan, lot, at=START)
        storage.choose_lot(session, shelves.actor, scan, lot, at=START)
        shown = storage.plan_of(session, scan).fingerprint
        with pytest.raises(Forbidden):
            storage.apply_scan(session, actor, scan, shown, at=START)
        storage.choose_lot(session, actor, scan, None, at=START)
        shown = storage.plan_of(session, scan).fingerprint
        storage.apply_scan(session, actor, scan, shown, at=START)

        assert session.scalars(select(Vial)).all() == []


def test_a_rack_that_a_box_cannot_prove_is_compared_first(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org, "D-1", shape=SBS)
        shelves.box(org, "D-2", shape=SBS, barcode="FX2")
        with pytest.raises(Invalid, match="of rack FX2, which is box D-2 and not D-1"):
            stage(shelves, box, "FX2,A1,V1\n")
        shelves.vial(shelves.lot(org), "V1")
        scan = stage(shelves, box, "FX9,A1,V1\n")
        plan = storage.plan_of(session, scan)
        assert [one.code for one in storage.doubts_of(session, scan, plan)] == ["rack_unproved"]
        with pytest.raises(Conflict, match="Compare the rack"):
            apply(shelves, scan)
        storage.apply_scan(session, shelves.actor, scan, plan.fingerprint, compared=True, at=START)

        assert queries.occupants(session, box) == {1: "V1"}


def test_a_scan_of_nothing_that_the_box_holds_is_doubted(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, shape=SBS), shelves.lot(org)
        shelves.vial(lot, "V1", box, 1)
        shelves.vial(lot, "V2", box, 2)
        scan = stage(shelves, box, "A1,X1\nA2,EMPTY\n")
        doubts = storage.doubts_of(session, scan, storage.plan_of(session, scan))

        assert [(one.code, one.facts["recorded"]) for one in doubts] == [("all_missing", 2)]
        with pytest.raises(Conflict, match="Compare the rack"):
            apply(shelves, scan)
        partly = stage(shelves, box, "A1,V1\nA2,EMPTY\n")
        assert not storage.doubts_of(session, partly, storage.plan_of(session, partly))


def test_a_promise_is_named_before_its_vial_is_touched_and_in_the_record(
    database: Database,
) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, shape=SBS), shelves.lot(org)
        wanted = {"for_kind": "request", "for_id": 7, "for_code": "R-0007"}
        for ordinal, code in ((1, "V1"), (2, "V2")):
            vial = shelves.vial(lot, code, box, ordinal)
            storage.reserve(session, shelves.actor, vial, **wanted, at=START)
        scan = stage(shelves, box, "A1,EMPTY\nA2,EMPTY\nA3,V2\n")
        touched = storage.plan_of(session, scan).of(Change.MISSING, Change.MOVED)
        assert [one.promised_to for one in touched] == ["R-0007", "R-0007"]
        apply(shelves, scan)

        told = {
            entry.action: entry.facts
            for entry in session.scalars(select(AuditEntry))
            if entry.action in ("vial.missed", "vial.moved")
        }
        assert set(told) == {"vial.missed", "vial.moved"}
        assert all("R-0007" in str(facts) for facts in told.values())


def _project(shelves: Shelves, org: Organisation) -> Project:
    made = Project(org_id=org.id, code="P2", name="P2", created_at=START)
    shelves.session.add(made)
    shelves.session.flush()
    return made


def test_tubes_that_may_not_stand_where_they_were_found_conflict_and_the_rest_is_applied(
    database: Database,
) -> None:
    """Limits, blocked positions, kept space, size classes and kept slots: each with its own reason."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org, "FX1", shape=SBS)
        good, held = shelves.lot(org), shelves.lot(org)
        for code in ("V1", "V3", "V4", "V5"):
            shelves.vial(good, code)
        away = shelves.vial(good, "V6", box, 6)
        storage.take_out(session, shelves.actor, away, keep_slot=True, at=START)
        shelves.vial(held, "V2")
        genealogy.lay(session, shelves.actor, ref(held), org.id, "complaint", at=START)
        storage.limit(session, shelves.actor, box, {"quarantine": ["never"]}, at=START)
        block(session, shelves.actor, box, [3], at=START)
        measure(
            session, shelves.actor, box, heights_mm=[], size_class="", size_classes={"4": "large"},
            at=START,
        )  # fmt: skip
        until = START + timedelta(days=9)
        reserve_space(
            session, shelves.actor, box, _project(shelves, org), first=5, last=5, until=until,
            at=START,
        )  # fmt: skip
        shelves.vial(good, "V7")
        scan = stage(shelves, box, "A1,V1\nA2,V2\nA3,V3\nA4,V4\nA5,V5\nA6,V7\n")
        plan = storage.plan_of(session, scan)

        found = {one.scanned: one.why.code for one in plan.conflicts}
        assert found == {
            "V2": "quarantined",
            "V3": "blocked",
            "V4": "wrong_size",
            "V5": "space_kept",
            "V7": "slot_kept",
        }
        with pytest.raises(AllRefused) as refused:
            apply(shelves, scan)
        assert len(refused.value.refusals) == 5
        storage.apply_scan(session, shelves.actor, scan, plan.fingerprint, leaving=True, at=START)
        assert queries.occupants(session, box) == {1: "V1", 6: "V6"}
        told = session.scalars(
            select(AuditEntry.facts).where(AuditEntry.action == "scan.applied")
        ).one()
        assert all(f'"{code}"' in told for code in found)


def test_tubes_that_are_entered_are_asked_as_those_that_are_known(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org, "FX1", shape=SBS)
        storage.limit(session, shelves.actor, box, {"tier": ["master"]}, at=START)
        lot = shelves.lot(org, "working")
        scan = stage(shelves, box, "A1,N1\nA2,N2\n", lot=lot)

        why = [one.why.code for one in storage.plan_of(session, scan).conflicts]
        assert why == ["tier_not_allowed"] * 2
        lot.tier = "master"
        session.flush()
        apply(shelves, scan)
        assert queries.occupants(session, box) == {1: "N1", 2: "N2"}
