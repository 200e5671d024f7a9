"""Position audits: drawn by seed, looked at without changing anything, counted into the year."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import CryokeepError
from server.handling.models import Discrepancy, PositionAudit
from server.handling.queries import audits as queries
from server.handling.service import audits, discrepancies
from server.storage.models import Container, Vial
from server.storage.positions import BoxShape
from tests.support.shelves import START, Shelves


def stocked(database: Database) -> None:
    """Make a freezer with two boxes of six positions, three tubes in each, and an empty freezer."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("SCB")
        room = shelves.room(org)
        rack = shelves.rack(org, "R01", shelves.freezer(org, "LN2-01", room))
        shelves.freezer(org, "LN2-02", room)
        lot = shelves.lot(org, code="L-1")
        for number in (1, 2):
            box = shelves.box(org, f"D-{number}", rack, shape=BoxShape(2, 3))
            for place in (1, 2, 3):
                shelves.vial(lot, f"SH-{number}{place}", box, place)


def actor() -> Actor:
    return Actor.system("tests")


def container(session: Session, code: str) -> Container:
    return session.scalars(select(Container).where(Container.code == code)).one()


def vial(session: Session, code: str) -> Vial:
    return session.scalars(select(Vial).where(Vial.code == code)).one()


def drawn(session: Session, wanted: int, seed: str = "s", days: int = 0) -> PositionAudit:
    at = START + timedelta(days=days)
    return audits.draw(session, actor(), container(session, "LN2-01"), wanted, seed, at=at)


def check(
    session: Session, made: PositionAudit, box: str, ordinal: int, tube: str = "", **seen: bool
) -> None:
    lines = queries.lines_of(session, made)
    line = next(one for one in lines if (one.box.code, one.ordinal) == (box, ordinal))
    audits.check(session, actor(), made, line, tube, at=START, **seen)


def refused(verb: object, *given: object, **named: object) -> CryokeepError:
    with pytest.raises(CryokeepError) as found:
        verb(*given, **named)
    return found.value


def test_the_same_seed_draws_the_same_positions(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        one, same, other = (drawn(session, 5, seed) for seed in ("a", "a", "b"))
        places = [
            [(line.box_id, line.ordinal) for line in queries.lines_of(session, made)]
            for made in (one, same, other)
        ]
        assert places[0] == places[1]
        assert places[0] != places[2]
        assert [line.place for line in queries.lines_of(session, one)] == [1, 2, 3, 4, 5]
        assert one.population == 12


def test_what_differs_is_written_down_and_nothing_is_changed(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        made = drawn(session, 12)
        check(session, made, "D-1", 1, "sh-11")
        check(session, made, "D-1", 2)  # recorded, and the position is empty
        check(session, made, "D-1", 3, unread=True)
        check(session, made, "D-1", 4)  # empty, as recorded
        check(session, made, "D-1", 5, "SH-12")
        check(session, made, "D-1", 6, "STRANGE")

    with database.reading() as session:
        made = session.scalars(select(PositionAudit)).one()
        assert made.state == "open"
        assert {
            (one.code, one.ordinal): one.kind for one in session.scalars(select(Discrepancy))
        } == {
            ("SH-12", 2): "missing", ("SH-13", 3): "unread", ("SH-12", 5): "moved",
            ("STRANGE", 6): "extra",
        }  # fmt: skip
        assert vial(session, "SH-12").state == "in_storage"
        assert vial(session, "SH-11").verified_at == START
        assert vial(session, "SH-13").verified_at is None
        found = queries.accuracy_of(queries.lines_of(session, made))
        assert (found.right, found.checked) == (2, 5)  # what could not be read counts as neither


def test_a_wrong_touch_is_mended_by_looking_again(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        made = drawn(session, 12)
        check(session, made, "D-1", 2)  # touched by mistake: the tube is there
        check(session, made, "D-1", 1, "SH-11")
        lines = {(one.box.code, one.ordinal): one for one in queries.lines_of(session, made)}
        wrong = lines["D-1", 2]
        audits.look_again(session, actor(), made, wrong, at=START)
        assert (wrong.state, wrong.expected, wrong.checked_at) == ("waiting", "", None)
        check(session, made, "D-1", 2, "SH-12")
        assert wrong.state == "right"
        (kept,) = session.scalars(select(Discrepancy))
        assert (kept.code, kept.how, kept.note) == ("SH-12", "explained", made.code)
        for never in (lines["D-1", 1], lines["D-1", 3]):
            found = refused(audits.look_again, session, actor(), made, never, at=START)
            assert found.refusal.code == "not_again"
        acts = select(AuditEntry.action).where(AuditEntry.subject_code == made.code)
        assert "position_audit.position_again" in session.scalars(acts).all()
        check(session, made, "D-1", 4, "STRANGE")
        audits.close_audit(session, actor(), made, at=START)
        closed = refused(audits.look_again, session, actor(), made, lines["D-1", 4], at=START)
        assert closed.refusal.code == "audit_closed"


def test_coverage_counts_each_position_once_within_a_year(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        freezer = container(session, "LN2-01")
        audits.set_target(session, actor(), freezer, 50, at=START)
        made, again = drawn(session, 12, "a"), drawn(session, 12, "b")
        for one in (made, again):
            check(session, one, "D-1", 1, "SH-11")
            check(session, one, "D-1", 2)

    with database.reading() as session:
        rows = queries.coverage(session, actor(), START + timedelta(days=1))
        one, empty = rows
        assert (one.freezer.code, one.positions, one.percent) == ("LN2-01", 12, 50)
        assert (one.checked, one.missing) == (2, 4)
        assert (one.accuracy.right, one.accuracy.checked) == (2, 4)
        assert (empty.positions, empty.percent, empty.checked, empty.missing) == (0, 10, 0, 0)
        later = queries.coverage(session, actor(), START + timedelta(days=366))[0]
        assert (later.checked, later.missing, later.accuracy.checked) == (0, 6, 0)


def test_what_was_audited_is_not_drawn_again_within_a_year(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        made = drawn(session, 12)
        check(session, made, "D-1", 1, "SH-11")
        assert drawn(session, 12, "b").population == 11
        assert drawn(session, 12, "c", days=366).population == 12


def test_the_last_position_ends_an_audit_and_closing_leaves_the_rest(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        made = drawn(session, 12)
        first = queries.lines_of(session, made)[0]
        check(session, made, first.box.code, first.ordinal, "SH-11")
        again = refused(audits.check, session, actor(), made, first, at=START)
        assert again.refusal.code == "not_waiting"
        assert audits.close_audit(session, actor(), made, at=START) == 11
        closed = refused(check, session, made, "D-2", 1)
        assert closed.refusal.code == "audit_closed"
        whole = drawn(session, 1, "z")
        (only,) = queries.lines_of(session, whole)
        check(session, whole, only.box.code, only.ordinal, unread=True)
        assert whole.state == "done"


def test_a_tube_that_an_audit_lacks_is_missing_by_decision(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        made = drawn(session, 12)
        check(session, made, "D-1", 2)
        one = session.scalars(select(Discrepancy)).one()
        lost = refused(discrepancies.settle, session, actor(), one, "lost", "gone", at=START)
        assert lost.refusal.code == "not_missing"
        discrepancies.settle(session, actor(), one, "missed", at=START)
        assert vial(session, "SH-12").state == "missing"
        assert (one.how, one.settled_by_name) == ("missed", "tests")


@pytest.mark.parametrize(
    ("of", "wanted", "code"),
    [("D-1", 5, "no_freezer"), ("LN2-02", 5, "nothing_left"), ("LN2-01", 0, "many_positions")],
)
def test_what_cannot_be_drawn(database: Database, of: str, wanted: int, code: str) -> None:
    stocked(database)
    with database.writing() as session:
        found = refused(audits.draw, session, actor(), container(session, of), wanted, at=START)
        assert found.refusal.code == code
