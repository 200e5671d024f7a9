"""Keys, requests and signatures, by the `openssl` command: no cryptography of our own, and no wheel.

Version 3 is needed, for Ed25519 signatures over raw bytes.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_TIMEOUT_S: Final = 30
_DATE = re.compile(r"\w+=(\w{3}) +(\d+) (\d\d):(\d\d):(\d\d) (\d{4}) GMT")
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)


class OpensslError(Exception):
    """The command is missing or says no; the sentence tells what it said."""


def check_version() -> str:
    """The version, such as "3.0.19"; an OpensslError where the command is missing or too old."""
    said = _run("version").decode("utf-8", "replace").split()
    version = said[1] if len(said) > 1 else ""
    if not version.partition(".")[0].isdigit() or int(version.partition(".")[0]) < 3:
        raise OpensslError(f"found openssl {version or 'of no version'}; expected 3.0 or newer")
    return version


def new_key() -> str:
    """A new P-256 key, PEM."""
    return _run(
        "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-pkeyopt", "ec_param_enc:named_curve",
    ).decode("ascii")  # fmt: skip


def request(key: str) -> str:
    """A certificate request for this key, PEM. It names nobody: the server says who one is."""
    with _files(key=key) as path:
        return _run("req", "-new", "-batch", "-subj", "/CN=agent", "-key", path("key")).decode(
            "ascii"
        )


def sign(key: str, message: bytes) -> bytes:
    """The signature by an EC key over the SHA-256 of the message."""
    with _files(key=key) as path:
        return _run("dgst", "-sha256", "-sign", path("key"), stdin=message)


def is_signed(server_key: str, message: bytes, signature: bytes) -> bool:
    """Say whether this Ed25519 key made this signature over these bytes."""
    with _files(key=server_key, message=message, signature=signature) as path:
        try:
            _run(
                "pkeyutl", "-verify", "-pubin", "-inkey", path("key"), "-rawin",
                "-in", path("message"), "-sigfile", path("signature"),
            )  # fmt: skip
        except OpensslError:
            return False
    return True


def public_key(*, of_key: str = "", of_certificate: str = "") -> str:
    """The public key of a private key or of a certificate, PEM."""
    with _files(found=of_key or of_certificate) as path:
        if of_key:
            return _run("pkey", "-in", path("found"), "-pubout").decode("ascii")
        return _run("x509", "-in", path("found"), "-noout", "-pubkey").decode("ascii")


def serial(certificate: str) -> str:
    """The certificate's number, in hexadecimal digits as the server writes them."""
    with _files(found=certificate) as path:
        said = _run("x509", "-in", path("found"), "-noout", "-serial").decode("ascii")
    return f"{int(said.strip().partition('=')[2], 16):x}"


def expires_at(certificate: str) -> datetime:
    """When the certificate runs out."""
    return _date(certificate, "-enddate")


def begins_at(certificate: str) -> datetime:
    """From when on the certificate holds."""
    return _date(certificate, "-startdate")


def _date(certificate: str, which: str) -> datetime:
    with _files(found=certificate) as path:
        said = _run("x509", "-in", path("found"), "-noout", which).decode("ascii")
    found = _DATE.match(said)
    if not found:
        raise OpensslError(f"found {said.strip()!r}; expected a date")
    month, *numbers = found.groups()
    day, hour, minute, second, year = map(int, numbers)
    return datetime(year, _MONTHS.index(month) + 1, day, hour, minute, second, tzinfo=UTC)


def is_vouched_for(certificate: str, authority: str) -> bool:
    """Say whether one of these authorities signed the certificate; its time is not looked at."""
    with _files(found=certificate, authority=authority) as path:
        try:
            _run("verify", "-no_check_time", "-CAfile", path("authority"), path("found"))
        except OpensslError:
            return False
    return True


class _Paths:
    """Where the files of one call lie."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __call__(self, name: str) -> str:
        return os.fspath(Path(self._folder) / name)


@contextmanager
def _files(**contents: str | bytes) -> Iterator[_Paths]:
    """Files for one call in a folder that only we can read; gone afterwards. In memory where possible."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  a folder of our own in it
    with tempfile.TemporaryDirectory(prefix="cryokeep-", dir=memory) as folder:
        for name, content in contents.items():
            handle = os.open(Path(folder) / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())
        yield _Paths(folder)


def _run(*arguments: str, stdin: bytes = b"") -> bytes:
    program = shutil.which("openssl")
    if program is None:
        raise OpensslError(
            "found no command openssl; expected it on the PATH (apt install openssl)"
        )
    try:
        done = subprocess.run(  # noqa: S603  our own arguments
            [program, *arguments], input=stdin, capture_output=True, check=False, timeout=_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OpensslError(f"openssl {arguments[0]} did not end: {error}") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise OpensslError(f"openssl {arguments[0]} says: {said[0] if said else done.returncode}")
    return done.stdout
