"""A link to the broker: one subscription that comes back by itself after every interruption."""

import logging
import secrets
import select
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from time import monotonic
from typing import Any

from paho.mqtt.enums import MQTTErrorCode

from server.telemetry.broker_plan import Address
from server.worker.client import BufferedClient, Incoming, new_client

_LOG = logging.getLogger(__name__)
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 5.0
_MISC_EVERY_S = 1.0
_AHEAD = 2_000
"""So many messages are taken from the socket before they are worked on; the rest stays with the broker."""


class Link:
    """Holds one connection. Used by one thread only."""

    def __init__(self, address: Address, name: str, filters: Sequence[str]) -> None:
        self._address, self._name, self._filters = address, name, filters
        self._client: BufferedClient | None = None
        self._inbox: deque[Incoming] = deque()
        self._wait_s = _FIRST_WAIT_S
        self._next_try = 0.0
        self._next_misc = 0.0
        self.up = False
        """Connected and subscribed."""
        self.why = ""
        """Why the broker refused the last connection or subscription; empty where it did not."""
        self._refused = False

    def tend(self) -> None:
        """Connect when that is due, keep the connection alive, write what waits."""
        now = monotonic()
        if self._client is None:
            if now >= self._next_try:
                self._connect(now)
            return
        if now >= self._next_misc:
            self._next_misc = now + _MISC_EVERY_S
            self._check(self._client.loop_misc())
        self.flush()

    def flush(self) -> None:
        """Write what waits, as far as the socket takes it."""
        client = self._client
        if client is not None and client.want_write():
            self._check(client.loop_write())

    def read(self) -> None:
        """Take what the socket has, up to some messages ahead."""
        client = self._client
        while client is not None and client is self._client and len(self._inbox) < _AHEAD:
            if not client.holds_bytes and not client.fill():
                return
            found = client.publishes()
            self._inbox.extend(found)
            if client.holds_bytes or not found:  # something else, half a packet, or the end
                self._check(client.loop_read())
            if self._refused and client is self._client:
                self.close()
                self._later(monotonic())

    def take(self, most: int) -> list[Incoming]:
        """Return what has arrived, at most so many, oldest first."""
        inbox = self._inbox
        if len(inbox) <= most:
            taken = list(inbox)
            inbox.clear()
            return taken
        return [inbox.popleft() for _ in range(most)]

    def next(self, most: int) -> list[Incoming]:
        """Return what `take` would, and let it stay."""
        return list(islice(self._inbox, most))

    def give_back(self, group: Sequence[Incoming]) -> None:
        """Put a group back to the front, to be taken again."""
        self._inbox.extendleft(reversed(group))

    def acknowledge(self, group: Iterable[Incoming]) -> None:
        """Tell the broker that these messages are done with."""
        if self._client is not None:
            self._client.acknowledge([m.mid for m in group if m.qos])

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 0; dropped where there is no connection."""
        if self._client is not None:
            self._client.publish(topic, payload, qos=0)

    @property
    def waiting(self) -> bool:
        """Say whether messages are at hand without asking the socket."""
        return bool(self._inbox)

    @property
    def holds_bytes(self) -> bool:
        """Say whether bytes were read ahead that have not been taken apart yet."""
        return self._client is not None and self._client.holds_bytes

    @property
    def full(self) -> bool:
        """Say whether enough has been taken ahead."""
        return len(self._inbox) >= _AHEAD

    def sockets(self) -> tuple[Any, bool]:
        """Return the socket (None without a connection) and whether something waits to be written."""
        client = self._client
        return (None, False) if client is None else (client.socket(), client.want_write())

    def close(self) -> None:
        """Say goodbye to the broker."""
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_write()
        self._drop()

    def _connect(self, now: float) -> None:
        try:
            client_id = f"cryokeep-{self._name}-{secrets.token_hex(4)}"
            self._refused = False
            self._client = new_client(
                self._address, client_id, self._filters, self._inbox.append, self._is_up,
                self._is_refused,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            _LOG.warning("broker not reached", extra={"link": self._name, "reason": str(error)})
            self._later(now)

    def _is_up(self) -> None:
        self.up, self.why = True, ""
        self._wait_s = _FIRST_WAIT_S
        _LOG.info("connected to the broker", extra={"link": self._name})

    def _is_refused(self, why: str) -> None:
        self.up, self.why, self._refused = False, why, True
        _LOG.error("refused by the broker", extra={"link": self._name, "reason": why})

    def _later(self, now: float) -> None:
        self._next_try = now + self._wait_s
        self._wait_s = min(self._wait_s * 2, _LONGEST_WAIT_S)

    def _check(self, code: MQTTErrorCode) -> None:
        client = self._client
        if client is not None and (
            code != MQTTErrorCode.MQTT_ERR_SUCCESS or client.socket() is None
        ):
            _LOG.warning(
                "connection to the broker ended", extra={"link": self._name, "reason": str(code)}
            )
            self._drop()
            self._later(monotonic())

    def _drop(self) -> None:
        """Forget the connection; what it delivered and was not yet done comes again from the agents."""
        self._client = None
        self._inbox.clear()
        self.up = False


def wait(links: Sequence[Link], timeout_s: float) -> None:
    """Wait until a socket has something, or for the time given; then read what there is."""
    for link in links:
        if link.holds_bytes and not link.full:
            link.read()
            timeout_s = 0
    states = [(link, *link.sockets()) for link in links]
    readers = {socket: link for link, socket, _ in states if socket is not None and not link.full}
    writers = [socket for _, socket, writes in states if socket is not None and writes]
    if not readers and not writers:
        return
    ready, _, _ = select.select(list(readers), writers, [], timeout_s)
    for socket in ready:
        readers[socket].read()
