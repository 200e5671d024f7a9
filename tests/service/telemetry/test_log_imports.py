"""A controller's log comes in once, as history, and goes as a whole; it raises no alarm and is no present value."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from server.alarms.models import Episode
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import FixedClock
from server.core.errors import Conflict, Forbidden, Invalid
from server.storage.models import Container
from server.telemetry import late, log_service, log_work, queries, rollups
from server.telemetry.models import (
    Agent,
    Channel,
    DeviceEvent,
    LogImport,
    LogRow,
    ReadingHour,
    ReadingMinute,
    reading,
)
from tests.service.telemetry.measured import NOON, NOON_MS, Measured

ACTOR = Actor.system("manager 1")
HEAD = "Date,Time,Temp A,Temp B,Level,Usage,User,Status\n"
LOG = (
    HEAD
    + "13/02/2026,08:00,-177.4 °C,-195.1 °C,231 mm,15 mm/day,,AM\n"
    + "13/02/2026,12:00,-177.6 °C,-195.1 °C,229 mm,15 mm/day,,F  AM\n"
    + "13/02/2026,12:00,-177.6 °C,-195.1 °C,229 mm,15 mm/day,,FD AM\n"
    + "14/02/2026,08:00,-175.0 °C,OPEN,250 mm,---,lab,CL\n"
)
READINGS = 3 * 4 - 1  # the second row of 12:00 says nothing new; one cell is empty


@pytest.fixture
def measured(database):
    return Measured(database)


def look(measured, text=LOG, encoding="cp1252"):
    with measured.database.writing() as session:
        freezer = session.get_one(Container, measured.freezer_id)
        made = log_service.look_at(
            session, ACTOR, freezer, "ts.csv", text.encode(encoding), at=NOON
        )
        return made.code


def act(measured, code, verb, *args):
    with measured.database.writing() as session:
        made = log_service.log(session, ACTOR, code)
        getattr(log_service, verb)(session, ACTOR, made, *args, at=NOON)


def bring(measured, text=LOG):
    code = look(measured, text)
    act(measured, code, "apply")
    work(measured)
    return code


def work(measured):
    return log_work.work(measured.database, FixedClock(NOON))


def count(measured, table, *where):
    with measured.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where))


def state(measured, code):
    with measured.database.reading() as session:
        made = log_service.log(session, ACTOR, code)
        return made.state, made.rows, made.known, made.refused


def test_looking_changes_nothing_and_says_what_would_come(measured):
    code = look(measured, LOG + "15/02/2026,08:00,warm,,,,,AM\n")

    assert state(measured, code) == ("looked_at", 4, 0, 1)
    assert work(measured) == 0
    assert (
        count(measured, reading) == count(measured, DeviceEvent) == count(measured, Agent) - 1 == 0
    )


def test_rows_become_readings_of_own_channels_and_codes_events(measured):
    code = bring(measured)

    assert state(measured, code) == ("applied", 4, 0, 0)
    with measured.database.reading() as session:
        channels = {
            c.key: c for c in session.scalars(select(Channel).join(Agent).where(Agent.of_logs))
        }
        top = session.execute(
            select(reading.c.at_ms, reading.c.value, reading.c.quality)
            .where(reading.c.channel_id == channels["top_c"].id).order_by(reading.c.at_ms)
        ).all()  # fmt: skip
        bottom = session.execute(
            select(reading.c.value, reading.c.quality)
            .where(reading.c.channel_id == channels["bottom_c"].id).order_by(reading.c.at_ms)
        ).all()  # fmt: skip
        codes = session.scalars(select(DeviceEvent.facts).order_by(DeviceEvent.seq)).all()
    assert set(channels) == {"top_c", "bottom_c", "level_mm", "usage_mmd"}
    assert not any(channel.confirmed for channel in channels.values())
    assert [tuple(row) for row in top] == [
        (1_770_940_800_000, -177.4, 1), (1_770_955_200_000, -177.6, 1), (1_771_027_200_000, -175.0, 1),
    ]  # fmt: skip
    assert [tuple(row) for row in bottom] == [(-195.1, 1), (-195.1, 1), (None, 16)]
    assert count(measured, reading) == READINGS
    assert [facts.split('"')[3] for facts in codes] == ["AM", "F", "AM", "FD", "AM", "CL"]


def test_it_is_no_present_value_raises_no_alarm_and_is_noted_as_late(measured):
    bring(measured)
    rollups.roll(measured.database, NOON)

    assert count(measured, Episode) == 0
    with measured.database.reading() as session:
        keys = [
            one.key for one in queries.latest(session, [measured.freezer_id])[measured.freezer_id]
        ]
        windows, _ = late.since(session, 0)
        agents = session.scalars(queries.agents_seen_by(ACTOR)).all()
        warm = queries.warmest(session, measured.freezer_id, 0, NOON_MS)
    assert sorted(keys) == ["bottom_c", "level_mm", "lid_open", "top_c"]
    assert len(windows) == READINGS
    assert [agent.code for agent in agents] == ["pi-1"]
    assert warm == (-175.0, 1_771_027_200_000)


def test_the_same_file_twice_changes_nothing(measured):
    bring(measured)
    again = look(measured)
    assert state(measured, again)[1:] == (0, 4, 0)
    act(measured, again, "apply")
    work(measured)

    assert state(measured, again) == ("applied", 0, 4, 0)
    assert (count(measured, reading), count(measured, LogRow)) == (READINGS, 4)
    assert count(measured, DeviceEvent) == 6


def test_a_longer_file_brings_only_what_is_new(measured):
    bring(measured)
    bring(measured, LOG + "15/02/2026,08:00,-176.0 °C,-195.0 °C,240 mm,15 mm/day,,AM\n")

    assert (count(measured, reading), count(measured, LogRow)) == (READINGS + 4, 5)


def test_rows_of_one_minute_that_say_something_else_are_both_kept(measured):
    code = bring(
        measured, HEAD + "13/02/2026,08:00,-177.4 °C,,,,,AM\n13/02/2026,08:00,-170.0 °C,,,,,AM\n"
    )

    with measured.database.reading() as session:
        found = session.execute(
            select(reading.c.at_ms, reading.c.value).order_by(reading.c.at_ms)
        ).all()
    assert [(at % 1000, value) for at, value in found] == [(0, -177.4), (1, -170.0)]
    act(measured, code, "take_back", "wrong")
    work(measured)
    assert count(measured, reading) == 0


def test_it_is_taken_back_as_a_whole_and_what_another_file_says_too_stays(measured):
    other = bring(measured, LOG.replace(",AM\n", ",BY\n", 1))
    code = bring(measured)
    before = count(measured, reading)

    act(measured, code, "take_back", "of another tank")
    work(measured)

    assert state(measured, code)[0] == "taken_back"
    assert count(measured, reading) == before == READINGS
    assert count(measured, LogRow) == 4
    act(measured, other, "take_back", "this one too")
    work(measured)
    rollups.roll(measured.database, NOON)
    assert count(measured, reading) == count(measured, LogRow) == count(measured, DeviceEvent) == 0
    assert count(measured, ReadingMinute) == count(measured, ReadingHour, ReadingHour.n > 0) == 0
    with measured.database.reading() as session:
        channels = session.scalars(select(Channel).join(Agent).where(Agent.of_logs)).all()
        assert {channel.number_at_ms for channel in channels} == {None}
        told = session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject_code == code).order_by(AuditEntry.id)
        ).all()
    assert told == [
        "log.looked_at",
        "log.begun",
        "log.applied",
        "log.take_back_asked",
        "log.taken_back",
    ]


def test_it_goes_on_where_it_was_stopped_and_can_be_taken_back_half_way(measured, monkeypatch):
    monkeypatch.setattr(log_work, "AT_ONCE", 1)
    code = look(measured)
    act(measured, code, "apply")
    bring_ = log_work._bring
    calls = []

    def stopped(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        bring_(*args)

    monkeypatch.setattr(log_work, "_bring", stopped)
    with pytest.raises(KeyboardInterrupt):
        work(measured)
    assert count(measured, LogRow) == 2
    assert state(measured, code)[0] == "applying"

    work(measured)
    assert state(measured, code) == ("applied", 4, 0, 0)
    assert count(measured, reading) == READINGS


def test_dates_that_can_be_read_in_two_ways_are_asked_first(measured):
    code = look(
        measured, LOG.replace("2026", "2025").replace("13/02", "05/02").replace("14/02", "06/02")
    )
    with pytest.raises(Conflict) as refused:
        act(measured, code, "apply")
    assert refused.value.refusal.code == "log_is_open"

    act(measured, code, "answer", {(2, 5): "mdy"}, "")
    act(measured, code, "apply")
    work(measured)

    with measured.database.reading() as session:
        assert (
            session.get_one(LogImport, 1).from_ms == 1_746_144_000_000
        )  # 2 May, 08:00 in Shanghai
    with pytest.raises(Conflict):
        act(measured, code, "answer", {(2, 5): "dmy"}, "")


def test_what_is_put_aside_is_forgotten(measured):
    code = look(measured)
    act(measured, code, "put_aside")

    assert state(measured, code)[0] == "put_aside"
    for verb, args in (("apply", ()), ("take_back", ("x",)), ("put_aside", ())):
        with pytest.raises((Conflict, Invalid)):
            act(measured, code, verb, *args)


def test_taking_back_needs_a_reason_and_somebody_who_may(measured):
    code = bring(measured)
    with pytest.raises(Invalid):
        act(measured, code, "take_back", " ")
    nobody = Actor(id=1, name="x")
    with measured.database.writing() as session:
        made = log_service.log(session, ACTOR, code)
        with pytest.raises(Forbidden):
            log_service.take_back(session, nobody, made, "x", at=NOON)
        freezer = session.get_one(Container, measured.freezer_id)
        with pytest.raises(Forbidden):
            log_service.look_at(session, nobody, freezer, "a.csv", LOG.encode(), at=NOON)


def test_a_row_of_the_present_is_still_history(measured):
    measured.store("top_c", [(NOON_MS - 10_000, -178.0)])
    bring(measured, HEAD + "14/03/2026,19:59,-120.0 °C,,,,,AM\n")

    with measured.database.reading() as session:
        one = {
            o.key: o for o in queries.latest(session, [measured.freezer_id])[measured.freezer_id]
        }
    assert one["top_c"].known(NOON + timedelta(seconds=5)) == -178.0
