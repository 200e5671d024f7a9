"""1-wire thermometers, as a tree of files: for rooms only, and never a value that is none."""

import pytest

from edge_agent.buses.errors import BusError
from edge_agent.probes.w1 import W1, W1Settings
from tests.edge.emulators import trees
from tests.edge.settings_text import problems_of, read_probe

ID = "28-00000a1b2c3d"


def found(root):
    (reading,) = W1(W1Settings("room_c", ID, root=root)).read(0).found
    return reading


@pytest.mark.parametrize(
    ("milli", "kind", "scratch", "value", "quality"),
    [
        (22687, "good", trees.SCRATCH, 22.687, 0),
        (-12500, "good", trees.SCRATCH, -12.5, 0),
        (85000, "good", trees.SCRATCH, 85.0, 20),
        (85062, "good", trees.SCRATCH, 85.062, 0),
        (-127000, "good", trees.SCRATCH, None, 16),
        (22687, "crc", trees.SCRATCH, None, 21),
        (0, "good", " ".join(["00"] * 9), None, 21),
        (0, "good", trees.SCRATCH, 0.0, 0),
        (130000, "good", trees.SCRATCH, 130.0, 18),
        (-60000, "good", trees.SCRATCH, -60.0, 18),
    ],
)
def test_what_a_thermometer_says_is_judged(tmp_path, milli, kind, scratch, value, quality):
    trees.w1(tmp_path, ID, milli, kind, scratch)
    reading = found(tmp_path)
    assert (reading.value, reading.q) == (value, quality)
    assert bool(reading.fault) == bool(quality)


def test_a_thermometer_that_left_the_bus_is_open(tmp_path):
    assert found(tmp_path).q == 16


def test_a_thermometer_that_says_nothing_is_a_bus_error(tmp_path):
    trees.w1(tmp_path, ID, 1)
    (tmp_path / ID / "w1_slave").write_text("")
    with pytest.raises(BusError, match="expected a reading"):
        found(tmp_path)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (f'id = "{ID}"\nfreezer = "LN2-01"', "ends at -55 °C; expected it in the room, not in a freezer"),
        (f'id = "{ID}"\nchannel = "top_c"', "expected a room's channel such as room_c"),
        (f'id = "{ID}"\nchannel = "bottom_c"', "expected a room's channel"),
        ('id = "28-xyz"', 'id: found "28-xyz"; expected such as 28-00000a1b2c3d'),
        ("", "id: missing"),
    ],
)  # fmt: skip
def test_it_is_refused_for_a_freezer(tmp_path, lines, sentence):
    found = problems_of(tmp_path, f'driver = "w1"\n{lines}')
    assert any(sentence in problem for problem in found), found


def test_the_settings_are_read(tmp_path):
    device = read_probe(tmp_path, f'driver = "w1"\nid = "{ID}"').device
    assert (device.channels, device.rhythm.every_ms, device.rhythm.oldest_ms) == (("room_c",), 5_000, 15_000)  # fmt: skip
