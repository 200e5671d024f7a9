"""Stored readings of a channel, read piece by piece, so that a year is never held at once."""

from collections.abc import Iterator

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from server.alarms.replay import Row
from server.core.plain import Plain
from server.telemetry.columns import HOUR_MS
from server.telemetry.models import reading

PIECE_MS = 12 * HOUR_MS
"""4,320 rows of a channel that is read every ten seconds."""
_PIECE = Plain(
    select(reading.c.at_ms, reading.c.value, reading.c.quality)
    .where(reading.c.channel_id == bindparam("channel_id"))
    .where(reading.c.at_ms >= bindparam("from_ms"), reading.c.at_ms < bindparam("to_ms"))
    .order_by(reading.c.at_ms)
)


def pieces(session: Session, channel_id: int, from_ms: int, to_ms: int) -> Iterator[list[Row]]:
    """Yield what is stored from `from_ms` up to `to_ms` in its order; no empty pieces."""
    for first in range(from_ms, to_ms, PIECE_MS):
        last = min(first + PIECE_MS, to_ms)
        rows = _PIECE.ask(session, channel_id=channel_id, from_ms=first, to_ms=last).rows()
        if rows:
            yield [(row[0], row[1], row[2]) for row in rows]
