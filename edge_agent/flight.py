"""A message under way, and how long to wait for its answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge_agent.rows import Key
from edge_agent.wire.ranges import Ranges

FIRST_WAIT_MS: Final = 10_000
LONGEST_WAIT_MS: Final = 300_000


@dataclass(slots=True)
class Flight:
    """One message under way: rows first to last, or voids, or a probe (neither)."""

    key: Key
    first: int
    last: int
    open: Ranges
    voids: Ranges = ()
    live: bool = False
    crc: int = 0
    order: int = 0
    due_ms: int = 0
    attempt: int = 0
    suspected: int = 0

    @property
    def is_probe(self) -> bool:
        """A message with neither rows nor voids, sent only to be answered."""
        return not self.open and not self.voids


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A payload to publish: `kind` is t, h or ev (the topic), `stream` the stream."""

    kind: str
    stream: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rows that went to the refused table, and why."""

    key: Key
    first: int
    last: int
    why: str


Jitter = Callable[[], float]
"""A random number from 0 to 1."""


def wait_ms(attempt: int, jitter: float) -> int:
    """How long to wait before sending again: 10 s, doubling to 5 min, and up to a fifth more."""
    plain_ms = min(FIRST_WAIT_MS * 2 ** min(attempt, 16), LONGEST_WAIT_MS)
    return int(plain_ms * (1 + 0.2 * jitter))
