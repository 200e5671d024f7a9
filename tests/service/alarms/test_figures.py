"""Responder figures are right to the alarm, the person and the second. On both databases."""

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from server.alarms import drill_rules, figures
from server.alarms.models import Acknowledgement, Drill, Episode
from server.core.db import Database
from server.notify.models import Call, Notice
from server.outbox.models import Letter
from server.parties.models import Organisation
from server.storage.models import Container, Site
from tests.service.alarms.bank import NOON, Bank, add_person, add_rule, later, make_bank


class House:
    """A bank with two rules and two people, and what is written of its alarms."""

    def __init__(self, database: Database) -> None:
        self.database, self.bank = database, make_bank(database)
        with database.writing() as session:
            self.rules = {
                "critical": add_rule(session, self.bank).id,
                "high": add_rule(session, self.bank, "level_mm", kind="low", severity="high").id,
            }
            for name in ("lee", "wang"):
                add_person(session, self.bank, name)

    def alarm(self, at: float, severity: str = "critical", **more: object) -> int:
        """Write an alarm that began so many seconds after noon and is over."""
        with self.database.writing() as session:
            row = Episode(
                org_id=self.bank.org_id, rule_id=self.rules[severity], kind="high", severity=severity,
                freezer_id=more.pop("freezer_id", self.bank.freezer_id), channel_id=self.bank.channels["top_c"],
                limit_value=-150.0, raised_at=later(at), recorded_at=later(at),
                cleared_at=later(at + 1), **more,
            )  # fmt: skip
            session.add(row)
            session.flush()
            return row.id

    def answer(self, alarm_id: int, after: float, name: str = "lee", *, again: int = 0) -> None:
        """Write a person's answer so many seconds after the alarm."""
        with self.database.writing() as session:
            alarm = session.get_one(Episode, alarm_id)
            alarm.acknowledged_at = alarm.recorded_at + timedelta(seconds=after)
            session.add(
                Acknowledgement(
                    episode_id=alarm_id, round=again, person_id=self.bank.people[name],
                    by_name=name, door="page", at=alarm.acknowledged_at,
                )
            )  # fmt: skip

    def tell(self, alarm_id: int, after: float | None, name: str = "lee") -> None:
        """Write a letter that was taken so many seconds after the alarm, or has not been."""
        with self.database.writing() as session:
            at = session.get_one(Episode, alarm_id).recorded_at
            call = Call(
                org_id=self.bank.org_id, about_kind="alarm", about_id=alarm_id, severity="high",
                words="{}", next_position=2, began_at=at, ended_at=at,
            )  # fmt: skip
            letter = Letter(
                message_id=f"{alarm_id}-{after}", channel="smtp", address="a@example.org",
                subject="s", body="b", about_kind="alarm", about_id=alarm_id, created_at=at,
                try_at=at, sent_at=None if after is None else at + timedelta(seconds=after),
            )  # fmt: skip
            session.add_all([call, letter])
            session.flush()
            session.add(
                Notice(
                    call_id=call.id, position=1, person_id=self.bank.people[name],
                    letter_id=letter.id, at=at,
                )
            )  # fmt: skip

    def figures(self, until: datetime, days: int = 7, **narrow: object) -> figures.Figures:
        with self.database.reading() as session:
            org = session.get_one(Organisation, self.bank.org_id)
            asked = figures.Asked(org, days, until, **narrow)
            return figures.of(session, asked)


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def test_only_alarms_that_called_somebody_are_counted(house: House) -> None:
    for at in (0, 10, 20):
        house.alarm(at)
    house.alarm(30, "high", silenced="flood")
    house.alarm(40, silenced="shelved")
    house.alarm(50, silenced="inhibited")
    house.alarm(60, drill="DR-1")
    house.alarm(70, historical=True)
    house.alarm(-8 * 86_400)

    found = house.figures(later(3600))

    assert found.load.alarms == 4
    assert found.load.per_hour == pytest.approx(4 / (7 * 24))
    assert found.load.most_in_span == 4
    assert found.by_severity == {"critical": 3, "high": 1}
    assert found.silent == 2
    assert [(one.id, one.alarms, one.share) for one in found.rules] == [
        (house.rules["critical"], 3, 0.75),
        (house.rules["high"], 1, 0.25),
    ]
    assert found.worst_share == 1
    assert [(one.name.text(), one.alarms) for one in found.freezers] == [("LN2-03", 4)]
    assert house.figures(later(3600), 30).load.alarms == 5


def test_a_flood_is_seen_where_the_ten_minutes_meet(house: House) -> None:
    for at in range(12):
        house.alarm(599.9 if at == 11 else at)
    for at in range(5):
        house.alarm(600 + at)

    found = house.figures(later(3600))

    assert found.load.most_in_span == 12
    assert found.load.in_flood == pytest.approx(2 / (7 * 144))
    assert found.load.spans_over == pytest.approx(1 / (7 * 144))


def test_percentiles_of_the_database_are_those_of_the_definition(house: House) -> None:
    rnd, took = random.Random(5), {"critical": [], "high": []}
    for n in range(61):
        severity = "critical" if n < 40 else "high"
        seconds = round(rnd.expovariate(1 / 300), 3)
        house.answer(house.alarm(n * 60, severity), seconds)
        took[severity].append(seconds)

    found = house.figures(later(86_400))

    assert [one.of for one in found.answered] == ["critical", "high"]
    for one in found.answered:
        assert one.n == len(took[one.of])
        assert one.p50 == pytest.approx(drill_rules.percentile(took[one.of], 0.5), abs=0.002)
        assert one.p95 == pytest.approx(drill_rules.percentile(took[one.of], 0.95), abs=0.002)


def test_the_first_answer_counts_and_each_person_has_their_own(house: House) -> None:
    first = house.alarm(0)
    house.answer(first, 90, "wang")
    house.answer(first, 60, "lee")
    house.answer(first, 4000, "lee", again=1)  # its time began anew
    house.answer(house.alarm(100), 10, "lee")

    found = house.figures(later(86_400))

    assert [(one.of, one.n, one.p50, one.p95) for one in found.answered] == [
        ("critical", 2, 10, 60)
    ]
    assert [(one.of, one.n, one.p50, one.p95) for one in found.by_person] == [
        ("Lee", 2, 10, 60),
        ("Wang", 1, 90, 90),
    ]
    assert (found.timed, found.never) == (2, 0)


def test_the_first_notice_that_was_taken_counts_and_who_was_told(house: House) -> None:
    first, second, third = (house.alarm(at) for at in (0, 100, 200))
    house.tell(first, 5, "lee")
    house.tell(first, 2, "wang")
    house.tell(second, 8, "lee")
    house.tell(third, None, "wang")

    found = house.figures(later(3600))

    assert [(one.of, one.n, one.p50, one.p95) for one in found.noticed] == [("critical", 2, 2, 8)]
    assert found.told == [("Lee", 2), ("Wang", 2)]


def test_what_nobody_answered_is_listed_the_latest_first(house: House) -> None:
    one, two = house.alarm(0), house.alarm(100)
    house.answer(house.alarm(50), 10)
    half = house.alarm(150, acks_needed=2)
    house.answer(half, 10)
    with house.database.writing() as session:
        session.get_one(Episode, half).acknowledged_at = None  # the second answer is missing

    found = house.figures(later(3600))

    assert found.never == 2
    assert [alarm.episode.id for alarm in found.unanswered] == [two, one]


def test_times_are_those_of_the_latest_alarms(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MOST_TIMED", 2)
    for at, seconds in ((0, 1000), (100, 20), (200, 30)):
        house.answer(house.alarm(at), seconds)

    found = house.figures(later(3600))

    assert (found.load.alarms, found.timed) == (3, 2)
    assert [(one.n, one.p95) for one in found.answered] == [(2, 30)]


def test_drills_have_a_line_of_their_own(house: House) -> None:
    with house.database.writing() as session:
        for n, seconds in enumerate((60, 120, None)):
            at = later(n * 1000)
            session.add(
                Drill(
                    org_id=house.bank.org_id, code=f"DR-{n}", command_code=f"c{n}", value=-140.0,
                    channel_id=house.bank.channels["top_c"], ordered_at=at, ordered_by_name="Lee",
                    answer_by=at, ended_at=at, outcome="answered" if seconds else "missed",
                    answered_at=at + timedelta(seconds=seconds) if seconds else None,
                )
            )  # fmt: skip

    found = house.figures(later(86_400))

    assert (found.drills_held, found.drills_missed) == (3, 1)
    assert (found.drills.n, found.drills.p50, found.drills.p95) == (2, 60, 120)
    assert found.load.alarms == 0


def test_figures_of_a_site_and_a_freezer_are_of_those_only(house: House) -> None:
    house.alarm(0)
    house.alarm(10, freezer_id=None)
    with house.database.reading() as session:
        site = session.scalars(select(Site)).one()
        freezer = session.get_one(Container, house.bank.freezer_id)

    assert house.figures(later(60)).load.alarms == 2
    assert house.figures(later(60), site=site).load.alarms == 1
    assert house.figures(later(60), freezer=freezer).load.alarms == 1
    assert [one.name.text() for one in house.figures(later(60)).freezers] == ["LN2-03"]


def test_another_organisation_has_figures_of_its_own(house: House) -> None:
    house.alarm(0)
    other = make_bank(house.database, "BJ")

    house.bank = Bank(other.org_id, other.freezer_id, other.channels)

    assert house.figures(later(60)).load.alarms == 0
    assert not house.figures(NOON).rules
