"""Rules that events decide, and of which nobody knows yet how they stand: new ones, and those that were changed.

What an agent tells is judged as it comes (`alarms.happenings`). A rule that is younger than the last event looks back
once: a lid, a fill or a code of a controller that stands already alarms too.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from server.alarms import told
from server.alarms.codes import OTHER
from server.alarms.models import AlarmRule, RuleState
from server.alarms.told import BY_EVENTS, EVENTS, is_about
from server.alarms.watch import Finding
from server.core.clock import from_ms, to_ms
from server.notify.rules import packed
from server.telemetry.models import DeviceEvent

EVERY_S: Final = 5.0
BACK: Final = timedelta(days=30)
"""What was told earlier is not looked at."""
AT_ONCE: Final = 100
"""So many rules are looked at in one go; the others come next."""


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return how rules stand of which nothing is kept yet; each is looked at once."""
    rules = session.scalars(_UNKNOWN).all()
    since_ms = to_ms(now - BACK)
    told_of = {key: _events(session, key, since_ms) for key in {_thing(rule) for rule in rules}}
    return [_finding(rule, told_of[_thing(rule)], now) for rule in rules]


_UNKNOWN: Final = (
    select(AlarmRule)
    .outerjoin(RuleState, and_(RuleState.rule_id == AlarmRule.id, RuleState.drill == ""))
    .where(AlarmRule.kind.in_(BY_EVENTS), AlarmRule.enabled, RuleState.rule_id.is_(None))
    .order_by(AlarmRule.id)
    .limit(AT_ONCE)
)
Thing = tuple[int | None, int | None]
"""(agent id, freezer id), one of them."""


def _thing(rule: AlarmRule) -> Thing:
    return rule.agent_id, rule.freezer_id


def _events(session: Session, thing: Thing, since_ms: int) -> Sequence[DeviceEvent]:
    agent_id, freezer_id = thing
    column, value = (
        (DeviceEvent.agent_id, agent_id)
        if agent_id is not None
        else (DeviceEvent.freezer_id, freezer_id)
    )
    wanted = select(DeviceEvent).where(
        column == value, DeviceEvent.at_ms > since_ms, DeviceEvent.drill == "",
        DeviceEvent.kind.in_(EVENTS),
    )  # fmt: skip
    return session.scalars(wanted.order_by(DeviceEvent.id)).all()


def _finding(rule: AlarmRule, events: Iterable[DeviceEvent], now: datetime) -> Finding:
    """How the rule stands after these events, in the order in which they were told."""
    since_ms: int | None = None
    words: frozenset[str] = frozenset()
    for event in events:
        for tell in told.tells(event.kind, json.loads(event.facts)):
            if is_about(rule, tell):
                words = told.said_after(words, tell, event.kind)
                holds = bool(words) if tell.code == OTHER else tell.holds
                since_ms = (event.at_ms if since_ms is None else since_ms) if holds else None
    if since_ms is None:
        return Finding(rule, None, now, memory="{}")
    detail = told.detail_of(rule, words)
    return Finding(rule, True, from_ms(since_ms), detail=detail, memory=packed(detail))
