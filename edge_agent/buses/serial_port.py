"""A serial port, through the package pyserial."""

import contextlib
import termios
from collections.abc import Iterator
from typing import Final

from edge_agent.buses.errors import BusError, NoAnswer
from edge_agent.buses.library import library

MOST_BYTES: Final = 4_096
"""What arrives without an end of line is cut to its newest so many bytes."""


class PortLine:
    """An opened port; it keeps to `Line`."""

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
