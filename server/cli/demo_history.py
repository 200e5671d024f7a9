"""Thirty days of readings for the demo bank's freezers: fills, lids and one bad evening.

A tank loses 15 mm a day and is filled from 205 to 250 mm; its top is the warmer the lower it stands.
Hours are figured over the whole time; single readings are kept, thinned, for the last three days.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from server.cli.demo_context import Row

HOUR_MS = 3_600_000
DAYS = 30
RAW_DAYS = 3
RAW_EVERY_MS = 600_000
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
        peak = top + 0.4 + (55.0 * (1 - math.exp(-lid / 120.0)) if lid else 0.0)
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
        """Return what each probe said at this moment, lid closed."""
        dice = random.Random(f"{self.freezer} {at_ms}")  # noqa: S311  scatter, not secrets
        return {
            "top_c": round(self.top_c(at_ms) + dice.uniform(-0.2, 0.2), 1),
            "bottom_c": round(-195.1 + dice.uniform(-0.2, 0.2), 1),
            "level_mm": round(self.level_mm(at_ms), 1),
            "lid_open": 0.0,
        }


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
    """Yield single readings, every ten minutes, of the last three days."""
    for at_ms in range(past.now_ms - RAW_DAYS * 24 * HOUR_MS, past.now_ms, RAW_EVERY_MS):
        for key, value in past.reading(at_ms).items():
            yield {"channel_id": channels[key], "at_ms": at_ms, "value": value, "quality": 0}
