"""How soon a chart is there: a year at one reading each ten seconds, from an index and from hourly figures."""

import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from server import schema
from server.core.db import Database
from server.telemetry import rollups
from server.telemetry.queries import history, warmest
from tests.bench.rows import Row, percentile
from tests.service.telemetry.measured import HOUR_MS, NOON, NOON_MS, Measured

DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS
PIXELS, TIMES, AIM_MS = 900, 15, 100.0


def measure() -> Iterator[Row]:
    """Yield how long it takes to count a day's and a year's chart, and to find the warmest of a year."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "year.sqlite3"
        database = Database(f"sqlite:///{file}")
        schema.upgrade(database)
        measured = Measured(database, keys=("top_c",))
        _fill(file, measured.channels["top_c"])
        rollups.roll(database, NOON + timedelta(hours=1))
        for name, span in (("24 h", DAY_MS), ("a year", YEAR_MS)):
            took = percentile([_chart(measured, span) for _ in range(TIMES)], 0.95)
            yield Row(f"chart of {name}, 3.15 M readings, p95", took, "ms", AIM_MS, "less")
        took = percentile([_warmest(measured) for _ in range(TIMES)], 0.95)
        yield Row("warmest moment of a year, p95", took, "ms", AIM_MS, "less")
        database.close()


def _fill(file: Path, channel_id: int) -> None:
    rows = range(NOON_MS - YEAR_MS, NOON_MS, 10_000)
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        raw.executemany(
            "INSERT INTO reading VALUES (?, ?, ?, 0)",
            ((channel_id, at, -178.0 + at // 10_000 % 97 / 50) for at in rows),
        )
        hours = range(NOON_MS - YEAR_MS, NOON_MS, HOUR_MS)
        raw.executemany("INSERT INTO hour_due VALUES (?, ?)", ((channel_id, at) for at in hours))


def _chart(measured: Measured, span_ms: int) -> float:
    began = perf_counter()
    with measured.database.reading() as session:
        channel = measured.channel(session, "top_c")
        history(session, [channel], NOON_MS - span_ms, NOON_MS, PIXELS, now_ms=NOON_MS)
    return (perf_counter() - began) * 1000


def _warmest(measured: Measured) -> float:
    began = perf_counter()
    with measured.database.reading() as session:
        warmest(session, measured.freezer_id, NOON_MS - YEAR_MS + 12_345, NOON_MS - 12_345)
    return (perf_counter() - began) * 1000
