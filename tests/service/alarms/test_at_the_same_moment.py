"""Alarms and people at the same moment: nothing is lost, nothing is silenced and called, on both databases."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from server.alarms import jobs, service
from server.alarms.models import Acknowledgement, AlarmRule, Episode
from server.alarms.service import suspensions
from server.core.actor import Actor
from server.core.clock import FixedClock
from server.core.db import Database
from server.core.errors import Conflict
from server.notify.models import Call, Notice
from server.notify.service import escalate
from server.storage.models import Container
from tests.service.alarms.bank import NOON, Bank, add_person, add_rule, add_step, later, make_bank

ROUNDS = 12


class Desk:
    """A bank with a call list of two, a rule for each round, and people who can answer."""

    def __init__(self, database: Database, **rule: object) -> None:
        self.database = database
        self.bank: Bank = make_bank(database)
        with database.writing() as session:
            add_step(session, self.bank, 1, name="night", wait_s=60)
            add_step(session, self.bank, 2, name="day", wait_s=60)
            self.rules = [
                add_rule(session, self.bank, value=-150.0 + n / 10, **rule).id
                for n in range(ROUNDS)
            ]
            people = [add_person(session, self.bank, name) for name in ("lee", "wang", "chen")]
            self.people = [Actor(id=one.id, name=one.name) for one in people]

    def begin(self, rule_id: int, at: datetime = NOON) -> int:
        with self.database.writing() as session:
            rule = session.get_one(AlarmRule, rule_id)
            return service.raise_episode(session, rule, raised_at=at, value=-140.0, now=at)

    def clear(self, rule_id: int, at: datetime) -> None:
        with self.database.writing() as session:
            service.clear_episode(session, session.get_one(AlarmRule, rule_id), at=at, now=at)

    def answer(self, who: Actor, number: int, at: datetime) -> None:
        with self.database.writing() as session:
            service.acknowledge(session, who, session.get_one(Episode, number), "", at=at)

    def aside(
        self, thing: type, number: int, at: datetime = NOON, mode: str = "shelved_timed"
    ) -> int:
        with self.database.writing() as session:
            found, until = session.get_one(thing, number), at + timedelta(hours=1)
            return suspensions.set_aside(
                session, self.people[0], found, mode, "defrosting", until=until, at=at
            ).id  # fmt: skip

    def episodes(self) -> list[Episode]:
        with self.database.reading() as session:
            return list(session.scalars(select(Episode).order_by(Episode.id)))

    def called(self) -> set[int]:
        with self.database.reading() as session:
            query = select(Call.about_id).where(Call.ended_at.is_(None), Call.about_kind == "alarm")
            found = list(session.scalars(query))
        assert len(found) == len(set(found)), "nobody is called twice for one alarm"
        return set(found)


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Do all of these in one moment; returns the codes of what was refused. Any other error is raised."""
    gate = threading.Barrier(len(acts))
    refused: list[str] = []
    failed: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        gate.wait(10)
        try:
            act()
        except Conflict as error:
            refused.append(error.refusal.code)
        except BaseException as error:  # noqa: BLE001  it is raised again by whoever waits
            failed.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if failed:
        raise failed[0]
    return sorted(refused)


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Do something while the block's transaction is under way; where it must wait for its end, it does."""
    thread = threading.Thread(target=act)
    thread.start()
    thread.join(0.5)
    yield
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize("of", [AlarmRule, Container])
def test_what_is_raised_while_it_is_set_aside_is_silenced_within_a_second(
    database: Database, of: type
) -> None:
    """Neither transaction sees the other: it calls at first, and the next look finds it."""
    desk = Desk(database)
    rule_id = desk.rules[0]
    number = rule_id if of is AlarmRule else desk.bank.freezer_id
    with database.writer() as session, session.begin():
        rule = session.get_one(AlarmRule, rule_id)
        service.raise_episode(session, rule, raised_at=NOON, value=-140.0, now=NOON)
        with meanwhile(lambda: desk.aside(of, number)):
            session.commit()
    jobs.end_suspensions(database, FixedClock(later(1)))

    (episode,) = desk.episodes()
    assert (episode.silenced, episode.cleared_at) == ("shelved", None)
    assert desk.called() == set()
    assert jobs.end_suspensions(database, FixedClock(later(2))) == 0, "it is found once"
    jobs.end_suspensions(database, FixedClock(later(3600)))
    assert desk.called() == {episode.id}, "and it calls when the time is up"


def test_what_is_raised_while_it_comes_back_calls(database: Database) -> None:
    desk = Desk(database)
    rule_id = desk.rules[0]
    row_id = desk.aside(AlarmRule, rule_id)

    def end() -> None:
        with database.writing() as session:
            row = session.get_one(suspensions.Suspension, row_id)
            suspensions.end(session, desk.people[1], row, at=later(1))

    with database.writer() as session, session.begin():
        rule = session.get_one(AlarmRule, rule_id)
        service.raise_episode(session, rule, raised_at=later(1), value=-140.0, now=later(1))
        with meanwhile(end):
            session.commit()
    jobs.end_suspensions(database, FixedClock(later(2)))

    (episode,) = desk.episodes()
    assert episode.silenced == ""
    assert desk.called() == {episode.id}


def test_raised_and_set_aside_at_once_is_never_both_and_never_lost(database: Database) -> None:
    desk = Desk(database)
    for rule_id in desk.rules:
        assert at_once(
            lambda rule_id=rule_id: desk.begin(rule_id),
            lambda rule_id=rule_id: desk.aside(AlarmRule, rule_id),
        ) == []  # fmt: skip
    silenced = {one.id for one in desk.episodes() if one.silenced}
    assert len(desk.episodes()) == ROUNDS
    assert {one.id for one in desk.episodes()} - silenced == desk.called()

    jobs.end_suspensions(database, FixedClock(later(1)))
    assert {one.silenced for one in desk.episodes()} == {"shelved"}
    assert desk.called() == set()


def test_shelved_until_it_ends_in_the_moment_in_which_it_ends_leaves_the_next_one_calling(
    database: Database,
) -> None:
    desk = Desk(database)
    for rule_id in desk.rules:
        desk.begin(rule_id)
        refused = at_once(
            lambda rule_id=rule_id: desk.clear(rule_id, later(5)),
            lambda rule_id=rule_id: desk.aside(AlarmRule, rule_id, later(5), "shelved_once"),
        )
        assert refused in ([], ["nothing_to_shelve"])
        following = desk.begin(rule_id, later(6))
        assert following in desk.called()


def test_answered_over_and_told_further_at_once(database: Database) -> None:
    """The three that meet at an alarm: a person, its end, and the next step of its call."""
    desk = Desk(database, ack_timeout_s=600.0, latching=True)
    for rule_id in desk.rules:
        number = desk.begin(rule_id)

        def tell_further() -> None:
            with database.writing() as session:
                escalate(session, later(61))

        refused = at_once(
            lambda number=number: desk.answer(desk.people[0], number, later(61)),
            lambda rule_id=rule_id: desk.clear(rule_id, later(61)),
            tell_further,
        )
        assert refused == []
    for one in desk.episodes():
        assert one.cleared_at == later(61)
        assert (one.acknowledged_at, one.acknowledged_by_name) == (later(61), "Lee")
        assert one.realarm_at is None, "what is over does not alarm again"
        assert one.latched
    assert desk.called() == set()
    with database.writing() as session:
        assert escalate(session, later(600)) == 0
        per_call = select(func.count()).group_by(Notice.call_id).select_from(Notice)
        assert set(session.scalars(per_call)) <= {1, 2}
        assert service.run_out(session, later(7200)) == 0


def test_an_answer_that_runs_out_while_the_alarm_ends_never_calls_for_what_is_over(
    database: Database,
) -> None:
    desk = Desk(database, ack_timeout_s=60.0)
    numbers = {rule_id: desk.begin(rule_id) for rule_id in desk.rules}
    for number in numbers.values():
        desk.answer(desk.people[0], number, later(1))

    def run_out() -> None:
        with database.writing() as session:
            service.run_out(session, later(61))

    for rule_id in desk.rules:
        assert at_once(lambda rule_id=rule_id: desk.clear(rule_id, later(61)), run_out) == []
    for one in desk.episodes():
        assert one.cleared_at is not None
        calls = one.id in desk.called()
        assert calls == (one.acknowledged_at is None), "it calls exactly if nobody has it"


def test_two_persons_at_once_are_two_and_a_third_is_one_too_many(database: Database) -> None:
    desk = Desk(database, acks_needed=2)
    for rule_id in desk.rules:
        number = desk.begin(rule_id)
        refused = at_once(
            *(
                lambda who=who, number=number: desk.answer(who, number, later(5))
                for who in desk.people
            )
        )
        assert refused == ["already_acknowledged"]
    assert desk.called() == set()
    with database.reading() as session:
        given = select(func.count(func.distinct(Acknowledgement.person_id))).group_by(
            Acknowledgement.episode_id
        )
        assert session.scalars(given).all() == [2] * ROUNDS
        assert session.scalar(select(func.count()).select_from(Acknowledgement)) == 2 * ROUNDS


def test_one_person_twice_at_once_is_still_one(database: Database) -> None:
    desk = Desk(database, acks_needed=2)
    for rule_id in desk.rules:
        number = desk.begin(rule_id)
        again = lambda number=number: desk.answer(desk.people[0], number, later(5))  # noqa: E731  one act, done twice
        assert at_once(again, again) == ["you_already_did"]
        assert number in desk.called()


def test_two_workers_that_raise_the_same_rule_make_one_alarm_and_one_call(
    database: Database,
) -> None:
    desk = Desk(database)
    for rule_id in desk.rules:
        begin = lambda rule_id=rule_id: desk.begin(rule_id)  # noqa: E731  one act, done twice
        assert at_once(begin, begin) == []
    assert len(desk.episodes()) == len(desk.called()) == ROUNDS


def test_two_who_set_the_same_aside_at_once_leave_one_row(database: Database) -> None:
    desk = Desk(database)
    for rule_id in desk.rules:
        aside = lambda rule_id=rule_id: desk.aside(AlarmRule, rule_id, later(5))  # noqa: E731  one act, done twice
        assert at_once(aside, aside) == ["already_aside"]
