"""Makes room in a full spool: old readings are thinned, and that is told. Events and alarms' times are not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge_agent.clock import Moment
from edge_agent.rows import Key, NewRow, event_row
from edge_agent.spool import Spool
from edge_agent.wire.messages import Clk
from edge_agent.wire.topics import EVENTS_STREAM

STEPS: Final = ((1, 6), (2, 60), (3, 0))
"""First one row of six stays (one a minute of 10-second rows), then one of sixty, at last none."""
AT_ONCE: Final = 6_000
RECENT: Final = 8_640
"""So many of the newest rows of each stream stay as they are: a day of 10-second rows."""
ROUNDS: Final = 20


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of one stream that are thinned in one write."""

    key: Key
    first: int
    last: int
    level: int
    one_of: int


def make_room(spool: Spool, limit_bytes: int, now: Moment, clk: Clk) -> int:
    """Thin until the spool is within its limit, or for a few writes; say how many rows went."""
    gone = 0
    for _ in range(ROUNDS):
        if spool.used_bytes() <= limit_bytes:
            break
        stretch = next(_stretches(spool), None)
        if stretch is None:
            break
        gone += _thin(spool, stretch, now, clk)
    return gone


def _thin(spool: Spool, stretch: Stretch, now: Moment, clk: Clk) -> int:
    boot, stream = stretch.key

    def tell(rows: int) -> NewRow:
        return event_row(
            now.wall_ms if clk.s else now.mono_ms, clk, "spool_thinned", boot=boot, stream=stream,
            first=stretch.first, last=stretch.last, one_of=stretch.one_of, rows=rows,
        )  # fmt: skip

    return spool.thin(stretch.key, stretch.first, stretch.last, stretch.one_of, stretch.level, tell)


def _stretches(spool: Spool) -> Iterator[Stretch]:
    """What may be thinned, in the order in which it is: gently before hard, old boots before new ones."""
    for level, one_of in STEPS:
        for key in spool.streams():
            if key[1] == EVENTS_STREAM:
                continue
            upto = spool.thinned_upto(key, level)
            newest = spool.next_seq(key) - 1 - (RECENT if key[0] == spool.boot else 0)
            if upto < newest:
                last = min(upto + AT_ONCE, newest)
                yield Stretch(key, upto + 1, last, level, one_of)
