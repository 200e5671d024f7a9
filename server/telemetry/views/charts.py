"""What a chart is told, as JSON (docs/pages.md) and as the server's own picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import g
from sqlalchemy.orm import Session

from server.core.clock import from_ms, to_ms
from server.core.words import N_
from server.kit.i18n import gettext, language
from server.telemetry import happened, quantities, thinning
from server.telemetry.excursions import excursions
from server.telemetry.history import Track, history
from server.telemetry.limits import Limit, limits_of
from server.telemetry.models import Channel
from server.telemetry.views import windows
from server.telemetry.views.chart_answers import (
    BandOut,
    ChartOut,
    ExcursionOut,
    LimitOut,
    SeriesOut,
)
from server.telemetry.views.windows import RANGES, Window

LONGEST_WITH_BANDS_MS = 32 * RANGES["24h"]
"""In a longer chart lids and fills would be one grey ground."""
LEVELS = ("reading", "minute", "hour", "six_hours")
SEVERITIES = {"critical": N_("critical"), "high": N_("high"), "warning": N_("warning")}
SHORT = {
    "top_c": N_("Top"), "middle_c": N_("Middle"), "bottom_c": N_("Bottom"), "level_mm": N_("Level"),
    "level_pct": N_("Level"), "lid_open": N_("Lid"), "door_open": N_("Door"),
}  # fmt: skip


def short_label(channel: Channel) -> str:
    """Return what a channel is called where there is little room, in the request's language."""
    if channel.agent.of_logs:
        word = gettext(SHORT.get(channel.key, quantities.word_of(channel.key)))
        return gettext(N_("%(what)s (log)"), what=word)
    return gettext(SHORT.get(channel.key, channel.label or quantities.word_of(channel.key)))


def chart(session: Session, channels: Sequence[Channel], window: Window, now: datetime) -> ChartOut:
    """Return the chart of these channels over this time."""
    now_ms = to_ms(now)
    tracks = history(session, channels, window.from_ms, window.to_ms, window.points, now_ms=now_ms)
    limits = limits_of(session, [channels[0].id])[channels[0].id] if channels else []
    left = thinning.left_of(session, [c.id for c in channels], window.from_ms, window.to_ms)
    return ChartOut(
        begins=window.from_ms,
        ends=window.to_ms,
        bucket_ms=max((track.bucket_ms for track in tracks), default=0),
        level=max((track.level for track in tracks), default="reading", key=LEVELS.index),
        series=[_series(c, track) for c, track in zip(channels, tracks, strict=True)],
        limits=[limit_out(limit) for limit in limits],
        bands=bands(session, channels, window, now_ms),
        excursions=_excursions(session, channels, window, now_ms),
        minutes_before=left.minutes_before,
        hours_before=left.hours_before,
        truncated=any(track.from_hours for track in tracks),
    )


def _series(channel: Channel, track: Track) -> SeriesOut:
    return SeriesOut(
        key=channel.key, label=short_label(channel), unit=quantities.unit_of(channel.key), t=track.t,
        min=_rounded(track.least), mean=_rounded(track.mean), max=_rounded(track.greatest),
        unknown_s=track.unknown_s, gaps=track.gaps,
    )  # fmt: skip


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 3) for value in values]


def limit_out(limit: Limit) -> LimitOut:
    """Return the limit with its words: critical −150."""
    words = gettext(SEVERITIES.get(limit.severity, limit.severity))
    label = f"{words} {quantities.plain(limit.value)}"
    return LimitOut(value=limit.value, kind=limit.kind, severity=limit.severity, label=label)


def bands(
    session: Session, channels: Sequence[Channel], window: Window, now_ms: int
) -> list[BandOut]:
    """Return the lids and fills of the channels' freezer; those that touch within a point are one."""
    freezer_id = channels[0].freezer_id if channels else None
    if freezer_id is None or window.to_ms - window.from_ms > LONGEST_WITH_BANDS_MS:
        return []
    spans = happened.spans(session, freezer_id, window.from_ms, window.to_ms)
    point_ms = (window.to_ms - window.from_ms) / window.points
    last: dict[str, BandOut] = {}
    found: list[BandOut] = []
    for span in spans:
        begin, end = max(span.begin_ms, window.from_ms), span.end_ms or now_ms
        before = last.get(span.kind)
        if before is not None and begin - before.ends < point_ms:
            before.ends = max(before.ends, end)
            continue
        last[span.kind] = BandOut(kind=span.kind, begins=begin, ends=end)
        found.append(last[span.kind])
    return found


def _excursions(
    session: Session, channels: Sequence[Channel], window: Window, now_ms: int
) -> list[ExcursionOut]:
    if not channels or not g.actor.may("alarms.read", channels[0].agent.org_id):
        return []
    return [
        ExcursionOut(
            severity=one.severity, label=one.text.text(language()), url=one.url,
            begins=max(one.from_ms, window.from_ms),
            ends=min(now_ms if one.to_ms is None else one.to_ms, window.to_ms),
        )
        for one in excursions(session, channels, window.from_ms, window.to_ms)
    ]  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """What ui.chart_picture draws."""

    lines: list[list[tuple[float, float | None]]]
    low: float
    high: float
    ticks: list[tuple[float, str]]
    times: list[tuple[float, str]]
    bands: list[tuple[float, float, str]]
    excursions: list[tuple[float, float, str]]
    """From, to (0 to 1) and severity."""
    unknown: list[tuple[float, float]]


def picture(shown: ChartOut, zone: str) -> Picture | None:
    """Return the first series as a picture, or None where there is nothing to draw."""
    if not shown.series or not shown.series[0].t:
        return None
    first = shown.series[0]
    low, high = _extent(first, shown.limits)
    span = shown.ends - shown.begins
    line: list[tuple[float, float | None]] = [
        ((t - shown.begins) / span, mean) for t, mean in zip(first.t, first.mean, strict=True)
    ]
    line += [((a + b) / 2 / span - shown.begins / span, None) for a, b in first.gaps]
    line = [(min(max(at, 0.0), 1.0), value) for at, value in line]
    parts = [
        ((band.begins - shown.begins) / span, (band.ends - shown.begins) / span, band.kind)
        for band in shown.bands
    ]
    stood = [(*_part(shown, one.begins, one.ends), one.severity) for one in shown.excursions]
    return Picture(
        [sorted(line, key=_when)], low, high, _ticks(low, high), _times(shown, zone), parts, stood,
        [_part(shown, begin, end) for begin, end in first.gaps],
    )  # fmt: skip


def _part(shown: ChartOut, begin: int, end: int) -> tuple[float, float]:
    """Return a span as parts of the chart's width."""
    span = shown.ends - shown.begins
    return max((begin - shown.begins) / span, 0.0), min((end - shown.begins) / span, 1.0)


def _when(point: tuple[float, float | None]) -> float:
    return point[0]


def _extent(series: SeriesOut, limits: Sequence[LimitOut]) -> tuple[float, float]:
    values = [*series.min, *series.max, *(limit.value for limit in limits)]
    low, high = min(values), max(values)
    room = max(high - low, 1.0) * 0.1
    return low - room, high + room * (2.5 if any(one.kind == "high" for one in limits) else 1)


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    rough = (high - low) / 6
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first = math.ceil(low / step)
    digits = 0 if step >= 1 else 1
    marks = [step * n for n in range(first, math.floor(high / step) + 1)]
    return [(mark, quantities.number(mark, digits)) for mark in marks]


def _times(shown: ChartOut, zone: str) -> list[tuple[float, str]]:
    span = shown.ends - shown.begins
    form = "%H:%M" if span <= RANGES["24h"] else "%m-%d" if span <= RANGES["90d"] else "%Y-%m"
    marks = [shown.begins + span * part // 6 for part in range(7)]
    there = [from_ms(mark).astimezone(ZoneInfo(zone)) for mark in marks]
    return [(part / 6, at.strftime(form)) for part, at in enumerate(there)]


def page_chart(
    session: Session, channels: Sequence[Channel], window: Window, now: datetime, zone: str
) -> dict[str, Any]:
    """Return what a template needs for a chart that is complete without script."""
    shown = chart(session, channels, window, now)
    return {
        "shown": shown,
        "picture": picture(shown, zone),
        "range": window.name,
        "steps": windows.steps(window, to_ms(now)),
        "window": window,
        "told_until": told_until(shown, zone),
    }


def told_until(shown: ChartOut, zone: str) -> list[str]:
    """Return the sentences on what of this time is no longer there reading by reading."""
    told = []
    for at_ms, words in (
        (shown.hours_before, N_("Before %(day)s there are figures by hour.")),
        (shown.minutes_before, N_("Before %(day)s there are figures by minute.")),
    ):
        if at_ms is not None:
            there = from_ms(at_ms).astimezone(ZoneInfo(zone))
            told.append(gettext(words, day=f"{there:%Y-%m-%d %H:%M}"))
    return told
