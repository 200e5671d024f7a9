"""Many things move as one or not at all, on both databases."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.audit.models import AuditEntry
from server.core.db import Database
from server.core.errors import AllRefused, Conflict, Invalid
from server.parties.models import Organisation
from server.storage import queries
from server.storage import service as storage
from server.storage.models import BulkMove, Container, Custody, Vial
from server.storage.queries import carrying
from server.storage.service import bulk
from server.storage.service.bulk import Move
from tests.support.shelves import START, Shelves

HOUR = timedelta(hours=1)


@dataclass
class Bank:
    """Two boxes in a rack, the first with four vials at A1, A2, A3 and B1."""

    shelves: Shelves
    org: Organisation
    box: Container
    other: Container
    vials: list[Vial]

    @classmethod
    def of(cls, session: Session) -> "Bank":
        shelves = Shelves(session)
        org = shelves.org()
        rack = shelves.rack(org, "R07", shelves.freezer(org, "LN2-03"))
        box, other = shelves.box(org, "D-044", rack), shelves.box(org, "D-045", rack)
        lot = shelves.lot(org)
        vials = [shelves.vial(lot, f"SH-{n}", box, at) for n, at in enumerate((1, 2, 3, 10), 1)]
        return cls(shelves, org, box, other, vials)

    def moves(self, *ordinals: int, into: Container | None = None) -> list[Move]:
        box = into or self.other
        return [Move(vial.id, box.id, at) for vial, at in zip(self.vials, ordinals, strict=False)]

    def places(self, session: Session, box: Container | None = None) -> dict[int, str]:
        return queries.occupants(session, box or self.box)


def test_vials_move_together_and_each_keeps_its_record(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        version = bank.vials[0].version
        move = bulk.move_vials(session, bank.shelves.actor, bank.moves(5, 6, 7), at=START + HOUR)

        assert bank.places(session, bank.other) == {5: "SH-1", 6: "SH-2", 7: "SH-3"}
        assert bank.places(session) == {10: "SH-4"}
        assert (move.kind, move.things) == ("move", 3)
        assert bank.vials[0].version == version + 1
        wanted = select(AuditEntry).where(AuditEntry.action == "vial.moved")
        told = list(session.scalars(wanted.order_by(AuditEntry.id)))
        assert [one.subject_code for one in told] == ["SH-1", "SH-2", "SH-3"]
        assert "R07 · 1 › D-044 › A1" in told[0].facts
        assert "R07 · 2 › D-045 › A5" in told[0].facts
        assert session.scalar(select(func.count()).where(AuditEntry.action == "move.move")) == 1


def test_every_reason_is_told_and_nothing_moves(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        lot = bank.vials[0].lot
        bank.shelves.vial(lot, "SH-9", bank.other, 1)
        storage.take_out(session, bank.shelves.actor, bank.vials[3], use="qc", at=START)
        with pytest.raises(AllRefused) as refused:
            bulk.move_vials(session, bank.shelves.actor, bank.moves(1, 99, 7, 8), at=START + HOUR)

        told = [(one.code, one.facts["vial"]) for one in refused.value.refusals]
        assert told == [
            ("position_taken", "SH-1"),
            ("no_such_position", "SH-2"),
            ("wrong_state", "SH-4"),
        ]
        assert refused.value.refusals[0].facts["position"] == "A1"
        assert str(refused.value).endswith("3 reasons stand against this, so nothing was done.")
        assert bank.places(session, bank.other) == {1: "SH-9"}
        assert session.scalar(select(func.count()).select_from(BulkMove)) == 0


def test_one_place_for_two_and_two_places_for_one_are_refused(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        first, second = bank.vials[0].id, bank.vials[1].id
        box = bank.other.id
        for moves, codes in (
            ([Move(first, box, 5), Move(second, box, 5)], {"place_twice"}),
            ([Move(first, box, 5), Move(first, box, 6)], {"vial_twice"}),
            ([Move(first, bank.box.id, 1)], {"there_already"}),
            ([], {"nothing_chosen"}),
        ):
            with pytest.raises(Conflict) as refused:
                bulk.move_vials(session, bank.shelves.actor, moves, at=START)
            told = getattr(refused.value, "refusals", [refused.value.refusal])
            assert {one.code for one in told} == codes


def test_any_permutation_of_a_box_is_one_move(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        one, two, three, four = (vial.id for vial in bank.vials)
        order = {one: 2, two: 3, three: 1, four: 10}
        move = bulk.reorder(session, bank.shelves.actor, bank.box, order, at=START + HOUR)

        assert move.things == 3  # SH-4 was named where it is
        assert bank.places(session) == {1: "SH-3", 2: "SH-1", 3: "SH-2", 10: "SH-4"}
        bulk.undo_bulk(session, bank.shelves.actor, move, at=START + 2 * HOUR)
        assert bank.places(session) == {1: "SH-1", 2: "SH-2", 3: "SH-3", 10: "SH-4"}


def test_only_vials_of_the_box_get_another_order(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        stranger = bank.shelves.vial(bank.vials[0].lot, "SH-9", bank.other, 1)
        with pytest.raises(AllRefused, match="SH-9 is not in D-044"):
            bulk.reorder(session, bank.shelves.actor, bank.box, {stranger.id: 5}, at=START)


def test_two_vials_and_two_boxes_change_places(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        actor = bank.shelves.actor
        bulk.swap_vials(session, actor, bank.vials[0], bank.vials[3], at=START)
        assert bank.places(session) == {1: "SH-4", 2: "SH-2", 3: "SH-3", 10: "SH-1"}

        before = session.scalar(select(func.count()).select_from(Custody))
        swap = bulk.swap_boxes(session, actor, bank.box, bank.other, at=START + HOUR)
        assert session.scalar(select(func.count()).select_from(Custody)) == before + 2
        assert queries.vial_path(session, bank.vials[0]).text.endswith("R07 · 2 › D-044 › B1")
        bulk.undo_bulk(session, actor, swap, at=START + 2 * HOUR)
        assert queries.vial_path(session, bank.vials[0]).text.endswith("R07 · 1 › D-044 › B1")


def test_a_box_that_stands_nowhere_changes_places_with_none(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        loose = bank.shelves.box(bank.org, "D-046")
        with pytest.raises(Conflict, match="D-046 stands nowhere yet"):
            bulk.swap_boxes(session, bank.shelves.actor, bank.box, loose, at=START)


def test_a_moved_box_goes_back_with_all_that_is_in_it(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        actor = bank.shelves.actor
        far = bank.shelves.rack(bank.org, "R08", bank.shelves.freezer(bank.org, "LN2-04"))
        move = bulk.move_container(session, actor, bank.box, far, 3, at=START + HOUR)
        assert "LN2-04" in queries.vial_path(session, bank.vials[0]).text
        assert "LN2-03" in queries.vial_path(session, bank.vials[0], START).text
        bulk.undo_bulk(session, actor, move, at=START + 2 * HOUR)
        assert "LN2-03" in queries.vial_path(session, bank.vials[0]).text


def test_a_move_is_taken_back_once_and_only_while_it_can_be(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        actor = bank.shelves.actor
        move = bulk.move_vials(session, actor, bank.moves(5, 6, 7), at=START + HOUR)
        bank.shelves.at = START + HOUR
        bank.shelves.vial(bank.vials[0].lot, "SH-8")
        storage.place_vial(
            session,
            actor,
            queries.vial(session, actor, "storage.read", "SH-8"),
            bank.box,
            1,
            at=START + 2 * HOUR,
        )
        storage.move_vial(session, actor, bank.vials[2], bank.other, 9, at=START + 2 * HOUR)
        with pytest.raises(AllRefused) as refused:
            bulk.undo_bulk(session, actor, move, at=START + 3 * HOUR)
        assert [one.code for one in refused.value.refusals] == ["moved_since"]
        storage.undo_move(session, actor, bank.vials[2], at=START + 3 * HOUR)
        with pytest.raises(AllRefused):
            bulk.undo_bulk(session, actor, move, at=START + 3 * HOUR)


def test_an_undo_is_recorded_and_can_itself_be_taken_back(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        actor = bank.shelves.actor
        move = bulk.move_vials(session, actor, bank.moves(5, 6), at=START + HOUR)
        undo = bulk.undo_bulk(session, actor, move, at=START + 2 * HOUR)
        assert (undo.kind, undo.undoes_id) == ("undo", move.id)
        with pytest.raises(AllRefused, match="taken back already"):
            bulk.undo_bulk(session, actor, move, at=START + 3 * HOUR)
        bulk.undo_bulk(session, actor, undo, at=START + 3 * HOUR)
        assert bank.places(session, bank.other) == {5: "SH-1", 6: "SH-2"}


def test_the_former_place_of_an_undo_may_be_taken(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        actor = bank.shelves.actor
        move = bulk.move_vials(session, actor, bank.moves(5, 6), at=START)
        late = bank.shelves.vial(bank.vials[0].lot, "SH-8")
        storage.place_vial(session, actor, late, bank.box, 2, at=START + HOUR)
        with pytest.raises(AllRefused, match="A2 of D-044 already holds SH-8"):
            bulk.undo_bulk(session, actor, move, at=START + 2 * HOUR)
        assert bank.places(session, bank.other) == {5: "SH-1", 6: "SH-2"}


def test_vials_move_late_and_no_time_is_taken_twice(database: Database) -> None:
    with database.writing() as session:
        bank = Bank.of(session)
        actor = bank.shelves.actor
        guest = bank.shelves.vial(bank.vials[0].lot, "SH-9", bank.other, 5)
        storage.move_vial(session, actor, guest, bank.other, 80, at=START + 3 * HOUR)
        with pytest.raises(AllRefused, match="A5 of D-045 held SH-9 until"):
            bulk.move_vials(
                session, actor, bank.moves(5), at=START + 4 * HOUR, happened_at=START + HOUR
            )
        with pytest.raises(AllRefused, match="cannot have left"):
            bulk.move_vials(
                session, actor, bank.moves(6), at=START + 4 * HOUR, happened_at=START - HOUR
            )
        with pytest.raises(Invalid, match="not come yet"):
            bulk.move_vials(session, actor, bank.moves(6), at=START, happened_at=START + HOUR)
        move = bulk.move_vials(
            session, actor, bank.moves(6), at=START + 4 * HOUR, happened_at=START + HOUR
        )
        (stay,) = carrying.stays_of_move(session, move)
        assert (stay.began_at, stay.began_recorded_at) == (START + HOUR, START + 4 * HOUR)


def test_a_vial_moved_by_position_alone_is_no_longer_verified(database: Database) -> None:
    """BR-04."""
    with database.writing() as session:
        bank = Bank.of(session)
        actor = bank.shelves.actor
        bulk.move_vials(session, actor, bank.moves(5), scanned=True, at=START + HOUR)
        assert bank.vials[0].verified_at == START + HOUR
        bulk.move_vials(session, actor, bank.moves(6), at=START + 2 * HOUR)
        assert bank.vials[0].verified_at is None
