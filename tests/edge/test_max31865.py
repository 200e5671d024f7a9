"""The MAX31865 driver against the converter's registers."""

import pytest

from edge_agent.buses.errors import BusError
from edge_agent.probes.max31865 import Max31865, Max31865Settings
from edge_agent.probes.platinum import ratio_at
from edge_agent.wire.quality import Quality
from tests.edge.emulators.max31865 import (
    REFIN_GROUND,
    REFIN_OPEN,
    RTDIN_GROUND,
    VOLTAGE,
    Max31865Chip,
)
from tests.edge.settings_text import problems_of, read_probe


def converter(chip, **more):
    slept = []
    settings = Max31865Settings("top_c", reference_ohm=chip.reference_ohm, **more)
    return Max31865(settings, chip, slept.append)


def found(device):
    (one,) = device.read(0).found
    return one


@pytest.mark.parametrize(
    ("reference", "nominal"), [(400, 100), (430, 100), (4000, 1000), (4300, 1000)]
)
@pytest.mark.parametrize("wires", [2, 3, 4])
def test_every_degree_from_minus_200_to_0_is_within_a_twentieth_of_the_standard(
    reference, nominal, wires
):
    chip = Max31865Chip(reference)
    device = converter(chip, nominal_ohm=nominal, wires=wires)
    worst = 0.0
    for tenths in range(-2000, 1, 5):
        chip.ohm = nominal * ratio_at(tenths / 10)
        reading = found(device)
        assert reading.q == Quality.GOOD
        worst = max(worst, abs(reading.value - tenths / 10))
    assert worst < 0.05
    assert chip.conversions == 401


def test_minus_135_is_not_read_as_minus_146_6():
    """Others return code / 32 - 256: right at room temperature, 11.6 degrees too cold here."""
    chip = Max31865Chip(430, ohm=100 * ratio_at(-135))
    assert round(chip.ohm / 430 * 32768) / 32 - 256 == pytest.approx(-146.6, abs=0.05)
    assert found(converter(chip)).value == pytest.approx(-135.0, abs=0.05)


def test_the_leads_of_two_wires_are_taken_off():
    chip = Max31865Chip(430, ohm=100 * ratio_at(-196) + 1.7)
    assert found(converter(chip, wires=2, lead_ohm=1.7)).value == pytest.approx(-196, abs=0.05)
    assert found(converter(chip, wires=2)).value > -193


def test_an_open_probe_raises():
    """Others ask whether (status & 0x80) == 1, which is never so."""
    reading = found(converter(Max31865Chip(ohm=None)))
    assert (reading.value, reading.q) == (None, Quality.OPEN_PROBE)
    assert "open" in reading.fault


@pytest.mark.parametrize(
    ("ohm", "wiring", "quality", "word"),
    [
        (None, 0, Quality.OPEN_PROBE, "open"),
        (1e6, 0, Quality.OPEN_PROBE, "above all that platinum has"),
        (0.0, 0, Quality.SHORTED_PROBE, "near zero"),
        (5.0, 0, Quality.SHORTED_PROBE, "near zero"),
        (20.2, REFIN_OPEN, Quality.OPEN_PROBE, "REFIN-"),
        (20.2, REFIN_GROUND, Quality.SHORTED_PROBE, "ground: REFIN-"),
        (20.2, RTDIN_GROUND, Quality.SHORTED_PROBE, "RTDIN-"),
        (20.2, VOLTAGE, Quality.BUS_ERROR, "above the supply"),
    ],
)
def test_each_fault_has_its_name_and_no_number(ohm, wiring, quality, word):
    chip = Max31865Chip(ohm=ohm)
    chip.wiring_faults = wiring
    reading = found(converter(chip))
    assert (reading.value, reading.q) == (None, quality)
    assert word in reading.fault


def test_a_latched_fault_is_cleared_when_the_probe_is_mended():
    chip = Max31865Chip(ohm=None)
    device = converter(chip)
    assert found(device).q == Quality.OPEN_PROBE
    assert chip.registers[7] != 0
    chip.ohm = 100 * ratio_at(-180)
    assert found(device).value == pytest.approx(-180, abs=0.05)
    assert chip.registers[7] == 0


def test_the_bias_is_off_between_readings_so_that_the_probe_does_not_warm_itself():
    chip = Max31865Chip()
    found(converter(chip, wires=3, mains_hz=50))
    assert chip.registers[0] == 0x11
    found(converter(chip, wires=4, mains_hz=60))
    assert chip.registers[0] == 0x00


@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_an_unplugged_converter_is_a_bus_error_and_no_temperature(level):
    chip = Max31865Chip()
    device = converter(chip)
    found(device)
    chip.broken = level
    with pytest.raises(BusError):
        device.read(0)


def test_a_converter_that_lost_its_power_is_noticed():
    chip = Max31865Chip()
    device = converter(chip)
    chip.registers[:] = bytes([0, 0, 0, 0xFF, 0xFF, 0, 0, 0])
    with pytest.raises(BusError, match="lost its power"):
        device.read(0)


def test_a_fault_cycle_that_never_ends_is_given_up():
    chip = Max31865Chip()
    chip.stuck_cycle = True
    with pytest.raises(BusError, match="fault detection"):
        converter(chip).read(0)


def test_colder_than_nitrogen_is_marked_and_the_number_kept():
    reading = found(converter(Max31865Chip(430, ohm=100 * ratio_at(-215))))
    assert reading.q == Quality.OUT_OF_RANGE
    assert reading.value == pytest.approx(-215, abs=0.05)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("", "channel: missing"),
        ('channel = "Top"', "a channel key"),
        ('channel = "top_c"\nwires = 5', "wires: found 5; expected a whole number from 2 to 4"),
        ('channel = "top_c"\nmains_hz = 55', "mains_hz: found 55; expected 50 or 60"),
        ('channel = "top_c"\nlead_ohm = 2', "expected wires = 2 or no lead_ohm"),
        ('channel = "top_c"\nnominal_ohm = 1000', "expected about four times as much"),
        ('channel = "top_c"\nread_every_s = 9\noldest_s = 1', "oldest_s: found 1; expected at least"),
        ('channel = "top_c"\nwire = 3', "not known (did you mean wires?)"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(tmp_path, lines, sentence):
    assert any(
        sentence in problem for problem in problems_of(tmp_path, f'driver = "max31865"\n{lines}')
    )


def test_the_settings_are_read(tmp_path):
    device = read_probe(
        tmp_path,
        'driver = "max31865"\nchannel = "top_c"\nwires = 3\nnominal_ohm = 1000\nreference_ohm = 4300\nselect = 1',
    ).device
    assert device == Max31865Settings(
        "top_c", select=1, wires=3, nominal_ohm=1000, reference_ohm=4300
    )
    assert device.channels == ("top_c",)
