"""`make bench`: measures, prints plain rows and writes them to build/bench.json. `BENCH=ingest,find` for some."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.bench import alarms, find, ingest, outages
from tests.bench.rows import Row, write

GROUPS: dict[str, Callable[[], Iterable[Row]]] = {
    "ingest": ingest.measure,
    "alarms": alarms.measure,
    "outages": outages.measure,
    "find": find.measure,
}


def main(chosen: list[str]) -> int:
    """Measure the chosen groups, or all; returns 1 where an aim was missed."""
    if unknown := set(chosen) - set(GROUPS):
        sys.exit(f"no such group: {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    rows: list[Row] = []
    for name in chosen or GROUPS:
        for row in GROUPS[name]():
            print(row.line(), flush=True)
            rows.append(row)
    write(rows, Path("build/bench.json"))
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(
        main([name.strip() for text in sys.argv[1:] for name in text.split(",") if name.strip()])
    )
