"""A local alarm that stands outlives the agent's own restart: it goes on, with who answered and since when."""

import json
import queue
import threading

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from edge_agent import standing
from edge_agent.agent import Agent
from edge_agent.clock import Moment, SystemClock
from edge_agent.config import LimitSettings, load
from edge_agent.local_alarm import AWAY_MS, LocalAlarm
from edge_agent.rows import NewRow
from edge_agent.spool import Spool
from edge_agent.standing import RETRY_MS, Memory, Standing
from edge_agent.wire.limits import Limit
from edge_agent.wire.messages import Clk
from tests.edge.settings_text import write

WALL_MS = 1_795_000_000_000
HIGH = Standing("tank", "top_c", "high", -150.0, "active", 5_000)
PENDING = Standing("tank", "top_c", "high", -150.0, "pending", 5_000)
SILENT = Standing("tank", "top_c", "stale", 60.0, "active", 5_000)


def watched(*limits, stood=(), now_ms=0):
    settings = [LimitSettings("tank", "top_c", limit) for limit in limits]
    return LocalAlarm(settings, now_ms, stood)


def reading(value):
    return NewRow(
        "tank", WALL_MS, Clk(s=True), ("top_c",), (value,), (16,) if value is None else None
    )


def kinds(events):
    return [event["kind"].removeprefix("local_alarm_") for event in events]


# what stood, the limit now, what is read after the restart -> the events of it
AFTER = {
    "it goes on without a word": (HIGH, Limit("high", -150.0), -140.0, []),
    "it ends when the tank is cold": (HIGH, Limit("high", -150.0), -170.0, ["cleared"]),
    "an unplugged probe ends nothing": (HIGH, Limit("high", -150.0), None, []),
    "a stricter limit is the same alarm": (HIGH, Limit("high", -160.0), -155.0, []),
    "a looser limit ends it": (HIGH, Limit("high", -120.0), -140.0, ["cleared"]),
    "what is watched no longer ends": (HIGH, Limit("low", -250.0), -140.0, ["cleared"]),
    "a delay goes on running": (PENDING, Limit("high", -150.0, delay_on_ms=10_000), -140.0, ["raised"]),
    "silence goes on": (SILENT, Limit("stale", 60.0), None, []),
    "silence ends with a number": (SILENT, Limit("stale", 60.0), -170.0, ["cleared"]),
}  # fmt: skip


@pytest.mark.parametrize(("stood", "limit", "value", "events"), AFTER.values(), ids=AFTER)
def test_what_stood_goes_on_or_ends_but_never_begins_anew(stood, limit, value, events):
    alarm = watched(limit, stood=[stood], now_ms=16_000)

    found = [*alarm.consider(reading(value), 16_000), *alarm.tick(16_000)]

    assert kinds(found) == events
    assert alarm.rings() is (events in ([], ["raised"]))


def test_since_and_the_answer_are_those_of_the_first_start():
    answered = Standing("tank", "top_c", "high", -150.0, "active", -7_000, acknowledged=True)
    alarm = watched(Limit("high", -150.0), stood=[answered])

    assert alarm.restored == {answered.alarm: True}
    assert alarm.standing(alarm.restored) == [answered]
    alarm.consider(reading(-140.0), 1_000)
    assert alarm.standing(alarm.restored) == [answered]


def test_a_delay_that_was_over_long_ago_raises_nothing_without_a_reading():
    limit = Limit("high", -150.0, delay_on_ms=10_000)
    alarm = watched(limit, stood=[PENDING], now_ms=15_001 + AWAY_MS)

    assert alarm.tick(15_001 + AWAY_MS) == []
    assert not alarm.rings()


def test_two_limits_of_a_channel_are_two_alarms():
    worse = Standing("tank", "top_c", "high", -120.0, "active", 5_000, acknowledged=True)
    alarm = watched(Limit("high", -150.0), Limit("high", -120.0), stood=[worse], now_ms=9_000)

    assert alarm.restored == {worse.alarm: True}
    assert kinds(alarm.consider(reading(-110.0), 9_000)) == ["raised"]


# the kernel's start and its age at the later start, wall clock then, whether it is set -> since
LATER = {
    "the agent alone began anew": ("k1", 400_000, WALL_MS + 100_000, True, -95_000),
    "the wall clock was moved meanwhile": ("k1", 400_000, WALL_MS - 86_400_000, True, -95_000),
    "the machine began anew": ("k2", 20_000, WALL_MS + 100_000, True, -95_000),
    "and its clock was set back": ("k2", 20_000, WALL_MS - 86_400_000, True, 0),
    "and its clock was never set": ("k2", 20_000, 0, False, 0),
}


@pytest.mark.parametrize(
    ("kernel", "age_ms", "wall_ms", "is_set", "since_ms"), LATER.values(), ids=LATER
)
def test_since_when_is_known_on_the_scale_of_the_later_start(
    tmp_path, monkeypatch, kernel, age_ms, wall_ms, is_set, since_ms
):
    monkeypatch.setattr(standing, "kernel_boot", lambda: ("k1", 300_000))
    Memory(tmp_path / "control" / "alarms.json").keep([HIGH], Moment(WALL_MS, 0), clock_is_set=True)
    monkeypatch.setattr(standing, "kernel_boot", lambda: (kernel, age_ms))

    (found,) = Memory(tmp_path / "control" / "alarms.json").recall(
        Moment(wall_ms, 0), clock_is_set=is_set
    )

    assert found.alarm == HIGH.alarm
    assert found.since_ms == since_ms


def test_it_is_written_when_it_changes_and_only_then(tmp_path):
    path = tmp_path / "alarms.json"
    memory, now = Memory(path), Moment(WALL_MS, 1_000)
    memory.keep([], now, clock_is_set=True)
    assert not path.exists()
    memory.keep([HIGH], now, clock_is_set=True)
    path.write_text("untouched")
    memory.keep([HIGH], now, clock_is_set=True)
    assert path.read_text() == "untouched"
    memory.keep([], now, clock_is_set=True)
    assert json.loads(path.read_text())["standing"] == []


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", '{"standing": [1]}', '{"kernel": "k", "zero_age_ms": 1, "zero_wall_ms": 1}',
     '{"kernel": "k", "zero_age_ms": 1, "zero_wall_ms": null, "standing": [{"phase": "active"}]}'],
)  # fmt: skip
def test_a_file_that_cannot_be_read_lets_the_alarm_begin_anew(tmp_path, text):
    (tmp_path / "alarms.json").write_text(text)
    memory = Memory(tmp_path / "alarms.json")

    assert memory.recall(Moment(WALL_MS, 0), clock_is_set=True) == []
    memory.keep([HIGH], Moment(WALL_MS, 0), clock_is_set=True)
    assert len(Memory(tmp_path / "alarms.json").recall(Moment(WALL_MS, 0), clock_is_set=True)) == 1


def test_a_disk_that_takes_nothing_is_tried_again_each_minute(tmp_path, monkeypatch):
    memory, tried = Memory(tmp_path / "alarms.json"), []

    def full(*_):
        tried.append(1)
        raise OSError("no space left on device")

    monkeypatch.setattr(standing.files, "put", full)
    for mono_ms in (0, 1_000, RETRY_MS - 1, RETRY_MS):
        memory.keep([HIGH], Moment(WALL_MS, mono_ms), clock_is_set=True)
    assert len(tried) == 2


@pytest.fixture
def pins(monkeypatch):
    factory = MockFactory()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    yield factory
    factory.reset()


HOT = """
[[limit]]
stream = "tank"
channel = "top_c"
kind = "high"
value = -200

[signals]
red = 22
buzzer = 17
button = 27
buzzer_always = true
"""


def test_an_alarm_that_was_answered_does_not_ring_again_after_a_restart(pins, tmp_path, eventually):
    path = write(tmp_path, 'driver = "simulated"', tail=HOT)
    path.write_text(path.read_text().replace('name = "tank"', 'name = "tank"\ninterval_ms = 100'))
    told = []

    def run(look):
        """One start of the agent, in a thread of its own; its events are kept."""
        agents = queue.SimpleQueue()

        def work():
            spool = Spool(tmp_path / "spool.db")
            agent = Agent(load(path), SystemClock(trusted=True), spool)
            agents.put(agent)
            agent.run()
            key = (spool.boot, "ev")
            found = [json.loads(row.body)["kind"] for row in spool.rows(key, 1, 100, 100)]
            told.append([kind for kind in found if kind.startswith("local_alarm")])
            spool.close()

        thread = threading.Thread(target=work)
        thread.start()
        agent = agents.get(timeout=10)
        try:
            look(agent)
        finally:
            agent.stop()
            thread.join(10)

    def first(agent):
        eventually(lambda: pins.pin(17).state, 15)
        eventually(lambda: not agent._signals._pins._button._is_down, 5)
        pins.pin(27).drive_low()
        eventually(lambda: not pins.pin(17).state, 10)
        pins.pin(27).drive_high()

    def second(agent):
        eventually(lambda: pins.pin(22).state, 10)
        eventually(lambda: agent._spool.held((agent._spool.boot, "tank")) > 10, 10)
        assert not pins.pin(17).state
        assert pins.pin(22).state

    run(first)
    run(second)

    assert told == [["local_alarm_raised", "local_alarm_acknowledged"], []]
