"""Rules of how much nitrogen a vessel uses in a day, openings included, fills left out."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from server.alarms.levels import DAY_MS, HOUR_MS, loss_a_day
from server.alarms.watch import Finding
from server.alarms.watchers.hours import hours_of, watched
from server.alarms.wording import figure
from server.core.clock import to_ms

EVERY_S: Final = 300.0


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return of each rule whether more is lost than it allows; None where fewer than six hours tell."""
    rules = watched(session, "usage")
    if not rules:
        return []
    now_ms = to_ms(now)
    channels = {one.channel.id for one in rules}
    hours = hours_of(session, channels, now_ms - DAY_MS - 2 * HOUR_MS, now_ms)
    found: list[Finding] = []
    for one in rules:
        loss = loss_a_day(hours.get(one.channel.id, []), one.unit)
        limit = one.rule.value - (one.rule.hysteresis if one.active else 0.0)
        holds = None if loss is None else loss > limit
        detail = {"loss": figure(one.channel.key, loss or 0.0)}
        found.append(Finding(one.rule, holds, now, value=loss, detail=detail))
    return found
