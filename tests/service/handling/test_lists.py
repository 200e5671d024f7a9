"""Work lists: every tube by scan, a wrong one named, what was done stays done."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.models import AuditEntry
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import AllRefused, Conflict, CryokeepError, Invalid
from server.handling.models import WorkList
from server.handling.queries import picks as queries
from server.handling.rules.putting import SPLIT, TOGETHER
from server.handling.service import picks, putting
from server.storage import service as storage
from server.storage.models import Container, Custody, TierPolicy, Vial
from server.storage.positions import BoxShape
from server.storage.queries import vial_path
from tests.support.shelves import START, Shelves

LATER = START.replace(hour=12)


def stocked(database: Database) -> int:
    """Make two freezers with a box each; return the organisation."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("SCB")
        room = shelves.room(org)
        lot = shelves.lot(org, code="L-1")
        for number in (2, 1):
            rack = shelves.rack(org, f"R0{number}", shelves.freezer(org, f"LN2-0{number}", room))
            box = shelves.box(org, f"D-{number}", rack)
            for place in (5, 3, 1):
                shelves.vial(lot, f"SH-{number}{place}", box, place)
        for number in range(4):
            shelves.vial(lot, f"NEW-{number}")
        shelves.lot(shelves.org("LAB"), code="L-9")
        return org.id


def vial(session: Session, code: str) -> Vial:
    return session.scalars(select(Vial).where(Vial.code == code)).one()


def box(session: Session, code: str) -> Container:
    return session.scalars(select(Container).where(Container.code == code)).one()


def refused(verb: object, *given: object, **named: object) -> CryokeepError:
    with pytest.raises(CryokeepError) as found:
        verb(*given, **named)
    return found.value


def test_a_list_is_walked_in_order_and_ends_with_its_last_tube(database: Database) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        codes = ["SH-25", "SH-13", "SH-21", "SH-11"]
        work = picks.make_pick_list(session, actor, org, codes, "thaw", at=START)
        tubes = queries.walk(session, queries.lines_of(session, work))
        assert [tube.code for tube in tubes] == ["SH-11", "SH-13", "SH-21", "SH-25"]
        for code in ("SH-11", "SH-21", "sh-13"):
            picks.pick_tube(session, actor, work, code, at=START)
        picks.not_there(session, actor, work, "SH-25", at=START)

    with database.reading() as session:
        assert session.scalars(select(WorkList.state)).one() == "done"
        assert vial(session, "SH-11").state == "checked_out"
        assert vial(session, "SH-11").verified_at == START
        assert vial(session, "SH-25").state == "missing"
        wanted = select(AuditEntry.action).where(AuditEntry.subject_kind == "work_list")
        assert session.scalars(wanted.order_by(AuditEntry.id)).all() == [
            "work_list.made", "work_list.tube_done", "work_list.tube_done", "work_list.tube_done",
            "work_list.tube_missing", "work_list.done",
        ]  # fmt: skip


def test_a_wrong_tube_is_refused_with_both_codes(database: Database) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        work = picks.make_pick_list(session, actor, org, ["SH-13", "SH-21"], "", at=START)
        wrong = refused(picks.pick_tube, session, actor, work, "SH-15", at=START)
        assert isinstance(wrong, Invalid)
        assert wrong.refusal.facts["found"] == "SH-15"
        assert wrong.refusal.facts["expected"] == "SH-13"
        picks.pick_tube(session, actor, work, "SH-13", at=START)
        again = refused(picks.pick_tube, session, actor, work, "SH-13", at=START)
        assert again.refusal.code == "settled"
        assert vial(session, "SH-15").state == "in_storage"


def test_a_list_names_every_tube_that_it_cannot_have(database: Database) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        picks.make_pick_list(session, actor, org, ["SH-11"], "", at=START)
        codes = ["SH-11", "SH-13", "NEW-0", "NEW-1"]
        found = refused(picks.make_pick_list, session, actor, org, codes, "", at=START)

    assert isinstance(found, AllRefused)
    assert [refusal.code for refusal in found.refusals] == [
        "on_other_list", "wrong_state", "wrong_state",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("codes", "code"), [([], "many_tubes"), (["SH-11", "NOBODY"], "not_found")]
)
def test_a_list_of_nothing_or_of_strangers_is_refused(
    database: Database, codes: list[str], code: str
) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        found = refused(picks.make_pick_list, session, actor, org, codes, "", at=START)

    assert found.refusal.code == code


def test_a_closed_list_leaves_the_rest_where_it_is(database: Database) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        work = picks.make_pick_list(session, actor, org, ["SH-11", "SH-13"], "", at=START)
        picks.pick_tube(session, actor, work, "SH-11", at=START)
        assert picks.close_list(session, actor, work, at=START) == 1
        late = refused(picks.pick_tube, session, actor, work, "SH-13", at=START)
        assert isinstance(late, Conflict)
        assert vial(session, "SH-13").state == "in_storage"
        picks.make_pick_list(session, actor, org, ["SH-13"], "again", at=START)


def put_away(
    session: Session, actor: Actor, org: int, codes: list[str], policy: str = TOGETHER
) -> WorkList:
    plan = putting.plan_put_away(session, actor, org, codes, policy)
    return putting.make_put_away(session, actor, plan, "", at=START)


@pytest.mark.parametrize(("policy", "boxes"), [(TOGETHER, 1), (SPLIT, 2)])
def test_tubes_are_put_where_the_list_suggests(database: Database, policy: str, boxes: int) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        codes = [f"NEW-{number}" for number in range(4)]
        work = put_away(session, actor, org, codes, policy)
        for line in queries.lines_of(session, work):
            target = session.get_one(Container, line.container_id)
            expected = (target.id, line.ordinal)
            putting.put_tube(session, actor, work, line.vial.code, target, at=START)
            path = vial_path(session, line.vial)
            assert (path.box_id, path.ordinal) == expected
        used = {vial_path(session, vial(session, code)).box_id for code in codes}

    assert len(used) == boxes


def put_one(session: Session, actor: Actor, org: int) -> tuple[WorkList, Container, Container]:
    work = put_away(session, actor, org, ["NEW-0"])
    line = queries.lines_of(session, work)[0]
    target = session.get_one(Container, line.container_id)
    other = box(session, "D-1" if target.code == "D-2" else "D-2")
    return work, target, other


def test_another_box_is_taken_only_on_purpose(database: Database) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        work, target, other = put_one(session, actor, org)
        wrong = refused(putting.put_tube, session, actor, work, "NEW-0", other, at=START)
        assert wrong.refusal.facts == {
            "found": other.code, "vial": "NEW-0", "expected": target.code,
        }  # fmt: skip
        putting.put_tube(session, actor, work, "NEW-0", other, "I9", elsewhere=True, at=START)
        assert vial_path(session, vial(session, "NEW-0")).ordinal == 81


def test_a_position_that_was_taken_meanwhile_is_not_fought_over(database: Database) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        work, target, _ = put_one(session, actor, org)
        planned = queries.lines_of(session, work)[0].ordinal
        storage.place_vial(session, actor, vial(session, "NEW-3"), target, planned, at=START)
        putting.put_tube(session, actor, work, "NEW-0", target, at=START)
        path = vial_path(session, vial(session, "NEW-0"))

    assert path.box_id == target.id
    assert path.ordinal != planned


def test_what_has_a_place_is_not_put_away(database: Database) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        found = refused(putting.plan_put_away, session, actor, org, ["SH-11"], TOGETHER)
        assert found.refusal.code == "placed"
        plan = putting.plan_put_away(session, actor, org, ["NEW-0", "NEW-1"], TOGETHER)
        storage.place_vial(session, actor, vial(session, "NEW-1"), box(session, "D-1"), 9, at=START)
        late = refused(putting.make_put_away, session, actor, plan, "", at=START)
        assert [one.code for one in late.refusals] == ["placed"]


def test_full_boxes_and_other_freezers_are_not_suggested(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.handling.queries.putting.PAGE", 2)
    org = stocked(database)
    with database.writing() as session:
        shelves = Shelves(session)
        lot = session.scalars(select(Vial.lot_id).where(Vial.code == "SH-11")).one()
        rack = shelves.rack(type("Org", (), {"id": org})(), "R09")
        lots = session.get_one(Lot, lot)
        for number in range(5):
            full = shelves.box(type("Org", (), {"id": org})(), f"F-{number}", rack, BoxShape(1, 1))
            shelves.vial(lots, f"FULL-{number}", full, 1)
        freezer = box(session, "LN2-02")
        plan = putting.plan_put_away(
            session, shelves.actor, org, ["NEW-0", "NEW-1"], SPLIT, [freezer]
        )
        assert {one for one, _ in plan.targets.values()} == {box(session, "D-2").id}
        nowhere = shelves.freezer(type("Org", (), {"id": org})(), "LN2-09")
        without = refused(
            putting.plan_put_away, session, shelves.actor, org, ["NEW-0"], SPLIT, [nowhere]
        )
        assert [one.code for one in without.refusals] == ["no_room"]


def policy_of(session: Session, tier: str) -> TierPolicy:
    return session.scalars(select(TierPolicy).where(TierPolicy.tier == tier)).one()


def test_a_list_of_a_bank_says_what_for(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("SCB")
        room = shelves.room(org)
        into = shelves.box(
            org, "D-1", shelves.rack(org, "R01", shelves.freezer(org, "LN2-01", room))
        )
        lot = shelves.lot(org, "master", code="L-M")
        shelves.vial(lot, "M-1", into, 1)
        policy_of(session, "master").uses = "qc safety"
        unsaid = refused(
            picks.make_pick_list, session, shelves.actor, org.id, ["M-1"], "", at=START
        )
        assert [one.code for one in unsaid.refusals] == ["bad_use"]
        work = picks.make_pick_list(session, shelves.actor, org.id, ["M-1"], "", use="qc", at=START)
        picks.pick_tube(session, shelves.actor, work, "M-1", at=START)
        assert vial(session, "M-1").state == "checked_out"


def test_what_quality_has_not_cleared_is_not_put_on_a_list(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("SCB")
        into = shelves.box(org, "D-1", shelves.rack(org, "R01", shelves.freezer(org)))
        shelves.vial(shelves.lot(org, "master"), "M-1", into, 1)
        policy_of(session, "master").signed = True
        found = refused(picks.make_pick_list, session, shelves.actor, org.id, ["M-1"], "", at=START)
        assert [one.code for one in found.refusals] == ["not_cleared"]


def test_a_tube_that_turns_up_on_the_walk_is_taken(database: Database) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        work = picks.make_pick_list(session, actor, org, ["SH-11", "SH-13"], "", at=START)
        picks.not_there(session, actor, work, "SH-11", at=START)
        assert vial(session, "SH-11").state == "missing"
        picks.pick_tube(session, actor, work, "SH-11", at=LATER)
        assert vial(session, "SH-11").state == "checked_out"
        lines = {line.vial.code: line.state for line in queries.lines_of(session, work)}
        assert lines == {"SH-11": "done", "SH-13": "waiting"}
        places = select(Custody.place).where(Custody.vial_id == vial(session, "SH-11").id)
        assert session.scalars(places.order_by(Custody.id)).all() == [
            "position", "unknown", "position", "bench",
        ]  # fmt: skip


def test_a_missing_tube_whose_place_was_taken_is_not_found_there(database: Database) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        work = picks.make_pick_list(session, actor, org, ["SH-11", "SH-13"], "", at=START)
        picks.not_there(session, actor, work, "SH-11", at=START)
        storage.place_vial(session, actor, vial(session, "NEW-0"), box(session, "D-1"), 1, at=START)
        with pytest.raises(Conflict) as found, session.begin_nested():
            picks.pick_tube(session, actor, work, "SH-11", at=LATER)
        assert found.value.refusal.code == "position_taken"


@pytest.mark.parametrize("kind", ["pick", "put_away"])
def test_a_tube_that_somebody_else_had_is_left_as_it_is(database: Database, kind: str) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        if kind == "pick":
            work, code = picks.make_pick_list(session, actor, org, ["SH-11"], "", at=START), "SH-11"
            storage.take_out(session, actor, vial(session, code), at=START)
        else:
            work, code = put_away(session, actor, org, ["NEW-0"]), "NEW-0"
            storage.place_vial(
                session, actor, vial(session, code), box(session, "D-1"), 9, at=START
            )
        before = vial(session, code).state
        assert picks.not_there(session, actor, work, code, at=START).state == "left"
        assert vial(session, code).state == before
        assert work.state == "done"


def test_lists_say_when_they_are_of_the_other_kind(database: Database) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        pick = picks.make_pick_list(session, actor, org, ["SH-11"], "", at=START)
        put = put_away(session, actor, org, ["NEW-0"])
        out = refused(picks.pick_tube, session, actor, put, "NEW-0", at=START)
        into = refused(
            putting.put_tube, session, actor, pick, "SH-11", box(session, "D-2"), at=START
        )
        nothing = refused(picks.pick_tube, session, actor, pick, " ", at=START)
    assert (out.refusal.code, into.refusal.code) == ("other_kind", "other_kind")
    assert nothing.refusal.code == "empty"


def test_codes_in_small_letters_name_their_tubes_once(database: Database) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        codes = ["sh-11", "SH-11", "sh-13"]
        work = picks.make_pick_list(session, actor, org, codes, "", at=START)
        assert [line.vial.code for line in queries.lines_of(session, work)] == ["SH-11", "SH-13"]
        found = refused(picks.make_pick_list, session, actor, org, ["sh-99"], "", at=START)
    assert found.refusal.facts == {"found": "sh-99", "count": 1}
