"""A new certificate before the old one runs out: a new key, asked for with the old one's signature."""

import base64
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_agent.control import enrol, files, https, openssl
from edge_agent.control.https import ServerError

_LOG = logging.getLogger(__name__)
LIFE_PARTS: Final = 3
"""A certificate is renewed when less than a third of its life is left."""
_SELDOM_MS: Final = 3_600_000
_OFTEN_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where the certificate lies and who renews it. `identity` holds key and certificate in one file."""

    server: str
    authority: Path
    identity: Path

    @property
    def next_key(self) -> Path:
        """The key that waits for its certificate."""
        return self.identity.with_name(enrol.NEXT_KEY)

    @property
    def unconfirmed(self) -> Path:
        """A file that is there until the server has heard that the new certificate is in use."""
        return self.identity.with_name("agent.pem.unconfirmed")


def is_due(identity: Path, wall_ms: int) -> bool:
    """Say whether less than a third of the certificate's life is left."""
    text = identity.read_text("ascii")
    life = openssl.expires_at(text) - openssl.begins_at(text)
    return left_ms(identity, wall_ms) < life.total_seconds() * 1000 / LIFE_PARTS


def look_again_ms(left: int) -> int:
    """In how many milliseconds to look again: each hour, and more often the nearer the end is.

    A certificate that has run out cannot be renewed any more.
    """
    return min(_SELDOM_MS, max(_OFTEN_MS, left // 10)) if left > 0 else _SELDOM_MS


def left_ms(identity: Path, wall_ms: int) -> int:
    """How long the certificate holds, in milliseconds; below 0 where it has run out."""
    text = identity.read_text("ascii")
    return round(openssl.expires_at(text).timestamp() * 1000) - wall_ms


def renew(place: Place, wall_ms: int, *, clock_is_set: bool) -> str:
    """Exchange key and certificate; the answer is the day until which the new one holds.

    Raises ServerError, OpensslError or OSError; then the old one is still in its place, and a next
    try goes on with the same new key.
    """
    address = https.address_of(place.server)
    context = https.trusting(place.authority.read_text("ascii"), clock_is_set=clock_is_set)
    present = place.identity.read_text("ascii")
    key = enrol.waiting_key(place.next_key, present)
    body = _signed(present, wall_ms) | {"request": openssl.request(key)}
    given = https.post(address, context, "/api/v1/agent/renewals", body, "signed")
    certificate = enrol.checked(given, key)
    files.put(place.unconfirmed, "")
    files.put(place.identity, key + certificate)
    files.remove(place.next_key)
    confirm(place, wall_ms, clock_is_set=clock_is_set)
    return openssl.expires_at(certificate).date().isoformat()


def confirm(place: Place, wall_ms: int, *, clock_is_set: bool) -> None:
    """Tell the server, once, that the present certificate is in use: then the earlier one is refused.

    A server that cannot be told now is told at the next call.
    """
    if not place.unconfirmed.exists():
        return
    address = https.address_of(place.server)
    context = https.trusting(place.authority.read_text("ascii"), clock_is_set=clock_is_set)
    body = _signed(place.identity.read_text("ascii"), wall_ms)
    try:
        https.post(address, context, "/api/v1/agent/renewals/confirmed", body, "signed")
    except ServerError as error:
        _LOG.warning("the new certificate is not confirmed yet: %s", error)
        return
    files.remove(place.unconfirmed)


def _signed(identity: str, wall_ms: int) -> dict[str, str]:
    """A body that says which certificate speaks and when, and its signature."""
    body = json.dumps({"serial": openssl.serial(identity), "at": wall_ms})
    signature = openssl.sign(identity, body.encode())
    return {"body": body, "signature": base64.b64encode(signature).decode("ascii")}
