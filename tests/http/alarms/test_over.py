"""What is over is acknowledged together; what must be looked at singly is not."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from server.accounts.models import Person
from server.accounts.queries import person_actor
from server.alarms import service
from server.alarms.models import Acknowledgement, AlarmRule, Episode
from server.audit.models import AuditEntry
from server.core.clock import SystemClock
from server.notify.models import Call
from tests.service.alarms.bank import add_rule, make_bank
from tests.support.signed_in import make_app, sign_in

PAGE = "/alarms/over"


class House:
    def __init__(self, database, home):
        self.database = database
        self.bank, self.other = make_bank(database), make_bank(database, "BJ")
        with database.writing() as session:
            self.people = {
                "technician": sign_in(session, self.bank.org_id, ("technician",)),
                "reader": sign_in(session, self.bank.org_id, ("read_only",)),
                "stranger": sign_in(session, self.other.org_id, ("technician",)),
            }
        self.app, self.now = make_app(database, home), SystemClock().now()

    def alarms(self, n, *, over=True, severity="high", **changes):
        """Raise so many, one rule each; over a minute ago unless they go on."""
        began, ended = self.now - timedelta(minutes=9), self.now - timedelta(minutes=1)
        with self.database.writing() as session:
            for number in range(n):
                limit = -150 - number / 100
                rule = add_rule(session, self.bank, severity=severity, value=limit)
                made = service.raise_episode(
                    session, rule, raised_at=began, value=-140.0, now=began
                )
                if over:
                    service.clear_episode(session, rule, at=ended, drill="", now=ended)
                if changes:
                    where = Episode.rule_id == rule.id
                    session.execute(update(Episode).where(where).values(**changes))
                assert made is not None

    def get(self, who="technician", path=PAGE):
        return self.people[who].browser(self.app).get(path)

    def post(self, who="technician", shown_at=None, **fields):
        one = self.people[who]
        shown = (shown_at or SystemClock().now()).isoformat()
        data = {"csrf": one.csrf, "shown_at": shown, **fields}
        return one.browser(self.app).post(PAGE, data=data)

    def unanswered(self):
        with self.database.reading() as session:
            query = select(func.count()).where(Episode.acknowledged_at.is_(None))
            return session.scalar(query)

    def count(self, model, *where):
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(model).where(*where))


@pytest.fixture
def house(database, tmp_path):
    return House(database, tmp_path)


def test_all_that_is_over_is_answered_by_one_with_its_words_at_each(house):
    house.alarms(3)
    assert "Acknowledge what is over together" in house.get(path="/alarms").text
    assert "Acknowledge these 3" in house.get().text

    assert house.post(comment="Power is back.").location == "/alarms"

    assert house.unanswered() == 0
    assert house.count(Acknowledgement, Acknowledgement.comment == "Power is back.") == 3
    assert house.count(AuditEntry, AuditEntry.action == "alarm.acknowledged") == 3
    assert house.count(Call, Call.ended_at.is_(None)) == 0
    assert "No alarm needs anybody now" in house.get(path="/alarms").text


@pytest.mark.parametrize(
    "changes",
    [
        {"over": False},
        {"severity": "critical"},
        {"alarm_class": "safety"},
        {"acks_needed": 2},
        {"drill": "TEST-1"},
    ],
    ids=["goes on", "critical", "life safety", "two persons", "drill"],
)
def test_what_must_be_looked_at_singly_stays(house, changes):
    house.alarms(2, **changes)

    assert "Nothing of that kind waits" in house.get().text
    assert house.post(comment="All well.").status_code == 409
    assert house.unanswered() == 2


def test_what_ended_after_the_page_was_shown_is_not_meant(house):
    house.alarms(2)

    before = house.now - timedelta(minutes=5)
    assert house.post(comment="All well.", shown_at=before).status_code == 409
    assert house.unanswered() == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"comment": " "}, "comment"), ({"comment": "x", "shown_at": "now"}, "shown_at")],
    ids=["no words", "no moment"],
)
def test_without_words_or_moment_it_is_refused_beside_the_field(house, fields, field):
    house.alarms(2)
    one = house.people["technician"]
    shown = {"shown_at": datetime.now(UTC).isoformat()}
    data = {"csrf": one.csrf, **shown, **fields}

    answer = one.browser(house.app).post(PAGE, data=data)

    assert answer.status_code == 422
    assert house.unanswered() == 2
    assert field == "shown_at" or "comment-error" in answer.text


def test_who_only_reads_may_not_and_another_bank_reaches_none(house):
    house.alarms(2)

    assert house.get("reader").status_code == 403
    assert house.post("reader", comment="x").status_code == 403
    assert "together" not in house.get("reader", "/alarms").text
    assert house.post("stranger", comment="x").status_code == 409
    assert house.unanswered() == 2


def test_five_hundred_at_a_time(house, monkeypatch):
    monkeypatch.setattr("server.alarms.service.over.AT_ONCE", 2)
    house.alarms(3)

    assert house.post(comment="Power is back.").location == PAGE
    assert house.unanswered() == 1
    assert house.post(comment="Power is back.").location == "/alarms"
    assert house.unanswered() == 0


def test_a_program_does_the_same(house):
    house.alarms(2)
    client, one = house.app.test_client(), house.people["technician"]
    send = {"headers": one.bearer}

    naive = {"comment": "x", "shown_at": "2026-03-14T10:00:00"}
    assert client.post("/api/v1/alarms/acknowledge-over", json=naive, **send).status_code == 422
    answer = client.post(
        "/api/v1/alarms/acknowledge-over", json={"comment": "Power is back."}, **send
    )

    assert answer.json == {"acknowledged": 2, "left": 0}
    assert house.unanswered() == 0


def test_one_by_one_and_together_leave_the_same(house):
    house.alarms(2)
    with house.database.writing() as session:
        first = session.scalars(select(Episode).order_by(Episode.id)).first()
        one = house.people["technician"]
        service.acknowledge(
            session, _actor(session, one), first, "Power is back.", at=SystemClock().now()
        )
    house.post(comment="Power is back.")

    with house.database.reading() as session:
        single, together = session.scalars(select(Episode).order_by(Episode.id)).all()
        same = ("acknowledged_by", "acknowledged_by_name", "comment", "realarm_at", "latched")
        assert [getattr(single, name) for name in same] == [
            getattr(together, name) for name in same
        ]
        rules = session.scalar(select(func.count()).select_from(AlarmRule))
        assert rules >= 2


def _actor(session, one):
    return person_actor(session, session.get_one(Person, one.person_id), "page")
