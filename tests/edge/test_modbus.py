"""Modbus devices, played by pymodbus's own simulator over TCP and over a serial cable."""

import time

import pytest
from pymodbus import FramerType
from pymodbus.simulator import DataType, SimData, SimDevice

from edge_agent.buses.errors import BusError
from edge_agent.buses.line import LinePlace
from edge_agent.buses.pool import Pool
from edge_agent.probes.device import Rhythm
from edge_agent.probes.modbus import Modbus, ModbusSettings, Register, understood
from edge_agent.wire.quality import Quality
from tests.edge.emulators.modbus_server import ModbusSimulator, NullModem
from tests.edge.settings_text import problems_of, read_probe

RHYTHM = Rhythm()
DEVICES = [
    SimDevice(1, (
        [SimData(16, values=[True, False, True], datatype=DataType.BITS)],
        [SimData(32, values=[False, True], datatype=DataType.BITS)],
        [
            SimData(0x100, values=-1962, datatype=DataType.INT16),
            SimData(0x101, values=-196.25, datatype=DataType.FLOAT32),
            SimData(0x103, values=[0xA000, 0x0001], datatype=DataType.REGISTERS),
            SimData(0x105, values=32767, datatype=DataType.INT16),
            SimData(0x106, values=[0x7FC0, 0], datatype=DataType.REGISTERS),
        ],
        [SimData(0, values=231, datatype=DataType.UINT16)],
    )),
    SimDevice(7, SimData(0x100, values=-80, datatype=DataType.INT16)),
]  # fmt: skip


@pytest.fixture
def pool():
    made = Pool()
    yield made
    for held in made._held.values():
        if held.wire is not None:
            held.wire.close()


@pytest.fixture
def server(free_port):
    port = free_port()
    made = ModbusSimulator.tcp(DEVICES, port)
    yield LinePlace(host="127.0.0.1", tcp_port=port)
    made.stop()


def read(pool, place, *registers, **more):
    settings = ModbusSettings(registers, place, RHYTHM, **{"answer_s": 3.0, **more})
    return Modbus(settings, pool).read(0).found


@pytest.mark.parametrize(
    ("register", "value"),
    [
        (Register("top_c", 0x100, scale=0.1), -196.2),
        (Register("top_c", 0x100, type="uint16"), 63574),
        (Register("top_c", 0x101, type="float32"), -196.25),
        (Register("top_c", 0x103, type="uint32", words="little"), 0x0001A000),
        (Register("top_c", 0x103, type="uint32"), 0xA0000001),
        (Register("top_c", 0x103, type="int32", scale=2, shift=1), (0xA0000001 - 2**32) * 2 + 1),
        (Register("level_mm", 0, "input", "uint16"), 231),
        (Register("lid_open", 16, "coil"), 1),
        (Register("lid_open", 17, "coil"), 0),
        (Register("lid_open", 33, "discrete"), 1),
        (Register("cabinet_c", 0x100, unit=7), -80),
    ],
)
def test_a_register_is_read_as_the_settings_say(pool, server, register, value):
    (found,) = read(pool, server, register)
    assert (found.value, found.q) == (pytest.approx(value), Quality.GOOD)


def test_an_address_that_is_refused_fails_only_its_own_channel(pool, server):
    top, none, level = read(
        pool, server, Register("a_c", 0x100), Register("b_c", 0x900), Register("c_mm", 0, "input")
    )
    assert (top.value, level.value) == (-1962, 231)
    assert (none.value, none.q) == (None, Quality.BUS_ERROR)
    assert none.fault == "holding 0x0900: unit 1 refuses: it has no such address (2)"


def test_a_number_that_stands_for_no_probe_is_an_open_one(pool, server):
    (found,) = read(pool, server, Register("a_c", 0x105, scale=0.1, open_value=32767))
    assert (found.value, found.q) == (None, Quality.OPEN_PROBE)


def test_outside_of_its_bounds_a_number_is_kept_and_marked(pool, server):
    low = Register("a_c", 0x100, scale=0.1, lowest=-190)
    high = Register("b_c", 0x100, scale=0.1, highest=-200)
    assert [(f.value, f.q) for f in read(pool, server, low, high)] == [(-196.2, 18)] * 2


def test_one_connection_serves_every_reading(pool, server):
    for _ in range(5):
        read(pool, server, Register("a_c", 0x100))
    assert len(pool._held) == 1


def test_a_server_that_went_away_is_a_bus_error_and_comes_back(pool, free_port):
    place = LinePlace(host="127.0.0.1", tcp_port=free_port())
    with pytest.raises(BusError, match="cannot be reached"):
        read(pool, place, Register("a_c", 0x100))
    for _ in range(2):
        made = ModbusSimulator.tcp(DEVICES, place.tcp_port)
        try:
            assert read(pool, place, Register("a_c", 0x100))[0].value == -1962
        finally:
            made.stop()
        with pytest.raises(BusError):
            read(pool, place, Register("a_c", 0x100))


@pytest.fixture
def cable():
    made = NullModem()
    yield made
    made.stop()


@pytest.mark.parametrize(("framer", "kind"), [("rtu", FramerType.RTU), ("ascii", FramerType.ASCII)])
def test_a_serial_line_carries_several_units(pool, cable, framer, kind):
    made = ModbusSimulator.serial(DEVICES, cable.there, kind)
    place = LinePlace(cable.here, baud=19_200)
    try:
        one, seven = read(pool, place, Register("a_c", 0x100), Register("b_c", 0x100, unit=7), framer=framer)  # fmt: skip
        assert (one.value, seven.value) == (-1962, -80)
    finally:
        for held in pool._held.values():
            held.wire.close()
            held.wire = None
        made.stop()


def test_a_silent_line_is_a_bus_error_in_bounded_time(pool, cable):
    began = time.perf_counter()
    with pytest.raises(BusError, match="unit 1 does not answer"):
        read(pool, LinePlace(cable.here, baud=19_200), Register("a_c", 1), framer="rtu", answer_s=0.2)  # fmt: skip
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("type_", "words", "value"),
    [
        ("int16", [0xFFFF], -1),
        ("int64", [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE], -2),
        ("uint64", [0, 0, 1, 0], 65536),
        ("float64", [0xC068, 0x8000, 0, 0], -196),
    ],
)
def test_every_type_is_understood_in_both_orders(type_, words, value):
    assert understood(Register("a_c", 0, type=type_), words).value == value
    little = Register("a_c", 0, type=type_, words="little")
    assert understood(little, words[::-1]).value == value


REGISTER = '[[stream.probe.register]]\nchannel = "a_c"\naddress = 0x100\n'


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('host = "x"', "register: found none"),
        (REGISTER, "found neither port nor host"),
        (f'port = "/dev/ttyUSB0"\nframer = "tcp"\n{REGISTER}', "found tcp for a serial port; expected rtu or ascii"),
        (f'host = "x"\n{REGISTER}type = "int8"', "type: found 'int8'; expected"),
        (f'host = "x"\n{REGISTER}table = "holdings"', "did you mean holding?"),
        ('host = "x"\n' + REGISTER.replace("0x100", "1.5"), "address: found 1.5; expected a whole number"),
        ('host = "x"\n' + REGISTER.replace("0x100", "70000"), "expected a number from 0 to 65535"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(tmp_path, lines, sentence):
    found = problems_of(tmp_path, f'driver = "modbus"\n{lines}')
    assert any(sentence in problem for problem in found), found


def test_what_a_line_needs_is_known(tmp_path):
    serial = read_probe(tmp_path, f'driver = "modbus"\nport = "/dev/x"\n{REGISTER}').device
    network = read_probe(tmp_path, f'driver = "modbus"\nhost = "x"\n{REGISTER}').device
    assert (serial.needs, serial.framer, serial.place.form) == (
        ("pymodbus", "serial"),
        "rtu",
        "8E1",
    )
    assert (network.needs, network.framer, network.place.tcp_port) == (("pymodbus",), "tcp", 502)
