"""The only place that reads the time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is moved; for tests and the demo bank."""

    at: datetime

    def now(self) -> datetime:
        """Return the moment at which the clock stands."""
        return self.at

    def forward(self, span: timedelta) -> None:
        """Move the clock on."""
        self.at += span


def to_ms(at: datetime) -> int:
    """Return milliseconds since 1970 UTC."""
    return round(at.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """Return the aware UTC moment of these milliseconds since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC)
