"""A drill: rows that say what a warm tank would say, marked as a drill, beside the true ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge_agent.clock import Moment
from edge_agent.config import Config
from edge_agent.rows import NewRow
from edge_agent.wire.errors import WireError
from edge_agent.wire.fields import drill as check_drill
from edge_agent.wire.fields import number
from edge_agent.wire.messages import Clk

LONGEST_S: Final = 3_600


@dataclass
class Drill:
    """One drill under way. Times are of the clock that never jumps."""

    name: str
    stream: str
    channel: str
    value: float
    every_ms: int
    ends_ms: int
    due_ms: int

    def row(self, now: Moment, clk: Clk) -> NewRow | None:
        """The row that is due, if any."""
        if now.mono_ms < self.due_ms or self.over(now.mono_ms):
            return None
        self.due_ms = now.mono_ms + self.every_ms
        at_ms = now.wall_ms if clk.s else now.mono_ms
        return NewRow(self.stream, at_ms, clk, (self.channel,), (self.value,), drill=self.name)

    def over(self, now_ms: int) -> bool:
        """Whether it has ended."""
        return now_ms >= self.ends_ms


def planned(args: Mapping[str, Any], config: Config, order_id: str, now_ms: int) -> Drill:
    """The drill that a command asks for; a WireError for a channel that is not there or wrong figures."""
    stream = next((s for s in config.streams if s.name == args.get("stream")), None)
    channels = [key for probe in stream.probes for key in probe.device.channels] if stream else []
    channel = args.get("channel")
    if stream is None or channel not in channels:
        raise WireError(
            "bad_name", f"found {args.get('stream')}/{channel}; expected a channel of this agent"
        )
    value, for_s = number("value", args.get("value")), number("for_s", args.get("for_s", 60))
    if value is None or for_s is None or not 1 <= for_s <= LONGEST_S:
        raise WireError(
            "out_of_range", f"found for_s {for_s}; expected 1 to {LONGEST_S}, and a value"
        )
    name = check_drill(args.get("drill") or order_id) or order_id
    every_ms = max(1_000, min(stream.interval_ms, 10_000))
    ends_ms = now_ms + round(for_s * 1000)
    return Drill(name, stream.name, str(channel), value, every_ms, ends_ms, now_ms)
