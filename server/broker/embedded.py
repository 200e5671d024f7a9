"""The embedded broker (amqtt) in a process of its own: this machine only, passwords and topic rights.

`python -m server.broker.embedded PORT FOLDER PREFIX`. It reads the passwords again whenever their file changes.
"""

import asyncio
import logging
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from amqtt.adapters import ReaderAdapter, WriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext
from amqtt.errors import AMQTTError
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from server.broker.credentials import PASSWORDS
from server.telemetry import rules

_HERE = "server.broker.embedded"
"""This module by its name; `__name__` is another while it runs as a program."""


class Passwords(BaseAuthPlugin):  # type: ignore[misc]  # amqtt ships no types
    """Lets in who knows the password that stands in the file, under its own name and with its own will."""

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._file = Path(str(self._get_config_option("file")))
        self._read_at = 0
        self._secrets: dict[str, str] = {}

    async def authenticate(self, *, session: Session) -> bool:
        """Say whether the password is the one kept for this name, and client id and will are its own."""
        self._read_again_if_changed()
        user = session.username or ""
        kept = self._secrets.get(user)
        if kept is None or not rules.password_fits(session.password or "", kept):
            return False
        will = session.will_topic if session.will_flag else None
        allowed = rules.rights_of(user, str(self._get_config_option("prefix"))).publish
        return rules.is_own_client(user, session.client_id or "") and (
            will is None or any(rules.covers(filter_, will) for filter_ in allowed)
        )

    def _read_again_if_changed(self) -> None:
        changed_at = self._file.stat().st_mtime_ns
        if changed_at != self._read_at:
            lines = self._file.read_text(encoding="utf-8").splitlines()
            pairs = [line.partition(":") for line in lines]
            self._secrets = {name: secret for name, _, secret in pairs}
            self._read_at = changed_at

    @dataclass
    class Config:
        """The password file, as mosquitto would read it, and the first part of every topic."""

        file: str
        prefix: str


class Topics(BaseTopicPlugin):  # type: ignore[misc]  # amqtt ships no types
    """Lets an agent publish and read only under its own prefix."""

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool:
        """Say whether this session may do this on this topic."""
        rights = rules.rights_of(
            (session.username if session else None) or "", str(self._get_config_option("prefix"))
        )
        allowed = rights.publish if action == Action.PUBLISH else rights.read
        return any(rules.covers(filter_, topic or "") for filter_ in allowed)

    @dataclass
    class Config:
        """The first part of every topic."""

        prefix: str


class HouseBroker(Broker):  # type: ignore[misc]  # amqtt ships no types
    """amqtt, but nobody touches a session before having proved whose it is.

    As it comes, a stranger's CONNECT with another's client id ends that one's session, or exchanges
    its will, before the password has been looked at.
    """

    async def _initialize_client_session(
        self, reader: ReaderAdapter, writer: WriterAdapter, _address: str, _port: int
    ) -> tuple[BrokerProtocolHandler, Session]:
        handler, session = await BrokerProtocolHandler.init_from_connect(
            reader, writer, self.plugins_manager
        )
        if not await self._authenticate(session, None):
            await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
            await writer.close()
            raise AMQTTError("refused")
        await self._delete_session(session.client_id)
        session.clean_session, session.parent = True, 0
        return handler, session


def configuration(port: int, folder: Path, prefix: str) -> dict[str, object]:
    """Return amqtt's configuration."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {
            f"{_HERE}.Passwords": {"file": str(folder / PASSWORDS), "prefix": prefix},
            f"{_HERE}.Topics": {"prefix": prefix},
        },
    }


async def serve(port: int, folder: Path, prefix: str) -> None:
    """Run the broker until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = HouseBroker(configuration(port, folder, prefix), loop=loop)
    await broker.start()
    await stop.wait()
    await broker.shutdown()


def main(port: str, folder: str, prefix: str) -> None:
    """Run the broker."""
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(serve(int(port), Path(folder), prefix))


if __name__ == "__main__":
    main(*sys.argv[1:])
