"""Expected warmth raises warning limits for a time, never the critical ones, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.alarms.ingest import Judge
from server.alarms.models import Episode, ExpectedWarmth
from server.alarms.service import warmth
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import to_ms
from server.core.errors import Conflict, Invalid
from server.storage.models import Container
from server.telemetry.columns import Column
from tests.service.alarms.bank import NOON, add_rule, make_bank

TECHNICIAN = Actor(id=None, name="Li Ran", kind="person", door="page")
HOUR = timedelta(hours=1)


@pytest.fixture
def bank(database):
    bank = make_bank(database)
    with database.writing() as session:
        add_rule(session, bank, severity="warning", value=-160.0)
        add_rule(session, bank, severity="critical", value=-130.0)
    return bank


def expect(database, bank, limit_c=-140.0, begins=timedelta(0), lasts=2 * HOUR, why="A delivery"):
    with database.writing() as session:
        freezer = session.get_one(Container, bank.freezer_id)
        made = warmth.expect(
            session,
            TECHNICIAN,
            freezer,
            limit_c,
            NOON + begins,
            NOON + begins + lasts,
            why,
            at=NOON,
        )
        return made.id


def read(database, bank, judge, value, after=timedelta(0)) -> list[str]:
    """Let a reading come, and return the severities of what is going on."""
    now = NOON + after
    with database.writing() as session:
        column = Column(bank.channels["top_c"], "", [to_ms(now)], [value], [0])
        judge.consider(session, [column], now=now)
    with database.reading() as session:
        going_on = select(Episode.severity).where(Episode.cleared_at.is_(None))
        return sorted(session.scalars(going_on))


@pytest.mark.parametrize(
    ("value", "usual", "meanwhile"),
    [
        (-170.0, [], []),
        (-150.0, ["warning"], []),
        (-140.0, ["warning"], []),
        (-139.0, ["warning"], ["warning"]),
        (-125.0, ["critical", "warning"], ["critical", "warning"]),
    ],
)
def test_warnings_wait_for_the_raised_limit_and_critical_ones_do_not(
    database, bank, value, usual, meanwhile
):
    judge = Judge()
    expect(database, bank)

    assert read(database, bank, judge, value, timedelta(minutes=1)) == meanwhile
    assert read(database, bank, judge, value, 2 * HOUR) == usual


def test_one_worker_notices_its_beginning_and_its_end_by_itself(database, bank):
    judge = Judge()
    expect(database, bank, begins=HOUR, lasts=HOUR)

    assert read(database, bank, judge, -150.0) == ["warning"]
    assert read(database, bank, judge, -170.0, timedelta(minutes=1)) == []
    assert read(database, bank, judge, -150.0, HOUR) == []
    assert read(database, bank, judge, -150.0, 2 * HOUR) == ["warning"]


def test_it_can_be_ended_early(database, bank):
    judge = Judge()
    made = expect(database, bank)
    assert read(database, bank, judge, -150.0, timedelta(minutes=1)) == []

    with database.writing() as session:
        warmth.end(session, TECHNICIAN, session.get_one(ExpectedWarmth, made), at=NOON + HOUR)
    assert read(database, bank, judge, -150.0, HOUR) == ["warning"]
    with database.writing() as session, pytest.raises(Conflict):
        warmth.end(session, TECHNICIAN, session.get_one(ExpectedWarmth, made), at=NOON + HOUR)
    with database.reading() as session:
        actions = set(session.scalars(select(AuditEntry.action)))
    assert {"warmth.expected", "warmth.ended"} <= actions


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"why": " "}, "because"),
        ({"limit_c": -130.0}, "limit_c"),
        ({"limit_c": -300.0}, "limit_c"),
        ({"lasts": 13 * HOUR}, "hours"),
        ({"lasts": -HOUR}, "hours"),
        ({"begins": -3 * HOUR}, "hours"),
        ({"begins": timedelta(days=15)}, "from_at"),
    ],
    ids=["no reason", "critical", "impossible", "too long", "backwards", "past", "far ahead"],
)
def test_what_cannot_be_expected_is_refused_at_its_field(database, bank, wish, field):
    with pytest.raises(Invalid) as refused:
        expect(database, bank, **wish)
    assert refused.value.field == field
