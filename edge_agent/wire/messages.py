"""The messages of ck1 as they are after decoding and before encoding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.wire.ranges import Range, Ranges


@dataclass(frozen=True, slots=True)
class Clk:
    """The agent's clock when the rows were taken: was it ever set, and how far off (if known)."""

    s: bool
    off_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Numbered rows of one stream. Row i has the number `seq + i` and the time `t0 + dt[i]`.

    `rows[i][k]` is the value of channel `ch[k]`, None where there is no number; `q` likewise, None
    when all are good. `t0` is milliseconds since 1970 UTC, or since the boot's own zero while `clk.s`
    is false. `void` are rows that will never come.
    """

    boot: str
    stream: str
    seq: int
    t0: int
    clk: Clk
    ch: tuple[str, ...]
    dt: Sequence[int]
    rows: Sequence[Sequence[float | None]]
    q: Sequence[Sequence[int]] | None = None
    hist: bool = False
    drill: str | None = None
    void: Ranges = ()

    @property
    def n(self) -> int:
        """How many rows there are."""
        return len(self.dt)

    @property
    def times(self) -> list[int]:
        """When each row was taken, in milliseconds."""
        t0 = self.t0
        return [t0 + dt for dt in self.dt]

    @property
    def pieces(self) -> list[Range]:
        """All row numbers that this message speaks of: its rows and its voids."""
        rows = [(self.seq, self.seq + self.n - 1)] if self.n else []
        return [*self.void, *rows]


@dataclass(frozen=True, slots=True)
class Events:
    """Numbered events; the envelope of `Rows` with an event in place of each row."""

    boot: str
    seq: int
    t0: int
    clk: Clk
    dt: Sequence[int]
    ev: Sequence[Mapping[str, Any]]
    drill: str | None = None
    void: Ranges = ()

    stream = "ev"

    @property
    def n(self) -> int:
        """How many events there are."""
        return len(self.dt)

    @property
    def times(self) -> list[int]:
        """When each event happened, in milliseconds."""
        t0 = self.t0
        return [t0 + dt for dt in self.dt]

    @property
    def pieces(self) -> list[Range]:
        """All event numbers that this message speaks of: its events and its voids."""
        rows = [(self.seq, self.seq + self.n - 1)] if self.n else []
        return [*self.void, *rows]


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will not store rows `seq` to `seq + n - 1`; `why` is a sentence."""

    seq: int
    n: int
    why: str


@dataclass(frozen=True, slots=True)
class Ack:
    """The commit-ack: rows 1 to `upto` and those in `more` are settled on the server's disk."""

    boot: str
    stream: str
    upto: int
    more: Ranges = ()
    refused: tuple[Refused, ...] = ()
    at: int = 0


@dataclass(frozen=True, slots=True)
class Bad:
    """The answer to a message that cannot be read: the CRC-32 of its payload as sent, and why."""

    crc: int
    why: str


@dataclass(frozen=True, slots=True)
class State:
    """Is the agent there? A convenience; presence is kept by the server."""

    online: bool
    boot: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How the agent is. What it cannot know is None."""

    boot: str
    at: int
    depth: int = 0
    oldest_s: float | None = None
    refused: int = 0
    unwritten: int = 0
    """Rows that are in memory only, because the disk takes none."""
    fsync_ms: float | None = None
    disk_free_mb: float | None = None
    cpu_c: float | None = None
    synced: bool = False
    off_ms: float | None = None
    uptime_s: float = 0.0
    catalog: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """What one channel measures and with what. `range` is in the channel's unit."""

    stream: str
    key: str
    quantity: str = ""
    unit: str = ""
    range: tuple[float, float] | None = None
    serial: str = ""
    calibration_due: str = ""
    driver: str = ""
    freezer: str = ""
    interval_s: float | None = None
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Catalog:
    """All channels of an agent, and the agent's version."""

    boot: str
    version: str
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    """A body that the server has signed: Ed25519 over its bytes, base64."""

    body: str
    sig: str


@dataclass(frozen=True, slots=True)
class Order:
    """A command as it stands in a signed body. `agent` is site/agent; `not_after` in ms since 1970 UTC."""

    id: str
    agent: str
    kind: str
    nonce: str
    not_after: int
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WantedConfig:
    """A configuration as it stands in a signed body; versions of one agent only rise."""

    version: int
    agent: str
    nonce: str
    not_after: int
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What became of a command: begun, done, failed or refused. `code` says why in a word."""

    boot: str
    id: str
    state: str
    code: str
    why: str
    facts: Mapping[str, Any]
    at: int


@dataclass(frozen=True, slots=True)
class ConfigReport:
    """What became of a configuration: applied, rolled_back or refused."""

    boot: str
    version: int
    state: str
    code: str
    why: str
    at: int
