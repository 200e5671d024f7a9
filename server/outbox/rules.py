"""What becomes of a letter: when it is tried again, and when it is given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LETTERS = "letters"
"""What senders are woken for: letters that wait for any of them."""
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
URGENT_WAIT_S = 10.0
URGENT_FOR = timedelta(hours=1)
"""So long an urgent letter is tried each URGENT_WAIT_S at least; then it waits as any other."""
KEEP_TRYING = timedelta(days=7)
CLAIM = timedelta(seconds=60)
"""How long a sender that took a letter may be silent before another takes it."""
SEND_WITHIN_S = 10.0
"""The longest that one attempt may last."""


GATEWAY = "apprise"
"""The channel of letters to gateways; their addresses are Apprise URLs."""
PER_ADDRESS = frozenset({"webhook", "event", "printer", GATEWAY})
"""Channels in which each address is a receiver of its own."""


@dataclass(frozen=True)
class Parcel:
    """A letter as a sender carries it: no session behind it."""

    id: int
    message_id: str
    channel: str
    address: str
    subject: str
    body: str
    urgent: bool
    attempts: int
    created_at: datetime
    claimed_until: datetime
    org_id: int | None = None
    useful_until: datetime | None = None
    maybe_sent: bool = False
    """It may have got through before; the message says that it may be a repeat."""


def wait_s(attempts: int, chance: float, longest_s: float = LONGEST_WAIT_S) -> float:
    """Return the seconds until the next attempt after so many failed ones.

    2 s doubling to the longest, shortened by up to a fifth: `chance` is a number from 0 to 1.
    """
    doubled = FIRST_WAIT_S * 2.0 ** min(max(attempts - 1, 0), 16)
    return min(doubled, longest_s) * (1 - 0.2 * chance)


def longest_wait_s(parcel: Parcel, now: datetime) -> float:
    """Return how long this letter may wait between two attempts: a fresh alarm waits for little."""
    fresh = parcel.urgent and now - parcel.created_at < URGENT_FOR
    return URGENT_WAIT_S if fresh else LONGEST_WAIT_S


def is_given_up(created_at: datetime, now: datetime, useful_until: datetime | None = None) -> bool:
    """Say whether a letter is too old to be tried (again), or what it says has run out."""
    return now - created_at >= KEEP_TRYING or (useful_until is not None and now >= useful_until)


def may_still_send(parcel: Parcel, now: datetime) -> bool:
    """Say whether an attempt that begins now ends before the claim runs out."""
    return now + timedelta(seconds=SEND_WITHIN_S) < parcel.claimed_until


def lane_of(channel: str, address: str) -> str:
    """Return the lane that carries this address.

    Each webhook, gateway and printer has a lane of its own, so that one that hangs holds up no other; mail shares four,
    because all of it goes to one server; anything else has a lane for its kind.
    """
    if channel in PER_ADDRESS:
        return f"{channel} {address}"
    if channel == "smtp":
        return f"smtp {sum(address.encode()) % 4}"
    return channel


def receiver_of(channel: str, address: str) -> str:
    """Return what is up or down as one: a webhook's address, or the one server behind a channel."""
    return f"{channel} {address}" if channel in PER_ADDRESS else channel


def shown_gateway(address: str) -> str:
    """Return what may be shown of a gateway's address: its scheme, where it has one; the rest holds tokens."""
    return f"{scheme_of(address)}://…" if "://" in address else "…"


def scheme_of(address: str) -> str:
    """Return an address's scheme in small letters."""
    return address.partition("://")[0].strip().lower()
