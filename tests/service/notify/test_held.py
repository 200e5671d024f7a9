"""Quiet hours and too many notices at once; a flood never mutes what is critical."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from server.core.db import Database
from server.notify import held, service
from server.notify.models import Absence, Contact, HeldNotice, Notice, Reach
from server.outbox.models import Letter
from tests.service.alarms.bank import NOON, Bank, add_person, later, make_bank
from tests.service.notify import ground
from tests.service.notify.ground import begin, due_at, escalate, notes, told

MORNING = 7 * 3600  # NOON + 7 h: quiet hours here last from 11:00 to 19:00 UTC


@pytest.fixture(autouse=True)
def over(monkeypatch) -> set[int]:
    """Return the alarms that are over, to be filled by the test."""
    numbers: set[int] = set()
    monkeypatch.setattr(held, "_over", {"alarm": lambda _session, ids: numbers & set(ids)})
    return numbers


def one_who_sleeps(database: Database, most_severe: str = "high") -> Bank:
    bank = make_bank(database)
    with database.writing() as session:
        lee = add_person(session, bank, "lee")
        session.add(ground.quiet(lee.id, 11 * 60, 19 * 60, most_severe))
        session.add(ground.step(bank, 1, person_id=lee.id))
    return bank


def release(database: Database, seconds: float) -> int:
    with database.writing() as session:
        return held.release(session, later(seconds))


def bodies(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Letter.body).order_by(Letter.id)))


def test_what_waits_for_the_end_of_quiet_hours_comes_as_one_letter(database: Database) -> None:
    bank = one_who_sleeps(database)
    begin(database, bank, number=7, severity="warning")
    begin(database, bank, number=8, severity="high")
    assert told(database) == []
    assert (
        notes(database)
        == ["quiet hours until 2026-03-14 19:00 UTC; told then, if it still matters"] * 2
    )
    assert due_at(database) == later(MORNING + 300)
    assert release(database, MORNING - 1) == 0

    assert release(database, MORNING) == 1

    assert told(database) == ["lee"]
    (body,) = bodies(database)
    assert "/alarms/7" in body
    assert "/alarms/8" in body
    assert body.count("nobody has answered yet") == 2
    assert release(database, MORNING) == 0
    with database.reading() as session:
        assert session.scalar(select(func.count()).where(Notice.letter_id.is_(None))) == 0


@pytest.mark.parametrize(
    ("severity", "facts"), [("critical", {}), ("warning", {"alarm_class": "safety"})]
)
def test_critical_and_life_safety_are_never_quiet(database: Database, severity, facts) -> None:
    bank = one_who_sleeps(database)

    begin(database, bank, severity=severity, **facts)

    assert told(database) == ["lee"]


def test_what_is_over_and_answered_by_then_is_left_out(database: Database, over) -> None:
    bank = one_who_sleeps(database)
    for number in (1, 2, 3, 4):
        begin(database, bank, number=number, severity="warning")
    with database.writing() as session:
        for number in (1, 2):
            service.answer(session, ("alarm", number), later(60))
    over |= {1, 3}  # 1 is over and answered, 2 answered, 3 over, 4 neither

    assert release(database, MORNING) == 1

    (body,) = bodies(database)
    assert [f"/alarms/{number}\n" in body for number in (1, 2, 3, 4)] == [False, True, True, True]
    with database.reading() as session:
        outcomes = session.scalars(select(HeldNotice.outcome).order_by(HeldNotice.id))
        assert list(outcomes) == ["over", "told", "told", "told"]


def test_who_does_not_sleep_is_told_at_once_instead(database: Database) -> None:
    bank = one_who_sleeps(database)
    with database.writing() as session:
        session.add(ground.step(bank, 2, person_id=add_person(session, bank, "wang").id))

    begin(database, bank, severity="warning")

    assert told(database) == ["wang"]
    assert due_at(database) == later(300)


def test_who_is_away_in_the_morning_is_told_later(database: Database) -> None:
    bank = one_who_sleeps(database)
    begin(database, bank, severity="warning")
    with database.writing() as session:
        session.add(
            Absence(
                person_id=bank.people["lee"], begins_at=later(MORNING - 5),
                until=later(MORNING + 60), recorded_at=NOON,
            )
        )  # fmt: skip

    assert release(database, MORNING) == 0
    assert release(database, MORNING + 3599) == 0
    assert release(database, MORNING + 3600) == 1

    assert told(database) == ["lee"]


def test_a_flood_that_mutes_the_critical_mail(database: Database) -> None:
    """Mycodo counts all mails of an hour in one number and then refuses every one, critical ones too."""
    bank = make_bank(database)
    with database.writing() as session:
        lee = add_person(session, bank, "lee")
        session.add(Reach(person_id=lee.id, most_in_10_min=5))
        contact = Contact(
            person_id=lee.id,
            channel="smtp",
            address="lee2@example.org",
            verified=True,
            created_at=NOON,
        )
        session.add_all([contact, ground.step(bank, 1, person_id=lee.id)])
    for number in range(100):
        begin(database, bank, number=number, severity="warning", at=later(number))
    assert told(database) == ["lee", "lee2"] * 5

    begin(database, bank, number=1000, severity="critical", at=later(100))
    begin(database, bank, number=1001, severity="high", at=later(101), alarm_class="safety")

    assert told(database)[10:] == ["lee", "lee2"] * 2
    assert release(database, 599) == 0
    assert release(database, 600) == 1
    assert told(database)[14:] == ["lee", "lee2"]
    assert sum(f"/alarms/{number}\n" in bodies(database)[-1] for number in range(100)) == 95


def test_who_is_told_with_the_others_counts_as_told_so_that_the_next_step_waits(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee, wang = (add_person(session, bank, name) for name in ("lee", "wang"))
        session.add(Reach(person_id=lee.id, most_in_10_min=1))
        session.add_all(
            ground.step(bank, n, person_id=one.id) for n, one in enumerate((lee, wang), 1)
        )
    for number in (7, 8):
        begin(database, bank, number=number, severity="warning")
    assert told(database) == ["lee"]

    assert escalate(database, 300) == 2

    assert told(database) == ["lee", "wang", "wang"]
    assert timedelta(seconds=300) == due_at(database, 8) - later(300)
