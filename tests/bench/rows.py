"""What the bench measures: one row a figure, with the aim that it is held against."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Row:
    """One figure. `better` says in which direction it should go from the aim."""

    name: str
    value: float
    unit: str
    aim: float | None
    better: Literal["more", "less"]

    @property
    def reached(self) -> bool:
        """Say whether the aim is reached; a figure without an aim always is."""
        if self.aim is None:
            return True
        return self.value >= self.aim if self.better == "more" else self.value <= self.aim

    def line(self) -> str:
        """Return the row as it is printed."""
        aim = (
            ""
            if self.aim is None
            else f"{'at least' if self.better == 'more' else 'at most'} {self.aim:,.0f}"
        )
        verdict = "" if self.aim is None else ("reached" if self.reached else "MISSED")
        return f"{self.name:<58} {self.value:>12,.1f} {self.unit:<12} {aim:<20} {verdict}".rstrip()


def write(rows: Sequence[Row], file: Path) -> None:
    """Write the rows, keeping those of earlier runs that this run did not measure."""
    file.parent.mkdir(exist_ok=True)
    earlier = json.loads(file.read_text()) if file.exists() else []
    names = {row.name for row in rows}
    kept = [row for row in earlier if row["name"] not in names]
    file.write_text(json.dumps([*kept, *map(asdict, rows)], indent=1) + "\n")


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which this part (0 to 1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(part * (len(ordered) - 1)))]
