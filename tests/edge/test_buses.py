"""The wires: libraries are used as they are documented, shared lines are taken in turns, failures close them."""

import socket
import sys
import threading
import time
from types import SimpleNamespace

import pytest
import smbus2

from edge_agent.buses import library, sysfs
from edge_agent.buses.errors import BusError, LibraryMissing, NoAnswer
from edge_agent.buses.i2c import SmbusDevice
from edge_agent.buses.line import LinePlace
from edge_agent.buses.pool import Pool
from edge_agent.buses.spi import SpidevBus


class FakeSpiDev:
    """What spidev.SpiDev offers, over a wire that gives back each byte plus one."""

    def open(self, bus, device):
        self.opened = (bus, device)

    def xfer2(self, values):
        assert isinstance(values, list)
        return [(value + 1) & 0xFF for value in values]

    def close(self):
        self.opened = None


def test_spi_is_mode_1_at_the_asked_speed_and_bytes_come_back(monkeypatch):
    monkeypatch.setitem(sys.modules, "spidev", SimpleNamespace(SpiDev=FakeSpiDev))
    bus = SpidevBus(1, 2, 500_000)
    assert (bus._spi.opened, bus._spi.mode, bus._spi.max_speed_hz) == ((1, 2), 1, 500_000)
    assert bus.transfer(b"\x00\xff") == b"\x01\x00"
    bus.close()
    assert bus._spi.opened is None


class FakeSMBus(smbus2.SMBus):
    """smbus2's own class with the kernel left out: `registers` are of the device at 0x48."""

    def open(self, bus):
        self.bus, self.registers = bus, {0: [0x12, 0x34]}

    def read_i2c_block_data(self, i2c_addr, register, length, force=None):
        assert i2c_addr == 0x48
        return self.registers[register][:length]

    def write_i2c_block_data(self, i2c_addr, register, data, force=None):
        assert i2c_addr == 0x48
        self.registers[register] = data


def test_i2c_reads_and_writes_registers_of_one_address(monkeypatch):
    monkeypatch.setattr(smbus2, "SMBus", FakeSMBus)
    device = SmbusDevice(1, 0x48)
    assert device.read(0, 2) == b"\x12\x34"
    device.write(1, b"\x85\x83")
    assert device.read(1, 2) == b"\x85\x83"
    device.close()


def test_an_i2c_bus_that_is_not_there_is_an_os_error():
    with pytest.raises(OSError, match="i2c-99"):
        SmbusDevice(99, 0x48)


def test_a_missing_library_is_told_when_it_is_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "spidev", None)
    with pytest.raises(LibraryMissing, match=r'pip install "cryokeep\[edge-spi\]"'):
        SpidevBus(0, 0, 1)
    assert library.missing(["spidev", "serial"]) == [library.sentence("spidev")]


class Wire:
    """Counts how often it is opened and closed."""

    opened = closed = 0

    @classmethod
    def open(cls):
        cls.opened += 1
        return cls()

    def close(self):
        type(self).closed += 1


@pytest.fixture
def wire():
    return type("CountedWire", (Wire,), {})


def failing(error):
    def talk(_):
        raise error

    return talk


def test_a_wire_is_opened_once_for_all_who_share_it(wire):
    pool = Pool()
    seen = {pool.exchange("a", wire.open, id) for _ in range(3)}
    assert len(seen) == 1
    assert (wire.opened, wire.closed) == (1, 0)


@pytest.mark.parametrize(
    ("error", "closed"), [(BusError("broken"), 1), (OSError(5, "gone"), 1), (NoAnswer("silent"), 0)]
)
def test_a_wire_that_failed_is_closed_and_opened_again_but_not_for_a_silent_device(
    wire, error, closed
):
    pool = Pool()
    with pytest.raises(type(error)):
        pool.exchange("a", wire.open, failing(error))
    pool.exchange("a", wire.open, lambda _: None)
    assert (wire.opened, wire.closed) == (1 + closed, closed)


def test_a_wire_that_others_keep_too_long_is_busy_and_other_wires_are_not(wire):
    pool, goes_on, begun = Pool(patience_s=0.1), threading.Event(), threading.Event()
    keeper = threading.Thread(
        target=pool.exchange, args=("a", wire.open, lambda _: begun.set() or goes_on.wait(30))
    )
    keeper.start()
    assert begun.wait(10)
    try:
        with pytest.raises(BusError, match="a is busy"):
            pool.exchange("a", wire.open, lambda _: None)
        assert pool.exchange("b", wire.open, lambda _: "free") == "free"
    finally:
        goes_on.set()
        keeper.join(10)
    assert pool.exchange("a", wire.open, lambda _: "mine") == "mine"


@pytest.fixture
def tcp():
    """Both ends: our line, and the other side's socket."""
    server = socket.create_server(("127.0.0.1", 0))
    line = LinePlace(host="127.0.0.1", tcp_port=server.getsockname()[1]).open(1.0)
    other, _ = server.accept()
    yield line, other
    line.close()
    other.close()
    server.close()


def test_an_answer_may_come_in_pieces_and_what_follows_waits(tcp):
    line, other = tcp
    other.sendall(b"-19")
    threading.Timer(0.05, other.sendall, (b"7.1\r-180\r",)).start()
    assert line.receive(b"\r", 5.0) == b"-197.1\r"
    assert line.receive(b"\r", 5.0) == b"-180\r"


def test_what_came_unasked_is_dropped_before_a_question(tcp):
    line, other = tcp
    other.sendall(b"late answer\r")
    time.sleep(0.1)
    line.send(b"001 TEMPA?\r\n")
    assert other.recv(100) == b"001 TEMPA?\r\n"
    other.sendall(b"-180\r")
    assert line.receive(b"\r", 5.0) == b"-180\r"


def test_silence_is_bounded_and_a_closed_connection_is_told(tcp):
    line, other = tcp
    began = time.perf_counter()
    with pytest.raises(BusError, match=r"nothing complete came within 0\.1 s"):
        line.receive(b"\r", 0.1)
    assert time.perf_counter() - began < 5
    assert line.waiting(0.01) == b""
    other.close()
    with pytest.raises(BusError, match="closed the connection"):
        line.receive(b"\r", 5.0)


def test_a_flood_without_an_end_does_not_fill_the_memory(tcp):
    line, other = tcp
    sender = threading.Thread(target=other.sendall, args=(b"x" * 100_000,))
    sender.start()
    with pytest.raises(BusError, match="nothing complete"):
        line.receive(b"\r", 0.5)
    assert len(line._rest) <= 4_096
    sender.join(5)


@pytest.mark.parametrize(
    ("text", "number"), [("48312\n", 48312.0), (" -5 ", -5.0), ("", None), ("busy", None)]
)
def test_a_file_of_the_kernel_holds_a_number_or_a_fault(tmp_path, text, number):
    (tmp_path / "temp").write_text(text)
    if number is None:
        with pytest.raises(BusError, match="expected a number"):
            sysfs.read_number(tmp_path / "temp")
    else:
        assert sysfs.read_number(tmp_path / "temp") == number


def test_a_file_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(BusError, match="temp cannot be read: No such file"):
        sysfs.read_text(tmp_path / "temp")
