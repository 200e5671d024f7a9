"""The MAX31856 driver against the converter's registers."""

import pytest

from edge_agent.buses.errors import BusError
from edge_agent.probes.max31856 import COLD_JUNCTION_RANGE as JUNCTION
from edge_agent.probes.max31856 import THERMOCOUPLE_RANGE as RANGE
from edge_agent.probes.max31856 import VOLTAGE, Max31856, Max31856Settings
from edge_agent.wire.quality import Quality
from tests.edge.emulators.max31856 import Max31856Chip
from tests.edge.settings_text import problems_of, read_probe


def found(chip, **more):
    return Max31856(Max31856Settings("top_c", **more), chip, lambda _: None).read(0).found


@pytest.mark.parametrize("celsius", [-200.0, -196.0, -135.25, -0.0078125, 0.0, 100.5, 399.0])
def test_the_chips_temperature_is_taken_over(celsius):
    (reading,) = found(Max31856Chip(celsius))
    assert reading.value == pytest.approx(celsius, abs=0.005)
    assert reading.q == Quality.GOOD


def test_the_temperature_of_the_terminals_may_be_a_channel_of_its_own():
    hot, junction = found(Max31856Chip(-196.0, -12.5), junction_channel="terminal_c")
    assert (hot.value, junction.value) == (-196.0, -12.5)


@pytest.mark.parametrize(("type_", "code"), [("B", 0), ("J", 2), ("K", 3), ("T", 7)])
@pytest.mark.parametrize(("mains", "filter_"), [(50, 1), (60, 0)])
def test_type_and_filter_are_set_and_an_open_wire_is_looked_for(type_, code, mains, filter_):
    chip = Max31856Chip()
    found(chip, type=type_, mains_hz=mains)
    assert chip.registers[1] == code
    assert chip.registers[0] == 0x10 | filter_


def test_an_open_thermocouple_raises_and_recovers():
    chip = Max31856Chip(None)
    (reading,) = found(chip)
    assert (reading.value, reading.q) == (None, Quality.OPEN_PROBE)
    chip.hot_c = -190.0
    assert found(chip)[0].value == -190.0


@pytest.mark.parametrize(
    ("faults", "value", "quality"),
    [(VOLTAGE, None, 21), (RANGE, -196.0, 18), (JUNCTION, -196.0, 18)],
)
def test_other_faults_have_their_quality(faults, value, quality):
    chip = Max31856Chip()
    chip.faults = faults
    (reading,) = found(chip)
    assert (reading.value, reading.q) == (value, quality)
    assert reading.fault


def test_a_shorted_cable_reads_its_own_terminals_and_is_doubted():
    (reading,) = found(Max31856Chip(22.3, 22.0))
    assert (reading.value, reading.q) == (pytest.approx(22.3, abs=0.01), Quality.IMPLAUSIBLE)
    assert found(Max31856Chip(22.3, 22.0), cold=False)[0].q == Quality.GOOD


@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_an_unplugged_converter_is_a_bus_error(level):
    chip = Max31856Chip()
    chip.broken = level
    with pytest.raises(BusError, match="not there"):
        found(chip)


def test_a_conversion_is_waited_for_and_given_up():
    chip = Max31856Chip()
    chip.busy_reads = 4
    assert found(chip)[0].value == -196.0
    chip.busy_reads = 1_000
    with pytest.raises(BusError, match="does not end"):
        found(chip)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('channel = "top_c"\ntype = "X"', "type: found 'X'; expected \"B\" or"),
        ('channel = "top_c"\njunction_channel = "top_c"', "expected another channel"),
        ('channel = "top_c"\nmains_hz = 51', "expected 50 or 60"),
        ('channel = "top_c"\ncold = 1', "expected true or false"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, lines, sentence):
    found = problems_of(tmp_path, f'driver = "max31856"\n{lines}')
    assert any(sentence in problem for problem in found), found


def test_the_settings_are_read(tmp_path):
    probe = read_probe(tmp_path, 'driver = "max31856"\nchannel = "top_c"\nselect = 1')
    assert probe.device == Max31856Settings("top_c", select=1)


def test_a_max31855_is_refused_with_what_to_take_instead(tmp_path):
    (problem,) = problems_of(tmp_path, 'driver = "max31855"\nchannel = "top_c"')
    assert "one slope" in problem
    assert "MAX31856" in problem
