"""How soon a chart is there: a year of four channels at one reading each ten seconds, 12.6 M readings.

What a process of `cryokeep web` answers over HTTP, and what a browser needs from the press of the button to
the drawn picture. Cold is the first answer of a process that was just started; the rest is warm. Then how
long the roll-up works for an hour, and thinning for a day. BENCH_DATABASES says which databases (both),
BENCH_CACHE keeps the banks.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from time import perf_counter

from playwright.sync_api import Page, sync_playwright

from server.core.db import Database
from server.telemetry import thinning
from server.telemetry.queries import warmest
from tests.bench.house import House
from tests.bench.rows import Row, percentile
from tests.bench.year import DAY_MS, HOUR_MS, KEYS, YEAR_MS, Year, year
from tests.support.ports import free_port, wait_until_listening
from tests.support.processes import Process
from tests.support.signed_in import SignedIn

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
PIXELS, TIMES, STARTS, AIM_MS = 1000, 40, 3, 100.0
RANGES = (("an hour", HOUR_MS), ("a day", DAY_MS), ("a week", 7 * DAY_MS), ("a year", YEAR_MS))
DRAWN = """button => new Promise(done => {
  const card = button.closest(".card"), chart = card.querySelector("[data-chart]"), began = performance.now();
  const watch = new MutationObserver(() => {
    if (chart.classList.contains("loading")) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  });
  watch.observe(chart, {attributes: true, attributeFilter: ["class"]});
  button.click();
})"""
"""From the press until the frame with the picture is out."""


def rows() -> Iterator[Row]:
    """Yield the figures of each database."""
    for dialect in os.environ.get("BENCH_DATABASES", "sqlite,postgresql").split(","):
        with year(dialect) as (house, bank):
            for row in (*bank.told, *_of(house, bank)):
                yield Row(f"{row.name}, {NAMES[dialect]}", row.value, row.unit, row.aim, row.better)


def _of(house: House, bank: Year) -> Iterator[Row]:
    person = bank.person()
    cold = []
    for _ in range(STARTS):
        with _web(house) as port:
            cold.append(_took(_asking(port, person, bank, YEAR_MS)))
    yield Row("answer: a year of four channels, cold", max(cold), "ms", None, "less")
    with _web(house) as port:
        yield from _answers(port, person, bank)
        yield from _drawn(port, person)
    took = [_took(lambda: _warmest(bank)) for _ in range(TIMES)]
    yield Row("warmest moment of a year, p95", percentile(took, 0.95), "ms", AIM_MS, "less")
    if not house.kept:
        yield _thinned(bank.database, bank)


@contextmanager
def _web(house: House) -> Iterator[int]:
    port = free_port()
    environment = {
        "CRYOKEEP_HOME": str(house.folder), "CRYOKEEP_DATABASE": house.url,
        "CRYOKEEP_PORT": str(port), "CRYOKEEP_BROKER": house.broker.url,
    }  # fmt: skip
    command = [sys.executable, "-m", "server", "web"]
    web = Process(command, log=house.folder / "web.log", env=environment)
    try:
        wait_until_listening(port, 60)
        yield port
    finally:
        web.stop()


def _asking(port: int, person: SignedIn, bank: Year, span: int) -> Callable[[], object]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    path = (
        f"/api/v1/freezers/LN2-SH/history?from={bank.now_ms - span}&to={bank.now_ms}"
        f"&points={PIXELS}&keys={','.join(KEYS)}"
    )

    def ask() -> None:
        connection.request("GET", path, headers=person.bearer)
        told = connection.getresponse().read()
        assert told.count(b'"unknown_s"') == len(KEYS), told[:300]

    return ask


def _took(do: Callable[[], object]) -> float:
    began = perf_counter()
    do()
    return (perf_counter() - began) * 1000


def _answers(port: int, person: SignedIn, bank: Year) -> Iterator[Row]:
    for name, span in RANGES:
        ask = _asking(port, person, bank, span)
        ask()
        took = [_took(ask) for _ in range(TIMES)]
        yield from _both(f"answer: {name} of four channels", took, span in (YEAR_MS, HOUR_MS))


def _both(name: str, took: list[float], is_aimed: bool) -> Iterator[Row]:
    yield Row(f"{name}, p50", percentile(took, 0.5), "ms", None, "less")
    yield Row(f"{name}, p95", percentile(took, 0.95), "ms", AIM_MS if is_aimed else None, "less")


def _drawn(port: int, person: SignedIn) -> Iterator[Row]:
    url = f"http://127.0.0.1:{port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "ck_session", "value": person.cookie, "url": url}])
        page = context.new_page()
        page.goto(f"{url}/freezers/LN2-SH?range=24h")
        page.locator(".chart canvas").wait_for()
        took = [_click(page, range_) for _ in range(TIMES) for range_ in ("24h", "1y")][1::2]
        yield Row(
            "browser: a year, from button to picture, the first time", took[0], "ms", None, "less"
        )
        yield from _both("browser: a year, from button to picture", took[1:], True)
        browser.close()


def _click(page: Page, range_: str) -> float:
    took: float = page.locator(f'a[data-range="{range_}"]').evaluate(DRAWN)
    return took


def _warmest(bank: Year) -> None:
    with bank.database.reading() as session:
        warmest(session, bank.freezer_id, bank.now_ms - YEAR_MS + 12_345, bank.now_ms - 12_345)


def _thinned(database: Database, bank: Year) -> Row:
    """Thin sixty slices and say how long a day of one channel takes: 8,640 readings."""
    began = perf_counter()
    count = thinning.thin(database, bank.now + timedelta(days=300))
    took = (perf_counter() - began) * 1000 / (count / 24)
    return Row("thinning of a day of one channel, 8,640 readings", took, "ms", AIM_MS, "less")
