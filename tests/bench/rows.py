"""What a measurement gives: one plain row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True)
class Row:
    """One figure; `better` says whether more or less of it is wanted, `aim` what is hoped for, if anything."""

    name: str
    value: float
    unit: str
    aim: float | None
    better: Literal["more", "less"]

    @property
    def reached(self) -> bool:
        """Tell whether the aim is reached; a figure without one only informs."""
        if self.aim is None:
            return True
        return self.value >= self.aim if self.better == "more" else self.value <= self.aim

    def line(self) -> str:
        """Return the row as a person reads it."""
        figure = f"{self.name:<62} {number(self.value):>12} {self.unit:<14}"
        if self.aim is None:
            return figure.rstrip()
        sign = "≥" if self.better == "more" else "≤"
        word = "reached" if self.reached else "missed"
        return f"{figure} aim {sign} {number(self.aim):>9}  {word}"

    def plain(self) -> dict[str, object]:
        """Return the row as build/bench.json holds it."""
        return asdict(self)


def number(value: float) -> str:
    """Return a figure with as many digits as it deserves."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which this part (0 to 1) of the values lies."""
    ordered = sorted(values)
    return ordered[round(part * (len(ordered) - 1))]
