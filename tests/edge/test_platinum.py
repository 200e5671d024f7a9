"""Platinum resistance against the tables of IEC 60751:2008."""

import pytest

from edge_agent.probes.platinum import ratio_at, temperature_c

# temperature in °C, resistance of a PT100 in ohm: the standard's own table, to its two decimals
TABLE = [
    (-200, 18.52), (-190, 22.83), (-180, 27.10), (-170, 31.34), (-160, 35.54), (-150, 39.72),
    (-140, 43.88), (-130, 48.00), (-120, 52.11), (-110, 56.19), (-100, 60.26), (-90, 64.30),
    (-80, 68.33), (-70, 72.33), (-60, 76.33), (-50, 80.31), (-40, 84.27), (-30, 88.22),
    (-20, 92.16), (-10, 96.09), (0, 100.00), (50, 119.40), (100, 138.51), (200, 175.86),
    (400, 247.09), (600, 313.71), (850, 390.48),
]  # fmt: skip


@pytest.mark.parametrize(("celsius", "ohm"), TABLE)
def test_the_standards_table_is_met_to_its_last_digit(celsius, ohm):
    assert round(ratio_at(celsius) * 100, 2) == pytest.approx(ohm, abs=0.006)


def test_the_way_back_is_the_way_there():
    worst = max(abs(temperature_c(ratio_at(t / 10)) - t / 10) for t in range(-2100, 8501, 7))
    assert worst < 1e-6


# temperature in °C and the converter's code, from table 9 of the MAX31865 data sheet (PT100, 400 ohm reference)
DATA_SHEET = [
    (-200, 1517), (-150, 3254), (275, 16639), (300, 17371), (325, 18098), (350, 18818), (375, 19533),
    (400, 20242), (425, 20945), (450, 21642), (475, 22333), (500, 23018), (525, 23697), (550, 24370),
]  # fmt: skip


@pytest.mark.parametrize(("celsius", "code"), DATA_SHEET)
def test_the_codes_of_the_converters_data_sheet_mean_its_temperatures(celsius, code):
    assert temperature_c(code / 32768 * 400 / 100) == pytest.approx(celsius, abs=0.05)


def test_nitrogen_is_where_it_boils():
    assert temperature_c(0.20247) == pytest.approx(-196.0, abs=0.002)


def test_a_pt100_at_nitrogen_is_20_247_ohm_and_changes_by_0_431_ohm_a_degree():
    assert round(ratio_at(-196) * 100, 3) == 20.247
    assert round((ratio_at(-195.5) - ratio_at(-196.5)) * 100, 3) == 0.431


# true temperature in °C, reference in ohm, what code / 32 - 256 makes of it: the shortcut is meant for room temperature
SHORTCUT = [
    (-200, 400, -208.59), (-196, 400, -204.2), (-150, 400, -154.31), (-196, 430, -207.8), (-135, 430, -146.6),
]  # fmt: skip


@pytest.mark.parametrize(("celsius", "reference", "shortcut"), SHORTCUT)
def test_the_shortcut_would_be_wrong_by_up_to_twelve_degrees_and_is_not_taken(
    celsius, reference, shortcut
):
    code = round(ratio_at(celsius) * 100 / reference * 32768)

    assert code / 32 - 256 == pytest.approx(shortcut, abs=0.05)
    assert temperature_c(code / 32768 * reference / 100) == pytest.approx(celsius, abs=0.02)
