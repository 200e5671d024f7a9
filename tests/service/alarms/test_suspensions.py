"""What is set aside: for a time, with a reason, by two persons for life safety; it ends, and alarms call again."""

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import jobs, service
from server.alarms.models import AlarmRule, Episode, Suspension
from server.alarms.service import suspensions
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import FixedClock
from server.core.db import Database
from server.core.errors import Conflict, Invalid
from server.notify.models import Call
from server.outbox.models import Letter
from server.storage.models import Container
from server.telemetry.models import Agent
from tests.service.alarms.bank import NOON, Bank, add_person, add_rule, add_step, later, make_bank

HOUR = 3600


class Watched:
    """A bank with a rule, a call list, and two who may set aside."""

    def __init__(self, database: Database, **rule: object) -> None:
        self.database = database
        self.bank: Bank = make_bank(database)
        with database.writing() as session:
            add_step(session, self.bank, 1, name="night")
            self.rule_id = add_rule(session, self.bank, **rule).id
            people = [add_person(session, self.bank, name) for name in ("lee", "wang")]
            self.lee, self.wang = (Actor(id=one.id, name=one.name) for one in people)

    def begin(self, at: datetime, rule_id: int = 0) -> int:
        with self.database.writing() as session:
            rule = session.get_one(AlarmRule, rule_id or self.rule_id)
            return service.raise_episode(session, rule, raised_at=at, value=-149.0, now=at)

    def clear(self, at: datetime) -> None:
        with self.database.writing() as session:
            service.clear_episode(session, session.get_one(AlarmRule, self.rule_id), at=at, now=at)

    def aside(
        self, mode: str = "shelved_timed", at: datetime = NOON, hours: float = 1.0, *,
        of: type = AlarmRule, number: int = 0, why: str = "defrosting",
    ) -> int:  # fmt: skip
        with self.database.writing() as session:
            thing = session.get_one(of, number or self.rule_id)
            until = at + timedelta(hours=hours)
            return suspensions.set_aside(session, self.lee, thing, mode, why, until=until, at=at).id

    def then(self, at: datetime) -> int:
        return jobs.end_suspensions(self.database, FixedClock(at))

    def episode(self, number: int) -> Episode:
        with self.database.reading() as session:
            return session.get_one(Episode, number)

    def row(self, number: int) -> Suspension:
        with self.database.reading() as session:
            return session.get_one(Suspension, number)

    def calls(self) -> list[int]:
        with self.database.reading() as session:
            query = select(Call.about_id).where(Call.ended_at.is_(None), Call.about_kind == "alarm")
            return list(session.scalars(query.order_by(Call.about_id)))

    def audited(self) -> list[str]:
        with self.database.reading() as session:
            query = select(AuditEntry.action).where(~AuditEntry.action.in_(("alarm.raised",)))
            return list(session.scalars(query.order_by(AuditEntry.id)))


def test_a_shelved_alarm_stops_calling_and_reappears_when_the_time_is_up(
    database: Database,
) -> None:
    watched = Watched(database)
    number = watched.begin(NOON)
    assert watched.calls() == [number]

    row = watched.aside(at=later(10))
    assert watched.calls() == []
    assert watched.episode(number).silenced == "shelved"
    assert watched.then(later(HOUR)) == 0
    assert watched.then(later(10 + HOUR)) == 2

    assert watched.calls() == [number]
    episode = watched.episode(number)
    assert (episode.silenced, episode.suspension_id, episode.cleared_at) == ("", row, None)
    assert (watched.row(row).ended_at, watched.row(row).ended_by_name) == (later(10 + HOUR), "")
    assert watched.audited() == [
        "suspension.begun", "alarm.set_aside", "suspension.over", "alarm.reappeared",
    ]  # fmt: skip
    with database.reading() as session:
        again = session.scalars(select(Letter).order_by(Letter.id)).all()[-1]
        assert again.subject.startswith("Again: Critical")
        assert "Nobody was called (shelved); that is over, and it goes on." in again.body
    assert watched.then(later(2 * HOUR)) == 0


def test_ending_early_calls_at_once_but_not_for_what_is_acknowledged_or_over(
    database: Database,
) -> None:
    watched = Watched(database)
    with database.writing() as session:
        other = add_rule(session, watched.bank, "level_mm", kind="low", value=75.0).id
        third = add_rule(session, watched.bank, "lid_open", kind="door", value=0.5).id
    row = watched.aside("out_of_service", of=Container, number=watched.bank.freezer_id)
    goes_on, held, gone = (watched.begin(later(5), rule) for rule in (0, other, third))
    with database.writing() as session:
        service.acknowledge(session, watched.wang, session.get_one(Episode, held), "", at=later(6))
        service.clear_episode(session, session.get_one(AlarmRule, third), at=later(7), now=later(7))
    assert watched.calls() == []

    with database.writing() as session:
        suspensions.end(session, watched.wang, session.get_one(Suspension, row), at=later(9))

    assert watched.calls() == [goes_on]
    assert [watched.episode(n).silenced for n in (goes_on, held, gone)] == ["", "", ""]
    assert watched.episode(gone).acknowledged_at is None  # it stays on the board
    assert watched.row(row).ended_by_name == "Wang"
    with pytest.raises(Conflict, match="ended already"), database.writing() as session:
        suspensions.end(session, watched.lee, session.get_one(Suspension, row), at=later(10))


def test_what_another_suspension_still_covers_stays_silent(database: Database) -> None:
    watched = Watched(database)
    number = watched.begin(NOON)
    rule_row = watched.aside(at=later(1), hours=1)
    with database.reading() as session:
        agent = session.scalars(select(Agent.id)).one()
    agent_row = watched.aside("suppressed", at=later(2), hours=2, of=Agent, number=agent)

    watched.then(later(1 + HOUR))
    assert watched.calls() == []
    assert watched.row(rule_row).ended_at is not None
    assert watched.episode(number).suspension_id == agent_row
    watched.then(later(2 + 2 * HOUR))
    assert watched.calls() == [number]


def test_shelved_once_lasts_until_this_alarm_ends_and_the_next_one_calls(
    database: Database,
) -> None:
    watched = Watched(database)
    with pytest.raises(Conflict, match="Only an alarm that is going on"):
        watched.aside("shelved_once")
    first = watched.begin(NOON)
    row = watched.aside("shelved_once", at=later(1), hours=24)
    assert watched.then(later(2)) == 0

    watched.clear(later(10))
    second = watched.begin(later(10))

    assert watched.row(row).ended_at == later(10)
    assert watched.calls() == [second]
    assert watched.then(later(11)) == 1
    assert watched.episode(first).silenced == ""


def test_the_end_of_a_drill_does_not_end_what_is_shelved_once(database: Database) -> None:
    watched = Watched(database)
    watched.begin(NOON)
    row = watched.aside("shelved_once", at=later(1), hours=24)
    with database.writing() as session:
        rule = session.get_one(AlarmRule, watched.rule_id)
        service.raise_episode(session, rule, raised_at=NOON, value=-9.0, drill="d", now=later(2))
        service.clear_episode(session, rule, at=later(3), drill="d", now=later(3))

    assert watched.then(later(4)) == 0
    assert watched.row(row).ended_at is None


@pytest.mark.parametrize(
    ("severity", "mode", "hours", "taken"),
    [
        ("critical", "shelved_timed", 24, True),
        ("critical", "shelved_timed", 24.1, False),
        ("warning", "shelved_timed", 7 * 24, True),
        ("warning", "shelved_timed", 7 * 24 + 1, False),
        ("critical", "suppressed", 30 * 24, True),
        ("critical", "suppressed", 30 * 24 + 1, False),
        ("critical", "out_of_service", 90 * 24, True),
        ("warning", "out_of_service", 90 * 24 + 1, False),
        ("warning", "shelved_timed", 0, False),
        ("warning", "shelved_timed", -1, False),
    ],
)
def test_every_mode_has_a_hard_maximum(
    database: Database, severity: str, mode: str, hours: float, taken: bool
) -> None:
    watched = Watched(database, severity=severity)
    if taken:
        assert watched.aside(mode, hours=hours)
    else:
        with pytest.raises(Invalid, match="more than 0 and at most"):
            watched.aside(mode, hours=hours)


def test_it_needs_a_reason_a_known_mode_and_no_other_that_stands(database: Database) -> None:
    watched = Watched(database)
    with pytest.raises(Invalid, match="Say why"):
        watched.aside(why="  ")
    with pytest.raises(Invalid, match="Choose how"):
        watched.aside("for ever")
    watched.aside()
    with pytest.raises(Conflict, match="Lee has already set this aside: “defrosting”"):
        watched.aside()
    with database.reading() as session:
        facts = session.scalars(
            select(AuditEntry.facts).where(AuditEntry.action == "suspension.begun")
        ).one()
        assert json.loads(facts)["reason"] == "defrosting"
        assert json.loads(facts)["what"] == "LN2-03, Top probe: too high"


def test_life_safety_is_set_aside_only_from_the_second_persons_agreement(
    database: Database,
) -> None:
    watched = Watched(database, alarm_class="safety")
    row = watched.aside(hours=24)
    first = watched.begin(later(5))
    assert watched.calls() == [first]

    def agree(session: Session, who: Actor, at: datetime) -> None:
        suspensions.agree(session, who, session.get_one(Suspension, row), at=at)

    with pytest.raises(Conflict, match="Somebody other than Lee"), database.writing() as session:
        agree(session, watched.lee, later(6))
    with pytest.raises(Conflict, match="Somebody other than"), database.writing() as session:
        agree(session, Actor.system("script"), later(6))
    with database.writing() as session:
        agree(session, watched.wang, later(7))

    assert watched.calls() == []
    assert watched.row(row).agreed_at == later(7)
    with pytest.raises(Conflict, match="Wang has already agreed"), database.writing() as session:
        agree(session, watched.wang, later(8))
    with pytest.raises(Invalid, match="at most 24 h"):
        watched.aside("out_of_service", at=later(25 * HOUR), hours=25)
    with database.writing() as session:
        rule = session.get_one(AlarmRule, watched.rule_id)
        with pytest.raises(Conflict, match="Life safety is not switched off"):
            service.switch_off(session, watched.lee, rule, "no", until=later(HOUR), at=NOON)


def test_a_freezer_set_aside_by_one_keeps_its_life_safety_until_two_agree(
    database: Database,
) -> None:
    watched = Watched(database, alarm_class="safety")
    with database.writing() as session:
        other = add_rule(session, watched.bank, "level_mm", kind="low", value=75.0).id
    safety, plain = watched.begin(NOON), watched.begin(NOON, other)
    freezer = watched.bank.freezer_id
    long_one = watched.aside("out_of_service", later(1), 48, of=Container, number=freezer)
    assert watched.calls() == [safety]

    with database.writing() as session:
        row = session.get_one(Suspension, long_one)
        with pytest.raises(Conflict, match="for at most 24 h at a time"):
            suspensions.agree(session, watched.wang, row, at=later(2))
        suspensions.end(session, watched.lee, row, at=later(3))
    assert watched.calls() == [safety, plain]
    short = watched.aside("out_of_service", later(4), 24, of=Container, number=freezer)
    with database.writing() as session:
        suspensions.agree(session, watched.wang, session.get_one(Suspension, short), at=later(5))

    assert watched.calls() == []


def test_a_rule_that_is_not_of_life_safety_needs_no_second_person(database: Database) -> None:
    watched = Watched(database)
    row = watched.aside()
    with database.writing() as session, pytest.raises(Conflict, match="no second person"):
        suspensions.agree(session, watched.wang, session.get_one(Suspension, row), at=later(1))


def test_an_acknowledgement_that_runs_out_while_shelved_calls_only_after_the_end(
    database: Database,
) -> None:
    watched = Watched(database, ack_timeout_s=60.0)
    number = watched.begin(NOON)
    with database.writing() as session:
        service.acknowledge(session, watched.lee, session.get_one(Episode, number), "", at=NOON)
    watched.aside(at=later(10))

    assert jobs.run_out(database, FixedClock(later(60))) == 1
    assert watched.calls() == []
    assert watched.episode(number).acknowledged_at is None
    watched.then(later(10 + HOUR))
    assert watched.calls() == [number]
