"""Tells of a damaged spool: where the old file is, how much was saved, and which rows never come."""

from typing import Any, Final

from edge_agent.spool import Loss, Spool
from edge_agent.wire.ranges import count

MOST_TOLD: Final = 20
"""So many ranges stand in the event itself; the server hears of all of them as voids."""


def damage_events(spool: Spool) -> list[dict[str, Any]]:
    """The events for all damage since the last call."""
    losses, spool.losses = spool.losses, []
    return [_event(loss) for loss in losses]


def _event(loss: Loss) -> dict[str, Any]:
    pieces = [
        {"boot": boot, "stream": stream, "first": first, "last": last}
        for (boot, stream), void in loss.void.items()
        for first, last in void
    ]
    return {
        "kind": "spool_trouble",
        "damaged": loss.aside.name,
        "saved": loss.saved,
        "lost": sum(map(count, loss.void.values())),
        "void": pieces[:MOST_TOLD],
    }
