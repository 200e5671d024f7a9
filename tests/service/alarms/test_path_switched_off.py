"""What sank others: the alarm path was switched off, and nobody knew who did it or how long it had been off.

Here nothing that silences an alarm lasts for ever, and as long as it lasts people are reminded.
"""

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from server.accounts.models import Grant, Person
from server.alarms import asides, jobs, service
from server.alarms.models import AlarmRule, Suspension
from server.alarms.service import suspensions
from server.audit.models import AuditEntry
from server.core import catalogues
from server.core.actor import Actor
from server.core.clock import FixedClock
from server.core.db import Database
from server.outbox.models import Letter
from server.storage.models import Container
from tests.service.alarms.bank import NOON, Bank, add_person, add_rule, make_bank

DAY = timedelta(days=1)


class Off:
    """A bank with a technician and a manager; time passes by `walk`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.bank: Bank = make_bank(database)
        with database.writing() as session:
            self.rule_id = add_rule(session, self.bank).id
            tech, boss = (add_person(session, self.bank, name) for name in ("tech", "boss"))
            add_person(session, self.bank, "reader")
            boss.language = "zh_Hans"
            grant = Grant(
                person_id=boss.id, role="bank_manager", org_id=self.bank.org_id, granted_at=NOON
            )
            session.add(grant)
            self.tech = Actor(id=tech.id, name=tech.name)

    def walk(self, until: datetime) -> None:
        """Let the worker's jobs run at noon, and whenever something has become due."""
        at: datetime | None = NOON
        while at is not None and at <= until:
            clock = FixedClock(at)
            jobs.remind(self.database, clock)
            jobs.end_suspensions(self.database, clock)
            at = self._next(at)

    def _next(self, after: datetime) -> datetime | None:
        with self.database.reading() as session:
            row = session.scalars(select(Suspension).where(Suspension.ended_at.is_(None))).first()
            rule = session.get_one(AlarmRule, self.rule_id)
            times = [rule.off_remind_at, rule.off_until]
            times += [row.remind_at, row.until] if row else []
        return min((at for at in times if at is not None and at > after), default=None)

    def letters(self, name: str) -> list[tuple[datetime, str]]:
        with self.database.reading() as session:
            query = select(Letter).where(Letter.address == f"{name}@example.org")
            return [
                (one.created_at, one.subject) for one in session.scalars(query.order_by(Letter.id))
            ]

    def audited(self, act: str) -> list[dict[str, object]]:
        with self.database.reading() as session:
            query = select(AuditEntry.facts).where(AuditEntry.action == act)
            return [json.loads(one) for one in session.scalars(query.order_by(AuditEntry.id))]


def test_alarm_path_switched_off_and_nobody_knew(database: Database) -> None:
    catalogues.load()
    off = Off(database)
    with database.writing() as session:
        rule = session.get_one(AlarmRule, off.rule_id)
        service.switch_off(session, off.tech, rule, "beeps", until=NOON + 3 * DAY, at=NOON)

    off.walk(NOON + 4 * DAY)

    times = [at for at, _subject in off.letters("tech")]
    assert times == [
        NOON + DAY,
        NOON + 2 * DAY,
        NOON + 3 * DAY - timedelta(hours=1),
        NOON + 3 * DAY,
    ]
    subjects = [subject for _at, subject in off.letters("tech")]
    assert subjects[0] == "Still switched off: LN2-03, Top probe: too high"
    assert subjects[-1] == "Switched on again: LN2-03, Top probe: too high"
    assert [at for at, _subject in off.letters("boss")] == times
    assert off.letters("boss")[0][1].startswith("仍处于关闭状态")
    assert off.letters("reader") == []
    with database.reading() as session:
        rule = session.get_one(AlarmRule, off.rule_id)
        assert (rule.enabled, rule.off_until, rule.off_because) == (True, None, "")
    assert off.audited("alarm_rule.switched_off")[0]["reason"] == "beeps"
    assert [one["told"] for one in off.audited("alarm_rule.reminded")] == [["Tech", "Boss"]] * 3
    assert len(off.audited("alarm_rule.switched_on")) == 1


@pytest.mark.parametrize("mode", [one for one in asides.MODES if one != "shelved_once"])
def test_whatever_is_set_aside_reminds_and_ends(database: Database, mode: str) -> None:
    off = Off(database)
    most = asides.longest(mode, critical=True, safety=False)
    with database.writing() as session:
        freezer = session.get_one(Container, off.bank.freezer_id)
        suspensions.set_aside(
            session, off.tech, freezer, mode, "repair", until=NOON + most, at=NOON
        )  # fmt: skip

    off.walk(NOON + most)

    told = off.letters("tech")
    assert len(told) == most.days  # each day but the last, and an hour before the end
    assert told[-1] == (NOON + most - timedelta(hours=1), "Still set aside: LN2-03")
    assert [at for at, _s in off.letters("boss")] == [at for at, _s in told]
    with database.reading() as session:
        row = session.scalars(select(Suspension)).one()
        assert row.ended_at == NOON + most
    assert len(off.audited("suspension.reminded")) == most.days


def test_a_rule_that_was_off_before_rules_had_an_end_gets_one(database: Database) -> None:
    off = Off(database)
    with database.writing() as session:
        session.get_one(AlarmRule, off.rule_id).enabled = False

    off.walk(NOON)
    assert len(off.letters("boss")) == 1
    off.walk(NOON + 7 * DAY)

    with database.reading() as session:
        assert session.get_one(AlarmRule, off.rule_id).enabled
    assert len(off.letters("boss")) == 9


def test_who_has_left_is_not_written_to(database: Database) -> None:
    off = Off(database)
    with database.writing() as session:
        freezer = session.get_one(Container, off.bank.freezer_id)
        until = NOON + 2 * DAY
        suspensions.set_aside(session, off.tech, freezer, "suppressed", "x", until=until, at=NOON)
        session.get_one(Person, off.tech.id).active = False

    off.walk(NOON + DAY)

    assert off.letters("tech") == []
    assert len(off.letters("boss")) == 1
