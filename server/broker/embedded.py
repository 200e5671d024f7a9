"""The embedded broker (amqtt) in a process of its own: this machine only, passwords and topic rights.

`python -m server.broker.embedded PORT FOLDER PREFIX`. It reads the passwords again whenever their file changes.
"""

import asyncio
import logging
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from server.broker.credentials import PASSWORDS
from server.telemetry import rules

_HERE = "server.broker.embedded"
"""This module by its name; `__name__` is another while it runs as a program."""


class Passwords(BaseAuthPlugin):  # type: ignore[misc]  # amqtt ships no types
    """Lets in who knows the password that stands in the file."""

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._file = Path(str(self._get_config_option("file")))
        self._read_at = 0
        self._secrets: dict[str, str] = {}

    async def authenticate(self, *, session: Session) -> bool:
        """Say whether the name is in the file and the password is the one kept there."""
        self._read_again_if_changed()
        kept = self._secrets.get(session.username or "")
        return kept is not None and rules.password_fits(session.password or "", kept)

    def _read_again_if_changed(self) -> None:
        changed_at = self._file.stat().st_mtime_ns
        if changed_at != self._read_at:
            lines = self._file.read_text(encoding="utf-8").splitlines()
            pairs = [line.partition(":") for line in lines]
            self._secrets = {name: secret for name, _, secret in pairs}
            self._read_at = changed_at

    @dataclass
    class Config:
        """The password file, as mosquitto would read it."""

        file: str


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


def configuration(port: int, folder: Path, prefix: str) -> dict[str, object]:
    """Return amqtt's configuration."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {
            f"{_HERE}.Passwords": {"file": str(folder / PASSWORDS)},
            f"{_HERE}.Topics": {"prefix": prefix},
        },
    }


async def serve(port: int, folder: Path, prefix: str) -> None:
    """Run the broker until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = Broker(configuration(port, folder, prefix), loop=loop)
    await broker.start()
    await stop.wait()
    await broker.shutdown()


def main(port: str, folder: str, prefix: str) -> None:
    """Run the broker."""
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(serve(int(port), Path(folder), prefix))


if __name__ == "__main__":
    main(*sys.argv[1:])
