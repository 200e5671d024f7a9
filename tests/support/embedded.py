"""The embedded broker's library (amqtt) as a child process, open to anyone on the loopback."""

import shutil
import sys
import tempfile
from pathlib import Path

import yaml

from tests.support.mosquitto import PASSWORD, USERNAME
from tests.support.ports import free_port, wait_until_listening
from tests.support.processes import Process


class EmbeddedBroker:
    """A broker on a free port of 127.0.0.1. `restart()` and `kill()` keep the port; nothing else survives them."""

    def __init__(self) -> None:
        self.host, self.port = "127.0.0.1", free_port()
        self.username, self.password = USERNAME, PASSWORD
        self.folder = Path(tempfile.mkdtemp(prefix="ckeb-"))
        self.config = self.folder / "broker.yaml"
        self.config.write_text(yaml.safe_dump(self._settings()))
        self.process = self._start()

    def _settings(self) -> dict[str, object]:
        return {
            "listeners": {"default": {"type": "tcp", "bind": f"{self.host}:{self.port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }

    def _start(self) -> Process:
        amqtt = Path(sys.executable).with_name("amqtt")
        process = Process([amqtt, "-c", self.config], log=self.folder / "log", cwd=self.folder)
        wait_until_listening(self.port)
        return process

    @property
    def url(self) -> str:
        """The broker's address, as settings take it."""
        return f"mqtt://{self.username}:{self.password}@{self.host}:{self.port}"

    def kill(self) -> None:
        """Kill -9, as a crash would."""
        self.process.kill()

    def restart(self) -> None:
        """Start again on the same port, after a kill or a stop."""
        self.process.stop()
        self.process = self._start()

    def stop(self) -> None:
        """End the broker and remove its folder."""
        self.process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
