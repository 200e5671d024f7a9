"""Rules of two probes: a controller's own that disagrees with an independent one, and probes that are swapped."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.alarms import rules
from server.alarms.trend_rules import OF_TWINS, differs, is_swapped, twin_key
from server.alarms.watch import Finding
from server.alarms.watchers.hours import Watched, watched
from server.alarms.wording import THIN_SPACE, number
from server.core.clock import to_ms
from server.notify.rules import Sentence
from server.telemetry import quantities
from server.telemetry.history import silence_ms
from server.telemetry.models import Channel

EVERY_S: Final = 30.0
LEAST_KNOWN_MS: Final = 120_000


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return of each rule whether the two disagree, or are swapped; None while either says nothing."""
    found: list[Finding] = []
    for kind in OF_TWINS:
        these = watched(session, kind)
        twins = twins_of(session, these) if these else {}
        found += [_finding(one, twins.get(one.rule.id), now) for one in these]
    return found


def twins_of(session: Session, these: Sequence[Watched]) -> Mapping[int, Channel]:
    """Return what each rule's channel is held against, by rule: one statement."""
    named = {one.rule.twin_id for one in these} - {None}
    freezers = {one.channel.freezer_id for one in these} - {None}
    keys = {key for one in these for key in _keys(one)}
    wanted = select(Channel).where(
        or_(Channel.id.in_(named), Channel.freezer_id.in_(freezers) & Channel.key.in_(keys))
    )
    channels = session.scalars(wanted.order_by(Channel.id)).all()
    by_id = {channel.id: channel for channel in channels}
    found: dict[int, Channel] = {}
    for one in these:
        twin = by_id.get(one.rule.twin_id or 0) or _beside(one, channels)
        if twin is not None:
            found[one.rule.id] = twin
    return found


def _keys(one: Watched) -> tuple[str, ...]:
    return twin_key(one.rule.params, one.rule.kind, one.channel.key)


def _beside(one: Watched, channels: Sequence[Channel]) -> Channel | None:
    """The first channel of the same freezer with one of the twin's keys."""
    for key in _keys(one):
        for channel in channels:
            same = channel.freezer_id == one.channel.freezer_id
            if same and channel.key == key and channel.id != one.channel.id:
                return channel
    return None


def _finding(one: Watched, twin: Channel | None, now: datetime) -> Finding:
    mine, other = _known(one.channel, now), _known(twin, now) if twin else None
    if twin is None or mine is None or other is None:
        return Finding(one.rule, None, now)
    judged = differs if one.rule.kind == "disagree" else is_swapped
    holds = judged(mine, other, one.rule.value, one.rule.hysteresis, one.active)
    gap = abs(mine - other)
    unit = quantities.span_unit_of(one.channel.key)
    detail = {
        "twin": Sentence(rules.quantity_of(twin.key, twin.label)),
        "gap": f"{number(gap, 1 if gap < 10 else 0)}{THIN_SPACE}{unit}",
    }
    return Finding(one.rule, holds, now, value=gap, detail=detail)


def _known(channel: Channel, now: datetime) -> float | None:
    """What the channel says now; a number that is old says nothing."""
    if channel.number_at_ms is None or channel.latest_value is None:
        return None
    longest = max(silence_ms(channel.interval_s), LEAST_KNOWN_MS)
    return channel.latest_value if to_ms(now) - channel.number_at_ms <= longest else None
