"""A dewar on a balance: lines of common balances, litres of nitrogen, and no old weight."""

import re

import pytest

from edge_agent.buses.line import LinePlace
from edge_agent.probes.device import Rhythm
from edge_agent.probes.scale import PATTERNS, Scale, ScaleSettings, understood
from edge_agent.wire.quality import Quality
from tests.edge.emulators.serial_port import SerialDevice
from tests.edge.settings_text import problems_of, read_probe


def settings(balance="plain", path="", **more):
    pattern = re.compile(PATTERNS[balance], re.IGNORECASE)
    return ScaleSettings(LinePlace(path), Rhythm(), pattern, **more)


@pytest.mark.parametrize(
    ("balance", "line", "kilograms", "quality"),
    [
        ("and", "ST,+00012.34  kg", 12.34, 0),
        ("and", "US,+00012.34  kg", 12.34, Quality.UNCERTAIN),
        ("and", "OL,+99999999  kg", None, Quality.NOT_SAMPLED),
        ("and", "ST,+01234.5   g", 1.2345, 0),
        ("and", "ST,GS 31.000KG", 31.0, 0),
        ("and", "US,GS,+012.346  kg", 12.346, Quality.UNCERTAIN),
        ("mettler", "S S     31.245 kg", 31.245, 0),
        ("mettler", "S D     31.2 kg", 31.2, Quality.UNCERTAIN),
        ("mettler", "S +", None, Quality.NOT_SAMPLED),
        ("mettler", "S I", None, Quality.NOT_SAMPLED),
        ("sartorius", "+   31.245 kg", 31.245, 0),
        ("sartorius", "N     +  31.245 kg", 31.245, 0),
        ("sartorius", "-    1.5 kg", -1.5, 0),
        ("sartorius", "H", None, Quality.NOT_SAMPLED),
        ("ohaus", "     31.20 kg", 31.2, 0),
        ("ohaus", "     31.20 kg ?", 31.2, Quality.UNCERTAIN),
        ("plain", "31.5", 31.5, 0),
        ("plain", "100 lb", 45.35924, 0),
        ("plain", "READY", None, Quality.BUS_ERROR),
    ],
)
def test_lines_of_common_balances_are_understood(balance, line, kilograms, quality):
    found = understood(settings(balance), line)
    assert (found.value, found.q) == (kilograms, quality)
    assert bool(found.fault) == bool(quality)


@pytest.fixture
def balance():
    """Give `balance(**settings)`: a Scale and the device that talks to it."""
    made = []

    def make(answers=None, **more):
        device = SerialDevice(answers)
        chosen = settings("and", device.path, **more)
        made.append((Scale(chosen, chosen.place.open()), device))
        return made[-1]

    yield make
    for scale, device in made:
        scale.close()
        device.stop()


def found(scale, now_ms=0):
    return scale.read(now_ms).found


def test_litres_are_weight_less_tare_by_density(balance):
    scale, device = balance(tare_kg=19.0)
    device.push(b"ST,+00046.00  kg\r\n")
    weight, litres = found(scale)
    assert weight.value == 46.0
    assert litres.value == pytest.approx(27.0 / 0.807, abs=1e-3)


def test_the_newest_whole_line_counts(balance):
    scale, device = balance()
    device.push(b"ST,+00046.00  kg\r\nST,+00045.00  kg\r\nST,+0004")
    assert found(scale)[0].value == 45.0
    device.push(b"4.00  kg\r\n")
    assert found(scale)[0].value == 44.0


def test_a_balance_that_falls_silent_feeds_no_old_weight(balance):
    scale, device = balance(silent_ms=10_000)
    assert found(scale, 0)[0].q == Quality.NOT_SAMPLED
    device.push(b"ST,+00046.00  kg\r\n")
    assert found(scale, 1_000)[0].value == 46.0
    assert found(scale, 11_000)[0].value == 46.0
    weight, litres = found(scale, 11_001)
    assert (weight.value, litres.value, weight.q, litres.q) == (None, None, 22, 22)


def test_a_balance_may_be_asked(balance, eventually):
    scale, device = balance(answers=lambda _: b"ST,+00046.00  kg\r\n", ask="Q")
    assert eventually(lambda: found(scale)[0].value == 46.0, 10)
    assert set(device.heard) == {b"Q\r\n"}


def test_one_channel_may_be_left_out(balance):
    scale, device = balance(weight_channel="")
    device.push(b"ST,+00008.07  kg\r\n")
    (litres,) = found(scale)
    assert litres.value == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("", "found neither port nor host"),
        ('port = "/dev/x"\nbalance = "kitchen"', 'balance: found \'kitchen\'; expected "and"'),
        ('port = "/dev/x"\npattern = "("', "pattern: this is no regular expression"),
        ('port = "/dev/x"\npattern = "[0-9]+"', "expected a group (?P<value>...)"),
        ('port = "/dev/x"\nweight_channel = ""\nliquid_channel = ""', "expected weight_channel or liquid_channel"),
        ('port = "/dev/x"\nunit = "stone"', "unit: found 'stone'"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(tmp_path, lines, sentence):
    found = problems_of(tmp_path, f'driver = "scale"\n{lines}')
    assert any(sentence in problem for problem in found), found


def test_ones_own_pattern_is_taken(tmp_path):
    device = read_probe(tmp_path, "driver = \"scale\"\nport = \"/dev/x\"\npattern = 'W=(?P<value>\\d+)'\nunit = \"g\"").device  # fmt: skip
    assert understood(device, "W=1500").value == 1.5
    assert device.channels == ("weight_kg", "liquid_l")
