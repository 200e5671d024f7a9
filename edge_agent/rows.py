"""A row before and after it has its number."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge_agent.wire.messages import Clk
from edge_agent.wire.topics import EVENTS_STREAM

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"

Key = tuple[str, str]
"""(boot, stream): within it rows are numbered from 1."""


@dataclass(frozen=True, slots=True)
class NewRow:
    """One sampling instant of a stream, or one event. `at_ms` counts from the boot while not `clk.s`."""

    stream: str
    at_ms: int
    clk: Clk
    ch: tuple[str, ...] = ()
    values: tuple[float | None, ...] = ()
    q: tuple[int, ...] | None = None
    event: Mapping[str, Any] | None = None
    drill: str | None = None
    keep: bool = False
    """Never thinned: it belongs to the time of an alarm."""


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row as it stands in the spool. `body` and `q` are JSON texts; `q` is None when all are good."""

    seq: int
    at_ms: int
    clk: Clk
    ch: str
    drill: str | None
    body: str
    q: str | None

    def packs_with(self, other: "HeldRow") -> bool:
        """Say whether two rows may stand in one message (their numbers apart)."""
        return (self.ch, self.clk.s, self.drill) == (other.ch, other.clk.s, other.drill)


def new_boot() -> str:
    """A boot's name: 12 random letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(12))


def event_row(at_ms: int, clk: Clk, kind: str, **facts: Any) -> NewRow:  # noqa: ANN401  # facts are JSON
    """An event as a row of the events' own stream."""
    return NewRow(EVENTS_STREAM, at_ms, clk, event={"kind": kind, **facts})
