"""What a chart is told, as JSON (docs/pages.md) and as the server's own picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.orm import Session

from server.core.clock import from_ms, to_ms
from server.core.words import N_
from server.kit.api import Answer
from server.kit.i18n import gettext
from server.telemetry import happened, quantities
from server.telemetry.history import Track, history
from server.telemetry.limits import Limit, limits_of
from server.telemetry.models import Channel
from server.telemetry.views.windows import RANGES, Window

LONGEST_WITH_BANDS_MS = 8 * RANGES["24h"]
"""In a longer chart a lid is thinner than a pixel."""
SEVERITIES = {"critical": N_("critical"), "high": N_("high"), "warning": N_("warning")}
SHORT = {
    "top_c": N_("Top"), "middle_c": N_("Middle"), "bottom_c": N_("Bottom"), "level_mm": N_("Level"),
    "level_pct": N_("Level"), "lid_open": N_("Lid"), "door_open": N_("Door"),
}  # fmt: skip


class SeriesOut(Answer):
    """One channel's buckets; times in ms since 1970 UTC."""

    key: str
    label: str
    unit: str
    t: list[int]
    min: list[float]
    mean: list[float]
    max: list[float]
    gaps: list[tuple[int, int]]


class LimitOut(Answer):
    """A limit of the first series."""

    value: float
    kind: str
    severity: str
    label: str


class BandOut(Answer):
    """A time in which the lid was open or nitrogen was filled."""

    kind: str
    begins: int = msgspec.field(name="from")
    ends: int = msgspec.field(name="to")


class ChartOut(Answer):
    """A chart: the first series has the axis."""

    begins: int = msgspec.field(name="from")
    ends: int = msgspec.field(name="to")
    bucket_ms: int
    series: list[SeriesOut]
    limits: list[LimitOut]
    bands: list[BandOut]
    truncated: bool


def short_label(channel: Channel) -> str:
    """Return what a channel is called where there is little room, in the request's language."""
    return gettext(SHORT.get(channel.key, channel.label or quantities.word_of(channel.key)))


def chart(session: Session, channels: Sequence[Channel], window: Window, now: datetime) -> ChartOut:
    """Return the chart of these channels over this time."""
    now_ms = to_ms(now)
    tracks = history(session, channels, window.from_ms, window.to_ms, window.points, now_ms=now_ms)
    limits = limits_of(session, [channels[0].id])[channels[0].id] if channels else []
    return ChartOut(
        begins=window.from_ms,
        ends=window.to_ms,
        bucket_ms=tracks[0].bucket_ms if tracks else 0,
        series=[_series(c, track) for c, track in zip(channels, tracks, strict=True)],
        limits=[limit_out(limit) for limit in limits],
        bands=bands(session, channels, window, now_ms),
        truncated=any(track.from_hours for track in tracks),
    )


def _series(channel: Channel, track: Track) -> SeriesOut:
    return SeriesOut(
        key=channel.key, label=short_label(channel), unit=quantities.unit_of(channel.key), t=track.t,
        min=_rounded(track.least), mean=_rounded(track.mean), max=_rounded(track.greatest), gaps=track.gaps,
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
    """Return the lids and fills of the channels' freezer."""
    freezer_id = channels[0].freezer_id if channels else None
    if freezer_id is None or window.to_ms - window.from_ms > LONGEST_WITH_BANDS_MS:
        return []
    spans = happened.spans(session, freezer_id, window.from_ms, window.to_ms)
    return [
        BandOut(
            kind=span.kind, begins=max(span.begin_ms, window.from_ms), ends=span.end_ms or now_ms
        )
        for span in spans
    ]


@dataclass(frozen=True)
class Picture:
    """What ui.chart_picture draws."""

    lines: list[list[tuple[float, float | None]]]
    low: float
    high: float
    ticks: list[tuple[float, str]]
    times: list[tuple[float, str]]
    bands: list[tuple[float, float, str]]


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
    return Picture(
        [sorted(line, key=_when)], low, high, _ticks(low, high), _times(shown, zone), parts
    )


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
    return {"shown": shown, "picture": picture(shown, zone), "range": window.name}
