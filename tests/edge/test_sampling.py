"""Instants become rows, rows are judged at once, and a disk that fails loses none."""

from datetime import date

import pytest

from edge_agent.clock import Moment
from edge_agent.config import LimitSettings, ProbeSettings, StreamSettings
from edge_agent.keeper import RETRY_MS, Keeper
from edge_agent.local_alarm import LocalAlarm
from edge_agent.probes.incidents import Incident
from edge_agent.probes.replay import Recorded, ReplaySettings
from edge_agent.probes.simulated import SimulatedSettings
from edge_agent.rows import NewRow
from edge_agent.sampler import INSTANTS_AT_ONCE, Sampler
from edge_agent.spool import Boot, Spool, SpoolError
from edge_agent.wire.limits import Limit
from edge_agent.wire.messages import Clk

CLK, UNSET = Clk(s=True), Clk(s=False)
BASE_MS = 1_763_800_000_000


def at(ms):
    return Moment(BASE_MS + ms, ms)


def probe(device, due=None):
    return ProbeSettings("simulated", "LN2-01", "", due, device)


def sampler(*devices, interval_ms=1_000, due=None):
    probes = tuple(probe(device, due) for device in devices)
    return Sampler(StreamSettings("tank", interval_ms, probes), 0)


QUIET = SimulatedSettings(noise=0)


def test_a_row_is_taken_when_it_is_due_and_not_before():
    tank = sampler(QUIET)
    assert len(tank.rows(at(0), CLK)) == 1
    assert tank.due_ms == 1_000
    assert tank.rows(at(999), CLK) == []
    (row,) = tank.rows(at(1_000), CLK)
    assert row.at_ms == BASE_MS + 1_000
    assert row.ch == ("top_c", "bottom_c", "level_mm", "lid_open")
    assert row.q is None


def test_a_simulated_probe_catches_up_with_the_instants_that_were_missed():
    tank = sampler(QUIET, interval_ms=1)
    rows = tank.rows(at(99), CLK)
    assert [row.at_ms - BASE_MS for row in rows] == list(range(100))
    assert len(tank.rows(at(10_000), CLK)) == INSTANTS_AT_ONCE


def test_a_recording_is_asked_once_however_late():
    replay = ReplaySettings(("top_c",), (Recorded(0, (1.0,)), Recorded(5_000, (2.0,))))
    tank = sampler(replay)
    assert [row.values for row in tank.rows(at(0), CLK)] == [(1.0,)]
    assert [row.values for row in tank.rows(at(60_000), CLK)] == [(2.0,)]
    assert tank.due_ms == 61_000


def test_while_the_clock_was_never_set_rows_count_from_the_start():
    (row,) = sampler(QUIET).rows(at(7), UNSET)
    assert (row.at_ms, row.clk.s) == (7, False)


@pytest.mark.parametrize(
    ("due", "clk", "q"),
    [
        (date(2025, 11, 21), CLK, (32,) * 4),
        (date(2025, 11, 22), CLK, None),
        (date(2025, 11, 21), UNSET, None),
        (None, CLK, None),
    ],
)
def test_an_overdue_certificate_marks_every_reading(due, clk, q):
    (row,) = sampler(QUIET, due=due).rows(at(0), clk)
    assert row.q == q


def test_a_probe_that_is_silent_beside_one_that_is_not_was_not_sampled():
    replay = ReplaySettings(("room_c",), (Recorded(0, (21.0,)),))
    both = sampler(replay, SimulatedSettings(noise=0, incidents=(Incident("silence", 0),)))
    (row,) = both.rows(at(0), CLK)
    assert row.values == (21.0, None, None, None, None)
    assert row.q == (0, 22, 22, 22, 22)


def test_events_of_a_probe_are_rows_of_the_events_own_stream():
    tank = sampler(SimulatedSettings(incidents=(Incident("lid_open", 0),)))
    _, event = tank.rows(at(0), CLK)
    assert (event.stream, event.event) == ("ev", {"kind": "door_opened", "stream": "tank"})


def watched(kind, value, **more):
    return LocalAlarm([LimitSettings("tank", "top_c", Limit(kind, value, **more))], 0)


def reading(value, q=None):
    return NewRow("tank", BASE_MS, CLK, ("level_mm", "top_c"), (231, value), q)


def test_the_agent_raises_and_clears_by_the_servers_judgement():
    alarm = watched("high", -150.0, delay_on_ms=1_000)
    assert alarm.consider(reading(-149), 0) == []
    (raised,) = alarm.tick(1_000)
    assert raised["kind"] == "local_alarm_raised"
    assert (raised["stream"], raised["channel"], raised["limit"]) == ("tank", "top_c", "high")
    assert alarm.consider(reading(-120), 1_500) == []
    (cleared,) = alarm.consider(reading(-170), 2_000)
    assert (cleared["kind"], cleared["extreme"]) == ("local_alarm_cleared", -120)


def test_rows_of_other_streams_and_channels_are_not_judged():
    alarm = watched("high", -150.0)
    assert alarm.consider(NewRow("room", 0, CLK, ("top_c",), (20,)), 0) == []
    assert alarm.consider(NewRow("tank", 0, CLK, ("bottom_c",), (20,)), 0) == []


def test_readings_without_a_number_are_silence():
    alarm = watched("stale", 60.0)
    assert alarm.consider(reading(-170), 10_000) == []
    assert alarm.consider(reading(None, (0, 16)), 50_000) == []
    assert alarm.tick(70_000) == []
    assert [e["kind"] for e in alarm.tick(70_001)] == ["local_alarm_raised"]
    alarm.consider(reading(-170), 71_000)
    assert [e["kind"] for e in alarm.tick(72_000)] == ["local_alarm_cleared"]


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "spool.db")
    made.begin_boot(Boot("k3v9x2m4q7ab", 0, "kernel", 0, dated=True))
    yield made
    made.close()


def test_rows_wait_in_memory_while_the_disk_takes_none_and_then_go_in_in_order(spool, monkeypatch):
    keeper = Keeper(spool)
    with monkeypatch.context() as broken:
        broken.setattr(spool, "add", full_disk)
        assert not keeper.keep([reading(1)], at(0), CLK)
        assert not keeper.keep([reading(2)], at(1), CLK)
    assert not keeper.keep([], at(RETRY_MS - 1), CLK)
    assert keeper.keep([reading(3)], at(RETRY_MS), CLK)
    held = spool.rows((spool.boot, "tank"), 1, 99, 99)
    assert [row.body for row in held] == ["[231,1]", "[231,2]", "[231,3]"]
    (trouble,) = spool.rows((spool.boot, "ev"), 1, 99, 99)
    assert trouble.body == '{"kind":"spool_trouble","waited":3,"lost":0}'
    assert keeper.keep([reading(4)], at(RETRY_MS), CLK)
    assert spool.depth() == 5


def full_disk(*_rows, **_more):
    raise SpoolError("the spool cannot be written: database or disk is full")
