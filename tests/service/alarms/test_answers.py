"""Acknowledging by several, running out, resetting, confirming: on both databases."""

import json
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import service
from server.alarms.models import Acknowledgement, AlarmRule, Episode
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict, Invalid
from server.notify.models import Call
from server.outbox.models import Letter
from tests.service.alarms.bank import NOON, Bank, add_person, add_rule, add_step, later, make_bank

BUTTON = Actor(id=None, name="somebody at the freezer, by the button", kind="agent", door="worker")


class Raised:
    """A bank with one alarm under way, and two who can answer."""

    def __init__(self, database: Database, **rule: object) -> None:
        self.database = database
        self.bank: Bank = make_bank(database)
        with database.writing() as session:
            add_step(session, self.bank, 1, name="night")
            self.rule_id = add_rule(session, self.bank, **rule).id
            self.lee, self.wang = (self._actor(session, name) for name in ("lee", "wang"))
        self.number = self.begin(NOON)

    def _actor(self, session: Session, name: str) -> Actor:
        person = add_person(session, self.bank, name)
        return Actor(id=person.id, name=person.name)

    def begin(self, at: datetime) -> int:
        with self.database.writing() as session:
            rule = session.get_one(AlarmRule, self.rule_id)
            return service.raise_episode(session, rule, raised_at=at, value=-149.0, now=at)

    def clear(self, at: datetime) -> None:
        with self.database.writing() as session:
            service.clear_episode(session, session.get_one(AlarmRule, self.rule_id), at=at, now=at)

    def answer(self, who: Actor, at: datetime, words: str = "", door: str = "") -> None:
        with self.database.writing() as session:
            episode = session.get_one(Episode, self.number)
            service.acknowledge(session, who, episode, words, at=at, door=door)

    def episode(self) -> Episode:
        with self.database.reading() as session:
            return session.get_one(Episode, self.number)

    def calls(self) -> int:
        with self.database.reading() as session:
            return len(session.scalars(select(Call.id).where(Call.ended_at.is_(None))).all())

    def audited(self, act: str) -> list[dict[str, object]]:
        with self.database.reading() as session:
            query = select(AuditEntry.facts).where(AuditEntry.action == act)
            return [json.loads(one) for one in session.scalars(query.order_by(AuditEntry.id))]


def test_an_answer_is_kept_with_its_door(database: Database) -> None:
    raised = Raised(database)

    raised.answer(raised.lee, later(30), " on my way ", door="link")

    with database.reading() as session:
        row = session.scalars(select(Acknowledgement)).one()
        assert (row.by_name, row.door, row.comment, row.round) == ("Lee", "link", "on my way", 0)
        assert (row.person_id, row.at, row.ran_out_at) == (raised.lee.id, later(30), None)
    assert raised.calls() == 0


def test_two_persons_are_needed_and_the_same_one_counts_once(database: Database) -> None:
    raised = Raised(database, acks_needed=2)

    raised.answer(raised.lee, later(30))
    assert raised.episode().acknowledged_at is None
    assert raised.calls() == 1
    with pytest.raises(Conflict, match="1 of the 2 persons"):
        raised.answer(raised.lee, later(31))
    raised.answer(raised.wang, later(40), "I see it")

    episode = raised.episode()
    assert (episode.acknowledged_at, episode.acknowledged_by_name) == (later(40), "Wang")
    assert raised.calls() == 0
    assert [f["still_needed"] for f in raised.audited("alarm.acknowledged")] == [1, 0]
    with pytest.raises(Conflict, match="Wang has already"):
        raised.answer(raised.lee, later(50))


def test_nobody_in_particular_is_not_one_of_two(database: Database) -> None:
    raised = Raised(database, acks_needed=2)

    raised.answer(BUTTON, later(10), door="button")
    raised.answer(raised.lee, later(20))
    assert raised.episode().acknowledged_at is None
    raised.answer(raised.wang, later(30))

    assert raised.episode().acknowledged_at == later(30)


def test_acknowledging_is_not_resolving_an_alarm_that_goes_on_calls_again(
    database: Database,
) -> None:
    raised = Raised(database, ack_timeout_s=600.0)
    raised.answer(raised.lee, later(60), "looking")

    with database.reading() as session:
        assert not service.running_out(session, later(659))
        assert service.running_out(session, later(660))
    with database.writing() as session:
        assert service.run_out(session, later(660)) == 1

    episode = raised.episode()
    assert (episode.acknowledged_at, episode.acknowledged_by, episode.realarms) == (None, None, 1)
    assert raised.calls() == 1
    with database.reading() as session:
        row = session.scalars(select(Acknowledgement)).one()
        assert (row.ran_out_at, row.comment) == (later(660), "looking")
        again = session.scalars(select(Letter).order_by(Letter.id)).all()[-1]
        assert again.subject == "Again: Critical: LN2-03 Top probe too warm"
        assert "Lee acknowledged it, and it still goes on." in again.body
        assert not service.running_out(session, later(9999))
    raised.answer(raised.lee, later(700))
    with database.reading() as session:
        assert [a.round for a in session.scalars(select(Acknowledgement))] == [0, 1]
        assert service.running_out(session, later(1300))


def test_a_critical_alarm_calls_again_after_an_hour_also_where_its_rule_says_nothing(
    database: Database,
) -> None:
    raised = Raised(database)
    raised.answer(raised.lee, later(60), "looking")
    assert raised.calls() == 0

    with database.reading() as session:
        assert not service.running_out(session, later(3659))
    with database.writing() as session:
        assert service.run_out(session, later(3660)) == 1

    assert raised.episode().acknowledged_at is None
    assert raised.calls() == 1


def test_a_warning_that_was_answered_stays_answered(database: Database) -> None:
    raised = Raised(database, severity="warning")
    raised.answer(raised.lee, later(60))

    assert raised.episode().realarm_at is None


def test_an_acknowledgement_of_what_is_over_does_not_run_out(database: Database) -> None:
    raised = Raised(database, ack_timeout_s=600.0)
    raised.answer(raised.lee, later(60))
    raised.clear(later(100))

    with database.writing() as session:
        assert service.run_out(session, later(10_000)) == 0
    assert raised.episode().realarm_at is None


def test_a_latched_alarm_stays_until_somebody_resets_it(database: Database) -> None:
    raised = Raised(database, latching=True)

    def reset(at: datetime) -> None:
        with database.writing() as session:
            service.reset(session, raised.wang, session.get_one(Episode, raised.number), at=at)

    with pytest.raises(Conflict, match="still holds"):
        reset(later(1))
    raised.clear(later(10))
    with pytest.raises(Conflict, match="Nobody has acknowledged"):
        reset(later(11))
    raised.answer(raised.lee, later(20))
    assert raised.episode().latched
    reset(later(30))

    episode = raised.episode()
    assert (episode.latched, episode.reset_at, episode.reset_by_name) == (False, later(30), "Wang")
    assert len(raised.audited("alarm.reset")) == 1
    with pytest.raises(Conflict, match="nothing to reset"):
        reset(later(31))


def test_confirming_takes_words_and_comes_after_the_end(database: Database) -> None:
    raised = Raised(database, needs_confirming=True)

    def confirm(words: str, at: datetime) -> None:
        with database.writing() as session:
            episode = session.get_one(Episode, raised.number)
            service.confirm(session, raised.lee, episode, words, at=at)

    raised.answer(raised.lee, later(5))
    with pytest.raises(Conflict, match="still holds"):
        confirm("gasket replaced", later(6))
    raised.clear(later(10))
    with pytest.raises(Invalid, match="what was done"):
        confirm("  ", later(11))
    confirm(" gasket replaced ", later(12))

    episode = raised.episode()
    assert (episode.confirm_due, episode.outcome) == (False, "gasket replaced")
    assert (episode.confirmed_at, episode.confirmed_by_name) == (later(12), "Lee")
    assert raised.audited("alarm.confirmed")[0]["outcome"] == "gasket replaced"
    with pytest.raises(Conflict, match="no confirmation"):
        confirm("again", later(13))
