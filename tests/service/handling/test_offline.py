"""What was done without a network: in order, once, at its own time; what quarrels is kept and never done by itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict, CryokeepError, Invalid, NotFound
from server.handling.models import OfflineAct, WorkLine, WorkList
from server.handling.queries import offline as queries
from server.handling.rules.acts import Act, Device
from server.handling.service import offline, picks
from server.handling.service.offline_settling import drop, record_late, seen
from server.parties.models import Organisation
from server.storage import service as storage
from server.storage.models import Container, Custody, Vial
from server.storage.queries import live_custody, path_of, vial_path
from server.storage.service.bulk import move_container
from tests.support.shelves import START, Shelves

PHONE = Device("d-1", "phone 3")
MIN = timedelta(minutes=1)
CONTACT, NOW = START + 10 * MIN, START + 60 * MIN


def stocked(session: Session) -> Actor:
    """Make a bank with two boxes and four tubes on a pick list; return its technician."""
    shelves = Shelves(session)
    org = shelves.org("SCB")
    rack = shelves.rack(org, "R01", shelves.freezer(org, "LN2-01"))
    box, lot = shelves.box(org, "D-1", rack), shelves.lot(org, code="L-1")
    shelves.box(org, "D-2", rack)
    for place in range(1, 5):
        shelves.vial(lot, f"SH-{place}", box, place)
    codes = [f"SH-{place}" for place in range(1, 4)]
    work = picks.make_pick_list(session, shelves.actor, org.id, codes, "thaw", at=START)
    work.code = "P-1"
    return person(session, org.id, "technician@bank.example")


def person(session: Session, org_id: int, email: str) -> Actor:
    row = Person(email=email, name=email.partition("@")[0], org_id=org_id, created_at=START)
    session.add(row)
    session.flush()
    granted = {"storage.move": frozenset({org_id}), "storage.read": frozenset({org_id})}
    return Actor(id=row.id, name=row.name, org_id=org_id, permissions=granted)


def vial(session: Session, code: str) -> Vial:
    return session.scalars(select(Vial).where(Vial.code == code)).one()


def box(session: Session, code: str) -> Container:
    return session.scalars(select(Container).where(Container.code == code)).one()


def act(session: Session, kind: str, tube: str, minute: int = 20, **facts: object) -> Act:
    """Return an act of this minute, with the device's belief as the database is now."""
    known = session.scalars(select(Vial).where(Vial.code == tube)).first()
    stay = live_custody(session, known) if known else None
    usual = {
        "uuid": f"{kind}-{tube}-{minute}", "stated_at": START + minute * MIN, "contact_at": CONTACT,
        "offset_ms": 0, "known": True, "stay": stay.id if stay else None, "place": "D-1 › A1",
        "list": "P-1" if kind in {"pick", "not_there"} else "",
    }  # fmt: skip
    return Act(kind=kind, tube=tube, **{**usual, **facts})


def send(
    session: Session, actor: Actor, *acts: Act, ahead: timedelta = 0 * MIN
) -> list[OfflineAct]:
    return offline.take_acts(session, actor, PHONE, acts, NOW + ahead, at=NOW)


def moved_by_colleague(session: Session, code: str, minute: int = 30) -> None:
    at = START + minute * MIN
    colleague = Actor.system("colleague")
    storage.move_vial(session, colleague, vial(session, code), box(session, "D-2"), 9, at=at)


def test_acts_are_done_in_order_at_the_times_of_the_device(database: Database) -> None:
    with database.writing() as session:
        actor = stocked(session)
        first = act(session, "pick", "SH-1", 20)
        acts = [
            first,
            act(session, "not_there", "SH-2", 21),
            act(session, "move", "SH-4", 22, box="D-2", position="B3"),
            act(session, "move", "SH-1", 23, box="D-2", position="A1", after=first.uuid),
        ]
        rows = send(session, actor, *acts)
        assert [row.outcome for row in rows] == ["done"] * 4, [row.reason for row in rows]

    with database.reading() as session:
        assert vial_path(session, vial(session, "SH-1")).text.endswith("A1")
        assert vial(session, "SH-2").state == "missing"
        stays = session.scalars(
            select(Custody).where(Custody.vial_id == vial(session, "SH-1").id).order_by(Custody.id)
        ).all()
        assert [stay.began_at for stay in stays] == [START, START + 20 * MIN, START + 23 * MIN]
        assert {stay.began_recorded_at for stay in stays[1:]} == {NOW}
        assert stays[-1].began_by_name == "technician"
        line = session.scalars(select(WorkLine).where(WorkLine.state == "missing")).one()
        assert line.settled_at == START + 21 * MIN
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "vial.taken_out")
        ).one()
        assert (entry.at, entry.stated_at) == (NOW, START + 20 * MIN)


def test_the_same_act_twice_changes_nothing(database: Database) -> None:
    with database.writing() as session:
        actor = stocked(session)
        once = act(session, "pick", "SH-1")
        (first,) = send(session, actor, once)
    with database.writing() as session:
        entries = session.scalar(select(func.count()).select_from(AuditEntry))
        again, twice = send(session, actor, once, once)
        assert again.id == twice.id == first.id
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == entries
        with pytest.raises(Conflict) as refused:
            send(session, actor, replace(once, tube="SH-2"))
        assert refused.value.refusal.code == "uuid_used"


def test_the_same_number_of_another_person_is_another_act(database: Database) -> None:
    with database.writing() as session:
        actor = stocked(session)
        other = person(session, actor.org_id or 0, "other@bank.example")
        send(session, actor, act(session, "pick", "SH-1", uuid="u"))
        (row,) = send(session, other, act(session, "pick", "SH-2", uuid="u"))
        assert row.outcome == "done"


def test_what_a_colleague_moved_meanwhile_is_kept_and_not_overwritten(database: Database) -> None:
    with database.writing() as session:
        actor = stocked(session)
        mine = act(session, "move", "SH-1", 20, box="D-2", position="A1")
        next_one = act(session, "take_out", "SH-1", 25, after=mine.uuid)
        fine = act(session, "pick", "SH-2", 26)
        moved_by_colleague(session, "SH-1")
        here = vial_path(session, vial(session, "SH-1")).text
        rows = send(session, actor, mine, next_one, fine)

        assert [row.outcome for row in rows] == ["conflict", "conflict", "done"]
        assert vial_path(session, vial(session, "SH-1")).text == here
        said = queries.refusal_of(rows[0]).text()
        assert "D-1 › A1" in said
        assert here in said
        assert "colleague" in said
        assert queries.refusal_of(rows[1]).code == "earlier_open"
        assert queries.how_many_wait(session, actor) == 2
        kept = select(AuditEntry.subject_code).where(AuditEntry.action == "offline_act.conflict")
        assert session.scalars(kept).all() == ["SH-1", "SH-1"]


def boxed(session: Session, minute: int, position: str, **facts: object) -> Act:
    """Return the act of one who put the box D-1 into another rack; the device knows nothing of boxes."""
    usual = {"known": False, "stay": None, "place": "", "box": "R02", "position": position}
    return act(session, "move_box", "D-1", minute, **{**usual, **facts})


def second_rack(session: Session) -> Container:
    first = box(session, "R01")
    stay = session.scalars(select(Custody).where(Custody.child_id == first.id)).one()
    org = session.get_one(Organisation, first.org_id)
    return Shelves(session).rack(org, "R02", stay.container)


def test_a_box_is_carried_with_all_in_it_at_the_time_of_the_device(database: Database) -> None:
    with database.writing() as session:
        actor = stocked(session)
        second_rack(session)
        first = boxed(session, 20, "1")
        rows = send(session, actor, first, boxed(session, 25, "2", after=first.uuid), first)

        assert [row.outcome for row in rows] == ["done"] * 3, [row.reason for row in rows]
        assert path_of(session, box(session, "D-1")).text.endswith("R02 · 2 › D-1")
        assert "R02 · 2 › D-1" in vial_path(session, vial(session, "SH-1")).text
        then = path_of(session, box(session, "D-1"), START + 22 * MIN).text
        assert then.endswith("R02 · 1 › D-1")
        assert queries.how_many_wait(session, actor) == 0


def test_a_box_that_a_colleague_carried_meanwhile_stays_and_both_facts_are_kept(
    database: Database,
) -> None:
    with database.writing() as session:
        actor = stocked(session)
        rack = second_rack(session)
        mine, gone = boxed(session, 20, "1"), boxed(session, 21, "1", box="R09")
        move_container(
            session, Actor.system("colleague"), box(session, "D-1"), rack, 3, at=START + 30 * MIN
        )
        here = path_of(session, box(session, "D-1")).text
        rows = send(session, actor, mine, gone)

        assert [row.outcome for row in rows] == ["conflict", "refused"]
        assert path_of(session, box(session, "D-1")).text == here
        said = queries.refusal_of(rows[0]).text()
        assert here in said
        assert "colleague" in said
        waits = queries.waiting_acts(session, actor)[0]
        assert waits.now is not None
        assert waits.now.place == here
        kept = select(AuditEntry.subject_kind, AuditEntry.subject_code)
        entry = session.execute(kept.where(AuditEntry.action == "offline_act.conflict")).one()
        assert tuple(entry) == ("box", "D-1")

        record_late(session, actor, rows[0], at=NOW + MIN)
        assert path_of(session, box(session, "D-1"), START + 25 * MIN).text.endswith(
            "R02 · 1 › D-1"
        )
        assert path_of(session, box(session, "D-1")).text == here
        drop(session, actor, rows[1], "no such rack", at=NOW + MIN)
        assert queries.how_many_wait(session, actor) == 0


def test_a_conflict_can_be_recorded_late_and_the_present_stays(database: Database) -> None:
    with database.writing() as session:
        actor = stocked(session)
        mine = act(session, "move", "SH-1", 20, box="D-2", position="A1")
        moved_by_colleague(session, "SH-1", 30)
        (row,) = send(session, actor, mine)
        record_late(session, actor, row, at=NOW + MIN)

        tube = vial(session, "SH-1")
        assert vial_path(session, tube, START + 25 * MIN).text.endswith("D-2 › A1")
        assert vial_path(session, tube).text.endswith("D-2 › A9")
        assert row.resolution == "late"
        assert queries.how_many_wait(session, actor) == 0
        with pytest.raises(Conflict) as twice:
            drop(session, actor, row, "again", at=NOW + MIN)
        assert twice.value.refusal.code == "decided"


def test_what_happened_after_the_colleagues_move_can_be_done_late(database: Database) -> None:
    with database.writing() as session:
        actor = stocked(session)
        mine = act(session, "pick", "SH-1", 40)
        moved_by_colleague(session, "SH-1", 30)
        (row,) = send(session, actor, mine)
        assert row.outcome == "conflict"
        record_late(session, actor, row, at=NOW + MIN)

        stay = live_custody(session, vial(session, "SH-1"))
        assert (stay.place, stay.began_at) == ("bench", START + 40 * MIN)
        assert session.scalars(select(WorkLine.state).order_by(WorkLine.id)).first() == "done"


def test_a_tube_seen_elsewhere_since_is_not_missed_late(database: Database) -> None:
    with database.writing() as session:
        actor = stocked(session)
        mine = act(session, "not_there", "SH-1", 20)
        moved_by_colleague(session, "SH-1", 30)
        (row,) = send(session, actor, mine)
        with pytest.raises(Conflict) as refused:
            record_late(session, actor, row, at=NOW + MIN)
        assert refused.value.refusal.code == "seen_since"


def test_dropping_needs_a_reason_and_stays_readable(database: Database) -> None:
    with database.writing() as session:
        actor = stocked(session)
        mine = act(session, "pick", "SH-1")
        moved_by_colleague(session, "SH-1")
        (row,) = send(session, actor, mine)
        seen(session, actor, row, at=NOW)
        with pytest.raises(Invalid):
            drop(session, actor, row, " ", at=NOW)
        drop(session, actor, row, "I had SH-4 in my hand", at=NOW)
    with database.reading() as session:
        row = session.scalars(select(OfflineAct)).one()
        assert (row.resolution, row.note) == ("dropped", "I had SH-4 in my hand")
        assert row.resolved_by_name == "technician"
        actions = select(AuditEntry.action).where(AuditEntry.action.like("offline_act.%"))
        assert session.scalars(actions.order_by(AuditEntry.id)).all() == [
            "offline_act.conflict", "offline_act.seen", "offline_act.dropped",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "tube", "facts", "outcome", "code"),
    [
        ("pick", "SH-4", {}, "refused", "wrong_tube"),
        ("pick", "NOBODY", {}, "refused", "no_such_vial"),
        ("pick", "SH-1", {"list": "P-9"}, "refused", "no_list"),
        ("move", "SH-4", {"box": "D-1", "position": "A2"}, "conflict", "position_taken"),
        ("move", "SH-4", {"box": "D-1", "position": "ZZ9"}, "refused", None),
        ("move", "SH-4", {"box": "D-1"}, "refused", "incomplete_act"),
        ("move_box", "D-9", {"box": "R01", "position": "3"}, "refused", "no_such_container"),
        ("move_box", "D-1", {"box": "R01"}, "refused", "incomplete_act"),
        ("burn", "SH-4", {}, "refused", "unknown_act"),
    ],
)
def test_what_no_rule_allows_is_kept_with_its_sentence(
    database: Database, kind: str, tube: str, facts: dict[str, str], outcome: str, code: str | None
) -> None:
    with database.writing() as session:
        actor = stocked(session)
        (row,) = send(session, actor, act(session, kind, tube, **facts))
        refusal = queries.refusal_of(row)
        assert (row.outcome, bool(refusal.text())) == (outcome, True)
        assert code in (None, refusal.code)
        assert session.scalars(select(WorkList.state)).one() == "open"


def test_a_list_that_was_closed_meanwhile_is_a_conflict(database: Database) -> None:
    with database.writing() as session:
        actor = stocked(session)
        mine = act(session, "pick", "SH-1")
        work = session.scalars(select(WorkList)).one()
        picks.close_list(session, actor, work, at=START + 30 * MIN)
        (row,) = send(session, actor, mine)
        assert (row.outcome, queries.refusal_of(row).code) == ("conflict", "list_closed")
        assert vial(session, "SH-1").state == "in_storage"


def test_a_clock_that_is_hours_fast_is_told_and_corrected(database: Database) -> None:
    ahead = timedelta(hours=7)
    with database.writing() as session:
        actor = stocked(session)
        offset = -int(ahead.total_seconds() * 1000)
        mine = act(session, "pick", "SH-1", stated_at=START + 20 * MIN + ahead, offset_ms=offset)
        (row,) = send(session, actor, mine, ahead=ahead)
        assert (row.outcome, row.clock) == ("done", "wrong")
        assert row.happened_at == START + 20 * MIN
        assert live_custody(session, vial(session, "SH-1")).began_at == START + 20 * MIN


def test_a_tube_of_another_organisation_is_not_there_for_it(database: Database) -> None:
    with database.writing() as session:
        stocked(session)
        stranger = person(session, Shelves(session).org("LAB").id, "zhao@lab.example")
        (row,) = send(session, stranger, act(session, "take_out", "SH-1"))
        assert (row.outcome, queries.refusal_of(row).code) == ("refused", "no_such_vial")
        assert row.org_id == stranger.org_id
        assert vial(session, "SH-1").state == "in_storage"
        actor = person(session, vial(session, "SH-1").org_id, "second@bank.example")
        with pytest.raises(NotFound):
            queries.one_act(session, actor, row.id)


@pytest.mark.parametrize("count", [0, 11])
def test_a_few_acts_are_taken_at_once(database: Database, count: int) -> None:
    with database.writing() as session:
        actor = stocked(session)
        acts = [act(session, "pick", "SH-1", uuid=str(number)) for number in range(count)]
        with pytest.raises(CryokeepError) as refused:
            send(session, actor, *acts)
        assert refused.value.refusal.code == "many_acts"
