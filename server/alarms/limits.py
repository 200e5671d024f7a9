"""The limits that alarms watch, for the charts and sentences of telemetry below."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms.models import AlarmRule
from server.telemetry.limits import Limit


def of_channels(session: Session, channel_ids: Sequence[int]) -> dict[int, list[Limit]]:
    """Return the high and low limits that are switched on, by channel."""
    wanted = select(AlarmRule).where(
        AlarmRule.channel_id.in_(channel_ids),
        AlarmRule.enabled,
        AlarmRule.kind.in_(("high", "low")),
    )
    found: dict[int, list[Limit]] = {}
    for rule in session.scalars(wanted):
        limit = Limit(rule.value, rule.kind, rule.severity, rule.delay_on_s)
        if rule.channel_id is not None:
            found.setdefault(rule.channel_id, []).append(limit)
    return found
