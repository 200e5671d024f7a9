"""A line of bytes: a serial port, or the same through a network converter."""

from dataclasses import dataclass
from typing import Final, Protocol

from edge_agent.buses.serial_port import PortLine
from edge_agent.buses.tcp_line import TcpLine
from edge_agent.settings_table import Table

BAUDS: Final = (300, 600, 1_200, 2_400, 4_800, 9_600, 14_400, 19_200, 38_400, 57_600, 115_200)


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
