"""Rows from the spool become one message, as many as fit."""

import json
from collections.abc import Sequence
from typing import Final

from edge_agent.rows import HeldRow, Key
from edge_agent.wire.bounds import ROWS, SENT_BYTES
from edge_agent.wire.messages import Clk, Events, Rows
from edge_agent.wire.ranges import Ranges
from edge_agent.wire.topics import EVENTS_STREAM

VOIDS_AT_ONCE: Final = 1_000
_TEXT_BYTES: Final = SENT_BYTES - 8 * 1024
"""The JSON before zlib stays under the limit for a payload as sent, so packing can only help."""
_DT_BYTES: Final = 16


def run_of(rows: Sequence[HeldRow]) -> list[HeldRow]:
    """The longest beginning of the rows that may stand in one message."""
    taken: list[HeldRow] = []
    size = 0
    for row in rows:
        size += len(row.body.encode()) + len(row.q or row.ch) + _DT_BYTES
        if taken and not _follows(taken[-1], row):
            break
        if taken and (len(taken) == ROWS or size > _TEXT_BYTES):
            break
        taken.append(row)
    return taken


def _follows(before: HeldRow, row: HeldRow) -> bool:
    return row.seq == before.seq + 1 and before.packs_with(row)


def message_of(key: Key, rows: Sequence[HeldRow], *, hist: bool) -> Rows | Events:
    """The message that carries this run of rows."""
    boot, stream = key
    head = rows[0]
    dt = [row.at_ms - head.at_ms for row in rows]
    bodies = json.loads("[" + ",".join(row.body for row in rows) + "]")
    if stream == EVENTS_STREAM:
        return Events(boot, head.seq, head.at_ms, head.clk, dt, bodies, head.drill)
    ch = tuple(head.ch.split(","))
    return Rows(
        boot, stream, head.seq, head.at_ms, head.clk, ch, dt, bodies, _qualities(rows, len(ch)),
        hist=hist, drill=head.drill,
    )  # fmt: skip


def empty_message(key: Key, seq: int, at_ms: int, clk: Clk, void: Ranges = ()) -> Rows | Events:
    """A message without rows: it says what is void, or asks only for an answer."""
    boot, stream = key
    if stream == EVENTS_STREAM:
        return Events(boot, seq, at_ms, clk, [], [], void=void)
    return Rows(boot, stream, seq, at_ms, clk, (), [], [], hist=True, void=void)


def _qualities(rows: Sequence[HeldRow], width: int) -> list[list[int]] | None:
    if all(row.q is None for row in rows):
        return None
    good = [0] * width
    return [good if row.q is None else json.loads(row.q) for row in rows]
