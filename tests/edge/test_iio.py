"""Devices of the kernel's industrial I/O subsystem, as a tree of files."""

import pytest

from edge_agent.buses.errors import BusError
from edge_agent.probes.iio import Iio, IioInput, IioSettings
from edge_agent.probes.platinum import ratio_at
from edge_agent.wire.quality import Quality
from tests.edge.emulators import trees
from tests.edge.settings_text import problems_of, read_probe

TEMP = IioInput("top_c", "in_temp")


def found(root, *inputs, **more):
    device = Iio(IioSettings(inputs or (TEMP,), root=root, **{"device": "iio:device0", **more}))
    return device.read(0).found


def code(celsius, reference=430, nominal=100):
    return round(ratio_at(celsius) * nominal / reference * 32768)


@pytest.mark.parametrize("celsius", [-200, -196, -135, -80, 0, 20])
@pytest.mark.parametrize(
    ("reference", "nominal"), [(400, 100), (430, 100), (4000, 1000), (4300, 1000)]
)
def test_of_a_max31865_the_code_is_taken_and_not_the_kernels_scale(
    tmp_path, celsius, reference, nominal
):
    raw = code(celsius, reference, nominal)
    trees.iio(tmp_path, 0, "max31865", in_temp_raw=raw, in_temp_scale="31.250000", fault_ovuv=0)
    (reading,) = found(tmp_path, reference_ohm=reference, nominal_ohm=nominal)
    assert reading.value == pytest.approx(celsius, abs=0.05)


@pytest.mark.parametrize(
    ("raw", "ovuv", "quality"), [(32767, 0, 16), (30000, 0, 16), (0, 0, 17), (300, 0, 17), (1543, 1, 21)]
)  # fmt: skip
def test_a_max31865_that_is_open_shorted_or_touches_a_voltage(tmp_path, raw, ovuv, quality):
    trees.iio(tmp_path, 0, "max31865", in_temp_raw=raw, in_temp_scale="31.25", fault_ovuv=ovuv)
    (reading,) = found(tmp_path)
    assert (reading.value, reading.q) == (None, quality)


def test_a_max31856_is_scaled_as_the_kernel_says(tmp_path):
    trees.iio(tmp_path, 0, "max31856", in_temp_raw=-25088, in_temp_scale="7.812500", fault_oc=0)
    assert found(tmp_path)[0].value == -196.0


def test_an_open_thermocouple_has_no_raw_value_but_a_fault_file(tmp_path):
    folder = trees.iio(tmp_path, 0, "max31856", in_temp_scale="7.8125", fault_oc=1, fault_ovuv=0)
    (folder / "in_temp_raw").mkdir()  # reading it fails, as the kernel answers EIO
    assert found(tmp_path)[0].q == Quality.OPEN_PROBE
    (folder / "fault_oc").write_text("0\n")
    (folder / "fault_ovuv").write_text("1\n")
    assert found(tmp_path)[0].q == Quality.BUS_ERROR
    (folder / "fault_ovuv").write_text("0\n")
    with pytest.raises(BusError, match="in_temp_raw cannot be read"):
        found(tmp_path)


def test_a_voltage_has_a_scale_of_its_kind_and_points(tmp_path):
    trees.iio(tmp_path, 0, "ads1015", in_voltage0_raw=1000, in_voltage_scale="2.0", in_voltage1_input=500)  # fmt: skip
    level = IioInput("level_mm", "in_voltage0", ((0.4, 0.0), (2.0, 780.0)))
    plain = IioInput("supply_v", "in_voltage1")
    values = [f.value for f in found(tmp_path, level, plain)]
    assert values == [pytest.approx(780.0), 0.5]


def test_an_offset_is_added_before_the_scale(tmp_path):
    trees.iio(tmp_path, 0, "adt7310", in_temp_raw=100, in_temp_offset=-50, in_temp_scale=1000)
    assert found(tmp_path)[0].value == 50.0


def test_a_device_is_found_by_the_name_of_its_chip(tmp_path):
    trees.iio(tmp_path, 0, "ads1015")
    trees.iio(tmp_path, 1, "max31865", in_temp_raw=code(-100))
    (reading,) = found(tmp_path, device="", chip="max31865")
    assert reading.value == pytest.approx(-100, abs=0.05)
    trees.iio(tmp_path, 2, "max31865", in_temp_raw=1)
    with pytest.raises(BusError, match="found 2 devices named max31865"):
        found(tmp_path, device="", chip="max31865")


def test_a_device_that_is_gone_or_writes_nonsense_is_a_bus_error(tmp_path):
    with pytest.raises(BusError, match="name cannot be read"):
        found(tmp_path)
    trees.iio(tmp_path, 0, "max31865", in_temp_raw="busy")
    with pytest.raises(BusError, match='holds "busy"; expected a number'):
        found(tmp_path)


def test_a_linear_thermocouple_converter_is_refused_even_when_found_later(tmp_path):
    trees.iio(tmp_path, 0, "max31855", in_temp_raw=1)
    with pytest.raises(BusError, match="one slope"):
        found(tmp_path)


INPUT = '[[stream.probe.input]]\nchannel = "top_c"\n'


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (INPUT, "expected either device"),
        ('device = "iio:device0"\nchip = "max31865"\n' + INPUT, "not both"),
        ('chip = "max31855t"\n' + INPUT, "one slope"),
        ('chip = "max31865"', "input: found none"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, lines, sentence):
    found = problems_of(tmp_path, f'driver = "iio"\n{lines}')
    assert any(sentence in problem for problem in found), found


def test_the_settings_are_read(tmp_path):
    probe = read_probe(tmp_path, f'driver = "iio"\nchip = "max31865"\n{INPUT}')
    assert probe.device == IioSettings((TEMP,), chip="max31865")
