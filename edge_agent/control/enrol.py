"""`cryokeep-edge enrol`: from a one-time code to a key, a certificate and settings that are ready."""

import argparse
import re
import sys
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from edge_agent.clock import Clock, SystemClock
from edge_agent.control import files, https, openssl
from edge_agent.control.https import ServerError
from edge_agent.control.openssl import OpensslError
from edge_agent.wire.errors import WireError
from edge_agent.wire.topics import check_name

SETTINGS: Final = "agent.toml"
IDENTITY: Final = "agent.pem"
NEXT_KEY: Final = "agent.key.next"
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}\Z")
_OFF_S: Final = 300
_USUAL_STREAM: Final = """\
[[stream]]
name = "host"
interval_s = 60

[[stream.probe]]
driver = "host"
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    server: str
    code: str
    fingerprint: str
    ca_file: Path | None
    folder: Path
    streams: Path | None


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--server", required=True, metavar="URL", help="the pages: https://host:port"
    )
    parser.add_argument("--code", required=True, help="the one-time code, as it was shown")
    parser.add_argument(
        "--ca-fingerprint", default="", metavar="HEX",
        help="SHA-256 of the server's authority, where the code does not hold it",
    )  # fmt: skip
    parser.add_argument(
        "--ca-file", type=Path, metavar="PEM",
        help="who vouches for the pages, where that is not the server's own authority",
    )  # fmt: skip
    parser.add_argument(
        "--folder", type=Path, default=Path(), help="where key, certificate and settings go (here)"
    )
    parser.add_argument(
        "--streams", type=Path, metavar="TOML",
        help="[[stream]] and [[limit]] tables for the settings; without it the machine itself is measured",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Enrol and say what came of it; the answer is the exit code: 0 done, 1 refused or failed."""
    asked = Asked(
        options.server, options.code, options.ca_fingerprint, options.ca_file, options.folder,
        options.streams,
    )  # fmt: skip
    try:
        for line in enrol(asked, SystemClock()):
            print(line)  # noqa: T201  the command speaks to a person
    except (ServerError, OpensslError, WireError, OSError) as error:
        print(f"cryokeep-edge: {error}", file=sys.stderr)  # noqa: T201  # what the person at the terminal reads
        return 1
    return 0


def enrol(asked: Asked, clock: Clock) -> list[str]:
    """Do it all; the answer is what to tell the person. Nothing is sent to a server that is not believed.

    What can be wrong here is found before the code is used. The key goes last: whatever ends this
    before, the same command again is given the same certificate and finishes.
    """
    openssl.check_version()
    streams = _streams(asked)
    address = https.address_of(asked.server)
    authority = _authority(asked, address)
    asked.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = waiting_key(asked.folder / NEXT_KEY)
    context = https.trusting(authority, clock_is_set=clock.is_set())
    secret = asked.code.partition(".")[0]
    body = {"request": openssl.request(key)}
    given = https.post(address, context, "/api/v1/agent/enrolments", body, secret)
    certificate = checked(given, key)
    site, name = check_name("site", given.get("site")), check_name("agent", given.get("code"))
    settings = asked.folder / SETTINGS
    _refuse_other(settings, site, name)
    files.put(asked.folder / "pages-ca.crt", authority, files.PUBLIC)
    files.put(asked.folder / "ca.crt", str(given["authority"]), files.PUBLIC)
    files.put(asked.folder / "server.pub", str(given["server_key"]), files.PUBLIC)
    files.put(asked.folder / IDENTITY, key + certificate)
    next_steps = _settings(asked, address, given, settings, streams)
    files.remove(asked.folder / NEXT_KEY)
    until = openssl.expires_at(certificate).date().isoformat()
    said = [
        f"Enrolled as {site}/{name}. The certificate holds until {until} and is renewed before."
    ]
    said += _clock_words(given, clock)
    return [*said, *next_steps]


def _streams(asked: Asked) -> str:
    """The streams for the settings; a ServerError where the file holds none that can be read."""
    if asked.streams is None:
        return _USUAL_STREAM
    text = asked.streams.read_text("utf-8")
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ServerError(f"{asked.streams} cannot be read: {error}") from error
    if not found.get("stream"):
        raise ServerError(f"{asked.streams} holds no [[stream]] table; expected one or more")
    return text


def _authority(asked: Asked, address: https.Address) -> str:
    """Whom to believe: a file, or the authority that the fingerprint names. Never whoever answers."""
    if asked.ca_file is not None:
        return asked.ca_file.read_text("ascii")
    fingerprint = asked.fingerprint or asked.code.partition(".")[2]
    if not fingerprint:
        raise ServerError(
            "the code holds no fingerprint; expected --ca-fingerprint or --ca-file, for without one "
            "of them nobody knows whether this is the right server"
        )
    return https.fetch_authority(address, fingerprint)


def waiting_key(path: Path, present: str = "") -> str:
    """The key that waits for its certificate, made at the first try and kept for the next one.

    One that stands in the `present` identity already was left behind by a kill, and waits no more.
    """
    if not path.exists() or path.read_text("ascii") in present:
        files.put(path, openssl.new_key())
    return path.read_text("ascii")


def checked(given: dict[str, Any], key: str) -> str:
    """The certificate of the answer; a ServerError unless it is for this key and from its authority."""
    certificate, authority = given.get("certificate"), given.get("authority")
    if not isinstance(certificate, str) or not isinstance(authority, str):
        raise ServerError("the server's answer holds no certificate")
    if openssl.public_key(of_certificate=certificate) != openssl.public_key(of_key=key):
        raise ServerError("the server's certificate is for another key than the one asked for")
    if not openssl.is_vouched_for(certificate, authority):
        raise ServerError("the server's certificate is not from the authority that it names")
    return certificate


def _refuse_other(settings: Path, site: str, name: str) -> None:
    """Settings of another agent stay, and its folder with them."""
    if not settings.exists():
        return
    try:
        agent = tomllib.loads(settings.read_text("utf-8")).get("agent", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ServerError(f"{settings} is there already and cannot be read: {error}") from error
    if (agent.get("site"), agent.get("id")) != (site, name):
        raise ServerError(
            f"{settings} belongs to {agent.get('site')}/{agent.get('id')}, and the code is for "
            f"{site}/{name}; expected another --folder"
        )


def _clock_words(given: dict[str, Any], clock: Clock) -> list[str]:
    if not clock.is_set():
        return ["This machine's clock has not been set; rows wait for their dates until it is."]
    try:
        there_ms = datetime.fromisoformat(str(given["at"])).timestamp() * 1000
    except (KeyError, ValueError):
        return []
    off_s = (clock.now().wall_ms - there_ms) / 1000
    if abs(off_s) < _OFF_S:
        return []
    return [f"This machine's clock is {off_s:.0f} s beside the server's: set it (timedatectl)."]


def _settings(
    asked: Asked, address: https.Address, given: dict[str, Any], path: Path, streams: str
) -> list[str]:
    """Write the settings where there are none; say what to do next."""
    text = settings_text(address, given)
    if path.exists():
        return [f"{path} stays as it is; it must say:", text]
    files.put(path, f"{text}\n{streams}")
    return [f"Next: cryokeep-edge check --config {path}, then run it."]


def settings_text(address: https.Address, given: dict[str, Any]) -> str:
    """The sections that the server's answer settles, as TOML."""
    host = given.get("broker_host") or address.host
    port = given.get("broker_port")
    if not isinstance(host, str) or not _HOST.match(host) or type(port) is not int:
        raise ServerError(f"found the broker {host!r}, {port!r}; expected a host and a port")
    host = f"[{host}]" if ":" in host else host
    authority = "ca.crt" if given.get("broker_by_local_ca") else "pages-ca.crt"
    return f"""\
[agent]
site = "{check_name("site", given.get("site"))}"
id = "{check_name("agent", given.get("code"))}"

[server]
url = "mqtts://{host}:{port}"
ca_file = "{authority}"
cert_file = "{IDENTITY}"
key_file = "{IDENTITY}"
prefix = "{check_name("prefix", given.get("prefix"))}"

[control]
server = "{address.url}"
authority = "pages-ca.crt"
server_key = "server.pub"
allow = ["catalog", "resend"]
"""
