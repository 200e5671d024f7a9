"""Thirty days of readings for the demo bank's freezers: fills, lids and one bad evening.

A tank loses 15 mm a day and is filled from 205 to 250 mm; its top is the warmer the lower it stands.
Hours are figured over the whole time; single readings are kept, thinned, for the last day, and what the
agents saw (lids and fills) for the last week.
"""

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from server.cli.demo_context import Row

HOUR_MS = 3_600_000
DAYS = 30
RAW_DAYS = 1
RAW_EVERY_MS = 30_000  # three of the channels' intervals: one more would be a gap
EVENT_DAYS = 7
LID_AT_MS = 20 * 60_000
"""A lid that is opened in an hour is opened so long after its beginning."""
COOLS_WITHIN_S = 600.0
FILL_MS = 11 * 60_000
LOW_MM, FULL_MM, MM_PER_DAY = 205.0, 250.0, 15.0
CHANNELS = (("top_c", "Top"), ("bottom_c", "Bottom"), ("level_mm", "Level"), ("lid_open", "Lid"))


@dataclass(frozen=True)
class Warming:
    """One bad hour: how many days ago, and how warm the top became."""

    days_ago: float
    top_c: float


BAD_HOURS = {"LN2-03": Warming(9.3, -138.4)}


@dataclass(frozen=True)
class Past:
    """How one freezer was; the same moment gives the same figures."""

    freezer: str
    level_now_mm: float
    now_ms: int

    def level_mm(self, at_ms: int) -> float:
        """Return the level: a saw-tooth that ends at the level of this moment."""
        lost = (self.now_ms - at_ms) / HOUR_MS / 24 * MM_PER_DAY
        return LOW_MM + (self.level_now_mm - LOW_MM + lost) % (FULL_MM - LOW_MM)

    def top_c(self, at_ms: int) -> float:
        """Return the top probe's temperature while the lid is closed."""
        day = math.sin(at_ms / HOUR_MS / 24 * 2 * math.pi)
        return -177.9 + (231.0 - self.level_mm(at_ms)) * 8 / LOW_MM + 0.3 * day

    def hour(self, hour_ms: int) -> dict[str, tuple[float, float, float]]:
        """Return (least, mean, greatest) of each channel in this hour."""
        dice = random.Random(f"{self.freezer} {hour_ms}")  # noqa: S311  scatter, not secrets
        top, level, lid = self.top_c(hour_ms), self.level_mm(hour_ms), self._lid_s(hour_ms, dice)
        peak = top + 0.4 + _warmed_by(lid)
        mean = top + (peak - top) * min(0.5, lid / 1200)
        bad = BAD_HOURS.get(self.freezer)
        if bad and 0 <= self.now_ms - bad.days_ago * 24 * HOUR_MS - hour_ms < HOUR_MS:
            peak, mean, lid = bad.top_c, (bad.top_c + top) / 2, 1500.0
        return {
            "top_c": (top - 0.4, mean, peak),
            "bottom_c": (-195.4, -195.1, -194.8),
            "level_mm": (level - 0.6, level, level + 0.6),
            "lid_open": (0.0, lid / 3600, 1.0 if lid else 0.0),
        }

    def _lid_s(self, hour_ms: int, dice: random.Random) -> float:
        """Return for how many seconds the lid was open: at times in a working hour, at most a minute and a half."""
        shanghai_hour = (hour_ms // HOUR_MS + 8) % 24
        if 8 <= shanghai_hour < 18 and dice.random() < 0.25:
            return dice.uniform(15.0, 75.0)
        return 0.0

    def reading(self, at_ms: int) -> dict[str, float]:
        """Return what each probe said at this moment."""
        dice = random.Random(f"{self.freezer} {at_ms}")  # noqa: S311  scatter, not secrets
        open_s, closed_s = self._lid_at(at_ms)
        warmer = _warmed_by(open_s) * math.exp(-closed_s / COOLS_WITHIN_S)
        return {
            "top_c": round(self.top_c(at_ms) + warmer + dice.uniform(-0.2, 0.2), 1),
            "bottom_c": round(-195.1 + dice.uniform(-0.2, 0.2), 1),
            "level_mm": round(self.level_mm(at_ms), 1),
            "lid_open": 1.0 if open_s and not closed_s else 0.0,
        }

    def lid_s(self, hour_ms: int) -> float:
        """Return for how many seconds the lid was open in this hour."""
        return self._lid_s(hour_ms, random.Random(f"{self.freezer} {hour_ms}"))  # noqa: S311  scatter

    def _lid_at(self, at_ms: int) -> tuple[float, float]:
        """Return for how long the lid had been open at this moment, and closed again since, in this hour."""
        hour_ms = at_ms // HOUR_MS * HOUR_MS
        since_s = (at_ms - hour_ms - LID_AT_MS) / 1000
        lid_s = self.lid_s(hour_ms) if since_s > 0 else 0.0
        return min(max(since_s, 0.0), lid_s), max(since_s - lid_s, 0.0)

    def fills(self) -> Iterator[int]:
        """Yield when fills ended in the last week, the newest first."""
        lost_mm = FULL_MM - self.level_now_mm
        while (ago_ms := round(lost_mm / MM_PER_DAY * 24 * HOUR_MS)) < EVENT_DAYS * 24 * HOUR_MS:
            yield self.now_ms - ago_ms
            lost_mm += FULL_MM - LOW_MM


def _warmed_by(lid_s: float) -> float:
    return 55.0 * (1 - math.exp(-lid_s / 120.0))


def hours(past: Past, channels: dict[str, int]) -> Iterator[Row]:
    """Yield the hourly figures of the last thirty days; `channels` says which key has which id."""
    last = past.now_ms // HOUR_MS * HOUR_MS
    for hour_ms in range(last - DAYS * 24 * HOUR_MS, last, HOUR_MS):
        for key, (least, mean, greatest) in past.hour(hour_ms).items():
            yield {
                "channel_id": channels[key],
                "hour_ms": hour_ms,
                "n": 360,
                "least": round(least, 2),
                "mean": round(mean, 3),
                "greatest": round(greatest, 2),
            }


def readings(past: Past, channels: dict[str, int]) -> Iterator[Row]:
    """Yield single readings, every half minute, of the last day, from a whole hour on."""
    begin = (past.now_ms - RAW_DAYS * 24 * HOUR_MS) // HOUR_MS * HOUR_MS
    for at_ms in range(begin, past.now_ms, RAW_EVERY_MS):
        for key, value in past.reading(at_ms).items():
            yield {"channel_id": channels[key], "at_ms": at_ms, "value": value, "quality": 0}


def events(past: Past, agent_id: int, freezer_id: int) -> Iterator[Row]:
    """Yield what the agent saw in the last week: lids and fills, in the order of time."""
    seen = sorted([*_lids(past), *_fills(past)], key=lambda one: one[0])
    for seq, (at_ms, kind, facts) in enumerate(seen, start=1):
        yield {
            "agent_id": agent_id,
            "freezer_id": freezer_id,
            "boot": f"demo{past.freezer.replace('-', '').lower():0>8}",
            "seq": seq,
            "at_ms": at_ms,
            "kind": kind,
            "facts": json.dumps(facts),
            "drill": "",
        }


Event = tuple[int, str, dict[str, float]]


def _lids(past: Past) -> Iterator[Event]:
    last = past.now_ms // HOUR_MS * HOUR_MS
    for hour_ms in range(last - EVENT_DAYS * 24 * HOUR_MS, last, HOUR_MS):
        if lid_s := past.lid_s(hour_ms):
            yield hour_ms + LID_AT_MS, "door_opened", {}
            yield hour_ms + LID_AT_MS + round(lid_s * 1000), "door_closed", {}


def _fills(past: Past) -> Iterator[Event]:
    for ended_ms in past.fills():
        yield ended_ms - FILL_MS, "fill_started", {"level_mm": LOW_MM}
        yield ended_ms, "fill_ended", {"level_mm": FULL_MM}
