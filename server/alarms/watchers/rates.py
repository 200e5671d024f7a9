"""Rules of how fast a quantity changes: judged over the readings of their windows, as they are kept."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Float, cast, func, select
from sqlalchemy.orm import Session

from server.alarms import rate, watch
from server.alarms.models import AlarmRule
from server.alarms.rate import MS_A_MIN, Sums
from server.alarms.watch import Finding
from server.alarms.wording import THIN_SPACE, number
from server.core.clock import to_ms
from server.telemetry import quantities
from server.telemetry.models import Channel, reading

EVERY_S: Final = 10.0
_AT_ONCE: Final = 500
"""So many channels are asked for by one statement."""


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return what each rule of a rate shows now; one whose channel says too little cannot be told."""
    wanted = select(AlarmRule, Channel.key).join(Channel, Channel.id == AlarmRule.channel_id)
    rows = session.execute(wanted.where(AlarmRule.kind == "rate", AlarmRule.enabled)).all()
    rules = [(row[0], str(row[1])) for row in rows]
    slopes = _slopes(session, [rule for rule, _key in rules], to_ms(now)) if rules else {}
    kept = watch.memories(session, "rate") if rules else {}
    return [_finding(rule, key, slopes.get(rule.id), kept.get(rule.id), now) for rule, key in rules]


def _finding(
    rule: AlarmRule, key: str, slope: float | None, kept: str | None, now: datetime
) -> Finding:
    if slope is None:
        return Finding(rule, None, now)
    holds = rate.holds(slope, rule.value, rule.hysteresis, rate.window_of(rule.params))
    fastest = max(float(kept or 0), slope, key=abs) if holds else 0.0
    memory = f"{fastest:.6g}" if holds else "" if holds is False else None
    said = {"rate": _said(key, slope), "most": _said(key, fastest)}
    return Finding(rule, holds, now, value=slope, detail=said, memory=memory)


def _said(key: str, slope: float) -> str:
    sign = "+" if slope > 0 else ""
    digits = 1 if abs(slope) >= 1 else 2
    return f"{sign}{number(slope, digits)}{THIN_SPACE}{quantities.span_unit_of(key)}/min"


def _slopes(session: Session, rules: list[AlarmRule], now_ms: int) -> dict[int, float]:
    """The change a minute of each rule's window, by rule, where it can be told."""
    found: dict[int, float] = {}
    for seconds in sorted({rate.window_of(rule.params).seconds for rule in rules}):
        these = [rule for rule in rules if rate.window_of(rule.params).seconds == seconds]
        channels = {rule.channel_id for rule in these if rule.channel_id is not None}
        sums = _sums_now(session, sorted(channels), seconds, now_ms)
        for rule in these:
            window = rate.window_of(rule.params)
            slope = rate.per_min(sums[rule.channel_id], window) if rule.channel_id in sums else None
            if slope is not None:
                found[rule.id] = slope
    return found


def _sums_now(
    session: Session, channels: list[int], seconds: int, now_ms: int
) -> dict[int | None, Sums]:
    """What each channel's window adds up to: the last one until now.

    Where a clock runs ahead there may be nothing in it; then the last one until that clock's newest reading.
    """
    found: dict[int | None, Sums] = {}
    for part in (channels[i : i + _AT_ONCE] for i in range(0, len(channels), _AT_ONCE)):
        found.update(_ahead(session, part, seconds, now_ms))
        found.update(_sums(session, part, now_ms - seconds * 1000, now_ms))
    return found


def _ahead(
    session: Session, channels: list[int], seconds: int, now_ms: int
) -> Iterable[tuple[int, Sums]]:
    table = reading.c
    newest = (
        select(table.channel_id, func.max(table.at_ms))
        .where(table.channel_id.in_(channels), table.at_ms > now_ms)
        .group_by(table.channel_id)
    )
    for channel_id, at_ms in session.execute(newest).all():
        yield from _sums(session, [channel_id], at_ms - seconds * 1000, at_ms)


def _sums(
    session: Session, channels: list[int], from_ms: int, until_ms: int
) -> list[tuple[int, Sums]]:
    """Add the numbers up, later than the one and not later than the other; fewer than three are left out."""
    table = reading.c
    minutes = cast(table.at_ms - until_ms, Float) / MS_A_MIN
    value = table.value
    wanted = (
        select(
            table.channel_id, func.count(value), func.sum(minutes), func.sum(value),
            func.sum(minutes * minutes), func.sum(minutes * value),
            func.min(table.at_ms), func.max(table.at_ms),
        )
        .where(table.channel_id.in_(channels), table.at_ms > from_ms, table.at_ms <= until_ms)
        .where(value.is_not(None))
        .group_by(table.channel_id)
        .having(func.count(value) >= rate.FEWEST)
    )  # fmt: skip
    return [(row[0], Sums(*row[1:])) for row in session.execute(wanted)]
