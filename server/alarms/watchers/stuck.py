"""Rules of numbers that stand still although they should not: ice on a level tube, a frozen display."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from server.alarms.levels import DAY_MS, HOUR_MS
from server.alarms.trend_rules import HOUR_S, MOVED, is_stuck
from server.alarms.watch import Finding
from server.alarms.watchers.hours import Watched, watched
from server.alarms.watchers.twins import twins_of
from server.alarms.wording import span
from server.core.clock import to_ms
from server.telemetry import quantities
from server.telemetry.models import ReadingHour

EVERY_S: Final = 300.0
ROLLED_MS: Final = 6 * 60_000
"""An hour's figures are there so long after its end."""
HISTORY_MS: Final = 14 * DAY_MS


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return of each rule whether its channel stands still; None where hours of the time are missing."""
    rules = watched(session, "stuck")
    if not rules:
        return []
    end_ms = (to_ms(now) - ROLLED_MS) // HOUR_MS * HOUR_MS
    found: list[Finding] = []
    for hours in sorted({_hours(one) for one in rules}):
        these = [one for one in rules if _hours(one) == hours]
        found += _of_span(session, these, end_ms - hours * HOUR_MS, end_ms, now)
    return found


def _hours(one: Watched) -> int:
    return int(one.rule.value // HOUR_S)


def _of_span(
    session: Session, these: Sequence[Watched], from_ms: int, end_ms: int, now: datetime
) -> list[Finding]:
    """Judge the rules with one length of time: at most four statements, however many rules."""
    ranges = _ranges(session, {one.channel.id for one in these}, from_ms, end_ms)
    flat = [one for one in these if _is_flat(ranges.get(one.channel.id))]
    twins = twins_of(session, flat) if flat else {}
    others = _ranges(session, {twin.id for twin in twins.values()}, from_ms, end_ms)
    lively = _moving(session, {one.channel.id for one in flat}, from_ms)
    found: list[Finding] = []
    for one in these:
        known = ranges.get(one.channel.id)
        if known is None or known[2] < _hours(one):
            found.append(Finding(one.rule, None, now))
            continue
        twin = twins.get(one.rule.id)
        beside = others.get(twin.id) if twin else None
        moved = None if beside is None or twin is None else _share(beside, twin.key, one.unit)
        holds = is_stuck(*known[:2], moved, one.unit, *lively.get(one.channel.id, (0, 0)))
        found.append(
            Finding(one.rule, holds, now, value=known[0], detail={"span": span(one.rule.value)})
        )
    return found


def _share(beside: tuple[float, float, int], key: str, unit: str) -> float:
    """By how much the twin has moved, in the unit of the channel that it is held against."""
    own = MOVED.get(quantities.unit_of(key), 1.0)
    return (beside[1] - beside[0]) / own * MOVED.get(unit, 1.0)


def _is_flat(known: tuple[float, float, int] | None) -> bool:
    return known is not None and known[0] == known[1]


def _ranges(
    session: Session, channels: set[int], from_ms: int, end_ms: int
) -> dict[int, tuple[float, float, int]]:
    """The least and the greatest number of these hours, and how many hours there were, by channel."""
    table = ReadingHour
    wanted = select(
        table.channel_id, func.min(table.least), func.max(table.greatest), func.count()
    ).where(*_within(channels, from_ms, end_ms))
    return _by_channel(session, wanted.group_by(table.channel_id)) if channels else {}


def _moving(session: Session, channels: set[int], end_ms: int) -> dict[int, tuple[int, int]]:
    """How many hours each channel has had before, and in how many of them its number moved."""
    table = ReadingHour
    moved = func.sum(case((table.greatest > table.least, 1), else_=0))
    wanted = select(table.channel_id, func.count(), moved).where(
        *_within(channels, end_ms - HISTORY_MS, end_ms)
    )
    return _by_channel(session, wanted.group_by(table.channel_id)) if channels else {}


def _within(channels: set[int], from_ms: int, end_ms: int) -> tuple[Any, ...]:
    table = ReadingHour
    return (
        table.channel_id.in_(channels), table.hour_ms >= from_ms, table.hour_ms < end_ms,
        table.least.is_not(None),
    )  # fmt: skip


def _by_channel(session: Session, wanted: Select[*tuple[Any, ...]]) -> dict[int, Any]:
    return {row[0]: tuple(row[1:]) for row in session.execute(wanted)}
