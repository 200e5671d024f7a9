"""Plays recorded readings from a CSV file, in the rhythm in which they were taken."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edge_agent.clock import Moment
from edge_agent.probes.probe import Sample
from edge_agent.settings_table import Table
from edge_agent.wire.errors import WireError
from edge_agent.wire.fields import channel_key
from edge_agent.wire.quality import Quality

_FACTORS: Final = {"": 1.0, "cm": 10.0, "in": 25.4, "tenths": 0.1}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of the recording."""

    at_ms: int
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """What to play and how fast. `times` is "now" (re-based) or "recorded"."""

    channels: tuple[str, ...]
    lines: tuple[Recorded, ...]
    speed: float = 1.0
    times: str = "now"

    def make(self) -> "Replay":
        """The probe."""
        return Replay(self)


class RecordingError(ValueError):
    """The file cannot be played; the sentence says where and why."""


def read_settings(table: Table) -> ReplaySettings:
    """The settings of driver = "replay"; the file is read at once, so that `check` finds its faults."""
    columns = table.texts("columns")
    units = table.texts("units")
    path = table.path("file")
    time_column = table.text("time_column", "date_time")
    only_column, only = table.text("only_column", ""), table.text("only", "")
    settings = ReplaySettings(
        channels=tuple(columns),
        lines=(),
        speed=table.number("speed", 1.0, low=1e-6, high=1e9),
        times=table.text("times", "now", choices=("now", "recorded")),
    )
    _check_columns(table, columns, units)
    try:
        picked = _picked(path, only_column, only)
        lines = tuple(_recorded(n, line, time_column, columns, units) for n, line in picked)
    except (OSError, UnicodeDecodeError, csv.Error, RecordingError) as error:
        table.problem("file", f"{path}: {error}")
        return settings
    if not lines:
        table.problem("file", f"{path}: found no lines to play; expected at least one")
    return ReplaySettings(
        settings.channels, tuple(sorted(lines, key=lambda line: line.at_ms)),
        settings.speed, settings.times,
    )  # fmt: skip


def _check_columns(table: Table, columns: dict[str, str], units: dict[str, str]) -> None:
    if not columns:
        table.problem("columns", 'missing; expected such as { top_c = "temp_top_c" }')
    for key in columns:
        try:
            channel_key(key)
        except WireError as error:
            table.problem("columns", str(error))
    for key, unit in units.items():
        if key not in columns or unit not in {"K", "F", *_FACTORS}:
            table.problem(
                "units", f'{key} = "{unit}"; expected a channel and K, F, cm, in or tenths'
            )


def _picked(path: Path, only_column: str, only: str) -> list[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(enumerate(csv.DictReader(file), 2))
    if only_column and rows and only_column not in rows[0][1]:
        raise RecordingError(f"there is no column {only_column}")
    return [(n, row) for n, row in rows if not only_column or row[only_column] == only]


def _recorded(
    n: int, row: dict[str, str], time_column: str, columns: dict[str, str], units: dict[str, str]
) -> Recorded:
    for column in (time_column, *columns.values()):
        if row.get(column) is None:
            raise RecordingError(f"line {n}: there is no column {column}")
    values = tuple(_value(n, row[column], units.get(key, "")) for key, column in columns.items())
    return Recorded(_time_ms(n, row[time_column]), values)


def _time_ms(n: int, text: str) -> int:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise RecordingError(
            f'line {n}: found the time "{text}"; expected such as 2022-07-07 12:44:00'
        ) from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _value(n: int, text: str, unit: str) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RecordingError(f'line {n}: found "{text}"; expected a number or nothing')
    if unit == "K":
        return round(number - 273.15, 3)
    if unit == "F":
        return round((number - 32) / 1.8, 3)
    return round(number * _FACTORS.get(unit, 1.0), 6)


class Replay:
    """The probe: gives each line when its time has come."""

    catches_up = False

    def __init__(self, settings: ReplaySettings) -> None:
        self._settings = settings
        self._next = 0
        self._began: Moment | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """The keys of the column map."""
        return self._settings.channels

    def done(self) -> bool:
        """Whether the recording is over."""
        return self._next >= len(self._settings.lines)

    def close(self) -> None:
        """Nothing is held."""

    def read(self, now: Moment) -> Sequence[Sample]:
        """All lines whose time has come since the last reading."""
        self._began = self._began or now
        samples = []
        while not self.done():
            line = self._settings.lines[self._next]
            since_ms = round((line.at_ms - self._settings.lines[0].at_ms) / self._settings.speed)
            if self._began.mono_ms + since_ms > now.mono_ms:
                break
            samples.append(self._sample(line, self._began.wall_ms + since_ms))
            self._next += 1
        return samples

    def _sample(self, line: Recorded, rebased_ms: int) -> Sample:
        q = tuple(Quality.NOT_SAMPLED if v is None else Quality.GOOD for v in line.values)
        at_ms = line.at_ms if self._settings.times == "recorded" else rebased_ms
        return Sample(line.values, tuple(map(int, q)), at_ms=at_ms)
