"""Whether the server is connected to its broker at all: without it no reading comes in."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms.models import AlarmRule
from server.alarms.watch import Finding
from server.telemetry import beats


def is_down(connections: Iterable[bool]) -> bool:
    """Say whether none of the living workers is connected, also where none lives."""
    return not any(connections)


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return of every organisation's rule whether the broker is out of reach now."""
    rules = session.scalars(
        select(AlarmRule).where(AlarmRule.kind == "broker_down", AlarmRule.enabled)
    ).all()
    if not rules:
        return []
    down = is_down(one.broker_connected for one in beats.fresh(session, now))
    return [Finding(rule, down, now) for rule in rules]
