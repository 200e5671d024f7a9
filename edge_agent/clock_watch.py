"""Notices that the wall clock was set by hand or by a correction: rows before and after differ by more than time."""

from typing import Any, Final

from edge_agent.clock import Moment
from edge_agent.wire.messages import Clk

JUMP_MS: Final = 2_000
"""What is more is no slewing: the clock was set."""


class ClockWatch:
    """Compares the wall clock with the one that never jumps, from look to look."""

    def __init__(self) -> None:
        self._ahead_ms: int | None = None

    def look(self, now: Moment, clk: Clk) -> list[dict[str, Any]]:
        """The event that tells of a jump since the last look; none while the clock was never set."""
        before, ahead_ms = self._ahead_ms, now.wall_ms - now.mono_ms
        self._ahead_ms = ahead_ms if clk.s else None
        if not clk.s or before is None or abs(ahead_ms - before) < JUMP_MS:
            return []
        return [{"kind": "clock_jumped", "by_ms": ahead_ms - before}]
