"""Rules of when a level reaches its limit if it goes on falling as since the last fill."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from server.alarms import limits, params
from server.alarms.levels import DAY_MS, HOUR_MS, Hour, reaches_at
from server.alarms.watch import Finding
from server.alarms.watchers.hours import Watched, hours_of, watched
from server.alarms.wording import Place, figure, zoned_time
from server.core.clock import from_ms, to_ms
from server.telemetry.limits import Limit
from server.telemetry.nitrogen import critical_level

EVERY_S: Final = 300.0
LOOK_BACK_MS: Final = 7 * DAY_MS
KNOWN_MS: Final = 3 * HOUR_MS
"""A level whose newest hour is older says nothing of what comes."""


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return of each rule whether its level falls to the limit within so many hours as its value says."""
    rules = watched(session, "forecast")
    if not rules:
        return []
    now_ms = to_ms(now)
    channels = sorted({one.channel.id for one in rules})
    hours = hours_of(session, channels, now_ms - LOOK_BACK_MS, now_ms)
    low = limits.of_channels(session, channels)
    return [
        _finding(one, hours.get(one.channel.id, []), low.get(one.channel.id, []), now)
        for one in rules
    ]


def _finding(one: Watched, hours: Sequence[Hour], low: Sequence[Limit], now: datetime) -> Finding:
    limit = _limit(one, low)
    if limit is None or not hours or to_ms(now) - hours[-1].at_ms > KNOWN_MS:
        return Finding(one.rule, None, now)
    at_ms = reaches_at(hours, limit, one.unit)
    if at_ms is None:
        return Finding(one.rule, False, now)
    ahead = (at_ms - to_ms(now)) / HOUR_MS
    holds = ahead <= one.rule.value + (one.rule.hysteresis if one.active else 0.0)
    when = from_ms(round(max(at_ms, to_ms(now)) / HOUR_MS) * HOUR_MS)
    detail = {
        "limit": figure(one.channel.key, limit),
        "when": zoned_time(when, Place("", time_zone=one.zone)),
    }
    return Finding(one.rule, holds, now, value=round(max(ahead, 0.0), 1), detail=detail)


def _limit(one: Watched, low: Sequence[Limit]) -> float | None:
    """The limit that a person named, else the critical low limit of the channel."""
    named = params.number("forecast", one.rule.params, "limit")
    return critical_level(tuple(low)) if named is None else named
