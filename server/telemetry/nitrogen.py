"""How long the nitrogen lasts: an estimate from what the tank lost in the last day."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.core.clock import to_ms
from server.telemetry import trends
from server.telemetry.limits import Limit
from server.telemetry.standing import Seen, Standing

LEAST_LOSS = 0.1
"""A smaller loss in a day is none that could be told from noise."""


@dataclass(frozen=True)
class Outlook:
    """A tank's level and what becomes of it; None is unknown. Losses and levels in the channel's unit."""

    level: Seen
    loss_a_day: float | None
    usual_a_day: float | None
    critical: float | None
    days: float | None
    since: datetime | None
    """Since when the level is unknown."""


def outlook(session: Session, standing: Standing, now: datetime) -> Outlook | None:
    """Return how long the freezer's nitrogen lasts if nobody fills; None where no level is measured."""
    level = standing.of("level_mm", "level_pct")
    if level is None:
        return None
    loss, usual = trends.daily_loss(session, level.latest.channel_id, to_ms(now))
    critical = critical_level(level.limits)
    days = days_until(level.value, critical, loss if loss is not None else usual)
    since = level.latest.number_at if level.value is None else None
    return Outlook(level, loss, usual, critical, days, since)


def critical_level(limits: tuple[Limit, ...]) -> float | None:
    """Return the level under which it is critical; the lowest of the low limits where none is critical."""
    low = [limit for limit in limits if limit.kind == "low"]
    worst = [limit.value for limit in low if limit.severity == "critical"]
    return max(worst) if worst else min((limit.value for limit in low), default=None)


def days_until(
    level: float | None, critical: float | None, loss_a_day: float | None
) -> float | None:
    """Return the days until the level is critical; 0 where it is already, None where nobody can say."""
    if level is None or critical is None:
        return None
    if level <= critical:
        return 0.0
    if loss_a_day is None or loss_a_day < LEAST_LOSS:
        return None
    return (level - critical) / loss_a_day
