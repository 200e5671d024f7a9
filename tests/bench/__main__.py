"""Measure: `python -m tests.bench [ingest,find]`. Every tests/bench/bench_*.py has `rows() -> list[Row]`.

Prints plain rows as they come and writes build/bench.json. A missed aim is said, and is no error: machines differ.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.rows import Row

PROJECT = Path(__file__).resolve().parents[2]
RESULT = PROJECT / "build" / "bench.json"


def names(asked: list[str]) -> list[str]:
    """Return which measurements to run: those asked for, else all; ends when one is unknown."""
    known = sorted(
        path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py")
    )
    wanted = [name for text in asked for name in text.split(",") if name]
    if unknown := set(wanted) - set(known):
        sys.exit(
            f"no such measurement: {', '.join(sorted(unknown))}; there are: {', '.join(known)}"
        )
    return wanted or known


def measure(asked: list[str]) -> Iterator[Row]:
    """Yield the rows of each measurement, and print them."""
    for name in names(asked):
        for row in importlib.import_module(f"tests.bench.bench_{name}").rows():
            print(row.line(), flush=True)
            yield row


def write(rows: list[Row], *, keep: bool) -> None:
    """Write the result; with `keep`, rows of other measurements stay as they were."""
    old = json.loads(RESULT.read_text(encoding="utf-8")) if keep and RESULT.exists() else []
    new = {row.name: row.plain() for row in rows}
    RESULT.parent.mkdir(exist_ok=True)
    merged = {**{row["name"]: row for row in old}, **new}
    RESULT.write_text(
        json.dumps(list(merged.values()), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    asked = sys.argv[1:]
    write(list(measure(asked)), keep=bool(asked))
