"""How things move around alarms: trends of their channels, and how the lid and the level of their freezers stand.

For many alarms in three statements, however many there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import rules
from server.alarms.models import Episode
from server.alarms.wording import Neighbours
from server.core.clock import to_ms
from server.telemetry.models import Channel, reading

TREND_MS: Final = 10 * 60 * 1000
BESIDE: Final = ("lid_open", "door_open", "level_mm")
"""The channels whose standing explains a temperature."""


@dataclass(frozen=True)
class Around:
    """What stands around alarms that go on."""

    trends: Mapping[int, float | None] = field(default_factory=dict)
    """The change a minute, by channel; None or missing where too little is known."""
    beside: Mapping[int, Sequence[tuple[int, str, float | None]]] = field(default_factory=dict)
    """(channel, key, newest value) of the lid and level, by freezer."""

    def per_min(self, episode: Episode) -> float | None:
        """Return how the alarm's channel changes a minute."""
        return None if episode.channel_id is None else self.trends.get(episode.channel_id)

    def neighbours(self, episode: Episode) -> Neighbours:
        """Return how the lid and the level of the same freezer stand."""
        lid: bool | None = None
        level: float | None = None
        for channel_id, key, value in self.beside.get(episode.freezer_id or 0, ()):
            if channel_id == episode.channel_id:
                continue
            if rules.is_door(key) and value is not None:
                lid = value >= 0.5
            elif key == "level_mm":
                level = self.trends.get(channel_id)
        return Neighbours(lid, level)


def around(session: Session, episodes: Iterable[Episode], now: datetime) -> Around:
    """Return what stands around these alarms; only those that go on and are no drill are looked at."""
    live = [one for one in episodes if one.cleared_at is None and not one.drill]
    freezers = {one.freezer_id for one in live if one.freezer_id is not None}
    beside: dict[int, list[tuple[int, str, float | None]]] = {}
    for row in _beside(session, freezers):
        beside.setdefault(row[0], []).append((row[1], row[2], row[3]))
    moving = {one.channel_id for one in live if one.channel_id and one.kind in {"high", "low"}}
    levels = {one[0] for ones in beside.values() for one in ones if one[1] == "level_mm"}
    return Around(trends(session, moving | levels, now), beside)


def _beside(session: Session, freezers: set[int]) -> list[tuple[int, int, str, float | None]]:
    if not freezers:
        return []
    rows = session.execute(
        select(Channel.freezer_id, Channel.id, Channel.key, Channel.latest_value)
        .where(Channel.freezer_id.in_(freezers), Channel.key.in_(BESIDE))
        .order_by(Channel.id)
    )
    return [(row.freezer_id, row.id, row.key, row.latest_value) for row in rows]


def trends(session: Session, channel_ids: Iterable[int], now: datetime) -> dict[int, float | None]:
    """Return how each channel has changed a minute over the last ten minutes; None where too little is known."""
    points: dict[int, list[tuple[int, float]]] = {one: [] for one in channel_ids}
    if points:
        rows = session.execute(
            select(reading.c.channel_id, reading.c.at_ms, reading.c.value)
            .where(
                reading.c.channel_id.in_(sorted(points)),
                reading.c.at_ms >= to_ms(now) - TREND_MS,
                reading.c.value.is_not(None),
            )
            .order_by(reading.c.channel_id, reading.c.at_ms)
        )
        for row in rows:
            points[row.channel_id].append((row.at_ms, row.value))
    return {one: rules.slope_per_min(found) for one, found in points.items()}
