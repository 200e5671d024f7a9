"""Whatever bytes a device sends, a driver answers with a reading or a fault, and never falls over."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.buses import modbus_ascii
from edge_agent.buses.errors import BusError
from edge_agent.buses.line import LinePlace
from edge_agent.probes.device import Rhythm
from edge_agent.probes.scale import PATTERNS, Scale, ScaleSettings
from edge_agent.probes.tec3000 import Query, Tec3000, Tec3000Settings
from edge_agent.probes.thermo_push import ThermoPush
from edge_agent.wire.quality import has_number

NOISE = st.binary(max_size=200)
NEARLY = st.text(alphabet="0123456789+-.,: \t\r\n\x04CSTUGOLkg?ERXF", max_size=60).map(str.encode)
ANYTHING = st.one_of(NOISE, NEARLY)


class Noise:
    """A line that gives these bytes, whatever is asked."""

    def __init__(self, data):
        self.data = data

    def send(self, data):
        pass

    def receive(self, end, timeout_s):
        return self.data + end

    def waiting(self, timeout_s):
        return self.data

    def close(self):
        pass


class Straight:
    """A pool that only opens."""

    def __init__(self, line):
        self.line = line

    def exchange(self, name, opened, talk):
        return talk(self.line)


def is_whole(finding, channels):
    """A Found for each channel, a number exactly where the quality has one, a reason where it is not good."""
    assert len(finding.found) == channels
    for found in finding.found:
        assert (found.value is not None) == has_number(int(found.q))
        assert bool(found.fault) == bool(found.q)


@given(ANYTHING)
@example(b":190304FFFFFCE002\r\n")
@example(b":19830262\r\n")
def test_modbus_ascii(frame):
    try:
        found = modbus_ascii.answer(frame, 0x19)
    except BusError:
        return
    assert isinstance(found, bytes)
    assert b"19" in frame


@given(ANYTHING, st.sampled_from(sorted(PATTERNS)))
@example(b"+\t12.5 kg\n", "plain")
@example(b"S +\n", "mettler")
def test_a_balance(data, balance):
    pattern = re.compile(PATTERNS[balance], re.IGNORECASE)
    scale = Scale(ScaleSettings(LinePlace("x"), Rhythm(), pattern), Noise(data))
    for now_ms in (0, 1_000):
        is_whole(scale.read(now_ms), 2)


@given(st.lists(ANYTHING, max_size=4))
@example([b" -80 C OVERTEMP\n\r\x04", b"T_ERR\x04", b"\x04\x04"])
def test_a_freezer_that_pushes(pieces):
    line = Noise(b"")
    push = ThermoPush(lambda: line, 60_000)
    for now_ms, piece in enumerate(pieces):
        line.data = piece
        is_whole(push.read(now_ms), 1)


@given(ANYTHING)
@example(b"-197.10")
@example(b"001 TEMPA?")
@example("٣".encode())
def test_a_controller(data):
    settings = Tec3000Settings(
        (Query("top_c", "TEMPA?"),), LinePlace("x"), Rhythm(), alarms="ALARMS?"
    )
    is_whole(Tec3000(settings, Straight(Noise(data))).read(0), 1)
