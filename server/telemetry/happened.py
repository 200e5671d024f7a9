"""What happened to a freezer: lids, fills and faults that its agent saw, as lines; others may add theirs."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.clock import from_ms, to_ms
from server.core.words import N_
from server.notify.rules import Sentence
from server.telemetry.models import DeviceEvent, reading
from server.telemetry.quantities import THIN, number

MOST_EVENTS = 2_000
STARTS = {"door_opened": "door_closed", "fill_started": "fill_ended"}
BANDS = {"door_opened": "lid", "fill_started": "fill"}
LOGGED = "logged_code"
"""A code in a controller's log that was brought in as history: raw, its meaning is the alarms' to say."""
LOGGED_CODE = N_("The controller's log says %(code)s")
PLAIN = {
    "power_lost": (N_("Power lost"), "high"),
    "power_back": (N_("Power is back"), ""),
    "probe_fault": (N_("A probe is at fault"), "warning"),
    "probe_fault_over": (N_("The probe is well again"), ""),
    "probe_restarted": (N_("A probe head began anew"), "warning"),
    "probe_rows_lost": (N_("Rows of a probe head were lost on its line"), "warning"),
    "controller_alarm": (N_("The freezer's own controller alarms"), "warning"),
    "controller_alarm_over": (N_("An alarm of the freezer's own controller ended"), ""),
    "undervoltage": (N_("The node's supply voltage is too low"), "warning"),
    "undervoltage_over": (N_("The node's supply voltage is back"), ""),
    "config_applied": (N_("The agent took over new settings"), ""),
    "config_rolled_back": (N_("The agent went back to its earlier settings"), "warning"),
    "spool_trouble": (N_("The agent's disk lost rows"), "warning"),
    "spool_thinned": (N_("The agent's disk was full: old readings were thinned"), "warning"),
    "clock_jumped": (N_("The agent's clock was set"), ""),
    "local_alarm_raised": (N_("The agent's own alarm sounded"), "warning"),
    "local_alarm_cleared": (N_("The agent's own alarm ended"), ""),
    "signal_fault": (N_("A light, buzzer or button at the freezer does not work"), "warning"),
    "local_alarm_acknowledged": (N_("The alarm was acknowledged at the freezer"), ""),
}


@dataclass(frozen=True)
class Line:
    """One line of what happened; `state` and `word` are a badge before the text."""

    at: datetime
    text: Sentence
    state: str = ""
    word: Sentence | None = None
    url: str = ""


@dataclass(frozen=True)
class Span:
    """Something that lasted: a lid that was open, a fill. `end_ms` is None while it lasts."""

    kind: str
    begin_ms: int
    end_ms: int | None
    begin: Mapping[str, Any] = field(default_factory=dict)
    end: Mapping[str, Any] = field(default_factory=dict)


Provider = Callable[[Session, int, datetime], Sequence[Line]]
_providers: list[Provider] = []


def provide(provider: Provider) -> None:
    """Let `provider(session, freezer_id, since)` add lines; the same one counts once."""
    if provider not in _providers:
        _providers.append(provider)


def lines(session: Session, freezer_id: int, since: datetime, most: int = 7) -> list[Line]:
    """Return what happened to the freezer since then, the newest first."""
    events = _events(session, freezer_id, to_ms(since), None)
    found = [_span_line(span) for span in spans_of(events)]
    found += [line for line in map(_plain_line, events) if line]
    for provider in _providers:
        found += provider(session, freezer_id, since)
    return sorted(found, key=lambda line: line.at, reverse=True)[:most]


def spans(session: Session, freezer_id: int, from_ms: int, until_ms: int) -> list[Span]:
    """Return the lids and fills that touch this time, oldest first."""
    early = from_ms - round(timedelta(hours=2).total_seconds() * 1000)
    found = spans_of(_events(session, freezer_id, early, until_ms))
    return [span for span in found if span.end_ms is None or span.end_ms > from_ms]


def lid_changed_at(session: Session, freezer_id: int) -> datetime | None:
    """Return when the lid was last opened or closed, as far as the agents told."""
    wanted = (
        select(DeviceEvent.at_ms)
        .where(DeviceEvent.freezer_id == freezer_id, DeviceEvent.drill == "")
        .where(DeviceEvent.kind.in_(("door_opened", "door_closed")))
        .order_by(DeviceEvent.at_ms.desc())
        .limit(1)
    )
    at_ms = session.scalar(wanted)
    return None if at_ms is None else from_ms(at_ms)


def lid_spans(
    session: Session, channel_id: int, from_ms: int, until_ms: int, interval_s: float
) -> list[Span]:
    """Return the times in which the lid's own readings say open, for agents that tell no events."""
    table = reading.c
    wanted = (
        select(table.at_ms)
        .where(table.channel_id == channel_id, table.at_ms >= from_ms, table.at_ms < until_ms)
        .where(table.value >= 0.5)
        .order_by(table.at_ms)
        .limit(MOST_EVENTS)
    )
    step = round(interval_s * 1000)
    found: list[Span] = []
    for at_ms in session.scalars(wanted):
        last = found[-1] if found else None
        if last and last.end_ms is not None and at_ms - last.end_ms <= 2 * step:
            found[-1] = Span(last.kind, last.begin_ms, at_ms + step)
        else:
            found.append(Span("lid", at_ms, at_ms + step))
    return found


def _events(
    session: Session, freezer_id: int, from_ms: int, until_ms: int | None
) -> list[DeviceEvent]:
    wanted = select(DeviceEvent).where(
        DeviceEvent.freezer_id == freezer_id, DeviceEvent.at_ms >= from_ms, DeviceEvent.drill == ""
    )
    if until_ms is not None:
        wanted = wanted.where(DeviceEvent.at_ms < until_ms)
    newest = wanted.order_by(DeviceEvent.at_ms.desc(), DeviceEvent.id.desc()).limit(MOST_EVENTS)
    return list(session.scalars(newest))[::-1]


def spans_of(events: Sequence[DeviceEvent]) -> list[Span]:
    """Pair beginnings with their ends; a beginning without an end still lasts, an end alone says nothing."""
    return sorted(_pairs(events), key=lambda span: span.begin_ms)


def _pairs(events: Sequence[DeviceEvent]) -> Iterator[Span]:
    begun: dict[str, DeviceEvent] = {}
    for event in events:
        if event.kind in STARTS:
            begun[event.kind] = event
            continue
        start = next((kind for kind, end in STARTS.items() if end == event.kind), "")
        if start in begun:
            first = begun.pop(start)
            yield Span(
                BANDS[start],
                first.at_ms,
                event.at_ms,
                json.loads(first.facts),
                json.loads(event.facts),
            )
    for start, first in begun.items():
        yield Span(BANDS[start], first.at_ms, None, json.loads(first.facts))


def _span_line(span: Span) -> Line:
    at = from_ms(span.begin_ms)
    if span.end_ms is None:
        words = N_("Lid open, still") if span.kind == "lid" else N_("Fill, still going on")
        return Line(at, Sentence(words))
    lasted = how_long((span.end_ms - span.begin_ms) / 1000)
    if span.kind == "lid":
        return Line(at, Sentence(N_("Lid open %(lasted)s"), {"lasted": lasted}))
    rise = _rise(span)
    if rise is None:
        return Line(at, Sentence(N_("Fill, %(lasted)s"), {"lasted": lasted}))
    gained = f"+{number(rise, 0)}{THIN}mm"
    return Line(
        at, Sentence(N_("Fill, %(lasted)s, %(gained)s"), {"lasted": lasted, "gained": gained})
    )


def _rise(span: Span) -> float | None:
    before, after = span.begin.get("level_mm"), span.end.get("level_mm")
    if isinstance(before, int | float) and isinstance(after, int | float) and after > before:
        return float(after - before)
    return None


def _plain_line(event: DeviceEvent) -> Line | None:
    if event.kind == LOGGED:
        told = Sentence(LOGGED_CODE, {"code": json.loads(event.facts).get("code", "?")})
        return Line(from_ms(event.at_ms), told)
    words, state = PLAIN.get(event.kind, ("", ""))
    if not words:
        return None
    text = Sentence(words)
    if state:
        return Line(from_ms(event.at_ms), Sentence(""), state, text)
    return Line(from_ms(event.at_ms), text)


def how_long(seconds: float) -> Sentence:
    """Return a duration in words that fit: 74 s, 11 min, 2 h."""
    if seconds < 100:
        return Sentence(N_("%(n)s s"), {"n": round(seconds)})
    if seconds < 6000:
        return Sentence(N_("%(n)s min"), {"n": round(seconds / 60)})
    return Sentence(N_("%(n)s h"), {"n": round(seconds / 3600)})
