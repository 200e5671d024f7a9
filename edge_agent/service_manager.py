"""Talks with systemd: ready, still turning, stopping. Without systemd every word is said to nobody."""

import contextlib
import socket
from typing import Final

_EVERY_MS: Final = 5_000


class ServiceManager:
    """The agent's end of sd_notify. Never waits, never raises."""

    def __init__(self, address: str, watchdog_ms: int = 0) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._every_ms = min(_EVERY_MS, watchdog_ms // 3 or _EVERY_MS)
        self._due_ms: int | None = None

    def turned(self, now_ms: int, *, takes_rows: bool) -> None:
        """The loop has turned. An agent that can keep no row does not feed the watchdog."""
        if self._due_ms is None:
            self._say("READY=1")
            self._due_ms = now_ms
        if takes_rows and now_ms >= self._due_ms:
            self._say("WATCHDOG=1")
            self._due_ms = now_ms + self._every_ms

    def stopping(self) -> None:
        """The loop has ended for good."""
        self._say("STOPPING=1")

    def _say(self, word: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.setblocking(False)
            door.sendto(word.encode("ascii"), self._address)
