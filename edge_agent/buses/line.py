"""A line of bytes: a serial port, or the same through a network converter."""

import contextlib
import socket
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from edge_agent.buses.errors import BusError, NoAnswer
from edge_agent.buses.library import library
from edge_agent.clock import steady_ms
from edge_agent.settings_table import Table

MOST_BYTES: Final = 4_096
"""What arrives without an end of line is cut to its newest so many bytes."""
BAUDS: Final = (300, 600, 1_200, 2_400, 4_800, 9_600, 14_400, 19_200, 38_400, 57_600, 115_200)


_DRAINED_AT_MOST: Final = 64
"""Packets that came unasked; one who never stops talking must not hold up a question."""


class Line(Protocol):
    """Bytes out, bytes in, never longer than asked."""

    def send(self, data: bytes) -> None:
        """Drop what came unasked, then send."""

    def receive(self, end: bytes, timeout_s: float) -> bytes:
        """What comes up to and with `end`; a BusError when it has not come in time."""

    def waiting(self, timeout_s: float) -> bytes:
        """What has come since the last time, waiting at most so long for the first byte."""

    def close(self) -> None:
        """Give the port back."""


@dataclass(frozen=True, slots=True)
class LinePlace:
    """Where the line is: a serial port with its form, or host and port."""

    port: str = ""
    host: str = ""
    tcp_port: int = 0
    baud: int = 9600
    form: str = "8N1"

    @property
    def name(self) -> str:
        """How people call it; the same for all who share it."""
        return self.port or f"{self.host}:{self.tcp_port}"

    @property
    def needs(self) -> tuple[str, ...]:
        """The library that it takes."""
        return ("serial",) if self.port else ()

    def open(self, timeout_s: float = 2.0) -> Line:
        """The line, opened; OSError where it is not there."""
        if self.host:
            return TcpLine(self.host, self.tcp_port, timeout_s)
        return PortLine(self.port, self.baud, self.form, timeout_s)


def read_place(table: Table, baud: int, form: str = "8N1", tcp_port: int = 10001) -> LinePlace:
    """`port` (a serial device) or `host`, with their details; exactly one of them."""
    place = LinePlace(
        port=table.text("port", ""),
        host=table.text("host", ""),
        tcp_port=table.whole("tcp_port", tcp_port, 1, 65_535),
        baud=table.whole("baud", baud, 300, 115_200),
        form=table.text("form", form, choices=_FORMS),
    )
    if bool(place.port) == bool(place.host):
        found = "port and host" if place.port else "neither port nor host"
        table.problem("port", f'found {found}; expected port = "/dev/ttyUSB0" or host = "10.0.0.9"')
    if place.baud not in BAUDS:
        table.problem("baud", f"found {place.baud}; expected one of {', '.join(map(str, BAUDS))}")
    return place


_FORMS: Final = tuple(f"{bits}{parity}{stop}" for bits in "87" for parity in "NEO" for stop in "12")


class PortLine:
    """A serial port, through the package pyserial."""

    def __init__(self, port: str, baud: int, form: str, timeout_s: float) -> None:
        serial = library("serial")
        self._name = f"{port} ({baud} {form})"
        with self._trouble():
            self._port = serial.Serial(
                port, baud, bytesize=int(form[0]), parity=form[1], stopbits=int(form[2]),
                timeout=timeout_s, write_timeout=timeout_s,
            )  # fmt: skip

    def send(self, data: bytes) -> None:
        """Drop what came unasked, then send."""
        with self._trouble():
            self._port.reset_input_buffer()
            self._port.write(data)

    def receive(self, end: bytes, timeout_s: float) -> bytes:
        """What comes up to and with `end`, or NoAnswer."""
        with self._trouble():
            self._port.timeout = timeout_s
            found = bytes(self._port.read_until(end, MOST_BYTES))
        if not found.endswith(end):
            raise NoAnswer(f"nothing complete came within {timeout_s:g} s (found {found[-40:]!r})")
        return found

    def waiting(self, timeout_s: float) -> bytes:
        """What has come, waiting at most so long for the first byte."""
        with self._trouble():
            self._port.timeout = timeout_s
            found = bytes(self._port.read(1))
            while found and self._port.in_waiting and len(found) < MOST_BYTES:
                found += bytes(self._port.read(self._port.in_waiting))
        return found

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        """What a port without a device or with another form throws, which is no OSError, as a BusError."""
        try:
            yield
        except (ValueError, termios.error) as error:
            raise BusError(f"{self._name} cannot be used: {error}") from error

    def close(self) -> None:
        """Close the port."""
        self._port.close()


class TcpLine:
    """A serial line behind a network converter, such as a Lantronix UDS1100."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._socket = socket.create_connection((host, port), timeout_s)
        self._rest = b""

    def send(self, data: bytes) -> None:
        """Drop what came unasked, then send."""
        for _ in range(_DRAINED_AT_MOST):
            if not self._more(0):
                break
        self._rest = b""
        self._socket.settimeout(2.0)
        self._socket.sendall(data)

    def receive(self, end: bytes, timeout_s: float) -> bytes:
        """What comes up to and with `end`, or a BusError: a silent peer may be gone, so begin afresh."""
        until_ms = steady_ms() + round(timeout_s * 1000)
        while end not in self._rest:
            left_s = (until_ms - steady_ms()) / 1000
            if left_s <= 0 or not self._more(left_s):
                raise BusError(
                    f"nothing complete came within {timeout_s:g} s (found {self._rest[-40:]!r})"
                )
        found, _, self._rest = self._rest.partition(end)
        return found + end

    def waiting(self, timeout_s: float) -> bytes:
        """What has come, waiting at most so long for the first byte."""
        self._more(timeout_s)
        found, self._rest = self._rest, b""
        return found

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _more(self, timeout_s: float) -> bool:
        """Take what comes next; False when nothing came in time."""
        self._socket.settimeout(max(timeout_s, 0.0))
        try:
            found = self._socket.recv(MOST_BYTES)
        except (TimeoutError, BlockingIOError):
            return False
        if not found:
            raise BusError("the other end closed the connection")
        self._rest = (self._rest + found)[-MOST_BYTES:]
        return True
