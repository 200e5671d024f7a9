"""Which broker carries the messages, where it listens, and how the server signs in there."""

import os
import secrets
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from server.core.errors import Invalid, Refusal
from server.core.settings import Settings
from server.core.words import N_
from server.telemetry.rules import SERVER_USER

Kind = Literal["mosquitto", "embedded", "external"]
USUAL_PORT = 1883
_BAD = N_(
    "CRYOKEEP_BROKER is “%(found)s”; auto, embedded, mosquitto or mqtt://user:password@host:port is expected."
)
_NO_MOSQUITTO = N_(
    "CRYOKEEP_BROKER is mosquitto, but there is no program mosquitto on this machine; install it or choose auto."
)


@dataclass(frozen=True)
class BrokerPlan:
    """A broker of this house (mosquitto, embedded) or one that is given by its address."""

    kind: Kind
    home: Path
    given: str = ""

    @property
    def own(self) -> bool:
        """Say whether this house runs the broker itself."""
        return self.kind != "external"

    @property
    def words(self) -> str:
        """The broker in a few words, for the person who starts it."""
        if self.kind == "embedded":
            return "embedded; for this machine only: other machines need mosquitto or an external broker"
        return "mosquitto" if self.kind == "mosquitto" else "the given one"

    @property
    def folder(self) -> Path:
        """Where the broker of this house keeps its files."""
        return self.home / "broker"

    @property
    def url(self) -> str:
        """The address for agents on this machine, without a name or password."""
        if self.own:
            return f"mqtt://127.0.0.1:{self.port()}"
        address = self.address()
        return f"{'mqtts' if address.tls else 'mqtt'}://{address.host}:{address.port}"

    def address(self) -> "Address":
        """Return where the server connects, and as whom; makes the port and password at first use."""
        if self.kind == "external":
            return _parsed(self.given)
        port = self.server_port() if self.kind == "mosquitto" else self.port()
        return Address("127.0.0.1", port, SERVER_USER, self.server_password())

    def program(self) -> str:
        """Return the path of mosquitto; refuses where it has gone."""
        found = mosquitto()
        if found is None:
            raise Invalid(Refusal("no_mosquitto", _NO_MOSQUITTO))
        return found

    def port(self) -> int:
        """Return the agents' port on the loopback: one that was free at the first start, kept since."""
        return int(_kept(self.folder / "port", lambda: str(_free_port())))

    def server_port(self) -> int:
        """Return mosquitto's port for the server alone, where several connections share one name."""
        return int(_kept(self.folder / "server-port", lambda: str(_free_port())))

    def server_password(self) -> str:
        """Return the password with which the server signs in, made at the first use."""
        return _kept(self.folder / "server-password", lambda: secrets.token_urlsafe(24))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is and how to sign in there."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    tls: bool = False
    ca_file: str = ""


def choose(settings: Settings) -> BrokerPlan:
    """Return the broker that the settings ask for; refuses one that cannot be had."""
    wanted = settings.broker
    if wanted == "auto":
        wanted = "mosquitto" if mosquitto() else "embedded"
    if wanted == "mosquitto":
        if not mosquitto():
            raise Invalid(Refusal("no_mosquitto", _NO_MOSQUITTO))
        return BrokerPlan("mosquitto", settings.home)
    if wanted == "embedded":
        return BrokerPlan("embedded", settings.home)
    _parsed(wanted)
    return BrokerPlan("external", settings.home, wanted)


def mosquitto() -> str | None:
    """Return the path of the program, which Debian keeps where users do not look, or None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def _parsed(url: str) -> Address:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or port == 0:
        raise Invalid(Refusal("bad_broker", _BAD, {"found": url}))
    tls = parts.scheme == "mqtts"
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Address(parts.hostname, port or (8883 if tls else USUAL_PORT), name, password, tls)


def _kept(file: Path, make: Callable[[], str]) -> str:
    """Return what the file holds, for its owner alone; make it once, whoever else tries at the same time."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        new.touch(mode=0o600)
        new.write_text(make(), encoding="utf-8")
        try:
            os.link(new, file)
        except FileExistsError:
            pass
        finally:
            new.unlink()
    return file.read_text(encoding="utf-8").strip()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
