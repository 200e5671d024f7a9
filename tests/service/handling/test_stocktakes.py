"""Stock-takes: compared before anything changes, committed box by box, every difference kept."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import AllRefused, CryokeepError
from server.genealogy import service as genealogy
from server.handling.models import Discrepancy, StockTake, StockTakeBox
from server.handling.queries import stocktakes as queries
from server.handling.service import discrepancies, stocktakes
from server.storage import imports
from server.storage import service as storage
from server.storage.models import Container, RackScan, Vial
from server.storage.queries import vial_path
from server.storage.queries.holds import ref
from server.storage.service.scans import File
from server.storage.service.upkeep import measure
from tests.support.shelves import START, Shelves


def stocked(database: Database) -> None:
    """Make a rack with two boxes of three tubes each, a missing tube, one that is out, and a destroyed one."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("SCB")
        rack = shelves.rack(org, "R01", shelves.freezer(org, "LN2-01"))
        lot = shelves.lot(org, code="L-1")
        for number in (1, 2):
            box = shelves.box(org, f"D-{number}", rack)
            for place in (1, 2, 3):
                shelves.vial(lot, f"SH-{number}{place}", box, place)
            for other, verb in (("LOST", "miss"), ("OUT", "out"), ("GONE", "gone")):
                vial = shelves.vial(lot, f"{other}-{number}", box, 10 + len(other))
                if verb == "miss":
                    storage.miss_vial(session, shelves.actor, vial, at=START)
                else:
                    storage.take_out(session, shelves.actor, vial, at=START)
                if verb == "gone":
                    storage.thaw_vial(session, shelves.actor, vial, at=START)


def actor() -> Actor:
    return Actor.system("tests")


def vial(session: Session, code: str) -> Vial:
    return session.scalars(select(Vial).where(Vial.code == code)).one()


def container(session: Session, code: str) -> Container:
    return session.scalars(select(Container).where(Container.code == code)).one()


def opened(session: Session, code: str = "R01") -> StockTake:
    return stocktakes.open_take(session, actor(), container(session, code), "", at=START)


def line(session: Session, box: str = "D-1") -> StockTakeBox:
    take = session.scalars(select(StockTake).order_by(StockTake.id.desc())).first()
    assert take is not None
    return queries.box_of(session, take, box)


def read(session: Session, box: str, *tubes: tuple[str, str], rest_empty: bool = True) -> str:
    """Read these tubes, "?" for one that cannot be read; return the fingerprint of the comparison."""
    found = line(session, box)
    for position, tube in tubes:
        code = "" if tube == "?" else tube
        stocktakes.read_tube(session, actor(), found, position, code, unread=tube == "?", at=START)
    if rest_empty:
        stocktakes.read_rest_as_empty(session, actor(), found, at=START)
    return queries.compared(session, found)[0].fingerprint


def commit(session: Session, box: str, fingerprint: str, *, looked: bool = False) -> None:
    stocktakes.commit_box(
        session, actor(), line(session, box), fingerprint, looked=looked, at=START
    )


def kept(session: Session) -> dict[str, tuple[str, str]]:
    """Return kind and how of each discrepancy by the tube's code."""
    return {one.code: (one.kind, one.how) for one in session.scalars(select(Discrepancy))}


def refused(verb: object, *given: object, **named: object) -> CryokeepError:
    with pytest.raises(CryokeepError) as found:
        verb(*given, **named)
    return found.value


def test_nothing_changes_before_the_box_is_committed(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
        read(session, "D-1", ("A1", "SH-11"), ("A2", "SH-13"), ("A4", "STRANGE"), ("A5", "LOST-1"))

    with database.reading() as session:
        assert vial(session, "SH-12").state == "in_storage"
        assert vial(session, "LOST-1").state == "missing"
        assert kept(session) == {}
        _plan, lines = queries.compared(session, line(session))
        shown = {(one.change, one.recorded, one.scanned) for one in lines if one.change != "free"}
        assert shown == {
            ("same", "SH-11", "SH-11"), ("moved", "SH-12", "SH-13"), ("missing", "SH-12", ""),
            ("unknown", "", "STRANGE"), ("placed", "", "LOST-1"),
        }  # fmt: skip


def test_a_tube_that_may_not_stand_there_stays_an_open_discrepancy_and_the_rest_is_committed(
    database: Database,
) -> None:
    """A held tube found in a box for released stock, and one in a position of another size."""
    stocked(database)
    with database.writing() as session:
        box = container(session, "D-1")
        storage.limit(session, actor(), box, {"quarantine": ["never"]}, at=START)
        measure(
            session,
            actor(),
            box,
            heights_mm=[],
            size_class="",
            size_classes={"9": "large"},
            at=START,
        )
        held = vial(session, "SH-21")
        genealogy.lay(session, actor(), ref(held), held.org_id, "complaint", at=START)
        opened(session)
        shown = read(
            session, "D-1", ("A1", "SH-11"), ("A2", "SH-12"), ("A3", "SH-13"), ("A4", "LOST-1"),
            ("A8", "SH-21"), ("A9", "SH-22"),
        )  # fmt: skip
        _plan, lines = queries.compared(session, line(session))
        why = {one.scanned: one.why.code for one in lines if one.why}
        commit(session, "D-1", shown)

    assert why == {"SH-21": "quarantined", "SH-22": "wrong_size"}
    with database.reading() as session:
        assert kept(session) == {
            "LOST-1": ("extra", "recorded"), "SH-21": ("extra", ""), "SH-22": ("extra", ""),
        }  # fmt: skip
        assert vial(session, "LOST-1").state == "in_storage"
        assert vial_path(session, vial(session, "SH-21")).step("box").code == "D-2"
        assert vial(session, "SH-21").verified_at is None


def test_a_committed_box_says_what_was_seen_and_keeps_every_difference(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
        shown = read(
            session, "D-1", ("A1", "SH-11"), ("A2", "SH-13"), ("A4", "STRANGE"), ("A5", "LOST-1"),
            ("A6", "OUT-1"), ("A7", "GONE-1"), ("A8", "SH-21"), ("A9", "?"),
        )  # fmt: skip
        commit(session, "D-1", shown)

    with database.reading() as session:
        assert kept(session) == {
            "SH-13": ("moved", "recorded"), "SH-12": ("missing", ""), "STRANGE": ("extra", ""),
            "LOST-1": ("extra", "recorded"), "OUT-1": ("extra", "recorded"), "GONE-1": ("extra", ""),
            "SH-21": ("moved", "recorded"), "": ("unread", ""),
        }  # fmt: skip
        assert vial(session, "SH-12").state == "missing"
        assert vial(session, "LOST-1").state == "in_storage"
        assert vial(session, "OUT-1").state == "in_storage"
        assert vial(session, "GONE-1").state == "thawed"
        assert vial(session, "SH-11").verified_at == START
        assert vial_path(session, vial(session, "SH-21")).text.endswith("D-1 › A8")
        done = line(session)
        assert (done.state, done.recorded, done.same) == ("committed", 3, 1)
        gone = session.scalars(select(Discrepancy).where(Discrepancy.code == "GONE-1")).one()
        why = discrepancies.why_of(gone)
        assert why is not None
        assert why.code == "terminal_state"
        actions = select(AuditEntry.action).where(AuditEntry.subject_kind == "stock_take")
        assert session.scalars(actions.order_by(AuditEntry.id)).all() == [
            "stock_take.opened", "stock_take.committed",
        ]  # fmt: skip


def test_a_box_that_fails_halfway_is_not_committed_at_all(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
        first = read(session, "D-1", ("A1", "SH-11"), ("A2", "SH-12"))
        second = read(session, "D-2", ("A1", "SH-21"))
    with database.writing() as session:
        commit(session, "D-1", first)
    monkeypatch.setattr(discrepancies, "write_down", lambda *_given: 1 / 0)
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        commit(session, "D-2", second)

    with database.reading() as session:
        assert line(session, "D-1").state == "committed"
        assert line(session, "D-2").state == "read"
        assert vial(session, "SH-13").state == "missing"
        assert vial(session, "SH-22").state == "in_storage"
        assert set(kept(session)) == {"SH-13"}
    monkeypatch.undo()
    with database.writing() as session:  # what was read is still there
        commit(session, "D-2", queries.compared(session, line(session, "D-2"))[0].fingerprint)
        assert vial(session, "SH-22").state == "missing"


def test_boxes_are_committed_one_by_one_and_the_last_one_ends_it(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
    for box, tubes in (("D-1", ("SH-11", "SH-12", "SH-13")), ("D-2", ("SH-21", "SH-22", "SH-23"))):
        with database.writing() as session:
            places = zip(("A1", "A2", "A3"), tubes, strict=True)
            commit(session, box, read(session, box, *places))
        with database.reading() as session:
            assert line(session, box).state == "committed"
    with database.reading() as session:
        (row,) = queries.stock_takes(session, actor())
        assert (row.take.state, row.settled, row.boxes) == ("done", 2, 2)
        assert (row.same, row.recorded, row.open_discrepancies) == (6, 6, 0)


def test_a_tube_that_one_box_lacks_is_found_in_the_next(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
        commit(session, "D-1", read(session, "D-1", ("A1", "SH-11"), ("A2", "SH-12")))
        assert vial(session, "SH-13").state == "missing"
        shown = read(
            session, "D-2", ("A1", "SH-21"), ("A2", "SH-22"), ("A3", "SH-23"), ("A4", "SH-13")
        )
        commit(session, "D-2", shown)
        assert vial(session, "SH-13").state == "in_storage"

        found = session.scalars(select(Discrepancy).where(Discrepancy.kind == "missing")).one()
        assert (found.how, found.settled_by_name) == ("found", "tests")
        assert "D-2" in found.note


def test_what_nobody_looked_at_is_not_missing(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
        commit(session, "D-1", read(session, "D-1", ("A1", "SH-11"), rest_empty=False))

        assert vial(session, "SH-12").state == "in_storage"
        assert kept(session) == {"SH-12": ("unread", ""), "SH-13": ("unread", "")}


def test_a_box_that_changed_since_it_was_shown_is_looked_at_again(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
        shown = read(session, "D-1", ("A1", "SH-11"), ("A2", "SH-12"), ("A3", "SH-13"))
        storage.move_vial(
            session, actor(), vial(session, "SH-12"), container(session, "D-2"), 50, at=START
        )
        assert refused(commit, session, "D-1", shown).refusal.code == "plan_changed"


@pytest.mark.parametrize("act", ["moved away", "put there", "taken out"])
def test_a_move_after_the_reading_is_not_undone_unseen(database: Database, act: str) -> None:
    stocked(database)
    later = START + timedelta(minutes=5)
    with database.writing() as session:
        opened(session)
        shown = read(session, "D-1", ("A1", "SH-11"), ("A2", "SH-12"), ("A3", "SH-13"))
        other, out = container(session, "D-2"), vial(session, "OUT-1")
        if act == "moved away":
            code = "SH-12"
            storage.move_vial(session, actor(), vial(session, code), other, 50, at=later)
        elif act == "put there":
            code = "OUT-1"
            storage.put_back(session, actor(), out, container(session, "D-1"), 40, at=later)
        else:
            code = "SH-13"
            storage.take_out(session, actor(), vial(session, code), at=later)
        fresh = queries.compared(session, line(session))[0].fingerprint
        assert fresh != shown
        before = vial_path(session, vial(session, code)).custody_id
        changed = refused(commit, session, "D-1", fresh)
        assert changed.refusal.code == "changed_since"
        assert changed.refusal.facts["vial"] == code
        assert vial_path(session, vial(session, code)).custody_id == before
        stocktakes.commit_box(session, actor(), line(session), fresh, looked=True, at=later)
        assert line(session).state == "committed"


def test_a_tube_that_another_box_of_it_lacked_is_no_doubt(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
        read(session, "D-2", ("A1", "SH-21"), ("A2", "SH-12"), ("A3", "SH-23"))
        read(session, "D-1", ("A1", "SH-11"), ("A3", "SH-13"))
        for box in ("D-1", "D-2"):
            shown = queries.compared(session, line(session, box))[0].fingerprint
            found = line(session, box)
            stocktakes.commit_box(session, actor(), found, shown, at=START + timedelta(minutes=5))
        assert vial_path(session, vial(session, "SH-12")).box_id == container(session, "D-2").id


def test_an_empty_box_is_compared_by_somebody_before_all_of_it_is_missing(
    database: Database,
) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
        shown = read(session, "D-1")
        assert refused(commit, session, "D-1", shown).refusal.code == "not_compared"
        commit(session, "D-1", shown, looked=True)
        assert {kind for kind, _how in kept(session).values()} == {"missing"}


def test_a_file_is_read_for_the_box_that_it_names(database: Database) -> None:
    stocked(database)
    text = "Position,Tube\nA1,SH-11\nA2,NO READ\n"
    with database.writing() as session:
        opened(session)
        found = line(session)
        file = File("d1.csv", text.encode())
        seen = imports.read(file.data, found.box.shape)
        stocktakes.read_file(session, actor(), found, file, seen, rest_is_empty=True, at=START)
        again = stocktakes.read_file(session, actor(), found, file, seen, at=START)
        assert [scan.state for scan in session.scalars(select(RackScan).order_by(RackScan.id))] == [
            "put_aside", "staged",
        ]  # fmt: skip
        stocktakes.read_rest_as_empty(session, actor(), again, at=START)
        commit(session, "D-1", queries.compared(session, again)[0].fingerprint)
        assert kept(session) == {"SH-12": ("unread", ""), "SH-13": ("missing", "")}
        by_hand = refused(
            stocktakes.read_tube, session, actor(), line(session, "D-2"), "Z9", at=START
        )
        assert by_hand.refusal.code == "position_outside" or by_hand.field == "position"


def test_a_scan_of_a_stock_take_is_applied_only_there(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
        shown = read(session, "D-1", ("A1", "SH-11"))
        scan = line(session).scan
        assert scan is not None
        elsewhere = refused(storage.apply_scan, session, actor(), scan, shown, at=START)
        assert elsewhere.refusal.code == "of_stock_take"
        aside = refused(storage.put_aside_scan, session, actor(), scan, at=START)
        assert aside.refusal.code == "of_stock_take"


def test_a_tube_is_read_once_and_a_reading_can_be_mended(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
        read(session, "D-1", ("A1", "sh-11"), rest_empty=False)
        twice = refused(
            stocktakes.read_tube, session, actor(), line(session), "A2", "SH-11", at=START
        )
        assert twice.refusal.facts == {"tube": "SH-11", "position": "A1"}
        read(session, "D-1", ("A1", "SH-12"), ("A2", "SH-11"), rest_empty=False)
        stocktakes.read_anew(session, actor(), line(session), at=START)
        assert line(session).state == "waiting"


def test_a_box_is_counted_in_one_open_stock_take_only(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        take = opened(session, "D-1")
        found = refused(opened, session, "R01")
        assert isinstance(found, AllRefused)
        assert found.refusals[0].facts == {"box": "D-1", "take": take.code}
        assert stocktakes.close_take(session, actor(), take, at=START) == 1
        opened(session, "R01")


def test_what_is_closed_or_committed_takes_nothing_more(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        take = opened(session)
        shown = read(session, "D-1", ("A1", "SH-11"), ("A2", "SH-12"), ("A3", "SH-13"))
        commit(session, "D-1", shown)
        assert refused(commit, session, "D-1", shown).refusal.code == "box_settled"
        assert refused(commit, session, "D-2", shown).refusal.code == "not_read"
        stocktakes.close_take(session, actor(), take, at=START)
        assert refused(read, session, "D-2", ("A1", "SH-21")).refusal.code == "take_closed"
        assert line(session, "D-2").state == "left"


@pytest.mark.parametrize(
    ("how", "note", "box", "state", "code"),
    [
        ("found", "", "D-2", "in_storage", None),
        ("found", "", "", "missing", "not_stored"),
        ("lost", "looked through the rack", "", "lost", None),
        ("explained", "x", "", "missing", "still_missing"),
    ],
)
def test_a_missing_tube_is_found_or_given_up(
    database: Database, how: str, note: str, box: str, state: str, code: str | None
) -> None:
    stocked(database)
    with database.writing() as session:
        opened(session)
        commit(session, "D-1", read(session, "D-1", ("A1", "SH-11"), ("A2", "SH-12")))
        one = session.scalars(select(Discrepancy)).one()
        into = container(session, box) if box else None
        if code:
            found = refused(discrepancies.settle, session, actor(), one, how, note, into, at=START)
            assert found.refusal.code == code
        else:
            discrepancies.settle(session, actor(), one, how, note, into, at=START)
            assert (one.how, one.settled_by_name) == (how, "tests")
            again = refused(discrepancies.settle, session, actor(), one, how, "x", at=START)
            assert again.refusal.code == "settled"
        assert vial(session, "SH-13").state == state


def test_a_place_without_boxes_is_not_counted(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        shelves.rack(shelves.org("SCB"), "R09")
        assert refused(opened, session, "R09").refusal.code == "no_boxes"
