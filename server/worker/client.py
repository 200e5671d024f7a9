"""An MQTT connection that is served by the worker's own loop.

paho's thread carries a quarter of the messages that `loop_read` called from an own loop does, because it
sends one acknowledgement at a time and asks the socket for single bytes; both are mended here.
"""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from server.telemetry.arrival import Arrival
from server.telemetry.broker_plan import Address

_PUBACK = 0x40
_READ_BYTES = 64 * 1024


@dataclass(slots=True)
class Incoming:
    """One message as the broker handed it over."""

    topic: str
    payload: bytes
    mid: int
    qos: int
    retained: bool = False
    """Kept by the broker from earlier; not said just now."""
    arrival: Arrival | None = None
    """What it says, once it has been read."""


class BufferedClient(mqtt.Client):
    """paho's client with a read buffer and with many acknowledgements a packet."""

    def __init__(self, client_id: str) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=True,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        self._held = b""
        self._at = 0

    @property
    def holds_bytes(self) -> bool:
        """Say whether bytes were read from the socket that paho has not asked for yet."""
        return self._at < len(self._held)

    def fill(self) -> bool:
        """Read into the empty buffer what the socket has; False where it has nothing now.

        Where the connection has ended there is nothing in the buffer afterwards: paho finds out why.
        """
        try:
            self._held, self._at = super()._sock_recv(_READ_BYTES), 0
        except BlockingIOError:
            return False
        except OSError:
            self._held, self._at = b"", 0
        return True

    def _sock_recv(self, bufsize: int) -> bytes:
        if self._at >= len(self._held):
            self._held, self._at = super()._sock_recv(_READ_BYTES), 0
        start = self._at
        self._at = min(start + bufsize, len(self._held))
        return self._held[start : self._at]

    def publishes(self) -> list[Incoming]:
        """Take whole PUBLISH packets (QoS 0 and 1) from the buffer; paho reads everything else.

        paho needs 20 microseconds to take a packet apart byte by byte, this needs two.
        """
        found: list[Incoming] = []
        if self._in_packet["command"]:  # paho is in the middle of a packet
            return found
        held, at, end = self._held, self._at, len(self._held)
        while at < end and held[at] & 0xF4 == 0x30:
            body, n = _remaining_length(held, at + 1, end)
            if not body or body + n > end:
                break
            found.append(_publish(held, held[at], body, body + n))
            at = body + n
        self._at = at
        return found

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Send PUBACK for all of these messages in one go."""
        packets = b"".join(b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids)
        if packets:
            self._packet_queue(_PUBACK, packets, 0, 0)


def new_client(
    address: Address, client_id: str, filters: Sequence[str], on_message: Callable[[Incoming], None],
    on_up: Callable[[], None], on_refused: Callable[[str], None],
) -> BufferedClient:  # fmt: skip
    """Return a client that is connected (the handshake follows in the loop) and subscribes by itself.

    `on_up` is called once every subscription is granted, else `on_refused` with the broker's reason.
    Raises OSError where the broker cannot be reached.
    """
    client = BufferedClient(client_id)
    if address.username:
        client.username_pw_set(address.username, address.password)
    if address.tls:
        context = ssl.create_default_context(cafile=address.ca_file or None)
        client.tls_set_context(context)
    client.connect_timeout = 5.0
    client.on_socket_register_write = _nothing  # so that paho leaves the writing to the loop

    def connected(_c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:  # noqa: ANN401  paho's own signature
        if reason.is_failure:
            on_refused(f"the broker refuses the connection: {reason}")
        else:
            client.subscribe([(topic, 1) for topic in filters])

    def subscribed(_c: Any, _u: Any, _m: Any, reasons: Any, _p: Any) -> None:  # noqa: ANN401  paho's own signature
        refused = [
            f"{topic} ({reason})"
            for topic, reason in zip(filters, reasons, strict=False)
            if reason.is_failure
        ]
        if refused:
            on_refused(f"the broker refuses the subscription: {', '.join(refused)}")
        else:
            on_up()

    def arrived(_c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:  # noqa: ANN401  paho's own signature
        topic, payload = _topic_of(message), bytes(message.payload)
        on_message(Incoming(topic, payload, message.mid, message.qos, message.retain))

    client.on_connect, client.on_subscribe, client.on_message = connected, subscribed, arrived
    if client.connect(address.host, address.port, keepalive=30) != MQTTErrorCode.MQTT_ERR_SUCCESS:
        raise ConnectionError(f"{address.host}:{address.port} does not take the connection")
    return client


def _remaining_length(held: bytes, at: int, end: int) -> tuple[int, int]:
    """Return where the packet's body begins and its length; (0, 0) where that is not known yet."""
    n = shift = 0
    while at < end and shift < 28:
        digit = held[at]
        n |= (digit & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if digit < 0x80:
            return at, n
    return 0, 0


def _publish(held: bytes, flags: int, body: int, end: int) -> Incoming:
    topic_end = body + 2 + (held[body] << 8 | held[body + 1])
    topic = held[body + 2 : topic_end].decode("utf-8", "replace")
    retained = bool(flags & 0x01)
    if not flags & 0x02:
        return Incoming(topic, held[topic_end:end], 0, 0, retained)
    mid = held[topic_end] << 8 | held[topic_end + 1]
    return Incoming(topic, held[topic_end + 2 : end], mid, 1, retained)


def _topic_of(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        return message._topic.decode("utf-8", "replace")  # noqa: SLF001  the name as it was written


def _nothing(*_: object) -> None:
    """Do nothing: the loop asks `want_write` itself."""
