"""Rules of a changed boil-off: Page's CUSUM over the hourly levels of each vessel.

What is kept in mind is the state of a week ago and what was found since. Whenever hours, lids or fills of that week
have come, in order or late, all of it is judged again from there; so a restart or a late row changes nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.alarms import boiloff, params, watch
from server.alarms.boiloff import Tuning
from server.alarms.levels import DAY_MS, HOUR_MS, Hour
from server.alarms.watch import Finding
from server.alarms.watchers.hours import WORK, Watched, busy_hours, hours_of, lids_of, watched
from server.alarms.wording import THIN_SPACE, number
from server.core.clock import from_ms, to_ms
from server.telemetry.models import DeviceEvent, ReadingHour

EVERY_S: Final = 60.0
AT_ONCE: Final = 25
"""So many vessels with new hours are judged at one look; the others come with the next."""
HISTORY_MS: Final = 15 * DAY_MS
LATE_MS: Final = 7 * DAY_MS
"""Rows that come later than this do not change what was judged."""
KIND: Final = "boiloff"


@dataclass(frozen=True)
class Memory:
    """What is kept of one vessel between two looks."""

    stamp: str = ""
    """What was there to be judged; when it is another, it is judged again."""
    base: str = ""
    """A state that nothing late changes any more, packed; empty before the first look."""
    at_ms: int = 0
    """The end of the last hour that was judged; 0 while there is none."""
    changed: bool = False
    loss: float | None = None
    expected: float | None = None
    """What is lost a day since it changed, and usually."""

    def packed(self) -> str:
        """Return it as the JSON that a rule's state keeps."""
        return json.dumps(astuple(self))

    @classmethod
    def unpacked(cls, text: str) -> "Memory":
        """Return what `packed` kept; a new memory for an empty text."""
        return cls(*json.loads(text)) if text else cls()


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return of each vessel whether its boil-off has changed; None where less than two days are known."""
    rules = watched(session, KIND)
    if not rules:
        return []
    kept = watch.memories(session, KIND)
    memories = {one.rule.id: Memory.unpacked(kept.get(one.rule.id, "")) for one in rules}
    lids = lids_of(session, {one.channel.freezer_id for one in rules})
    stamps = _stamps(session, rules, lids, to_ms(now))
    due = [one for one in rules if memories[one.rule.id].stamp != stamps[one.rule.id]]
    due.sort(key=lambda one: memories[one.rule.id].at_ms)
    anew = dict(_judged_anew(session, due[:AT_ONCE], memories, lids, stamps, to_ms(now)))
    return [
        _finding(one, anew.get(one.rule.id, memories[one.rule.id]), one.rule.id in anew)
        for one in rules
    ]


def tuning_of(one: Watched) -> Tuning:
    """Return how a rule wants it judged: its value is the slack as a multiple of the usual loss."""
    by_hand = params.number(KIND, one.rule.params, "usual_a_day")
    widths = params.number(KIND, one.rule.params, "widths")
    expected = None if by_hand is None else by_hand / 24
    usual = Tuning(factor=one.rule.value, unit=one.unit, expected=expected)
    return usual if widths is None else replace(usual, widths=widths)


def _finding(one: Watched, memory: Memory, is_new: bool) -> Finding:
    text = memory.packed() if is_new else None
    if not memory.at_ms or memory.expected is None:
        return Finding(one.rule, None, one.rule.created_at, memory=text)
    detail = {
        "loss": _said(one.unit, memory.loss or 0.0),
        "expected": _said(one.unit, memory.expected),
    }
    return Finding(one.rule, memory.changed, from_ms(memory.at_ms), memory.loss, detail, text)


def _said(unit: str, a_day: float) -> str:
    return f"{number(a_day, 1 if abs(a_day) >= 10 else 2)}{THIN_SPACE}{unit}"


def _judged_anew(
    session: Session, due: Sequence[Watched], memories: Mapping[int, Memory],
    lids: Mapping[int, Sequence[int]], stamps: Mapping[int, str], now_ms: int,
) -> Iterator[tuple[int, Memory]]:  # fmt: skip
    """Judge these vessels from what is certain: three statements, however many they are."""
    if not due:
        return
    freezers = {one.channel.freezer_id for one in due}
    first_ms = min(_begin_ms(memories[one.rule.id].base, now_ms) for one in due)
    hours = hours_of(session, {one.channel.id for one in due}, first_ms, now_ms)
    some_lids = {freezer: lids[freezer] for freezer in lids if freezer in freezers}
    busy = busy_hours(session, some_lids, freezers, first_ms, now_ms)
    for one in due:
        at_work = busy.get(one.channel.freezer_id or 0, set())
        these = tuple(
            replace(hour, busy=True) if hour.at_ms in at_work else hour
            for hour in hours.get(one.channel.id, ())
        )
        base = memories[one.rule.id].base
        yield one.rule.id, _judged(base, these, tuning_of(one), stamps[one.rule.id], now_ms)


def _begin_ms(base: str, now_ms: int) -> int:
    last = boiloff.unpacked(base).last if base else None
    return last.at_ms if last else now_ms // DAY_MS * DAY_MS - HISTORY_MS


@lru_cache(maxsize=4 * AT_ONCE)  # what was looked at is settled a moment later
def _judged(
    packed: str, hours: tuple[Hour, ...], tuning: Tuning, stamp: str, now_ms: int
) -> Memory:
    """Judge the hours after the base; at first sight they only teach what is usual."""
    if not hours:
        return Memory(stamp, packed)
    base = boiloff.unpacked(packed) if packed else boiloff.learn(hours, tuning)
    certain = [hour for hour in hours if hour.at_ms < now_ms - LATE_MS]
    base = boiloff.judge(base, certain, tuning)
    state = boiloff.judge(base, hours, tuning)
    known = boiloff.usual(state.days, tuning)
    last_ms = state.last.at_ms + HOUR_MS if state.last else 0
    expected = known.expected * 24 if known else None
    return Memory(stamp, boiloff.packed(base), last_ms, state.changed, state.loss_a_day, expected)


def _stamps(
    session: Session, rules: Sequence[Watched], lids: Mapping[int, Sequence[int]], now_ms: int
) -> dict[int, str]:
    """Say in a few characters what there is to be judged of each rule: hours of level and lids, events."""
    from_ms = (now_ms - LATE_MS) // DAY_MS * DAY_MS
    channels = {one.channel.id for one in rules} | {one for some in lids.values() for one in some}
    by_channel = {row[0]: row[1:] for row in session.execute(_counted(channels, from_ms, now_ms))}
    freezers = {one.channel.freezer_id for one in rules}
    told = {row[0]: row[1:] for row in session.execute(_told(freezers, from_ms))}
    found: dict[int, str] = {}
    for one in rules:
        freezer = one.channel.freezer_id or 0
        parts = [by_channel.get(id_, ()) for id_ in (one.channel.id, *lids.get(freezer, ()))]
        said = (from_ms, *(figure for part in parts for figure in part), *told.get(freezer, ()))
        found[one.rule.id] = ":".join(map(str, said))
    return found


def _counted(channels: set[int], from_ms: int, now_ms: int) -> Select[*tuple[Any, ...]]:
    table = ReadingHour
    return (
        select(table.channel_id, func.count(), func.sum(table.n), func.max(table.hour_ms))
        .where(table.channel_id.in_(channels), table.hour_ms >= from_ms)
        .where(table.hour_ms <= now_ms - HOUR_MS)
        .group_by(table.channel_id)
    )


def _told(freezers: set[int | None], from_ms: int) -> Select[*tuple[Any, ...]]:
    return (
        select(DeviceEvent.freezer_id, func.count(), func.max(DeviceEvent.id))
        .where(DeviceEvent.freezer_id.in_(freezers), DeviceEvent.at_ms >= from_ms)
        .where(DeviceEvent.kind.in_((*WORK, "controller_alarm")), DeviceEvent.drill == "")
        .group_by(DeviceEvent.freezer_id)
    )
