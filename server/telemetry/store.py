"""The hot statements of the ingest path, on the raw connection inside the session's transaction.

One class a database with the same promises; SQLAlchemy's own insert costs more than all the rest.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.telemetry.columns import Column

StreamKey = tuple[int, str, str]
"""(agent id, boot, stream)."""
FEW = 100
"""So many readings are written by a statement that can go `together` with others."""
Meanwhile = Callable[[int], None]
"""What is done while the database stores so many readings."""


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """An enrolled agent as this transaction sees it; its row stays locked until the end of it."""

    id: int
    org_id: int
    revoked: bool


@dataclass(frozen=True, slots=True)
class Latest:
    """The youngest reading of a channel, and when it last gave a number."""

    channel_id: int
    at_ms: int
    value: float | None
    quality: int
    number_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Undated:
    """One value of a row whose boot's beginning is not known."""

    agent_id: int
    boot: str
    stream: str
    seq: int
    channel_id: int
    since_boot_ms: int
    arrived_ms: int
    value: float | None
    quality: int


class Store(Protocol):
    """What both databases do."""

    def agents(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], KnownAgent]:
        """Find and lock the agents of these (site, code), given in order."""

    def settled(self, keys: Sequence[StreamKey]) -> dict[StreamKey, str]:
        """Find (or begin) and lock the settled ranges of these streams, given in order."""

    def save_settled(self, ranges: Sequence[tuple[int, str, str, str]]) -> None:
        """Write ranges anew: agent id, boot, stream, JSON."""

    def add_readings(self, columns: Iterable[Column], meanwhile: Meanwhile) -> None:
        """Store readings; where the database does that by itself, call `meanwhile`."""

    def add_drills(self, columns: Iterable[Column]) -> None:
        """Store readings of drills."""

    def add_undated(self, rows: Sequence[Undated]) -> None:
        """Store values of undated rows."""

    def latest(self, rows: Sequence[Latest]) -> None:
        """Bring the channels' latest reading up to date, unless they know a younger one."""

    def hours_due(self, marks: Sequence[tuple[int, int]]) -> None:
        """Mark these (channel id, hour) for new figures, and keep the marks locked."""
