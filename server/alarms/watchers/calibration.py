"""Rules of calibrations: thirty days and a week before the date, and from the date on."""

from collections import defaultdict
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from server.alarms.trend_rules import days_left, is_due
from server.alarms.watch import Finding
from server.alarms.watchers.hours import watched

EVERY_S: Final = 600.0


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return of each rule whether the date is that near, at the site's day; a nearer rule takes over."""
    rules = watched(session, "calibration")
    ahead: dict[int, list[float]] = defaultdict(list)
    for one in rules:
        ahead[one.channel.id].append(one.rule.value)
    found: list[Finding] = []
    for one in rules:
        due, today = one.channel.calibration_due, now.astimezone(ZoneInfo(one.zone)).date()
        holds = is_due(due, today, one.rule.value, tuple(ahead[one.channel.id]))
        left = days_left(due, today)
        found.append(Finding(one.rule, holds, now, value=left, detail={"due": due[:10]}))
    return found
