"""A probe head on a line: whole rows, lids between samples, gaps, noise, silence."""

import pytest

from edge_agent.buses.line import LinePlace
from edge_agent.probes.device import Rhythm
from edge_agent.probes.probe_head import Head, HeadSettings
from edge_agent.wire.codec import encode
from edge_agent.wire.link import frame
from edge_agent.wire.messages import Clk, Rows
from tests.edge.settings_text import problems_of, read_probe

KEYS = ("top_c", "bottom_c", "level_mm", "lid_open")
BOOT, OTHER = "k3v9x2m4q7ab", "bbbbbbbbbbbb"


class FakeLine:
    """Gives what was pushed."""

    def __init__(self):
        self.data = b""

    def waiting(self, timeout_s):
        data, self.data = self.data, b""
        return data

    def close(self):
        self.closed = True


def sent(*values, seq=1, boot=BOOT, q=None, ch=KEYS):
    dt = [1_000 * n for n in range(len(values))]
    rows = Rows(boot, "head", seq, 5_000, Clk(s=False), ch, dt, list(values), q)
    return frame(encode(rows))


def row(top=-178.0, lid=0.0):
    return (top, -195.5, 224.8, lid)


@pytest.fixture
def line():
    return FakeLine()


@pytest.fixture
def head(line):
    return Head(HeadSettings(LinePlace("/dev/none"), Rhythm(), silent_ms=30_000), line)


def test_the_newest_row_is_handed_on(head, line):
    line.data = sent(row(-178), row(-177.5))
    assert [f.value for f in head.read(0).found] == [-177.5, -195.5, 224.8, 0.0]


def test_a_fault_of_the_head_is_told_and_no_number_stands_there(head, line):
    line.data = sent((None, -195.5, 224.8, None), q=[(16, 0, 32, 22)])
    found = head.read(0).found
    assert [(f.value, int(f.q)) for f in found] == [(None, 16), (-195.5, 0), (224.8, 0), (None, 22)]
    assert "open" in found[0].fault


def test_a_lid_that_opened_and_closed_between_two_samples_is_told(head, line):
    line.data = sent(row())
    head.read(0)
    line.data = sent(row(lid=1.0), row(lid=1.0), row(lid=0.0), seq=2)
    assert head.read(1_000).events == (
        {"kind": "door_opened", "ago_ms": 2_000},
        {"kind": "door_closed", "ago_ms": 0},
    )


def test_rows_lost_on_the_line_are_counted_now_and_then(head, line):
    line.data = sent(row(), seq=1) + sent(row(), seq=5)
    assert head.read(0).events == ({"kind": "probe_rows_lost", "rows": 3},)
    line.data = sent(row(), seq=8)
    assert head.read(1_000).events == ()
    assert head.read(600_000).events == ({"kind": "probe_rows_lost", "rows": 2},)


def test_a_head_that_began_anew_is_told_and_its_numbers_are_no_loss(head, line):
    line.data = sent(row(), seq=40) + sent(row(), seq=1, boot=OTHER)
    assert head.read(0).events == ({"kind": "probe_restarted", "boot": OTHER},)


def test_an_unplugged_head_never_feeds_its_last_value(head, line):
    line.data = sent(row())
    assert head.read(0).found[0].value == -178
    assert head.read(30_000).found[0].value == -178
    found = head.read(30_001).found
    assert {(f.value, int(f.q)) for f in found} == {(None, 22)}
    assert "powered" in found[0].fault
    line.data = sent(row(-170), seq=2)
    assert head.read(31_000).found[0].value == -170


def test_noise_is_no_reading_and_says_so_when_nothing_else_comes(head, line):
    for second in range(40):
        line.data = b"\x55\xaa\0\x13\x37\0" + frame(b"no cbor")
        found = head.read(1_000 * second).found
    assert all(f.value is None for f in found)
    assert "speed" in found[0].fault


def test_a_channel_that_the_head_does_not_send_is_said(head, line):
    line.data = sent((-178.0,), ch=("top_c",))
    found = head.read(0).found
    assert found[0].value == -178
    assert "does not send" in found[1].fault


def test_settings(tmp_path):
    made = read_probe(
        tmp_path, 'driver = "probe_head"\nport = "/dev/ttyUSB0"\nchannels = "top_c, lid_open"'
    )
    assert made.device.channels == ("top_c", "lid_open")
    for wrong, word in (("top_c, top_c", "once"), ("Top_c", "Top_c")):
        problems = problems_of(
            tmp_path, f'driver = "probe_head"\nport = "/dev/ttyUSB0"\nchannels = "{wrong}"'
        )
        assert any(word in problem for problem in problems)
