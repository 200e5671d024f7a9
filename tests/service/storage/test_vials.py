"""A vial's way through the bank, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from server.audit.models import AuditEntry
from server.core.db import Database
from server.core.errors import Conflict, Invalid
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Custody
from server.storage.service import vials
from tests.support.shelves import START, Shelves

HOUR = timedelta(hours=1)


def test_a_vial_is_placed_moved_taken_out_and_put_back(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, "D-044"), shelves.lot(org)
        vial = shelves.vial(lot, "SH-1", box, 1)
        storage.move_vial(session, shelves.actor, vial, box, 25, at=START + HOUR)
        storage.take_out(session, shelves.actor, vial, at=START + 2 * HOUR)
        assert vial.state == "checked_out"
        storage.put_back(session, shelves.actor, vial, at=START + 3 * HOUR)

        assert vial.state == "in_storage"
        assert queries.vial_path(session, vial).text == "D-044 › C7"
        stays = queries.life_of(session, vial)
        assert [stay.path.text or stay.path.place for stay in stays] == [
            "D-044 › A1",
            "D-044 › C7",
            "bench",
            "D-044 › C7",
        ]


def test_every_verb_leaves_an_audit_entry(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org), "SH-1", shelves.box(org, "D-044"), 1)
        storage.take_out(session, shelves.actor, vial, reason="request", at=START)
        storage.put_back(session, shelves.actor, vial, at=START)
        storage.miss_vial(session, shelves.actor, vial, at=START)
        session.flush()

        wanted = select(AuditEntry.action).where(AuditEntry.subject_code == "SH-1")
        assert list(session.scalars(wanted.order_by(AuditEntry.id))) == [
            "vial.added",
            "vial.placed",
            "vial.taken_out",
            "vial.put_back",
            "vial.missed",
        ]


@pytest.mark.parametrize("tier", ["seed", "master", "working"])
def test_a_bank_vial_that_was_taken_out_does_not_go_back(database: Database, tier: str) -> None:
    """BR-15."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org, tier), "SH-1", shelves.box(org), 1)
        storage.take_out(session, shelves.actor, vial, at=START)

        with pytest.raises(Conflict, match="does not go back"):
            storage.put_back(session, shelves.actor, vial, at=START)


def test_a_taken_position_is_refused_and_its_vial_is_named(database: Database) -> None:
    """BR-02, BR-03."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, "D-044"), shelves.lot(org)
        shelves.vial(lot, "SH-1", box, 25)
        second = shelves.vial(lot, "SH-2")

        with pytest.raises(Conflict) as refused:
            storage.place_vial(session, shelves.actor, second, box, 25, at=START)

        assert refused.value.refusal.facts["occupant"] == "SH-1"
        assert refused.value.refusal.text() == "C7 of D-044 already holds SH-1."


def test_the_database_itself_refuses_a_second_vial(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, "D-044"), shelves.lot(org)
        shelves.vial(lot, "SH-1", box, 25)
        second = shelves.vial(lot, "SH-2")
        monkeypatch.setattr(vials, "why_not_into", lambda *_: None)

        with pytest.raises(Conflict) as refused:
            storage.place_vial(session, shelves.actor, second, box, 25, at=START)

        assert refused.value.refusal.facts["occupant"] == "SH-1"


@pytest.mark.parametrize("ordinal", [0, 82, -1])
def test_a_position_outside_the_box_is_refused(database: Database, ordinal: int) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org))

        with pytest.raises(Conflict, match="not a position"):
            storage.place_vial(session, shelves.actor, vial, shelves.box(org), ordinal, at=START)


def test_a_vial_of_others_is_refused(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        vial = shelves.vial(shelves.lot(shelves.org()))

        with pytest.raises(Conflict, match="another organisation"):
            storage.place_vial(
                session, shelves.actor, vial, shelves.box(shelves.org()), 1, at=START
            )


def test_vials_go_into_boxes_only(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org))

        with pytest.raises(Conflict, match="holds no vials"):
            storage.place_vial(session, shelves.actor, vial, shelves.rack(org), 1, at=START)


def test_a_code_is_given_once(database: Database) -> None:
    """BR-01."""
    with database.writing() as session:
        shelves = Shelves(session)
        lot = shelves.lot(shelves.org())
        shelves.vial(lot, "SH-1")

        with pytest.raises(Conflict, match="taken already"):
            shelves.vial(lot, "SH-1")


def test_a_move_is_taken_back_as_a_move_of_its_own(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, "D-044"), shelves.lot(org)
        vial = shelves.vial(lot, "SH-1", box, 1)
        storage.move_vial(session, shelves.actor, vial, box, 25, at=START + HOUR)
        storage.undo_move(session, shelves.actor, vial, at=START + 2 * HOUR)

        assert queries.vial_path(session, vial).text == "D-044 › A1"
        count = select(func.count()).select_from(Custody).where(Custody.vial_id == vial.id)
        assert session.scalar(count) == 3  # nothing is deleted


def test_a_move_cannot_be_taken_back_once_another_stands_there(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, "D-044"), shelves.lot(org)
        vial = shelves.vial(lot, "SH-1", box, 1)
        storage.move_vial(session, shelves.actor, vial, box, 25, at=START)
        shelves.vial(lot, "SH-2", box, 1)

        with pytest.raises(Conflict, match="already holds SH-2"):
            storage.undo_move(session, shelves.actor, vial, at=START)


def test_what_was_done_offline_keeps_both_times(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org)
        vial = shelves.vial(shelves.lot(org), "SH-1", box, 1)
        custody = storage.move_vial(
            session, shelves.actor, vial, box, 2, at=START + 2 * HOUR, happened_at=START + HOUR
        )

        assert custody.began_at == START + HOUR
        assert custody.began_recorded_at == START + 2 * HOUR
        assert queries.life_of(session, vial)[-1].late


@pytest.mark.parametrize(("hours", "sentence"), [(3, "not come yet"), (-1, "cannot have left")])
def test_a_time_that_cannot_be_is_refused(database: Database, hours: int, sentence: str) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org), "SH-1", shelves.box(org), 1)

        with pytest.raises((Conflict, Invalid), match=sentence):
            storage.take_out(
                session,
                shelves.actor,
                vial,
                at=START + 2 * HOUR,
                happened_at=START + hours * HOUR,
            )


def test_many_vials_go_into_free_positions_or_none_do(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, "D-044"), shelves.lot(org)
        shelves.vial(lot, "SH-1", box, 2)
        storage.add_vials(session, shelves.actor, lot, ["SH-2", "SH-3"], box, at=START)

        assert queries.occupants(session, box) == {1: "SH-2", 2: "SH-1", 3: "SH-3"}
        with pytest.raises(Conflict, match="2 free positions of 81, but 3 are needed"):
            storage.add_vials(
                session, shelves.actor, lot, ["SH-4", "SH-5", "SH-6"], box, 80, at=START
            )


def test_a_missing_vial_is_found_again(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org, "D-044")
        vial = shelves.vial(shelves.lot(org, "master"), "SH-1", box, 1)
        storage.miss_vial(session, shelves.actor, vial, at=START)
        assert queries.vial_path(session, vial).place == "unknown"
        storage.place_vial(session, shelves.actor, vial, box, 5, at=START)

        assert vial.state == "in_storage"


def test_a_shipped_vial_stands_with_its_recipient(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org, lab = shelves.org(), shelves.org()
        vial = shelves.vial(shelves.lot(org), "SH-1", shelves.box(org), 1)
        with pytest.raises(Conflict, match="SH-1 is in storage; it is taken out before"):
            storage.ship_vial(session, shelves.actor, vial, lab.id, at=START)
        storage.take_out(session, shelves.actor, vial, at=START)
        storage.ship_vial(session, shelves.actor, vial, lab.id, at=START)

        path = queries.vial_path(session, vial)
        assert (path.place, path.recipient_org_id) == ("recipient", lab.id)
        with pytest.raises(Conflict, match="has been shipped"):
            storage.take_out(session, shelves.actor, vial, at=START)


def test_only_a_scan_of_its_own_code_keeps_a_vial_verified(database: Database) -> None:
    """BR-04: whatever is done by position alone leaves it unverified."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, actor = shelves.box(org), shelves.actor
        vial = shelves.vial(shelves.lot(org), "SH-1")
        assert vial.verified_at is None

        def by_scan(place: int) -> None:
            storage.bring_vial(session, actor, vial, box, place, scanned=True, at=START)
            assert vial.verified_at == START

        by_scan(1)
        storage.move_vial(session, actor, vial, box, 2, at=START)
        assert vial.verified_at is None
        by_scan(3)
        storage.undo_move(session, actor, vial, at=START)
        assert vial.verified_at is None
        by_scan(4)
        storage.take_out(session, actor, vial, at=START)
        assert vial.verified_at is None
        by_scan(5)
        storage.take_out(session, actor, vial, scanned=True, at=START)
        assert vial.verified_at == START
        storage.put_back(session, actor, vial, box, 6, at=START)
        assert vial.verified_at is None
        by_scan(7)
        storage.miss_vial(session, actor, vial, at=START)
        assert vial.verified_at is None
