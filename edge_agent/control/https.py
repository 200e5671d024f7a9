"""Asking the server over HTTPS, believing only the authority that is known beforehand."""

import hashlib
import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from edge_agent.broker_tls import NO_CHECK_TIME

LEAST_DIGITS: Final = 32
_LONGEST: Final = 256 * 1024
_TIMEOUT_S: Final = 20


class ServerError(Exception):
    """The server cannot be asked, cannot be believed, or says no; the sentence tells which."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server's pages are: always HTTPS."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """As it is written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}"


def address_of(url: str) -> Address:
    """The address in this URL; a ServerError for anything but https://host or https://host:port."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme != "https" or not host or parts.username or parts.path not in {"", "/"}:
        raise ServerError(f'found the server "{url}"; expected https://host:port')
    return Address(host, port or 443)


def fetch_authority(address: Address, fingerprint: str) -> str:
    """The authority's certificate (PEM) with this SHA-256 fingerprint, as the server hands it out.

    The connection itself is not believed, and nothing is said over it: what comes is taken only if
    it is the very certificate that the fingerprint names.
    """
    wanted = fingerprint.replace(":", "").lower()
    if len(wanted) < LEAST_DIGITS or set(wanted) - set("0123456789abcdef"):
        raise ServerError(
            f'found the fingerprint "{fingerprint}"; expected at least {LEAST_DIGITS} hexadecimal digits'
        )
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    status, content = _ask(address, blind, "GET", "/ca.crt", None, {})
    for pem in _certificates(content.decode("ascii", "replace")) if status == 200 else []:
        if hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().startswith(wanted):
            return pem
    raise ServerError(
        f"{address.url} shows no authority with the fingerprint {wanted}: this is another server, "
        "or somebody stands between; nothing was sent to it"
    )


def trusting(authority: str, *, clock_is_set: bool) -> ssl.SSLContext:
    """A context that believes this authority alone.

    While this machine's clock has never been set nobody can say whether a certificate is valid by
    now; that it comes from the authority and names the server is checked all the same.
    """
    try:
        context = ssl.create_default_context(cadata=authority)
    except ssl.SSLError as error:
        raise ServerError(f"the authority's certificate cannot be read: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not clock_is_set:
        context.verify_flags |= NO_CHECK_TIME
    return context


def post(
    address: Address, context: ssl.SSLContext, path: str, body: dict[str, Any], authorization: str
) -> dict[str, Any]:
    """The server's answer to this JSON; a ServerError with its own sentence where it refuses."""
    headers = {
        "Authorization": f"Cryokeep-Agent {authorization}",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    status, content = _ask(address, context, "POST", path, json.dumps(body).encode(), headers)
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ServerError(f"{address.url} answers {status} in no form that is known", status)
    if status not in {200, 201}:
        raise ServerError(str(found.get("detail") or found.get("title") or status), status)
    return found


def _ask(
    address: Address, context: ssl.SSLContext, method: str, path: str, body: bytes | None,
    headers: dict[str, str],
) -> tuple[int, bytes]:  # fmt: skip
    connection = http.client.HTTPSConnection(
        address.host, address.port, timeout=_TIMEOUT_S, context=context
    )
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read(_LONGEST + 1)
    except ssl.SSLCertVerificationError as error:
        raise ServerError(_unbelievable(address, error)) from error
    except (OSError, http.client.HTTPException) as error:
        raise ServerError(f"{address.url} cannot be asked: {error}") from error
    finally:
        connection.close()
    if len(content) > _LONGEST:
        raise ServerError(f"{address.url} answers with more than {_LONGEST} bytes")
    return answer.status, content


def _unbelievable(address: Address, error: ssl.SSLCertVerificationError) -> str:
    why = error.verify_message
    if "not yet valid" in why or "expired" in why:
        return (
            f"{address.url} cannot be believed: {why}. Look at this machine's clock (timedatectl), "
            "and at the server's"
        )
    return f"{address.url} cannot be believed: {why}"


def _certificates(text: str) -> list[str]:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    found = []
    for piece in text.split(begin)[1:]:
        inside, ending, _rest = piece.partition(end)
        if ending:
            found.append(f"{begin}{inside}{end}\n")
    return found
