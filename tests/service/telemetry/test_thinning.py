"""Old readings go, what alarms and people need stays, and the chart says what is left."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from server.alarms import jobs as alarm_jobs
from server.alarms.excursions import kept as kept_by_alarms
from server.alarms.models import AlarmRule, Episode
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import from_ms
from server.core.errors import Conflict, Forbidden, Invalid
from server.storage.models import Container
from server.telemetry import keeping, retention, rollups, thinning
from server.telemetry.models import (
    Channel,
    DeviceEvent,
    KeptWindow,
    ReadingHour,
    ReadingMinute,
    Thinning,
    reading,
)
from server.telemetry.queries import history, warmest
from server.telemetry.retention import Days
from tests.service.telemetry.measured import HOUR_MS, NOON, NOON_MS, Measured

DAY_MS = 24 * HOUR_MS
LONG_AGO = NOON_MS - 500 * DAY_MS
ACTOR = Actor.system("quality 1")
HOURS = 6


@pytest.fixture
def measured(database):
    """Six hours of one-minute readings five hundred days ago, rolled up, and an hour of today."""
    made = Measured(database, keys=("top_c",), interval_s=60.0)
    made.store("top_c", [
        (at, -178.0 + (at // 60_000) % 5) for at in range(LONG_AGO, LONG_AGO + HOURS * HOUR_MS, 60_000)
    ])  # fmt: skip
    made.store("top_c", [(at, -178.0) for at in range(NOON_MS - HOUR_MS, NOON_MS, 60_000)])
    rollups.roll(database, NOON + timedelta(minutes=6))
    return made


def count(database, table):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def raw_hours(database):
    """Return which of the six hours still have readings."""
    with database.reading() as session:
        times = session.scalars(select(reading.c.at_ms).where(reading.c.at_ms < NOON_MS - HOUR_MS))
        return sorted({(at - LONG_AGO) // HOUR_MS for at in times})


def test_readings_older_than_thirteen_months_go_and_their_minutes_stay(measured):
    assert thinning.thin(measured.database, NOON) == HOURS
    assert thinning.thin(measured.database, NOON) == 0

    assert count(measured.database, reading) == 60
    assert count(measured.database, ReadingMinute) == HOURS * 60 + 60
    with measured.database.reading() as session:
        row = session.scalars(select(Thinning)).one()
        assert (row.hours, row.rows, row.from_ms, row.to_ms) == (
            HOURS, HOURS * 60, LONG_AGO, LONG_AGO + HOURS * HOUR_MS,
        )  # fmt: skip
        told = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "readings.thinned")
        ).all()
    assert len(told) == 1


def test_minutes_go_after_five_years_and_hours_never(measured):
    thinning.thin(measured.database, NOON)

    thinning.thin(measured.database, NOON + timedelta(days=1_400))

    assert count(measured.database, ReadingMinute) == 60
    assert count(measured.database, ReadingHour) == HOURS + 1
    thinning.thin(measured.database, NOON + timedelta(days=36_000))
    assert count(measured.database, ReadingHour) == HOURS + 1


def test_what_is_not_rolled_up_stays(measured):
    measured.store("top_c", [(LONG_AGO + 5, -100.0)])

    thinning.thin(measured.database, NOON)

    assert raw_hours(measured.database) == [0]


def test_history_and_the_warmest_moment_are_the_same_after_thinning(measured):
    def seen():
        with measured.database.reading() as session:
            channel = measured.channel(session, "top_c")
            track = history(
                session, [channel], LONG_AGO, LONG_AGO + HOURS * HOUR_MS, 500, now_ms=NOON_MS
            )[0]
            warm = warmest(session, measured.freezer_id, LONG_AGO + 60_000, LONG_AGO + HOUR_MS)
            left = thinning.left_of(session, [channel.id], LONG_AGO, NOON_MS)
        return (track.t, track.n, track.least, track.mean, track.greatest, track.gaps), warm, left

    before = seen()
    thinning.thin(measured.database, NOON)
    after = seen()

    assert before[:2] == after[:2]
    assert before[2] == thinning.Left(None, None)
    assert after[2] == thinning.Left(LONG_AGO + HOURS * HOUR_MS, None)


def test_an_alarm_keeps_its_readings_and_an_hour_around_for_ever(measured):
    raised = LONG_AGO + 3 * HOUR_MS + 5 * 60_000
    with measured.database.writing() as session:
        rule = AlarmRule(
            org_id=measured.org_id, channel_id=measured.channels["top_c"], kind="high", severity="critical",
            value=-150.0, created_at=NOON,
        )  # fmt: skip
        session.add(rule)
        session.flush()
        for drill, at in (("", raised), ("D-1", LONG_AGO)):
            session.add(Episode(
                org_id=measured.org_id, rule_id=rule.id, channel_id=measured.channels["top_c"],
                freezer_id=measured.freezer_id, kind="high", severity="critical", limit_value=-150.0,
                drill=drill, raised_at=from_ms(at), recorded_at=NOON, cleared_at=from_ms(at + 60_000),
            ))  # fmt: skip
    assert kept_by_alarms in retention._providers, alarm_jobs.__name__

    thinning.thin(measured.database, NOON)

    assert raw_hours(measured.database) == [2, 3, 4]


def test_a_lids_opening_is_kept(measured):
    with measured.database.writing() as session:
        for seq, (kind, at) in enumerate([("door_opened", 10), ("door_closed", 12)]):
            session.add(DeviceEvent(
                agent_id=measured.agent_id, freezer_id=measured.freezer_id, boot="b", seq=seq, kind=kind,
                at_ms=LONG_AGO + 2 * HOUR_MS + at * 60_000,
            ))  # fmt: skip

    thinning.thin(measured.database, NOON)

    assert raw_hours(measured.database) == [1, 2]  # a quarter of an hour before and after it


def test_nothing_is_thinned_within_a_time_that_a_person_keeps_until_it_is_lifted(measured):
    database = measured.database
    with database.writing() as session:
        freezer = session.get_one(Container, measured.freezer_id)
        begin, end = from_ms(LONG_AGO + HOUR_MS), from_ms(LONG_AGO + 3 * HOUR_MS)
        laid = keeping.lay(
            session, ACTOR, measured.org_id, freezer, begin, end, "court order 12", at=NOON
        ).id

    thinning.thin(database, NOON)
    assert raw_hours(database) == [1, 2]

    with database.writing() as session:
        keeping.lift(session, ACTOR, session.get_one(KeptWindow, laid), "closed", at=NOON)
    thinning.thin(database, NOON)
    assert raw_hours(database) == []
    with database.writing() as session, pytest.raises(Conflict):
        keeping.lift(session, ACTOR, session.get_one(KeptWindow, laid), "again", at=NOON)


def test_each_quantity_has_days_of_its_own_set_with_a_reason(measured):
    database = measured.database
    with database.writing() as session:
        keeping.set_days(session, ACTOR, measured.org_id, "", Days(40, 400), "less disk", at=NOON)
        keeping.set_days(
            session, ACTOR, measured.org_id, "top_c", Days(None, None), "study", at=NOON
        )

    thinning.thin(database, NOON)
    assert raw_hours(database) == list(range(HOURS))

    with database.writing() as session:
        keeping.set_days(
            session, ACTOR, measured.org_id, "top_c", Days(40, None), "study over", at=NOON
        )
    thinning.thin(database, NOON)
    assert raw_hours(database) == []
    with database.reading() as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "retention.set")).all()
    assert [event.subject_code for event in told] == ["*", "top_c", "top_c"]


@pytest.mark.parametrize(
    ("days", "because", "error"),
    [(Days(3, 400), "x", Invalid), (Days(40, 400), " ", Invalid)],
)
def test_what_cannot_be_set_is_refused(measured, days, because, error):
    with measured.database.writing() as session, pytest.raises(error):
        keeping.set_days(session, ACTOR, measured.org_id, "", days, because, at=NOON)


def test_whoever_may_not_manage_the_organisation_is_refused(measured):
    nobody = Actor(id=1, name="x", kind="person", door="page", language="en", permissions={})
    with measured.database.writing() as session:
        with pytest.raises(Forbidden):
            keeping.set_days(session, nobody, measured.org_id, "", Days(40, 400), "y", at=NOON)
        with pytest.raises(Forbidden):
            keeping.lay(session, nobody, measured.org_id, None, NOON, None, "y", at=NOON)


def test_logs_that_were_brought_in_are_not_thinned(measured):
    with measured.database.writing() as session:
        session.get_one(Channel, measured.channels["top_c"]).agent.of_logs = True

    assert thinning.thin(measured.database, NOON) == 0
