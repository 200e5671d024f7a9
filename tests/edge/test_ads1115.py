"""The ADS1115 driver against the converter's registers."""

import pytest

from edge_agent.buses.errors import BusError
from edge_agent.probes.ads1115 import Ads1115, Ads1115Settings
from edge_agent.probes.analog import Input
from edge_agent.wire.quality import Quality
from tests.edge.emulators.ads1115 import Ads1115Chip
from tests.edge.settings_text import problems_of, read_probe

LEVEL = Input("level_mm", "0", "current", ((4.0, 0.0), (20.0, 780.0)))


def found(chip, *inputs, **more):
    return Ads1115(Ads1115Settings(inputs, **more), chip, lambda _: None).read(0).found


def milliampere(current):
    return Ads1115Chip((current * 0.1, 0, 0, 0))


@pytest.mark.parametrize(
    ("current", "value", "quality"),
    [
        (0.0, None, Quality.OPEN_PROBE),
        (3.5, None, Quality.OPEN_PROBE),
        (3.7, -14.6, Quality.OUT_OF_RANGE),
        (4.0, 0.0, Quality.GOOD),
        (8.738, 231.0, Quality.GOOD),
        (20.0, 780.0, Quality.GOOD),
        (20.8, 819.0, Quality.OUT_OF_RANGE),
        (22.0, None, Quality.SHORTED_PROBE),
        (60.0, None, Quality.SHORTED_PROBE),
    ],
)
def test_a_current_loop_measures_and_tells_a_broken_wire(current, value, quality):
    (reading,) = found(milliampere(current), LEVEL)
    assert reading.q == quality
    assert reading.value == (None if value is None else pytest.approx(value, abs=0.1))


def test_a_table_of_points_makes_litres_of_a_round_bottom():
    round_bottom = Input("liquid_l", "0", "current", ((4, 0), (8, 3), (20, 47)))
    assert found(milliampere(6.0), round_bottom)[0].value == pytest.approx(1.5, abs=0.01)
    assert found(milliampere(14.0), round_bottom)[0].value == pytest.approx(25, abs=0.01)


def test_an_oxygen_cell_of_millivolts_is_read_between_two_pins():
    cell = Input("room_o2pct", "2-3", "voltage", ((0.0, 0.0), (0.0125, 20.9)), range_v=0.256, open_below_v=0.001)  # fmt: skip
    chip = Ads1115Chip((0, 0, 1.0125, 1.0))
    assert found(chip, cell)[0].value == pytest.approx(20.9, abs=0.02)
    chip.volts[2] = 1.0002
    assert found(chip, cell)[0].q == Quality.OPEN_PROBE


def test_a_voltage_has_its_own_bounds():
    plain = Input("supply_v", "1", "voltage", short_above_v=3.9)
    assert found(Ads1115Chip((0, 3.3, 0, 0)), plain)[0].value == pytest.approx(3.3, abs=0.001)
    assert found(Ads1115Chip((0, 4.0, 0, 0)), plain)[0].q == Quality.SHORTED_PROBE
    small = Input("supply_v", "1", "voltage", range_v=1.024)
    reading = found(Ads1115Chip((0, 4.0, 0, 0)), small)[0]
    assert (reading.value, reading.q) == (pytest.approx(1.024, abs=0.001), Quality.OUT_OF_RANGE)


def test_several_inputs_are_converted_each_in_its_own_range():
    chip = Ads1115Chip((1.2, 0.1, 0.2, 3.0))
    inputs = [Input(f"c{n}_v", str(n), "voltage", range_v=r) for n, r in enumerate((2.048, 0.256, 0.512, 4.096))]  # fmt: skip
    assert [f.value for f in found(chip, *inputs)] == pytest.approx([1.2, 0.1, 0.2, 3.0], abs=0.001)


def test_a_converter_that_is_gone_foreign_or_never_ready_is_told():
    chip = milliampere(8)
    chip.busy = 3
    assert found(chip, LEVEL)[0].q == Quality.GOOD
    chip.busy = 99
    with pytest.raises(BusError, match="does not end"):
        found(chip, LEVEL)
    chip.alien = True
    with pytest.raises(BusError, match="something else"):
        found(chip, LEVEL)
    chip.gone = True
    with pytest.raises(OSError, match="Remote I/O"):
        found(chip, LEVEL)


PROBE = 'driver = "ads1115"\n[[stream.probe.input]]\nchannel = "level_mm"\nkind = "current"\npins = "0"\n'


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('driver = "ads1115"', "input: found none; expected at least one table"),
        (PROBE, "points: found 0 pairs; expected at least 2"),
        (PROBE + "points = [[4, 0], [20, 780]]\nshunt_ohm = 250", "over which 21 mA give more than range_v"),
        (PROBE + "points = [[20, 0], [4, 780]]", "must rise"),
        (PROBE + "points = [[4, 0], [20, 780]]\nrange_v = 5", "range_v: found 5; expected one of 6.144, 4.096"),
        (PROBE.replace('"0"', '"4"') + "points = [[4, 0], [20, 780]]", "pins: found '4'; expected"),
        ('driver = "ads1115"\nsamples_per_s = 9\n' + PROBE[19:] + "points = [[4, 0], [20, 780]]", "samples_per_s: found 9; expected one of 8, 16"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(tmp_path, lines, sentence):
    found = problems_of(tmp_path, lines)
    assert any(sentence in problem for problem in found), found


def test_the_settings_are_read(tmp_path):
    probe = read_probe(tmp_path, PROBE + "points = [[4, 0], [20, 780]]")
    assert probe.device == Ads1115Settings((LEVEL,))
