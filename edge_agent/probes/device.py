"""What a driver is: a device that is read again and again, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from edge_agent.settings_table import Table
from edge_agent.wire.errors import WireError
from edge_agent.wire.fields import channel_key
from edge_agent.wire.quality import Quality


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for one channel. `fault` says in words why the quality is not good."""

    value: float | None
    q: Quality = Quality.GOOD
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One reading of a device: a Found for each channel, and what it noticed since the last.

    An event may carry `ago_ms`: it happened so long before this reading.
    """

    found: tuple[Found, ...]
    events: tuple[Mapping[str, Any], ...] = ()


def one(value: float | None, q: Quality = Quality.GOOD, fault: str = "") -> Finding:
    """The finding of a device with one channel."""
    return Finding((Found(value, q, fault),))


class Device(Protocol):
    """An opened device. It is read from one thread only."""

    def read(self, now_ms: int) -> Finding:
        """What it says now; BusError or OSError when it cannot be read. `now_ms` never jumps."""

    def close(self) -> None:
        """Give everything back."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a device is asked, and how old its newest answer may be in a row."""

    every_ms: int = 1_000
    oldest_ms: int = 5_000


USUAL: Final = Rhythm()
"""Every second, and five seconds old at most."""


def read_rhythm(table: Table, every_s: float = 1.0) -> Rhythm:
    """`read_every_s` and `oldest_s`, which every driver has."""
    every = table.number("read_every_s", every_s, low=0.02, high=3_600)
    oldest = table.number("oldest_s", max(5.0, 3 * every), low=0.1, high=86_400)
    if oldest < every:
        table.problem("oldest_s", f"found {oldest:g}; expected at least read_every_s, {every:g}")
    return Rhythm(round(every * 1000), round(oldest * 1000))


def read_channel(table: Table, default: str | None, key: str = "channel") -> str:
    """A channel's key; required where there is no default."""
    name = table.text(key, default)
    try:
        return channel_key(name) if name else name
    except WireError as error:
        table.problem(key, str(error))
        return ""
