"""A serial line behind a network converter, such as a Lantronix UDS1100."""

import socket
from typing import Final

from edge_agent.buses.errors import BusError
from edge_agent.clock import steady_ms

MOST_BYTES: Final = 4_096
"""What arrives without an end of line is cut to its newest so many bytes."""
_DRAINED_AT_MOST: Final = 64
"""Packets that came unasked; one who never stops talking must not hold up a question."""


class TcpLine:
    """An opened connection; it keeps to `Line`."""

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
