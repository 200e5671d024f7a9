"""How early a failing vacuum is found: `make detection`, or `python -m tests.bench.detection [--write]`.

Three vessels of the twin live through five years of ordinary days, by a level probe and by a scale; at two dozen
moments of these years their vacuum fails. All of it is judged by `server.alarms.boiloff`, as the server does.
With --write the tables go into docs/detection.md.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from edge_agent.probes.tank_model import TankState
from server.alarms import boiloff
from server.alarms.boiloff import State, Tuning
from tests.bench.vessels import PROBES, VESSELS, Life, TrueHour, Vessel, hours_to_glass, measured

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "detection.md"
BEGIN, END = "<!-- tables of make detection -->", "<!-- end of the tables -->"
FACTORS: Final = (3, 5, 20)
YEARS: Final = 5.0
STARTS: Final = 24
HOURS_A_YEAR: Final = 8_766
SETTLED: Final = 20 * 24
"""No vacuum fails before it is known what is usual."""
LONGEST: Final = 40 * 24
TUNING: Final = Tuning(unit="L")
FOUND_HEAD: Final = (
    "vessel", "level by", "boil-off", "hours to the alarm", "9 of 10 within", "hours of warning", "aim"
)  # fmt: skip
FALSE_HEAD: Final = (
    "vessel", "level by", "litres lost a day", "usual, as learnt", "false alarms a year",
    "without a lid contact",
)  # fmt: skip
AIMS: Final = {
    (0, 0): (44, 16, 3), (0, 1): (9, 3, 0), (1, 0): (20, 7, None), (1, 1): (3.5, 1, None),
    (2, 0): (3, None, None), (2, 1): (0, None, None),
}  # fmt: skip
"""(vessel, probe): hours to the alarm by a first, simpler twin, for x3, x5 and x20."""


@dataclass(frozen=True)
class Found:
    """How long it took to find one boil-off at one vessel."""

    vessel: str
    probe: str
    factor: int
    hours: tuple[int, ...]
    """To the end of the hour with which the alarm began, in order."""
    warning: float
    """The median of the hours from the alarm until the top is warmer than −135 °C."""
    aim: float | None = None

    def cells(self) -> tuple[str, ...]:
        """Return its row."""
        late = self.hours[min(len(self.hours) * 9 // 10, len(self.hours) - 1)]
        aim = "" if self.aim is None else f"{self.aim:g}"
        return (
            self.vessel, self.probe, f"x{self.factor}", f"{median(self.hours):g}", str(late),
            f"{self.warning:.0f}", aim,
        )  # fmt: skip


@dataclass(frozen=True)
class Quiet:
    """What was raised in ordinary years at one vessel."""

    vessel: str
    probe: str
    lost: float
    usual: float
    false: float
    """Alarms a year."""
    without_contact: float

    def cells(self) -> tuple[str, ...]:
        """Return its row."""
        return (
            self.vessel, self.probe, f"{self.lost:.2f}", f"{self.usual:.2f}", f"{self.false:g}",
            f"{self.without_contact:g}",
        )  # fmt: skip


@dataclass(frozen=True)
class Years:
    """The years of one vessel as they were, and its state at the moments at which the vacuum will fail."""

    hours: Sequence[TrueHour]
    states: dict[int, TankState]


def lived(vessel: Vessel, years: float, starts: int, seed: int = 1) -> Years:
    """Let a vessel live for so many years."""
    count = int(years * HOURS_A_YEAR)
    moments = set(random.Random(seed).sample(range(SETTLED, count), starts))
    life, hours, states = Life(vessel, seed), [], {}
    for number, hour in enumerate(life.hours(count)):
        hours.append(hour)
        if number + 1 in moments:
            states[number + 1] = life.state
    return Years(hours, states)


def judged(
    years: Years, sigma: float, *, contact: bool = True, seed: int = 7
) -> tuple[int, State, dict[int, State]]:
    """Judge the years; returns the alarms, the last state, and that before each moment of a failure."""
    noise, state = random.Random(seed), State()
    alarms, before = 0, {}
    for number, hour in enumerate(years.hours):
        if number in years.states:
            before[number] = state
        was = state.changed
        hours = [measured(hour, number, sigma, noise, contact=contact)]
        state = boiloff.judge(state, hours, TUNING)
        alarms += state.changed and not was
    return alarms, state, before


def hours_to_alarm(
    vessel: Vessel, tank: TankState, moment: int, state: State, factor: int, sigma: float
) -> int:
    """Let the vacuum fail at this moment; returns after how many whole hours it is found."""
    noise, life = random.Random(moment), Life(vessel, moment, tank, moment)
    for number, hour in enumerate(life.hours(LONGEST, factor)):
        hours = [measured(hour, moment + number, sigma, noise)]
        state = boiloff.judge(state, hours, TUNING)
        if state.changed:
            return number + 1
    return LONGEST


def rows(years: float = YEARS, starts: int = STARTS) -> Iterator[Found | Quiet]:
    """Yield all rows, vessel by vessel."""
    for at, vessel in enumerate(VESSELS):
        past = lived(vessel, years, starts)
        for by, (probe, sigma) in enumerate(PROBES):
            false, state, before = judged(past, sigma)
            for n, factor in enumerate(FACTORS):
                yield _found(vessel, past, before, (probe, sigma), factor, AIMS[at, by][n])
            blind, _state, _before = judged(past, sigma, contact=False)
            known = boiloff.usual(state.days, TUNING)
            usual = known.expected * 24 if known else 0.0
            lost = vessel.litres(vessel.figures.usage_mm_per_day)
            yield Quiet(vessel.name, probe, lost, usual, false / years, blind / years)


def _found(
    vessel: Vessel, past: Years, before: dict[int, State], probe: tuple[str, float], factor: int,
    aim: float | None,
) -> Found:  # fmt: skip
    hours, warnings = [], []
    for moment, tank in past.states.items():
        found = hours_to_alarm(vessel, tank, moment, before[moment], factor, probe[1])
        hours.append(found)
        warnings.append(hours_to_glass(vessel, tank, factor) - found)
    return Found(vessel.name, probe[0], factor, tuple(sorted(hours)), median(warnings), aim)


def tables(found: Sequence[Found | Quiet]) -> str:
    """Return both tables as the page has them."""
    early = [row.cells() for row in found if isinstance(row, Found)]
    quiet = [row.cells() for row in found if isinstance(row, Quiet)]
    return f"{_table(FOUND_HEAD, early)}\n\n{_table(FALSE_HEAD, quiet)}"


def _table(head: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def written(page: str, text: str) -> str:
    """Return the page with these tables in place of those that it had."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def main(arguments: Sequence[str]) -> None:
    """Print the tables; with --write put them into the page."""
    text = tables(list(rows()))
    sys.stdout.write(f"{text}\n")
    if "--write" in arguments:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
