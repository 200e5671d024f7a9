"""The connection to the broker: a new client for each connection, and notes of what happened.

Nothing rests on the client's own queue: when a connection ends, its client and all that it still held
are thrown away, and the delivery sends from the spool again.
"""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.broker_tls import broker_context
from edge_agent.config import ServerSettings

_LOG = logging.getLogger(__name__)
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 10.0
_CONNECT_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Up:
    """Connected and subscribed."""


@dataclass(frozen=True, slots=True)
class Down:
    """Not connected any more, or not at all; `why` in words."""

    why: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message from the broker."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """The uplink can go on no longer, by a fault of its own."""

    error: Exception


Note = Up | Down | Arrived | Broken


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says, retained, when the agent is gone."""

    topic: str
    payload: bytes


class Uplink:
    """Keeps a connection up from a thread of its own and hands notes to `tell`."""

    def __init__(
        self, server: ServerSettings, name: str, subscribe: str, will: Will,
        tell: Callable[[Note], None], *, also: Sequence[str] = (),
        clock_is_set: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        self._server, self._name, self._subscribe, self._will = server, name, subscribe, will
        self._tell, self._also, self._clock_is_set = tell, also, clock_is_set
        self._stopping = threading.Event()
        self._client: mqtt.Client | None = None
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand a payload to the present connection; without one it is dropped."""
        client = self._client
        if client is not None:
            client.publish(topic, payload, qos, retain)

    def reconnect(self) -> None:
        """End the present connection; the next one reads key and certificate anew."""
        client = self._client
        if client is not None:
            client.disconnect()

    def stop(self) -> None:
        """Say goodbye and end within half a second."""
        self._stopping.set()
        client = self._client
        if client is not None:
            farewell = client.publish(self._will.topic, self._will.payload, 1, retain=True)
            _wait_for(farewell)
            client.disconnect()
        self._thread.join(0.5)

    def _run(self) -> None:
        try:
            self._keep_connecting()
        except Exception as error:  # noqa: BLE001  # whatever ends this thread must end the agent
            self._tell(Broken(error))

    def _keep_connecting(self) -> None:
        wait_s = _FIRST_WAIT_S
        while not self._stopping.is_set():
            ended = threading.Event()
            was_up = self._one_connection(ended)
            wait_s = _FIRST_WAIT_S if was_up else min(wait_s * 2, _LONGEST_WAIT_S)
            self._stopping.wait(wait_s * (0.5 + random.random() / 2))  # noqa: S311  # jitter

    def _one_connection(self, ended: threading.Event) -> bool:
        """Connect and stay until the connection ends; say whether it ever stood."""
        try:
            client = self._new_client(ended)
            client.connect(self._server.host, self._server.port, self._server.keepalive_s)
        except (OSError, ValueError) as error:
            self._tell(Down(f"{self._server.host}:{self._server.port} cannot be reached: {error}"))
            return False
        client.loop_start()
        ended.wait()
        was_up, self._client = self._client is client, None
        client.loop_stop()
        return was_up

    def _new_client(self, ended: threading.Event) -> mqtt.Client:
        server = self._server
        client_id = server.username or self._name  # nobody is called otherwise than it signs in
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=True, reconnect_on_failure=False
        )
        if server.username:
            client.username_pw_set(server.username, server.password)
        if server.tls:
            client.tls_set_context(broker_context(server, clock_is_set=self._clock_is_set()))
        client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(64)
        self._listen(client, ended)
        return client

    def _listen(self, client: mqtt.Client, ended: threading.Event) -> None:
        def on_connect(_c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:  # noqa: ANN401  # paho
            if reason.is_failure:
                self._tell(Down(f"the broker refuses {self._name}: {reason}"))
                ended.set()
            else:
                client.subscribe([(topic, 1) for topic in (self._subscribe, *self._also)])

        def on_subscribe(_c: Any, _u: Any, _m: Any, reasons: Any, _p: Any) -> None:  # noqa: ANN401  # paho
            unheard = [
                topic
                for topic, reason in zip(self._also, reasons[1:], strict=False)
                if reason.is_failure
            ]
            if unheard:
                _LOG.warning("the broker does not let %s read %s", self._name, ", ".join(unheard))
            if reasons[0].is_failure:
                why = f"the broker does not let {self._name} read {self._subscribe}: {reasons[0]}"
                self._tell(Down(why))
                client.on_disconnect = None
                client.disconnect()
                ended.set()
            else:
                self._client = client
                self._tell(Up())

        def on_disconnect(_c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:  # noqa: ANN401  # paho
            self._tell(Down(f"the connection ended: {reason}"))
            ended.set()

        def on_message(_c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:  # noqa: ANN401  # paho
            self._tell(Arrived(message.topic, bytes(message.payload)))

        client.on_connect, client.on_subscribe = on_connect, on_subscribe
        client.on_disconnect, client.on_message = on_disconnect, on_message


def _wait_for(farewell: mqtt.MQTTMessageInfo) -> None:
    try:
        farewell.wait_for_publish(0.3)
    except (RuntimeError, ValueError):
        _LOG.debug("the farewell could not be sent")
