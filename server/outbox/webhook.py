"""The webhook channel: a JSON POST over a kept connection, signed where a secret is set."""

import contextlib
import hashlib
import hmac
import select
import ssl
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from server.core.clock import Clock
from server.outbox.channels import NotSent
from server.outbox.repeats import POSSIBLE_REPEAT
from server.outbox.rules import SEND_WITHIN_S, Parcel

CONNECT_S = 5.0
READ_AT_MOST = 64 * 1024


class WebhookCarrier:
    """Posts to one address; verifies certificates, follows no redirect."""

    def __init__(self, clock: Clock, public_url: str, secret_of: Callable[[Parcel], str]) -> None:
        self.clock = clock
        self.public_url = public_url
        self.secret_of = secret_of
        self._connection: HTTPConnection | None = None
        self._to = ""

    def send(self, parcel: Parcel) -> None:
        """Post the letter; only an answer from 200 to 299 counts as taken."""
        body = parcel.body.replace("{public_url}", self.public_url).encode()
        headers = self._headers(parcel, body)
        try:
            status = self._post(parcel.address, body, headers)
        except (OSError, HTTPException, ValueError) as error:
            self.close()
            raise NotSent(str(error) or type(error).__name__) from error
        if not 200 <= status < 300:
            why = "; redirects are not followed" if 300 <= status < 400 else ""
            raise NotSent(f"the receiver answered {status}{why}")

    def abort(self) -> None:
        """Cut the connection under an attempt that takes too long."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(2)

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _headers(self, parcel: Parcel, body: bytes) -> dict[str, str]:
        sent_at = str(int(self.clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Cryokeep",
            "X-Cryokeep-Message-Id": parcel.message_id,
            "X-Cryokeep-Timestamp": sent_at,
        }
        if parcel.maybe_sent:
            headers[POSSIBLE_REPEAT] = "yes"
        if secret := self.secret_of(parcel):
            headers["X-Cryokeep-Signature"] = f"sha256={signature(secret, sent_at, body)}"
        return headers

    def _post(self, address: str, body: bytes, headers: dict[str, str]) -> int:
        url = urlsplit(address)
        kept = self._kept(address)
        try:
            return self._exchange(kept or self._connect(address, url), url, body, headers)
        except (OSError, HTTPException):
            self.close()
            if kept is None:
                raise
            # a kept connection may have been closed by the receiver while we wrote
            return self._exchange(self._connect(address, url), url, body, headers)

    def _exchange(
        self, connection: HTTPConnection, url: SplitResult, body: bytes, headers: dict[str, str]
    ) -> int:
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("POST", target, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read(READ_AT_MOST)
        if not answer.isclosed():  # more than we care to read
            self.close()
        return answer.status

    def _kept(self, address: str) -> HTTPConnection | None:
        connection = self._connection
        if connection is None or connection.sock is None or self._to != address:
            self.close()
            return None
        if select.select([connection.sock], [], [], 0)[0]:  # it has something to say: goodbye
            self.close()
            return None
        return connection

    def _connect(self, address: str, url: SplitResult) -> HTTPConnection:
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise NotSent(f"“{url.scheme}://{url.hostname or ''}” is no web address")
        if url.scheme == "https":
            context = ssl.create_default_context()
            connection: HTTPConnection = HTTPSConnection(
                url.hostname, url.port, timeout=CONNECT_S, context=context
            )
        else:
            connection = HTTPConnection(url.hostname, url.port, timeout=CONNECT_S)
        self._connection, self._to = connection, address
        connection.connect()
        connection.sock.settimeout(SEND_WITHIN_S)
        return connection


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return what a receiver computes too: HMAC-SHA256 of "timestamp.body", in hexadecimal."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
