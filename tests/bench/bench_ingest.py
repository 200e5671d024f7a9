"""Readings a second, from mosquitto to committed rows, alarms judged; and a naive consumer beside it."""

import statistics
import subprocess
import sys
from collections.abc import Iterator

from tests.bench import messages
from tests.bench.house import House, go, house, publisher
from tests.bench.publisher import write_packets
from tests.bench.rows import Row

TABLES, SINGLES, NAIVE = 15_000, 60_000, 3_000
RUNS = 3
AIMS = {"sqlite": 200_000, "postgresql": 250_000}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def rows() -> Iterator[Row]:
    """Measure both databases; each figure is the middle one of three runs."""
    for dialect, name in NAMES.items():
        with house(dialect) as built:
            tables = _rates(built, "b", TABLES, 60)
            yield Row(
                f"ingest, 5 channels x 12 rows, {name}", tables, "readings/s", AIMS[dialect], "more"
            )
            singles = _rates(built, "s", SINGLES, 1)
            yield Row(f"ingest, 1 reading a message, {name}", singles, "messages/s", 15_000, "more")
        naive = _naive_rate(dialect)
        yield Row(f"naive consumer, 1 reading a message, {name}", naive, "messages/s", None, "more")
        yield Row(f"ingest / naive consumer, {name}", singles / naive, "times", 10, "more")


def _rates(built: House, run: str, count: int, readings: int) -> float:
    return statistics.median(_rate(built, f"{run}{i}x", count, readings) for i in range(RUNS))


def _rate(built: House, run: str, count: int, readings: int) -> float:
    """Publish so many messages and wait for the last commit."""
    make = messages.tables if readings > 1 else messages.singles
    file = built.folder / f"{run}.packets"
    write_packets(file, make(count, built.now_ms(), run))
    before, rows = built.settled(), count * (12 if readings > 1 else 1)
    with publisher(built.broker.port, file) as process:
        began = go(process)
        ended = built.wait_until_settled(before + rows)
    return count * readings / (ended - began)


def _naive_rate(dialect: str) -> float:
    """The same messages for a consumer that commits each one through the ORM."""
    built = House(dialect)
    consumer = None
    try:
        file = built.folder / "naive.packets"
        write_packets(file, messages.singles(NAIVE, built.now_ms(), "naive"))
        consumer = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.naive", built.url, str(built.broker.port), str(NAIVE)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert consumer.stdout
        assert consumer.stdout.readline() == "ready\n"
        with publisher(built.broker.port, file) as process:
            go(process)
            return NAIVE / float(consumer.stdout.readline())
    finally:
        if consumer:
            consumer.kill()
            consumer.wait()
        built.close()
