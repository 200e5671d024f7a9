"""Which certificate the pages show: the given one, or one of the local CA beyond the loopback."""

import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from server.core.errors import Invalid, Refusal
from server.core.settings import Settings
from server.core.words import N_
from server.telemetry import certificates


@dataclass(frozen=True)
class TlsFiles:
    """Where the certificate and its key lie, both PEM."""

    certificate: Path
    key: Path


def files(settings: Settings, now: datetime) -> TlsFiles | None:
    """Return the files to serve HTTPS with; None on the loopback where none are given.

    Refuses half a pair, and files that are not there.
    """
    if settings.tls_cert or settings.tls_key:
        return _given(settings)
    if settings.loopback_only:
        return None
    certificate, key = certificates.for_server(settings.home / "ca", _names(settings), now)
    return TlsFiles(certificate, key)


def _given(settings: Settings) -> TlsFiles:
    if settings.tls_cert is None or settings.tls_key is None:
        because = N_(
            "CRYOKEEP_TLS_CERT and CRYOKEEP_TLS_KEY belong together; only one of them is set."
        )
        raise Invalid(Refusal("half_a_certificate", because))
    for path in (settings.tls_cert, settings.tls_key):
        if not path.is_file():
            because = N_(
                "There is no file %(path)s; a certificate or key in PEM form is expected there."
            )
            raise Invalid(Refusal("no_certificate_file", because, {"path": str(path)}))
    return TlsFiles(settings.tls_cert, settings.tls_key)


def _names(settings: Settings) -> list[str]:
    names = ["localhost", "127.0.0.1", socket.gethostname(), socket.getfqdn()]
    if settings.host not in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        names.append(settings.host)
    if settings.public_url:
        names.append(urlsplit(settings.public_url).hostname or "localhost")
    return list(dict.fromkeys(names))
