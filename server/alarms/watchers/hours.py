"""What the watchers of trends read: their rules, and the hourly figures of all their channels in a few statements."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms.levels import HOUR_MS, Hour
from server.alarms.models import AlarmRule, RuleState
from server.storage.models import Container, Room, Site
from server.telemetry import quantities
from server.telemetry.happened import Span, spans_of
from server.telemetry.models import Channel, DeviceEvent, ReadingHour

WORK: Final = ("door_opened", "door_closed", "fill_started", "fill_ended")
ZEROED: Final = "ZO"
"""The code of a controller that has just set its level's nought anew."""
LONGEST_WORK_MS: Final = 6 * HOUR_MS
"""A lid or fill of which nobody told the end lasted no longer."""
LID_OPEN: Final = 0.5


@dataclass(frozen=True)
class Watched:
    """A rule of one channel, with what its sentences need."""

    rule: AlarmRule
    channel: Channel
    zone: str
    active: bool
    """Its alarm goes on."""

    @property
    def unit(self) -> str:
        """Return the unit of its channel."""
        return quantities.unit_of(self.channel.key)


def watched(session: Session, kind: str) -> list[Watched]:
    """Return the rules of this kind that are switched on, with their channels: one statement."""
    wanted = (
        select(AlarmRule, Channel, Site.time_zone, RuleState.phase)
        .join(Channel, Channel.id == AlarmRule.channel_id)
        .outerjoin(Container, Container.id == Channel.freezer_id)
        .outerjoin(Room, Room.id == Container.room_id)
        .outerjoin(Site, Site.id == Room.site_id)
        .outerjoin(RuleState, (RuleState.rule_id == AlarmRule.id) & (RuleState.drill == ""))
        .where(AlarmRule.kind == kind, AlarmRule.enabled)
        .order_by(AlarmRule.id)
    )
    return [
        Watched(rule, channel, zone or "UTC", phase in {"active", "clearing"})
        for rule, channel, zone, phase in session.execute(wanted)
    ]


def hours_of(
    session: Session, channel_ids: Collection[int], from_ms: int, until_ms: int
) -> dict[int, list[Hour]]:
    """Return the whole hours of these channels, in order, nobody known to be at work: one statement."""
    found: dict[int, list[Hour]] = defaultdict(list)
    table = ReadingHour
    wanted = (
        select(table.channel_id, table.hour_ms, table.mean)
        .where(table.channel_id.in_(channel_ids), table.hour_ms >= from_ms)
        .where(table.hour_ms <= until_ms - HOUR_MS, table.mean.is_not(None))
        .order_by(table.channel_id, table.hour_ms)
    )
    for channel_id, hour_ms, mean in session.execute(wanted):
        if mean is not None:
            found[channel_id].append(Hour(hour_ms, mean))
    return found


def lids_of(session: Session, freezer_ids: Collection[int | None]) -> dict[int, list[int]]:
    """Return the channels that tell of lids and doors, by freezer."""
    found: dict[int, list[int]] = defaultdict(list)
    wanted = select(Channel.freezer_id, Channel.id).where(
        Channel.freezer_id.in_(freezer_ids), Channel.key.endswith("_open", autoescape=True)
    )
    for freezer_id, channel_id in session.execute(wanted):
        if freezer_id is not None:
            found[freezer_id].append(channel_id)
    return found


def busy_hours(
    session: Session, lids: Mapping[int, Sequence[int]], freezer_ids: Collection[int | None],
    from_ms: int, until_ms: int,
) -> dict[int, set[int]]:  # fmt: skip
    """Return the hours in which a lid was open, a fill went on or the level was zeroed, by freezer."""
    found: dict[int, set[int]] = defaultdict(set)
    for freezer_id, events in _events(session, freezer_ids, from_ms, until_ms).items():
        for begin_ms, end_ms in _times(events, until_ms):
            found[freezer_id].update(range(begin_ms // HOUR_MS, end_ms // HOUR_MS + 1))
    freezer_of = {channel: freezer for freezer, channels in lids.items() for channel in channels}
    wanted = select(ReadingHour.channel_id, ReadingHour.hour_ms).where(
        ReadingHour.channel_id.in_(freezer_of), ReadingHour.hour_ms >= from_ms,
        ReadingHour.hour_ms < until_ms, ReadingHour.greatest >= LID_OPEN,
    )  # fmt: skip
    for channel_id, hour_ms in session.execute(wanted):
        found[freezer_of[channel_id]].add(hour_ms // HOUR_MS)
    return {freezer: {hour * HOUR_MS for hour in hours} for freezer, hours in found.items()}


def _events(
    session: Session, freezer_ids: Collection[int | None], from_ms: int, until_ms: int
) -> dict[int, list[DeviceEvent]]:
    found: dict[int, list[DeviceEvent]] = defaultdict(list)
    wanted = (
        select(DeviceEvent)
        .where(DeviceEvent.freezer_id.in_(freezer_ids), DeviceEvent.drill == "")
        .where(DeviceEvent.at_ms >= from_ms - LONGEST_WORK_MS, DeviceEvent.at_ms < until_ms)
        .where(DeviceEvent.kind.in_((*WORK, "controller_alarm")))
        .order_by(DeviceEvent.at_ms, DeviceEvent.id)
    )
    for event in session.scalars(wanted):
        if event.freezer_id is not None:
            found[event.freezer_id].append(event)
    return found


def _times(events: Sequence[DeviceEvent], until_ms: int) -> Iterator[tuple[int, int]]:
    work = [event for event in events if event.kind in WORK]
    for span in spans_of(work):
        yield span.begin_ms, _end(span, until_ms)
    for event in events:
        if event.kind == "controller_alarm" and json.loads(event.facts).get("code") == ZEROED:
            yield event.at_ms, event.at_ms


def _end(span: Span, until_ms: int) -> int:
    if span.end_ms is not None:
        return span.end_ms
    return min(until_ms, span.begin_ms + LONGEST_WORK_MS)
