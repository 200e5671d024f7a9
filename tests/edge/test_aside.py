"""A device is read on its own thread: a slow or hung one holds up nobody, and nothing old is handed over."""

import threading
import time

import pytest

from edge_agent.buses.errors import BusError
from edge_agent.clock import Moment
from edge_agent.config import ProbeSettings, StreamSettings
from edge_agent.probes.aside import Aside
from edge_agent.probes.device import Finding, Found, Rhythm, one
from edge_agent.probes.simulated import SimulatedSettings
from edge_agent.sampler import Sampler
from edge_agent.wire.messages import Clk
from edge_agent.wire.quality import Quality

FAST = Rhythm(every_ms=20, oldest_ms=300)


class Scripted:
    """A device that does what the test says: gives a value, raises, or hangs."""

    def __init__(self, does):
        self.does = does
        self.reads = self.opened = self.closed = 0

    def open(self):
        self.opened += 1
        return self

    def read(self, now_ms):
        self.reads += 1
        found = self.does(now_ms) if callable(self.does) else self.does
        if isinstance(found, Exception):
            raise found
        return found

    def close(self):
        self.closed += 1


@pytest.fixture
def aside():
    made = []

    def make(device, rhythm=FAST, channels=("top_c",)):
        made.append(Aside(channels, device.open, rhythm))
        return made[-1]

    yield make
    for probe in made:
        probe.close()


def sample(probe, eventually):
    return eventually(lambda: probe.read(Moment(0, 0)), 5)[0]


def test_the_newest_value_is_handed_over(aside, eventually):
    device = Scripted(one(-180.0))
    probe = aside(device)
    assert sample(probe, eventually).values == (-180.0,)
    device.does = one(-179.0)
    assert eventually(lambda: sample(probe, eventually).values == (-179.0,), 5)


def test_an_unplugged_probe_does_not_feed_old_values(aside, eventually):
    device = Scripted(one(-180.0))
    probe = aside(device)
    assert sample(probe, eventually).values == (-180.0,)
    device.does = BusError("nobody answers")
    found = eventually(lambda: [s for s in probe.read(Moment(0, 0)) if s.q == (21,)], 5)[0]
    assert found.values == (None,)
    assert found.events[0] | {"ago_ms": 0} == {
        "kind": "probe_fault", "channel": "top_c", "quality": 21, "fault": "nobody answers", "ago_ms": 0,
    }  # fmt: skip
    for _ in range(20):
        assert probe.read(Moment(0, 0))[0].values == (None,)


def test_a_device_that_hangs_was_not_sampled_once_its_newest_value_is_too_old(aside, eventually):
    device, goes_on = Scripted(one(-180.0)), threading.Event()
    probe = aside(device)
    assert sample(probe, eventually).values == (-180.0,)
    device.does = lambda _: goes_on.wait(30) and one(-100.0)
    eventually(lambda: [s for s in probe.read(Moment(0, 0)) if s.q == (22,)], 5)
    assert probe.read(Moment(0, 0))[0].values == (None,)
    goes_on.set()
    assert eventually(lambda: probe.read(Moment(0, 0))[0].values == (-100.0,), 5)


def test_a_hung_bus_does_not_hold_up_the_others(eventually):
    goes_on, hung = threading.Event(), Scripted(lambda _: goes_on.wait(30) and one(1.0))

    class Settings:
        channels = ("hung_c",)

        def make(self):
            return Aside(self.channels, hung.open, FAST)

    probes = [
        ProbeSettings("max31865", "", "", None, Settings()),
        ProbeSettings("simulated", "", "", None, SimulatedSettings(noise=0)),
    ]
    sampler = Sampler(StreamSettings("tank", 100, tuple(probes)), 0)
    began, rows = time.perf_counter(), []
    for turn in range(20):
        took = time.perf_counter()
        rows += [r for r in sampler.rows(Moment(0, turn * 100), Clk(s=True)) if r.stream == "tank"]
        assert time.perf_counter() - took < 0.5
        time.sleep(0.025)
    assert time.perf_counter() - began < 10  # the device hangs for 30
    assert [row.values for row in rows] == [(None, -177.9, -195.1, 231.0, 0)] * 20
    assert {row.q[0] for row in rows} == {22}
    began = time.perf_counter()
    sampler.close()
    assert time.perf_counter() - began < 5
    goes_on.set()


def test_a_device_that_failed_is_closed_and_opened_again(aside, eventually):
    device = Scripted(BusError("loose"))
    probe = aside(device)
    sample(probe, eventually)
    assert eventually(lambda: device.opened > 2 and device.closed >= device.opened - 1, 5)
    device.does = one(5.0)
    assert eventually(lambda: probe.read(Moment(0, 0))[0].values == (5.0,), 5)


@pytest.mark.parametrize("error", [ValueError("odd"), OSError(5, "Input/output error"), KeyError()])
def test_whatever_a_library_throws_is_told_and_tried_again(aside, eventually, error):
    device = Scripted(error)
    probe = aside(device)
    assert sample(probe, eventually).q == (21,)
    device.does = one(5.0)
    assert eventually(lambda: probe.read(Moment(0, 0))[0].values == (5.0,), 5)


def test_a_device_that_cannot_be_opened_is_a_bus_error(aside, eventually):
    device = Scripted(one(1.0))
    device.open = lambda: (_ for _ in ()).throw(
        FileNotFoundError(2, "No such file", "/dev/spidev0.0")
    )
    assert sample(aside(device), eventually).q == (21,)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_becomes_a_fault(aside, eventually, odd):
    found = sample(
        aside(Scripted(Finding((Found(odd), Found(2.0)))), channels=("a_c", "b_c")), eventually
    )
    assert (found.values, found.q) == ((None, 2.0), (21, 0))


def test_an_event_is_handed_over_once_with_its_age(aside, eventually):
    opened = Finding((Found(1.0),), ({"kind": "door_opened", "ago_ms": 40},))
    once = iter([opened])
    device = Scripted(lambda _: next(once, one(1.0)))
    probe = aside(device, channels=("lid_open",))
    probe._begin(probe._now_ms())
    eventually(lambda: device.reads > 5, 5)
    (event,) = probe.read(Moment(0, 0))[0].events
    assert event["kind"] == "door_opened"
    assert 40 + 3 * 20 <= event["ago_ms"] < 5_000
    assert probe.read(Moment(0, 0))[0].events == ()


def test_the_thread_ends_when_the_probe_is_closed(aside, eventually):
    device = Scripted(one(1.0))
    probe = aside(device)
    sample(probe, eventually)
    probe.close()
    assert device.closed == 1
    assert not [t for t in threading.enumerate() if t.name == "probe top_c" and t is probe._thread]


def test_qualities_of_every_channel_are_told(aside, eventually):
    device = Scripted(Finding((Found(1.0), Found(None, Quality.OPEN_PROBE, "open probe"))))
    found = sample(aside(device, channels=("a_c", "b_c")), eventually)
    assert (found.values, found.q) == ((1.0, None), (0, 16))
    assert [e["channel"] for e in found.events] == ["b_c"]


def test_a_sampler_that_ends_gives_every_device_back(eventually):
    device = Scripted(one(1.0))

    class Settings:
        channels = ("top_c",)

        def make(self):
            return Aside(self.channels, device.open, FAST)

    sampler = Sampler(
        StreamSettings("tank", 100, (ProbeSettings("door", "", "", None, Settings()),)), 0
    )
    sampler.rows(Moment(0, 0), Clk(s=True))
    eventually(lambda: device.reads > 1, 5)
    sampler.close()
    assert (device.opened, device.closed) == (1, 1)
