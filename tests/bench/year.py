"""A bank with a year of a tank's readings: four channels, one each ten seconds, 12.6 M, with all their figures."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import perf_counter

from sqlalchemy import Connection, text

from server.core.clock import SystemClock, from_ms, to_ms
from server.telemetry import rollups, six_hours
from server.telemetry.columns import HOUR_MS
from tests.bench.house import House
from tests.bench.rows import Row, percentile
from tests.service.telemetry.measured import Measured
from tests.support.signed_in import SignedIn, sign_in

DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS
KEYS = ("top_c", "middle_c", "bottom_c", "level_mm")
ROLLED_MS = 60 * DAY_MS
"""So much is rolled up by the roll-up itself; the rest gets the same figures at once, to spare time."""
TIMES = {
    "sqlite": (
        "WITH RECURSIVE times(at) AS (SELECT :first UNION ALL SELECT at + 10000 FROM times WHERE at < :last)"
        " INSERT INTO reading SELECT :id, at, -178.0 + at / 10000 % 97 / 50.0, 0 FROM times"
    ),
    "postgresql": (
        "INSERT INTO reading (channel_id, at_ms, value, quality)"
        " SELECT :id, at, -178.0 + at / 10000 % 97 / 50.0, 0"
        " FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint), 10000) AS at"
    ),
}


class Year:
    """The bank; its year ended with the hour in which it was built. BENCH_CACHE keeps it for the next time."""

    def __init__(self, house: House) -> None:
        """Build it, or find it as it was built."""
        self.database, self.told = house.database, list[Row]()
        marks = house.folder / "year.json"
        if not marks.exists():
            self.now_ms = to_ms(SystemClock().now()) // HOUR_MS * HOUR_MS
            self.measured = Measured(self.database, keys=KEYS)
            self._fill()
            facts = {
                "now": self.now_ms,
                "org": self.measured.org_id,
                "freezer": self.measured.freezer_id,
            }
            marks.write_text(json.dumps(facts))
        facts = json.loads(marks.read_text())
        self.now_ms, self.org_id, self.freezer_id = facts["now"], facts["org"], facts["freezer"]

    @property
    def now(self) -> datetime:
        """When its year ends."""
        return from_ms(self.now_ms)

    def person(self) -> SignedIn:
        """Sign somebody in who may see its charts."""
        with self.database.writing() as session:
            return sign_in(session, self.org_id, at=SystemClock().now())

    def _fill(self) -> None:
        channels = self.measured.channels
        first, begin = channels[KEYS[0]], self.now_ms - YEAR_MS
        with self.database.engine.begin() as raw:
            for channel_id in channels.values():
                facts = {"id": channel_id, "first": begin, "last": self.now_ms - 10_000}
                raw.execute(text(TIMES[self.database.dialect]), facts)
            hours = range(self.now_ms - ROLLED_MS, self.now_ms, HOUR_MS)
            due = text("INSERT INTO hour_due (channel_id, hour_ms) VALUES (:id, :at)")
            raw.execute(due, [{"id": first, "at": at} for at in hours])
        self._roll()
        with self.database.engine.begin() as raw:
            raw.execute(text("DELETE FROM late_hour"))
            for channel_id in channels.values():
                for back in range(7):
                    _copy(raw, first, channel_id, back * ROLLED_MS, begin)
            raw.execute(text(
                "INSERT INTO six_hours_due (channel_id, begin_ms)"
                " SELECT DISTINCT channel_id, hour_ms - hour_ms % 21600000 FROM reading_hour WHERE true"
                " ON CONFLICT DO NOTHING"
            ))  # fmt: skip
        self._make_six_hours()
        self._settle()

    def _roll(self) -> None:
        began = perf_counter()
        count = rollups.roll(self.database, from_ms(self.now_ms + HOUR_MS))
        took = (perf_counter() - began) * 1000 / count
        self.told.append(
            Row("figures of one hour and its minutes, 360 readings", took, "ms", 10.0, "less")
        )

    def _make_six_hours(self) -> None:
        """Fill them in as after an upgrade, and take the time of each slice."""
        took, before, six_hours.SLICES = [], six_hours.SLICES, 1
        try:
            while True:
                began = perf_counter()
                if not six_hours.make_due(self.database):
                    break
                took.append((perf_counter() - began) * 1000)
        finally:
            six_hours.SLICES = before
        name = f"figures of six hours after an upgrade, {six_hours.AT_ONCE} a transaction, p95"
        self.told.append(Row(name, percentile(took, 0.95), "ms", 100.0, "less"))

    def _settle(self) -> None:
        """Let the database know its tables, as it does by itself after a while."""
        with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as raw:
            raw.execute(text("ANALYZE"))


def _copy(raw: Connection, first: int, channel_id: int, back: int, begin: int) -> None:
    """Give another time or channel the figures of the first channel's sixty days."""
    for table, at in (("reading_hour", "hour_ms"), ("reading_minute", "minute_ms")):
        raw.execute(text(
            f"INSERT INTO {table} (channel_id, {at}, n, least, mean, greatest, first_ms, last_ms, gap_s)"
            f" SELECT :id, {at} - :back, n, least, mean, greatest, first_ms - :back, last_ms - :back, gap_s"
            f" FROM {table} WHERE channel_id = :first AND first_ms - :back >= :begin AND first_ms >= :rolled"
            " ON CONFLICT DO NOTHING"
        ), {"id": channel_id, "back": back, "first": first, "begin": begin, "rolled": begin + YEAR_MS - ROLLED_MS})  # fmt: skip


@contextmanager
def year(dialect: str) -> Iterator[tuple[House, Year]]:
    """Give the bank with its house; commits are durable."""
    cache = os.environ.get("BENCH_CACHE")
    kept = Path(cache) / f"year-{dialect}" if cache else None
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
    house = House(dialect, agents=0, rules=False, kept=kept)
    try:
        yield house, Year(house)
    finally:
        house.close()
