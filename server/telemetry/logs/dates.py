"""When each row of a log was written, though its dates may be written in more than one way. Pure.

A controller may change how it writes dates when its power comes back. So each row may be read in up to
three orders, and the file is settled as a whole: time goes on from row to row, and the order changes
only where the power failed or where the writing itself changes. What has more than one reading that
fits equally well is asked, never guessed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ORDERS = ("ymd", "dmy", "mdy")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
EARLIEST = 1995
TOLERATED = timedelta(hours=2)
"""So far a clock may go back: by summer time, or when it is set."""
BACKWARDS, UNPROMPTED = 10, 3
"""What it costs a reading of the file that time goes back, or the order changes for no reason."""
_DATE = re.compile(r"(\w+)[\s./\-]+(\w+)[\s,./\-]+(\w+)")
_TIME = re.compile(
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*([ap])?\.?\s*(?:m\.?)?", re.IGNORECASE
)
Readings = Mapping[str, datetime]


def split(both: str) -> tuple[str, str]:
    """Return date and time of a cell that holds both."""
    match = re.fullmatch(r"(.*?)[T\s]+(\d{1,2}[:.]\d{2}.*)", both.strip())
    return (match[1], match[2]) if match else (both.strip(), "")


def readings(date: str, time: str, latest: datetime) -> dict[str, datetime]:
    """Return by order the local moments that a row can mean; none after `latest`, and none before 1995."""
    clock = _clock(time)
    match = _DATE.fullmatch(date.strip())
    if clock is None or match is None:
        return {}
    found = {}
    for order, parts in _orders(match[1], match[2], match[3]):
        at = _moment(parts, clock)
        if at is not None and at.year >= EARLIEST and at <= latest:
            found[order] = at
    return found


def _orders(one: str, two: str, three: str) -> list[tuple[str, tuple[str, str, str]]]:
    """Return (order, (year, month, day)) for what the three parts can be."""
    if len(one) == 4 and one.isdecimal():
        return [("ymd", (one, two, three))]
    if one[:1].isalpha():
        return [("mdy", (three, one, two))]
    if two[:1].isalpha():
        return [("dmy", (three, two, one))]
    return [("dmy", (three, two, one)), ("mdy", (three, one, two))]


def _moment(parts: tuple[str, str, str], clock: tuple[int, int, int]) -> datetime | None:
    year, month, day = parts
    named = month[:3].casefold()
    number = MONTHS.index(named) + 1 if named in MONTHS else None
    if number is None and not (month.isdecimal() and len(month) <= 2):
        return None
    if not (year.isdecimal() and len(year) in (2, 4) and day.isdecimal() and len(day) <= 2):
        return None
    whole = int(year) + (2000 if len(year) == 2 else 0)
    try:
        return datetime(whole, number or int(month), int(day), *clock)  # noqa: DTZ001  the site's zone is set later
    except ValueError:
        return None


def _clock(time: str) -> tuple[int, int, int] | None:
    match = _TIME.fullmatch(time.strip())
    if match is None:
        return None
    hour, half = int(match[1]), (match[4] or "").casefold()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    minute, second = int(match[2]), int(match[3] or 0)
    return (hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def shape(date: str, time: str) -> str:
    """Return how a date and a time are written, without what they say: 9/9/9999 9:9."""
    short = re.sub(r"\d+", lambda match: "9999" if len(match[0]) == 4 else "9", f"{date} {time}")
    return re.sub(r"[A-Za-z]+", "a", short)


@dataclass(frozen=True)
class Dated:
    """One row before it is settled: its line, what it can mean, how it is written, whether the power failed."""

    line: int
    readings: Readings
    shape: str
    power_failed: bool = False


@dataclass(frozen=True)
class Question:
    """Rows whose dates can be read in more than one order."""

    first_line: int
    last_line: int
    options: Mapping[str, datetime]
    """What the first of them would mean, by order."""


Answers = Mapping[tuple[int, int], str]
"""In which order the rows from a line to a line are written, as a person said."""


def settled(
    rows: Sequence[Dated], answers: Answers
) -> tuple[list[datetime | None], list[Question]]:
    """Return each row's moment, None where it must be asked; and the questions.

    Each row must have at least one reading.
    """
    told = _narrowed(rows, answers)
    both = [_possible(told, 1), _possible(told, -1)]
    _cost, possible = min(both, key=lambda found: found[0])
    moments = [_one_moment(row, orders) for row, orders in zip(told, possible, strict=True)]
    return moments, _questions(told, possible, moments)


def _narrowed(rows: Sequence[Dated], answers: Answers) -> list[Dated]:
    """Leave the rows that were asked about with the order that was answered."""
    found: list[Dated] = []
    for row in rows:
        order = next((o for (low, high), o in answers.items() if low <= row.line <= high), "")
        only = {order: row.readings[order]} if order in row.readings else row.readings
        found.append(Dated(row.line, only, row.shape, row.power_failed))
    return found


def _possible(rows: Sequence[Dated], direction: int) -> tuple[int, list[list[str]]]:
    """Return the least cost of reading the whole file, and for each row the orders that such a reading may have."""
    ahead = _costs(rows, direction)
    back = _costs(rows[::-1], -direction)[::-1]
    least = min(ahead[-1].values(), default=0) if ahead else 0
    return least, [
        [order for order in row.readings if ahead[i][order] + back[i][order] == least]
        for i, row in enumerate(rows)
    ]


def _costs(rows: Sequence[Dated], direction: int) -> list[dict[str, int]]:
    """Return for each row and order what the cheapest reading of the rows up to it costs."""
    found: list[dict[str, int]] = []
    for i, row in enumerate(rows):
        if i == 0:
            found.append(dict.fromkeys(row.readings, 0))
            continue
        before = rows[i - 1]
        found.append({
            order: min(
                found[-1][earlier] + _step(before, earlier, row, order, direction)
                for earlier in before.readings
            )
            for order in row.readings
        })  # fmt: skip
    return found


def _step(one: Dated, order: str, two: Dated, other: str, direction: int) -> int:
    """Return what it costs that a row in this order is followed by a row in the other."""
    went = (two.readings[other] - one.readings[order]) * direction
    cost = BACKWARDS if went < -TOLERATED else 0
    prompted = one.shape != two.shape or one.power_failed or two.power_failed
    return cost + (UNPROMPTED if order != other and not prompted else 0)


def _one_moment(row: Dated, orders: Sequence[str]) -> datetime | None:
    moments = {row.readings[order] for order in orders}
    return moments.pop() if len(moments) == 1 else None


def _questions(
    rows: Sequence[Dated], possible: Sequence[Sequence[str]], moments: Sequence[datetime | None]
) -> list[Question]:
    """Return one question for each run of rows that are open, up to a power failure or another writing."""
    found: list[Question] = []
    before: Dated | None = None
    for row, orders, moment in zip(rows, possible, moments, strict=True):
        if moment is None:
            options = {order: row.readings[order] for order in orders}
            goes_on = before is not None and before.shape == row.shape and not row.power_failed
            if goes_on and found and set(found[-1].options) == set(options):
                last = found[-1]
                found[-1] = Question(last.first_line, row.line, last.options)
            else:
                found.append(Question(row.line, row.line, options))
            before = row
        elif len(orders) == 1:
            before = None
    return found
