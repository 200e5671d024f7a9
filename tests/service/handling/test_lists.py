"""Work lists: every tube by scan, a wrong one named, what was done stays done."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import AllRefused, Conflict, CryokeepError, Invalid
from server.handling.models import WorkList
from server.handling.queries import picks as queries
from server.handling.rules.putting import SPLIT, TOGETHER
from server.handling.service import picks, putting
from server.storage import service as storage
from server.storage.models import Container, Vial
from server.storage.queries import vial_path
from tests.support.shelves import START, Shelves


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


@pytest.mark.parametrize(("policy", "boxes"), [(TOGETHER, 1), (SPLIT, 2)])
def test_tubes_are_put_where_the_list_suggests(database: Database, policy: str, boxes: int) -> None:
    org = stocked(database)
    with database.writing() as session:
        actor = Shelves(session).actor
        codes = [f"NEW-{number}" for number in range(4)]
        work = putting.make_put_away(session, actor, org, codes, "", policy, at=START)
        for line in queries.lines_of(session, work):
            target = session.get_one(Container, line.container_id)
            expected = (target.id, line.ordinal)
            putting.put_tube(session, actor, work, line.vial.code, target, at=START)
            path = vial_path(session, line.vial)
            assert (path.box_id, path.ordinal) == expected
        used = {vial_path(session, vial(session, code)).box_id for code in codes}

    assert len(used) == boxes


def put_one(session: Session, actor: Actor, org: int) -> tuple[WorkList, Container, Container]:
    work = putting.make_put_away(session, actor, org, ["NEW-0"], "", TOGETHER, at=START)
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
        found = refused(
            putting.make_put_away, session, actor, org, ["SH-11"], "", TOGETHER, at=START
        )
        assert found.refusal.code == "placed"
