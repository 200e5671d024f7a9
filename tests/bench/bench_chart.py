"""How soon a chart is there: a year of four channels at one reading each ten seconds, 12.6 M readings.

What the server answers, over the whole application; and what a browser needs from the press of the
button to the drawn picture. Then how long the roll-up works for an hour, and thinning for a day.
"""

import logging
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from flask import Flask
from playwright.sync_api import Page, sync_playwright

from server import schema
from server.core.clock import FixedClock
from server.core.db import Database
from server.telemetry import rollups, thinning
from server.telemetry.queries import warmest
from tests.bench.rows import Row, percentile
from tests.service.telemetry.measured import HOUR_MS, NOON, NOON_MS, Measured
from tests.support.signed_in import Served, SignedIn, make_app, sign_in

DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS
KEYS = ("top_c", "middle_c", "bottom_c", "level_mm")
PIXELS, TIMES, AIM_MS = 900, 15, 100.0
ROLLED_MS = 60 * DAY_MS
"""So much is rolled up by the roll-up itself; the rest gets the same figures at once, to spare time."""
RANGES = (("an hour", HOUR_MS), ("a day", DAY_MS), ("a week", 7 * DAY_MS), ("a year", YEAR_MS))
DRAWN = """button => new Promise(done => {
  const card = button.closest(".card"), chart = card.querySelector("[data-chart]"), began = performance.now();
  const watch = new MutationObserver(() => {
    if (chart.classList.contains("loading")) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  });
  watch.observe(chart, {attributes: true, attributeFilter: ["class"]});
  button.click();
})"""


def rows() -> Iterator[Row]:
    """Yield the figures; the bank is a file of SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        file = home / "year.sqlite3"
        database = Database(f"sqlite:///{file}")
        schema.upgrade(database)
        measured = Measured(database, keys=KEYS)
        _fill(file, measured)
        yield _rolled(database)
        _copied(file, measured)
        with database.writing() as session:
            person = sign_in(session, measured.org_id, at=NOON)
        app = make_app(database, home, FixedClock(NOON))
        yield from _answers(app, measured, person)
        yield from _drawn(app, person)
        took = [_took(lambda: _warmest(measured)) for _ in range(TIMES)]
        yield Row("warmest moment of a year, p95", percentile(took, 0.95), "ms", AIM_MS, "less")
        yield _thinned(database)
        database.close()


def _fill(file: Path, measured: Measured) -> None:
    """Write a year of readings, and mark the last sixty days to be rolled up."""
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        for channel_id in measured.channels.values():
            raw.execute(
                "WITH RECURSIVE times(at) AS"
                " (SELECT ? UNION ALL SELECT at + 10000 FROM times WHERE at < ?)"
                " INSERT INTO reading SELECT ?, at, -178.0 + at / 10000 % 97 / 50.0, 0 FROM times",
                (NOON_MS - YEAR_MS, NOON_MS - 10_000, channel_id),
            )
        first = measured.channels[KEYS[0]]
        hours = range(NOON_MS - ROLLED_MS, NOON_MS, HOUR_MS)
        raw.executemany("INSERT INTO hour_due VALUES (?, ?)", ((first, at) for at in hours))


def _rolled(database: Database) -> Row:
    began = perf_counter()
    count = rollups.roll(database, NOON + timedelta(hours=1))
    took = (perf_counter() - began) * 1000 / count
    return Row("figures of one hour and its minutes, 360 readings", took, "ms", 10.0, "less")


def _copied(file: Path, measured: Measured) -> None:
    """Give all other times and channels the figures of the first sixty days."""
    first = measured.channels[KEYS[0]]
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("DELETE FROM late_hour")
        for channel_id in measured.channels.values():
            for back in range(7):
                _copy(raw, first, channel_id, back * ROLLED_MS)


def _copy(raw: sqlite3.Connection, first: int, channel_id: int, back: int) -> None:
    where = "WHERE channel_id = ? AND first_ms - ? >= ?"
    for table, at in (("reading_hour", "hour_ms"), ("reading_minute", "minute_ms")):
        raw.execute(
            f"INSERT OR IGNORE INTO {table} (channel_id, {at}, n, least, mean, greatest, first_ms, last_ms, gap_s)"
            f" SELECT ?, {at} - ?, n, least, mean, greatest, first_ms - ?, last_ms - ?, gap_s FROM {table} {where}",
            (channel_id, back, back, back, first, back, NOON_MS - YEAR_MS),
        )


def _took(do: Callable[[], object]) -> float:
    began = perf_counter()
    do()
    return (perf_counter() - began) * 1000


def _answers(app: Flask, measured: Measured, person: SignedIn) -> Iterator[Row]:
    client = app.test_client()
    for name, span in RANGES:
        path = (
            f"/api/v1/freezers/{measured.freezer_code}/history?from={NOON_MS - span}&to={NOON_MS}"
            f"&points={PIXELS}&keys={','.join(KEYS)}"
        )

        def ask(path: str = path) -> None:
            answer = client.get(path, headers=person.bearer)
            assert answer.data.count(b'"unknown_s"') == len(KEYS)

        aim = AIM_MS if span in (YEAR_MS, HOUR_MS) else None
        took = [_took(ask) for _ in range(TIMES)]
        yield Row(
            f"answer: {name} of four channels, p95", percentile(took, 0.95), "ms", aim, "less"
        )


def _drawn(app: Flask, person: SignedIn) -> Iterator[Row]:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    served = Served(app)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "ck_session", "value": person.cookie, "url": served.url}])
        page = context.new_page()
        page.goto(f"{served.url}/freezers/LN2-SH?range=24h")
        page.locator(".chart canvas").wait_for()
        took = [_click(page, range_) for _ in range(TIMES) for range_ in ("24h", "1y")][1::2]
        yield Row(
            "browser: a year, from button to picture, p95",
            percentile(took, 0.95),
            "ms",
            AIM_MS,
            "less",
        )
        browser.close()
    served.stop()


def _click(page: Page, range_: str) -> float:
    took: float = page.locator(f'a[data-range="{range_}"]').evaluate(DRAWN)
    return took


def _warmest(measured: Measured) -> None:
    with measured.database.reading() as session:
        warmest(session, measured.freezer_id, NOON_MS - YEAR_MS + 12_345, NOON_MS - 12_345)


def _thinned(database: Database) -> Row:
    """Thin sixty slices and say how long a day of one channel takes: 8,640 readings."""
    began = perf_counter()
    count = thinning.thin(database, NOON + timedelta(days=300))
    took = (perf_counter() - began) * 1000 / (count / 24)
    return Row("thinning of a day of one channel, 8,640 readings", took, "ms", AIM_MS, "less")
