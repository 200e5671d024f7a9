"""A real mosquitto for tests, configured as `cryokeep up` configures its own."""

import getpass
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support.ports import free_port, wait_until_listening
from tests.support.processes import Process
from tools.needs import program

USERNAME, PASSWORD = "tests", "tests-only"
_CONFIG = """\
listener {port} 127.0.0.1
persistence true
persistence_location {folder}/
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
user {user}
allow_anonymous {anonymous}
{signing_in}
log_dest stdout
"""


class Mosquitto:
    """A broker on a free port of 127.0.0.1. `restart()` and `kill()` keep the port and the folder.

    Anyone may connect; with `passwords={"name": "password"}` only those may.
    """

    def __init__(self, *, passwords: dict[str, str] | None = None, port: int | None = None) -> None:
        self.host, self.port = "127.0.0.1", port or free_port()
        self.username, self.password = next(iter((passwords or {USERNAME: PASSWORD}).items()))
        self.folder = Path(tempfile.mkdtemp(prefix="ckmq-"))
        self.config = self.folder / "mosquitto.conf"
        self.config.write_text(
            _CONFIG.format(
                port=self.port,
                folder=self.folder,
                user=getpass.getuser(),
                anonymous="false" if passwords else "true",
                signing_in=self._password_file(passwords or {}),
            )
        )
        self.process = self._start()

    def _password_file(self, passwords: dict[str, str]) -> str:
        if not passwords:
            return ""
        file = self.folder / "passwords"
        file.write_text("".join(f"{name}:{password}\n" for name, password in passwords.items()))
        file.chmod(0o600)
        tool = program("mosquitto_passwd")
        assert tool
        subprocess.run([tool, "-U", file], check=True, capture_output=True)
        return f"password_file {file}"

    def _start(self) -> Process:
        mosquitto = program("mosquitto")
        assert mosquitto
        process = Process(
            [mosquitto, "-c", self.config],
            log=self.folder / "log",
            env={"HOME": os.environ.get("HOME", "/")},
        )
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
        """Start again on the same port and folder, after a kill or a stop."""
        self.process.stop()
        self.process = self._start()

    def stop(self) -> None:
        """End the broker and remove its folder."""
        self.process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
