"""Thermo's freezers: Modbus ASCII with the frames of their manual, and the pushed line."""

import struct

import pytest

from edge_agent.buses import modbus_ascii
from edge_agent.buses.errors import BusError
from edge_agent.buses.line import LinePlace
from edge_agent.buses.pool import Pool
from edge_agent.probes.device import Rhythm
from edge_agent.probes.thermo_modbus import ThermoModbus
from edge_agent.probes.thermo_push import ThermoPush
from edge_agent.probes.thermo_ult import ThermoSettings
from edge_agent.wire.quality import Quality
from tests.edge.emulators.serial_port import SerialDevice
from tests.edge.settings_text import problems_of, read_probe

RHYTHM = Rhythm()
UNIT = 0x19


@pytest.mark.parametrize(
    ("address", "count", "frame"),
    [
        (0x530, 2, b":1903053000 02AD"),
        (0x53C, 2, b":19030 53C0002A1"),
        (0x570, 10, b":19030570000A65"),
        (0x66F, 1, b":1903066F00016E"),
        (0x670, 2, b":1903067000026C"),
        (0x4E0, 2, b":190304E00002FE"),
    ],
)
def test_questions_are_those_of_the_manual(address, count, frame):
    assert modbus_ascii.question(UNIT, address, count) == frame.replace(b" ", b"") + b"\r\n"


@pytest.mark.parametrize(
    ("frame", "unit", "data"),
    [
        (b":190304FFFFFCE002\r\n", UNIT, -800),  # TDE: the set-point, -80 °C
        (b":190304FFFFFD449D\r\n", UNIT, -700),  # TDE: the warm alarm
        (b":190304FFFFFC7C66\r\n", UNIT, -900),  # TDE: the cold alarm
        (b":19030228BA\r\n", UNIT, 0x28),  # TDE: the status, one byte
        (b":190304" + b"00050000" + b"D7\r\n", UNIT, 0x00050000),  # TDE: the relay's status
        (b":0103044217D001CE\r\n", 1, 0x4217D001),  # Isotemp: as the standard has it
    ],
)
def test_answers_of_the_manuals_are_understood_with_their_own_checksum(frame, unit, data):
    found = modbus_ascii.answer(frame, unit)
    assert int.from_bytes(found, "big", signed=len(found) > 1) == data


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (b":190304FFFFFCE003\r\n", "checksum"),
        (b":180304FFFFFCE0" + b"07\r\n", "unit 24 answers; expected unit 25"),
        (b":19830262\r\n", "it has no such address (2)"),
        (b":190306FFFFFCE0" + b"04\r\n", "does not fit the question"),
        (b":19\r\n", "too short"),
        (b"hello\r\n", "too short"),
        (b":1903ZZ\r\n", "no Modbus ASCII"),
    ],
)
def test_a_bad_answer_is_named(frame, sentence):
    with pytest.raises(BusError) as refused:
        modbus_ascii.answer(frame, UNIT)
    assert sentence in str(refused.value)


class Freezer:
    """Answers Modbus ASCII as the TDE does, reckoning its checksum in its own way."""

    def __init__(self):
        self.celsius, self.status, self.relay = -80.4, b"\x01", 0

    def __call__(self, line):
        body = bytes.fromhex(line.strip()[1:].decode())
        assert body[:2] == bytes([UNIT, 3])
        data = {
            0x4C8: struct.pack(">f", self.celsius),
            0x530: (-800).to_bytes(4, "big", signed=True),
            0x538: (-700).to_bytes(4, "big", signed=True),
            0x53C: (-900).to_bytes(4, "big", signed=True),
            0x671: self.status,
            0x674: self.relay.to_bytes(4, "big"),
        }.get(int.from_bytes(body[2:4], "big"))
        if data is None:
            return self._framed(bytes([UNIT, 0x83, 2]), 2)
        head = bytes([UNIT, 3, max(2, len(data))])
        return self._framed(head + data, head[2] * 2 if len(data) > 1 else head[2])

    def _framed(self, body, reckoned):
        checksum = modbus_ascii.lrc(body[:2] + bytes([reckoned]) + body[3:])
        return b":" + (body + bytes([checksum])).hex().upper().encode() + b"\r\n"


@pytest.fixture
def freezer():
    """Give the freezer and a port to it."""
    made = Freezer()
    device = SerialDevice(made)
    made.path = device.path
    yield made
    device.stop()


@pytest.fixture
def modbus(freezer):
    pool = Pool()

    def make(**more):
        facts = {"answer_s": 3.0, "temperature_address": 0x4C8, **more}
        settings = ThermoSettings(LinePlace(freezer.path), RHYTHM, **facts)
        return ThermoModbus(settings.map, pool)

    yield make
    for held in pool._held.values():
        if held.wire is not None:
            held.wire.close()


ALL = {
    "set_point_channel": "set_point_c", "warm_alarm_channel": "warm_alarm_c",
    "cold_alarm_channel": "cold_alarm_c", "door_channel": "lid_open",
}  # fmt: skip


def test_temperature_set_points_and_door_are_read(modbus):
    values = [f.value for f in modbus(**ALL).read(0).found]
    assert values == [pytest.approx(-80.4, abs=0.001), -80.0, -70.0, -90.0, 0]


@pytest.mark.parametrize("bit", [9, 10])
def test_either_door_opens_and_closes(modbus, freezer, bit):
    mine = modbus(**ALL)
    mine.read(0)
    freezer.relay = 1 << bit
    finding = mine.read(0)
    assert (finding.found[-1].value, finding.events) == (1, ({"kind": "door_opened"},))
    freezer.relay = 0
    assert mine.read(0).events == ({"kind": "door_closed"},)


def test_status_bits_are_events(modbus, freezer):
    mine = modbus()
    assert mine.read(0).events == ({"kind": "controller_standing", "alarms": []},)
    freezer.status = bytes([1 << 1 | 1 << 4])
    assert mine.read(0).events == (
        {"kind": "controller_alarm", "alarm": "controller shut down"},
        {"kind": "power_lost"},
    )
    freezer.status = bytes([1 << 4])
    assert mine.read(0).events == ({"kind": "power_back"},)


def test_what_the_model_lacks_fails_only_its_own_channel(modbus, freezer):
    mine = modbus(**ALL, relay_address=0x123, status_address=0x124)
    found = mine.read(0).found
    assert [f.value for f in found[:4]] == [pytest.approx(-80.4, abs=0.001), -80.0, -70.0, -90.0]
    assert (found[4].value, found[4].q) == (None, Quality.BUS_ERROR)
    assert "0x123: the device refuses" in found[4].fault


def test_an_alarm_that_stands_through_a_failure_is_not_told_again(modbus, freezer):
    mine = modbus(**ALL)
    freezer.status, freezer.relay = bytes([1 << 4]), 1 << 9
    assert len(mine.read(0).events) == 3
    mine.close()
    assert mine.read(0).events == ()
    mine.close()
    freezer.relay = 0
    assert mine.read(0).events == ({"kind": "door_closed"},)


def test_a_sensor_that_is_not_there_reads_minus_127(modbus, freezer):
    freezer.celsius = -127.0
    (found,) = modbus().read(0).found
    assert (found.value, found.q) == (None, Quality.OPEN_PROBE)


def test_an_address_that_the_model_lacks_is_named(modbus):
    with pytest.raises(BusError, match="0x123: the device refuses: it has no such address"):
        modbus(temperature_address=0x123).read(0)


@pytest.fixture
def pushing():
    device = SerialDevice()
    place = LinePlace(device.path, baud=1200, form="8N2")
    push = ThermoPush(place.open, 60_000)
    push.read(0)  # opens the port, which drops what came before

    def say(text, now_ms=0, end="\n\r\x04"):
        if text is not None:
            device.push(f"{text}{end}".encode("ascii"))
        return push.read(now_ms)

    say.push = push
    yield say
    push.close()
    device.stop()


@pytest.mark.parametrize(
    ("text", "value", "quality", "events"),
    [
        (" -80 C             ", -80.0, 0, []),
        ("-196 C             ", -196.0, 0, []),
        ("  21 C OVERTEMP    ", 21.0, 0, ["too warm"]),
        ("- 86 C UNDERTEMP   ", -86.0, 0, ["too cold"]),
        (" -80 C HSHX FAIL   ", -80.0, 0, ["high-stage heat exchanger"]),
        (" -79 C Er07        ", -79.0, 0, ["error 07"]),
        ("T_ERR CNTRLFAIL    ", None, 16, ["controller failure"]),
        ("what               ", None, 21, []),
    ],
)
def test_a_pushed_line_is_a_temperature_and_a_message(pushing, text, value, quality, events):
    finding = pushing(text)
    assert (finding.found[0].value, finding.found[0].q) == (value, quality)
    standing, *told = finding.events or ({"alarms": []},)
    assert standing["alarms"] == [e["alarm"] for e in told] == events


def test_a_power_failure_is_told_as_such(pushing):
    standing = {"kind": "controller_standing", "alarms": ["power failure"]}
    assert pushing(" -80 C PWRFAIL").events == (standing, {"kind": "power_lost"})
    assert pushing(" -80 C").events == ({"kind": "power_back"},)


def test_the_newest_whole_line_counts_and_half_a_line_waits(pushing):
    pushing(" -70 C", end="\n\r\x04 -71 C\n\r\x04 -7")
    assert pushing(None).found[0].value == -71.0
    assert pushing("2 C").found[0].value == -72.0


def test_a_freezer_that_falls_silent_feeds_no_old_value(pushing):
    assert pushing(" -80 C", 1_000).found[0].value == -80.0
    assert pushing(None, 61_000).found[0].value == -80.0
    found = pushing(None, 61_001).found[0]
    assert (found.value, found.q) == (None, Quality.NOT_SAMPLED)
    assert pushing(" -80 C", 62_000).found[0].value == -80.0


def test_after_a_failure_no_old_line_counts(pushing):
    assert pushing(" -80 C").found[0].value == -80.0
    pushing.push.close()
    assert pushing(None).found[0].q == Quality.NOT_SAMPLED
    assert pushing(" -79 C").found[0].value == -79.0


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('port = "/dev/ttyUSB0"\ntemperature_address = 1\nchannel = ""', "expected a channel for the temperature"),
        ('port = "/dev/ttyUSB0"', "temperature_address: missing; expected the address"),
        ('port = "/dev/ttyUSB0"\nprotocol = "push"\ndoor_channel = "lid_open"', "holds one temperature"),
        ('protocol = "puss"', "(did you mean push?)"),
        ('protocol = "push"', "found neither port nor host"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(tmp_path, lines, sentence):
    found = problems_of(tmp_path, f'driver = "thermo_ult"\n{lines}')
    assert any(sentence in problem for problem in found), found


def test_each_protocol_has_its_own_form_of_line(tmp_path):
    push = read_probe(tmp_path, 'driver = "thermo_ult"\nprotocol = "push"\nport = "/dev/x"').device
    modbus = read_probe(tmp_path, 'driver = "thermo_ult"\ntemperature_address = 0x4C8\nport = "/dev/x"').device  # fmt: skip
    assert (push.place.baud, push.place.form) == (1200, "8N2")
    assert (modbus.place.baud, modbus.place.form, modbus.unit) == (9600, "7E1", 0x19)
