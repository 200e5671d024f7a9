"""Chains, schedules, groups, roles, absences, last resorts: who is told when a call goes along them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.accounts.models import Grant, Person
from server.core.db import Database
from server.notify import service
from server.notify.models import Absence, Call, CallGroup, Contact, GroupMember, Override
from server.outbox.models import Letter
from tests.service.alarms.bank import NOON, add_person, later, make_bank
from tests.service.notify import ground
from tests.service.notify.ground import begin, due_at, escalate, notes, told


def test_after_the_hand_over_the_new_person_is_told(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee, wang = (add_person(session, bank, name) for name in ("lee", "wang"))
        made = ground.schedule(session, bank, [lee.id, wang.id])
        session.add(ground.step(bank, 1, schedule_id=made.id, wait_s=600))
    day = timedelta(days=1).total_seconds()

    begin(database, bank, at=later(day - 300))
    assert told(database) == ["lee"]
    assert escalate(database, day + 300) == 1

    assert told(database) == ["lee", "wang"]


def test_an_override_that_begins_during_the_call_is_told_next(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee, chen = (add_person(session, bank, name) for name in ("lee", "chen"))
        made = ground.schedule(session, bank, [lee.id])
        session.add(ground.step(bank, 1, schedule_id=made.id))
    begin(database, bank)
    with database.writing() as session:
        session.add(
            Override(
                schedule_id=made.id, person_id=chen.id, begins_at=later(100), until=later(400),
                recorded_at=later(50),
            )
        )  # fmt: skip

    escalate(database, 300)
    escalate(database, 600)

    assert told(database) == ["lee", "chen", "lee"]


def test_who_is_away_is_not_told_and_who_stands_in_is(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee, wang, chen = (add_person(session, bank, name) for name in ("lee", "wang", "chen"))
        session.add_all(
            [ground.step(bank, 1, person_id=lee.id), ground.step(bank, 2, person_id=wang.id)]
        )
        session.add_all(
            Absence(
                person_id=who, cover_id=cover, begins_at=later(-60), until=later(1000),
                recorded_at=NOON,
            )
            for who, cover in ((lee.id, chen.id), (wang.id, None))
        )  # fmt: skip

    begin(database, bank)
    escalate(database, 300)
    assert told(database) == ["chen", "chen"]
    assert notes(database) == [
        "nobody could be told: Wang is away or switched off; the next step was told at once"
    ]
    escalate(database, 1300)

    assert told(database)[2:] == ["wang"]


def test_a_group_is_told_at_once_each_person_once_at_all_their_addresses(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        people = [add_person(session, bank, name) for name in ("lee", "wang")]
        people.append(add_person(session, bank, "gone", active=False))
        team = CallGroup(org_id=bank.org_id, name="team")
        session.add(team)
        session.flush()
        session.add_all(GroupMember(group_id=team.id, person_id=one.id) for one in people)
        contact = {"person_id": people[0].id, "channel": "apprise", "created_at": NOON}
        session.add_all(
            [
                Contact(**contact, address="ntfy://n.example/lee", verified=True),
                Contact(
                    **contact, address="ntfy://n.example/high", verified=True, min_severity="high"
                ),
                Contact(**contact, address="ntfy://n.example/unproved"),
                Contact(**contact, address="ntfy://n.example/old", verified=True, removed_at=NOON),
            ]
        )
        session.add(ground.step(bank, 1, group_id=team.id))

    begin(database, bank)
    assert told(database) == ["lee", "ntfy://n.example/lee", "ntfy://n.example/high", "wang"]
    begin(database, bank, number=8, severity="warning")

    assert told(database)[4:] == ["lee", "ntfy://n.example/lee", "wang"]


def test_the_last_resort_is_told_after_two_rounds_and_the_call_never_falls_silent(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee, boss = (add_person(session, bank, name) for name in ("lee", "boss"))
        add_person(session, bank, "other")
        session.add_all(
            Grant(person_id=boss.id, role="quality", org_id=org, granted_at=NOON)
            for org in (None, bank.org_id)
        )
        session.add_all(
            [
                ground.step(bank, 1, person_id=lee.id),
                ground.step(bank, 2, role="quality", from_round=3),
            ]
        )
    begin(database, bank)

    for number in range(1, 6):
        assert escalate(database, 300 * number) == 1

    assert told(database) == ["lee", "lee", "lee", "boss", "lee", "boss"]


def test_a_chain_for_some_alarms_is_taken_and_the_call_stays_on_it(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee, night, safety = (add_person(session, bank, name) for name in ("lee", "night", "guard"))
        first = ground.chain(bank, "safety", 1, classes='["safety"]')
        second = ground.chain(bank, "LN2-03", 2, freezers='["LN2-03"]', severities='["critical"]')
        old = ground.chain(bank, "old", 0, ended_at=NOON)
        session.add_all([first, second, old])
        session.flush()
        session.add_all(
            [
                ground.step(bank, 1, person_id=lee.id),
                ground.step(bank, 1, chain_id=first.id, person_id=safety.id),
                ground.step(bank, 1, chain_id=second.id, person_id=night.id),
                ground.step(bank, 2, chain_id=second.id, person_id=lee.id),
                ground.step(bank, 1, chain_id=old.id, person_id=lee.id),
            ]
        )

    begin(database, bank, number=1, freezer="LN2-03", alarm_class="process")
    begin(database, bank, number=2, freezer="LN2-03", alarm_class="safety")
    begin(database, bank, number=3, freezer="LN2-03", severity="high")
    assert told(database) == ["night", "guard", "lee"]
    escalate(database, 300)

    assert told(database)[3:] == ["lee", "guard", "lee"]


def test_where_a_chain_has_nobody_the_call_list_is_told(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee, gone = (
            add_person(session, bank, "lee"),
            add_person(session, bank, "gone", active=False),
        )
        only = ground.chain(bank)
        session.add(only)
        session.flush()
        session.add(ground.step(bank, 1, chain_id=only.id, person_id=gone.id))
        session.add(ground.step(bank, 1, person_id=lee.id))

    begin(database, bank)

    assert told(database) == ["lee"]
    assert (
        notes(database)[-1]
        == "nobody of the chain “night” could be told; the call list was told instead"
    )
    assert escalate(database, 300) == 1
    assert told(database) == ["lee", "lee"]


def test_everybody_off_is_noted_once_and_looked_at_each_minute_until_somebody_is_back(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee = add_person(session, bank, "lee", active=False)
        made = ground.schedule(session, bank, [lee.id])
        session.add_all(
            [ground.step(bank, 1, person_id=lee.id), ground.step(bank, 2, schedule_id=made.id)]
        )
    begin(database, bank)
    for minute in (1, 2, 3):
        assert due_at(database) == later(60 * minute)
        assert escalate(database, 60 * minute) == 1
    assert told(database) == []
    assert len(notes(database)) == 2
    with database.writing() as session:
        session.get_one(Person, bank.people["lee"]).active = True

    escalate(database, 240)

    assert told(database) == ["lee"]


def killed_before_the_commit(database: Database) -> None:
    with database.writing() as session:
        assert service.escalate(session, later(300)) == 1
        raise KeyboardInterrupt


def test_a_worker_killed_between_two_steps_leaves_the_call_as_it_was(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        session.add_all(
            ground.step(bank, n, person_id=add_person(session, bank, f"p{n}").id) for n in (1, 2)
        )
    begin(database, bank)

    with pytest.raises(KeyboardInterrupt):
        killed_before_the_commit(database)
    assert told(database) == ["p1"]
    assert [escalate(database, 300), escalate(database, 300)] == [1, 0]

    assert told(database) == ["p1", "p2"]
    with database.reading() as session:
        assert session.scalars(select(Call.round)).one() == 1


def test_each_address_has_a_letter_of_its_own_so_that_one_that_fails_stops_no_other(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee = add_person(session, bank, "lee")
        session.add(
            Contact(
                person_id=lee.id, channel="apprise", address="ntfy://dead.example/x", verified=True,
                created_at=NOON,
            )
        )  # fmt: skip
        session.add(ground.step(bank, 1, person_id=lee.id))
    begin(database, bank)

    with database.reading() as session:
        letters = session.scalars(select(Letter)).all()
        assert {one.channel for one in letters} == {"smtp", "apprise"}
        assert len({one.message_id for one in letters}) == 2
