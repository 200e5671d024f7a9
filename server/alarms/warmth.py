"""Warmth that is expected in a freezer for a time: it raises the warning limits, never the critical ones."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from server.alarms.models import AlarmRule, ExpectedWarmth
from server.telemetry import quantities
from server.telemetry.models import Channel

LONGEST: Final = timedelta(hours=12)
AHEAD: Final = timedelta(days=14)


def standing(now: Any) -> ColumnElement[bool]:  # noqa: ANN401  a moment, or a parameter that stands for one
    """Return the condition that warmth is expected at this moment."""
    return and_(
        ExpectedWarmth.ended_at.is_(None),
        ExpectedWarmth.from_at <= now,
        ExpectedWarmth.until > now,
    )


def raised(session: Session, now: datetime) -> dict[int, float]:
    """Return to which °C the warning limits of temperature channels are raised now, by channel."""
    rows = session.execute(
        select(Channel.id, Channel.key, ExpectedWarmth.limit_c)
        .join(ExpectedWarmth, ExpectedWarmth.freezer_id == Channel.freezer_id)
        .where(standing(now))
    )
    found: dict[int, float] = {}
    for row in rows:
        if quantities.unit_of(row.key) == "°C":
            found[row.id] = max(row.limit_c, found.get(row.id, row.limit_c))
    return found


def limit(rule: AlarmRule, raised_to: float | None) -> float:
    """Return the limit that counts: of a warning, the raised one where it is higher.

    Only a high limit of severity warning is raised; every other rule keeps its own.
    """
    if raised_to is None or (rule.kind, rule.severity) != ("high", "warning"):
        return rule.value
    return max(rule.value, raised_to)
