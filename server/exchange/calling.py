"""The channel of the API's webhooks: signed posts that never lead into this machine's own network."""

import socket
from http.client import HTTPConnection
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import select

from server.core.address import base_url
from server.core.clock import Clock
from server.core.db import Database
from server.core.errors import Refusal
from server.core.settings import Settings
from server.core.words import N_
from server.exchange.models import Webhook
from server.exchange.rules import is_inward
from server.outbox.channels import NotSent
from server.outbox.rules import Parcel
from server.outbox.webhook import WebhookCarrier

CHANNEL = "event"
ENDED = "the webhook was ended"
INWARD = N_(
    "%(host)s leads to %(found)s, into this machine or its own network; an address on the internet is"
    " expected. CRYOKEEP_PRIVATE_WEBHOOKS lets such addresses be called."
)
UNKNOWN_HOST = N_("The name %(host)s is not known; a host that can be found is expected.")


def why_not_address(address: str, *, private: bool) -> Refusal | None:
    """Say that this address leads nowhere or inwards, or None; looks its name up, which may take seconds."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return Refusal("unknown_host", UNKNOWN_HOST, {"host": address[:80]})
    try:
        found = _addresses(host)
    except OSError:
        return Refusal("unknown_host", UNKNOWN_HOST, {"host": host})
    inward = next((one for one in found if is_inward(one)), None)
    if inward is None or private:
        return None
    return Refusal("inward_address", INWARD, {"host": host, "found": inward})


def carrier(database: Database, settings: Settings, clock: Clock) -> "EventCarrier":
    """Return what carries the letters of one webhook."""

    def secret_of(parcel: Parcel) -> str:
        wanted = (
            select(Webhook.secret, Webhook.ended_at)
            .where(Webhook.org_id == parcel.org_id, Webhook.address == parcel.address)
            .order_by(Webhook.id.desc())
        )
        with database.reading() as session:
            found = session.execute(wanted.limit(1)).first()
        if found is None or found.ended_at is not None:
            raise NotSent(ENDED, address_only=True)
        return str(found.secret)

    made = EventCarrier(clock, base_url(settings), secret_of)
    made.private = settings.private_webhooks
    return made


class EventCarrier(WebhookCarrier):
    """Refuses to call what leads inwards: by the name before it connects, and by the far end after that.

    A name may lead elsewhere a moment later; nothing is sent before the far end itself was looked at.
    """

    private = False

    def _connect(self, address: str, url: SplitResult) -> HTTPConnection:
        if refusal := why_not_address(address, private=self.private):
            raise NotSent(refusal.text(), address_only=True)
        connection = super()._connect(address, url)
        if not self.private and is_inward(connection.sock.getpeername()[0]):
            self.close()
            raise NotSent("the address leads into this network", address_only=True)
        return connection


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]
