"""Cells become values: nothing is guessed, and what is refused is told with what was expected."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from math import isfinite
from typing import Any

from server.core.words import N_
from server.exchange.rules import LONGEST_CELL, Column, Problem

Cell = str | int | float | bool | dict[str, str] | None
Read = Callable[[Cell], Any]

DATE_FORMATS = {
    "ymd": ("%Y-%m-%d", N_("year-month-day, 2021-03-04")),
    "dmy": ("%d-%m-%Y", N_("day-month-year, 04-03-2021")),
    "mdy": ("%m-%d-%Y", N_("month-day-year, 03-04-2021")),
    "dby": ("%d-%b-%Y", N_("day-month-year with the month's English name, 04-Mar-2021")),
}
"""What can be answered to the question how dates are written; any of . / - and blanks stands between."""
REMEMBERED = 4_000
_APART = re.compile(r"[\s./年月-]+")
_TIME = re.compile(r"[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(?:Z|[AP]M)?$", re.IGNORECASE)
YES = frozenset({"yes", "y", "true", "1", "是"})
NO = frozenset({"no", "n", "false", "0", "否"})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")

NEEDED = N_("a value; this column is needed")
NOT_WHOLE = N_("a whole number")
NOT_NUMBER = {
    ".": N_("a number such as 12.5, with a decimal point and no sign between thousands"),
    ",": N_("a number such as 12,5, with a decimal comma and no sign between thousands"),
}
NOT_DATE = {name: words for name, (_format, words) in DATE_FORMATS.items()}
NOT_YES = N_("yes or no")
NOT_CHOICE = N_("one of %(choices)s")
NUMBER_CODE = N_(
    "text: the sheet holds this code as a number, and zeros at its beginning may be lost."
    " Make the column text and enter the codes again, or choose to take the numbers as they are"
)
LONG = N_("at most %(most)s characters")
STRANGE = N_("text without characters that cannot be printed")


@dataclass(frozen=True)
class Options:
    """What was answered on how the file writes dates, numbers and codes."""

    date: str = ""
    decimal: str = "."
    numeric_codes: bool = False
    """Take a sheet's number as a code, as it is shown."""


class Wrong(Exception):
    """A cell that cannot be read; says what was expected."""

    def __init__(self, expected: str, **facts: object) -> None:
        self.expected, self.facts = expected, facts
        super().__init__(expected)


def text_of(cell: Cell) -> str:
    """Return what a person sees in the cell."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, dict):
        return cell["at"].removesuffix("T00:00:00").replace("T", " ")
    return str(int(cell)) if float(cell).is_integer() and abs(cell) < 2**53 else repr(cell)


def readers(
    columns: Sequence[Column], mapping: dict[str, int], options: Options
) -> list[tuple[str, int, Read, bool]]:
    """Return (name, place in the file, how its cell is read, whether it is needed) of each mapped column."""
    return [
        (column.name, mapping[column.name], reader(column, options), column.required)
        for column in columns
        if column.name in mapping
    ]


def reader(column: Column, options: Options) -> Read:
    """Return what reads the cells of this column; empty cells never reach it."""
    if column.kind == "code":
        return lambda cell: cell.strip() if type(cell) is str else _code(cell, options)
    if column.kind == "codes":
        return lambda cell: _codes(cell, options)
    if column.kind in {"whole", "version"}:
        return _remembering(lambda cell: _whole(cell, options.decimal))
    if column.kind == "number":
        return _remembering(lambda cell: _number(cell, options.decimal))
    if column.kind == "date":
        return _remembering(lambda cell: _date(cell, options.date))
    if column.kind == "yes_no":
        return _remembering(_yes_no)
    if column.kind == "choice":
        return _remembering(lambda cell: _choice(cell, column.choices))
    return lambda cell: _text(cell, column.most)


def _remembering(read: Read) -> Read:
    """Read each text once: a column has the same dates and numbers again and again."""
    known = lru_cache(REMEMBERED)(read)
    # 1, 1.0 and True are one key: only texts are remembered
    return lambda cell: known(cell) if type(cell) is str else read(cell)


def read_row(
    found: Sequence[tuple[str, int, Read, bool]], cells: Sequence[Cell]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values of a row by column, empty ones left out, and what is wrong with it."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    width = len(cells)
    for name, place, read, needed in found:
        cell = cells[place] if place < width else None
        if cell is None or (type(cell) is str and not cell.strip()):
            if needed:
                problems.append(Problem(name, "", NEEDED))
            continue
        try:
            values[name] = read(cell)
        except Wrong as wrong:
            problems.append(Problem(name, text_of(cell)[:200], wrong.expected, wrong.facts))
    return values, problems


def _text(cell: Cell, most: int) -> str:
    text = text_of(cell).strip()
    if len(text) > most or len(text) > LONGEST_CELL:
        raise Wrong(LONG, most=most)
    if not text.isprintable() and any(
        unicodedata.category(one) == "Cc" and one not in "\n\t\r" for one in text
    ):
        raise Wrong(STRANGE)
    return text


def _code(cell: Cell, options: Options) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, int | float) and not options.numeric_codes:
        raise Wrong(NUMBER_CODE)
    return text_of(cell)


def _codes(cell: Cell, options: Options) -> tuple[str, ...]:
    parts = (part.strip() for part in re.split(r"[;\n]", _code(cell, options)))
    return tuple(dict.fromkeys(part for part in parts if part))


def _whole(cell: Cell, decimal: str) -> int:
    if isinstance(cell, bool):
        raise Wrong(NOT_WHOLE)
    if isinstance(cell, str):
        text = cell.strip().replace("−", "-")
        if re.fullmatch(r"[+-]?\d{1,18}", text):
            return int(text)
    number = _number(cell, decimal)
    if not number.is_integer() or abs(number) > 2**53:
        raise Wrong(NOT_WHOLE)
    return int(number)


def _number(cell: Cell, decimal: str) -> float:
    if isinstance(cell, bool | dict) or cell is None:
        raise Wrong(NOT_NUMBER[decimal])
    if isinstance(cell, int | float):
        return float(cell)
    text = cell.strip().replace("−", "-")
    if decimal == ",":
        text = text.replace(".", "?").replace(",", ".")
    if not _NUMBER.fullmatch(text) or not isfinite(float(text)):
        raise Wrong(NOT_NUMBER[decimal])
    return float(text)


def _date(cell: Cell, how: str) -> date:
    if isinstance(cell, dict):
        return datetime.fromisoformat(cell["at"]).date()
    if not isinstance(cell, str) or how not in DATE_FORMATS:
        raise Wrong(NOT_DATE.get(how, N_("a date, and an answer to how dates are written")))
    found = date_in(cell, how)
    if found is None:
        raise Wrong(NOT_DATE[how])
    return found


def date_in(text: str, how: str) -> date | None:
    """Return the day that a text means when dates are written so; None where it means none."""
    plain = _TIME.sub("", unicodedata.normalize("NFKC", text).strip()).removesuffix("日")
    plain = "-".join(part for part in _APART.split(plain) if part)
    years = 0 if how == "ymd" else 2
    parts = plain.split("-")
    if len(parts) != 3 or len(parts[years]) != 4:
        return None
    try:
        return datetime.strptime(plain, DATE_FORMATS[how][0]).date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None


def _yes_no(cell: Cell) -> bool:
    word = text_of(cell).strip().casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise Wrong(NOT_YES)


def _choice(cell: Cell, choices: tuple[str, ...]) -> str:
    word = text_of(cell).strip()
    by_fold = {choice.casefold(): choice for choice in choices}
    if word.casefold() not in by_fold:
        raise Wrong(NOT_CHOICE, choices=", ".join(choices))
    return by_fold[word.casefold()]
