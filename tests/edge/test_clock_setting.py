"""A clock that was never set dates no row; once it is set, the boots that waited are dated."""

import json

import pytest

from edge_agent.agent import Agent
from edge_agent.clock import Moment, SystemClock, elapsed_ms, kernel_boot
from edge_agent.config import load
from edge_agent.spool import Spool
from edge_agent.wire.messages import Clk

SETTINGS = """
[agent]
site = "main"
id = "tank-1"
[server]
url = "mqtt://127.0.0.1:1"
[[stream]]
name = "tank"
interval_s = 1
[[stream.probe]]
driver = "simulated"
"""


class LateClock:
    """A clock that somebody sets after a while."""

    def __init__(self):
        self.set = False
        self.moment = Moment(1_000, 0)

    def now(self):
        return self.moment

    def is_set(self):
        return self.set

    def offset_ms(self):
        return None


@pytest.fixture
def clock():
    return LateClock()


@pytest.fixture
def agent(tmp_path, clock):
    (tmp_path / "agent.toml").write_text(SETTINGS)
    config = load(tmp_path / "agent.toml")
    spool = Spool(config.agent.spool)
    yield lambda: Agent(config, clock, spool)
    spool.close()


def sampled(agent, clock, wall_ms, mono_ms):
    clock.moment = Moment(wall_ms, mono_ms)
    agent._sample(clock.now(), Clk(clock.is_set()))
    spool = agent._spool
    rows = spool.rows((spool.boot, "tank"), 1, 99, 99)
    events = [json.loads(row.body) for row in spool.rows((spool.boot, "ev"), 1, 99, 99)]
    return [(row.at_ms, row.clk.s) for row in rows], events


def test_rows_before_and_after_the_setting_and_the_event_that_dates_them(agent, clock):
    running = agent()
    rows, events = sampled(running, clock, 1_000, 0)
    assert (rows, events) == ([(0, False)], [])
    clock.set = True
    rows, events = sampled(running, clock, 1_763_800_005_000, 5_000)
    assert rows[0] == (0, False)
    assert rows[-1] == (1_763_800_005_000, True)
    (dated,) = events
    assert (dated["kind"], dated["boot"]) == ("clock", running._spool.boot)
    assert dated["zero_ms"] == pytest.approx(1_763_800_000_000, abs=6_000)
    rows, events = sampled(running, clock, 1_763_800_006_000, 6_000)
    assert len(events) == 1


def test_a_start_that_ended_before_the_setting_is_dated_too(agent, clock):
    first = agent()
    sampled(first, clock, 1_000, 0)
    old = first._spool.boot
    second = agent()
    clock.set = True
    _, events = sampled(second, clock, 1_763_800_000_000, 1_000)
    assert [event["boot"] for event in events] == [old, second._spool.boot]


def test_a_start_is_dated_by_the_next_one_when_the_clock_was_set_between_them(agent, clock):
    first = agent()
    sampled(first, clock, 1_000, 0)
    spool, old = first._spool, first._spool.boot
    spool.settle((old, "tank"), ((1, 1),))
    clock.set = True
    clock.moment = Moment(1_763_800_000_000, 0)
    second = agent()
    _, events = sampled(second, clock, 1_763_800_000_000, 0)
    assert [event["boot"] for event in events] == [old]
    _, events = sampled(agent(), clock, 1_763_800_001_000, 0)
    assert events == []


DAY_MS = 86_400_000


@pytest.mark.parametrize("by_ms", [DAY_MS, -DAY_MS], ids=["a day ahead", "a day back"])
def test_a_jump_by_a_day_keeps_the_order_of_the_rows_and_is_told(agent, clock, by_ms):
    clock.set, at_ms = True, 1_763_800_000_000
    running = agent()
    sampled(running, clock, at_ms, 0)
    sampled(running, clock, at_ms + 1_000, 1_000)
    rows, events = sampled(running, clock, at_ms + by_ms + 2_000, 2_000)

    assert [at - at_ms for at, _ in rows] == [0, 1_000, by_ms + 2_000]
    assert all(is_dated for _, is_dated in rows)
    told = [event for event in events if event["kind"] == "clock_jumped"]
    assert [event["by_ms"] for event in told] == [by_ms]
    rows, events = sampled(running, clock, at_ms + by_ms + 3_000, 3_000)
    assert len(rows) == 4
    assert [event for event in events if event["kind"] == "clock_jumped"] == told


def test_the_machines_clock_is_steady_and_once_trusted_stays_set():
    clock = SystemClock(trusted=True)
    first, second = clock.now(), clock.now()
    assert 0 <= first.mono_ms <= second.mono_ms < 5_000
    assert first.wall_ms > 1_700_000_000_000
    assert clock.is_set()
    assert clock.offset_ms() is None or abs(clock.offset_ms()) < 1e6
    assert kernel_boot()[1] > 0
    assert elapsed_ms(lambda: None) >= 0
