"""A big bank over HTTP with two server processes: find by code, open a box, find by words, move a hundred.

BENCH_VIALS says how many vials (1,000,000 as it comes), several with commas between. More than
ten million rows want some twenty gigabytes of disk: `BENCH_VIALS=1000000,10000000
BENCH_DATABASES=postgresql make bench BENCH=inventory` compares both sizes. BENCH_CACHE names a
folder in which the banks are kept for the next time; BENCH_PART=0.1 asks a tenth as often.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from secrets import token_hex
from urllib.parse import quote

from tests.bench import bank
from tests.bench.bank import Bank
from tests.bench.banked import Banked, banked
from tests.bench.rows import Row, percentile
from tests.support.ports import free_port, wait_until_listening
from tests.support.processes import Process

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
USUAL = 1_000_000
MOST_ON_SQLITE = 1_000_000
WARMING, ASKED, OPENED, WORDED, MOVED = 300, 3_000, 1_500, 60, 300
"""How often each is done; a word of each kind of the mix so often."""
Figures = dict[str, float]


def sizes() -> list[int]:
    """Return at how many vials to measure."""
    asked = os.environ.get("BENCH_VIALS", str(USUAL)).replace("_", "")
    return [int(size) for size in asked.split(",")]


def often(whole: int) -> int:
    """Return how often something is done."""
    return max(10, round(whole * float(os.environ.get("BENCH_PART", "1"))))


def dialects() -> list[str]:
    """Return on which databases to measure."""
    return os.environ.get("BENCH_DATABASES", "sqlite,postgresql").split(",")


def rows() -> Iterator[Row]:
    """Measure each database at each size; where there are two sizes, say what ten times as many cost."""
    for dialect in dialects():
        found: dict[int, Figures] = {}
        for size in sizes():
            if dialect == "sqlite" and size > MOST_ON_SQLITE:
                continue
            with banked(dialect, size) as kept, served(kept) as asking:
                found[size] = _measured(asking)
                with kept.disturbed():
                    found[size] |= _moved(asking)
            yield from _rows(dialect, size, found[size])
        yield from _ratios(dialect, found)


class Asking:
    """A kept-open connection with the administrator's token."""

    def __init__(self, port: int, filled: Bank) -> None:
        self.filled = filled
        self.chance = random.Random(7)
        self._connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"Bearer {filled.token}", "Accept": "application/json"}

    def get(self, path: str, holds: str = "") -> float:
        """Return the milliseconds of one answer, which must be right."""
        return self._ask("GET", path, 200, holds)

    def post(self, path: str, content: object, holds: str) -> float:
        """Return the milliseconds of one change, with a key of its own; its answer must be right."""
        body = json.dumps(content).encode()
        return self._ask("POST", path, 201, holds, body, {"Idempotency-Key": token_hex(8)})

    def _ask(
        self,
        method: str,
        path: str,
        status: int,
        holds: str,
        body: bytes | None = None,
        more: dict[str, str] | None = None,
    ) -> float:
        began = time.perf_counter()
        self._connection.request(method, path, body=body, headers=self._headers | (more or {}))
        answer = self._connection.getresponse()
        found = answer.read()
        took = (time.perf_counter() - began) * 1000
        assert answer.status == status, (path, answer.status, found[:300])
        assert holds.encode() in found, (path, holds, found[:300])
        return took

    def many(self, count: int, one: Callable[[], float]) -> list[float]:
        """Return so many measurements, after some that warm up."""
        for _ in range(min(often(WARMING), count)):
            one()
        return [one() for _ in range(count)]

    def find(self) -> float:
        """Find a vial by its code."""
        code = bank.vial_code(self.chance.randrange(self.filled.vials))
        return self.get(f"/api/v1/find?q={code}", f'"code":"{code}"')

    def box(self) -> float:
        """Open a box of a hundred positions."""
        number = self.chance.randrange(self.filled.boxes)
        code = bank.vial_code(number * bank.IN_A_BOX)
        return self.get(f"/api/v1/boxes/{bank.box_code(number)}", code)

    def words(self, asked: str) -> float:
        """Find anything by words."""
        return self.get(f"/api/v1/find?q={quote(asked)}", '"kind"')

    def move(self, number: int, into: int) -> float:
        """Move the hundred vials that belong into one box to the same positions of another."""
        labels = [f"{letter}{n}" for letter in "ABCDEFGHIJ" for n in range(1, 11)]
        codes = [bank.vial_code(number * bank.IN_A_BOX + n) for n in range(bank.IN_A_BOX)]
        moves = [
            {"vial": code, "box": bank.box_code(into), "position": label}
            for code, label in zip(codes, labels, strict=True)
        ]
        return self.post("/api/v1/moves", {"moves": moves}, '"things":100')


def mix(asking: Asking) -> dict[str, list[str]]:
    """Return what is looked for, by what is special about it."""
    chance, vials = asking.chance, asking.filled.vials
    count = often(WORDED)
    numbers = [chance.randrange(vials) for _ in range(count)]
    lines = [number // (bank.VIALS_IN_A_LOT * bank.LOTS_OF_A_LINE) for number in numbers]
    return {
        "exact code": [bank.vial_code(n) for n in numbers],
        "code prefix": [bank.vial_code(n)[:9] for n in numbers],
        "two words": [f"{bank.line_names(n)[0].split('/')[0]} {n:05d}" for n in lines],
        "rare word": [bank.RARE.lower()] * count,
        "very common word": ["homo", "box"] * (count // 2),
        "two Chinese characters": [bank.line_names(n)[1][:2] for n in lines],
        "person": [bank.person_name(n % bank.PEOPLE) for n in numbers],
    }


@contextmanager
def served(kept: Banked) -> Iterator[Asking]:
    """Give a bank behind `cryokeep web` with two processes."""
    house, port = kept.house, free_port()
    environment = {
        "CRYOKEEP_HOME": str(house.folder), "CRYOKEEP_DATABASE": house.url,
        "CRYOKEEP_PORT": str(port), "CRYOKEEP_BROKER": house.broker.url,
    }  # fmt: skip
    command = [sys.executable, "-m", "server", "web", "--processes", "2"]
    web = Process(command, log=house.folder / "web.log", env=environment)
    try:
        wait_until_listening(port, 60)
        yield Asking(port, kept.bank)
    finally:
        web.stop()


def _measured(asking: Asking) -> Figures:
    found = asking.many(often(ASKED), asking.find)
    opened = asking.many(often(OPENED), asking.box)
    by_word = {name: [asking.words(one) for one in asked] for name, asked in mix(asking).items()}
    together = [took for times in by_word.values() for took in times]
    return {
        "find p50": percentile(found, 0.5),
        "find p99": percentile(found, 0.99),
        "box p50": percentile(opened, 0.5),
        "box p99": percentile(opened, 0.99),
        "words p50": percentile(together, 0.5),
        "words p95": percentile(together, 0.95),
        **{f"words, {name}, p95": percentile(times, 0.95) for name, times in by_word.items()},
    }


def _moved(asking: Asking) -> Figures:
    """Carry boxes' worth of vials from all over the bank into empty boxes, and all of them back."""
    filled = asking.filled
    count = min(bank.SPARE, filled.boxes)
    took: list[float] = []
    while len(took) < often(MOVED) + count:
        boxes = asking.chance.sample(range(filled.boxes), count)
        empty = [filled.boxes + n for n in range(count)]
        took += [asking.move(box, into) for box, into in zip(boxes, empty, strict=True)]
        took += [asking.move(box, box) for box in boxes]
    warm = took[count:]
    return {"move p50": percentile(warm, 0.5), "move p99": percentile(warm, 0.99)}


AIMS = {
    "find p99": ("find by code, p99", 10),
    "box p99": ("open a box of 100, p99", 20),
    "words p95": ("find by words, p95 of the mix", 100),
    "move p50": ("move 100 vials, p50", 15),
    "move p99": ("move 100 vials, p99", 40),
}


def _rows(dialect: str, size: int, found: Figures) -> Iterator[Row]:
    where = f"{NAMES[dialect]}, {size:,} vials"
    for name, value in found.items():
        label, aim = AIMS.get(name, (name, None))
        yield Row(f"{label}, {where}", value, "ms", aim, "less")


def _ratios(dialect: str, found: dict[int, Figures]) -> Iterator[Row]:
    if len(found) < 2:
        return
    small, large = min(found), max(found)
    for name in ("find p50", "box p50", "words p50", "move p50"):
        times = found[large][name] / found[small][name]
        label = f"{name} at {large // small} x {small:,} vials, {NAMES[dialect]}"
        yield Row(label, times, "times", 1.5, "less")
