"""How a position is spelt: words cut into runs of digits and of letters, and matched with two axes."""

import re
import unicodedata
from collections.abc import Iterator

from server.storage.schemes import AXES, Scheme

Runs = tuple[str, ...]
Axes = tuple[Scheme, Scheme]
Cell = tuple[int, int, int]
STANDARD: Axes = (AXES["letter"], AXES["number"])
"""A1: how scanners write, and people too where a box counts through."""
_LONGEST = 40
_BETWEEN = r"[\s:/.,_\-、·]"
_WORDS = re.compile(rf"\s*#?(?:[0-9]+|[A-Z]+)(?:{_BETWEEN}*(?:[0-9]+|[A-Z]+))*\s*")
_RUN = re.compile(r"[0-9]+|[A-Z]+")


def runs(written: str) -> Runs | None:
    """Return the runs of digits and of capital letters; None where anything else is written."""
    text = unicodedata.normalize("NFKC", written[:_LONGEST]).upper()
    if len(written) > _LONGEST or not _WORDS.fullmatch(text):
        return None
    return tuple(_RUN.findall(text))


def write(axes: Axes, cell: tuple[int, int], first: str) -> str:
    """Return a row and a column as a label; a sign stands between where both are digits or both letters."""
    parts = [axis.write(number) for axis, number in zip(axes, cell, strict=True)]
    if first == "column":
        parts.reverse()
    return _between(axes).join(parts)


def _between(axes: Axes) -> str:
    if axes[0].in_digits != axes[1].in_digits:
        return ""
    if axes[0].in_digits:
        return ":"
    return " " if "roman" in (axes[0].word, axes[1].word) else "/"


def cells(runs: Runs, axes: Axes | None, first: str, *, layered: bool) -> Iterator[Cell]:
    """Yield every (layer, row, column) that these runs may mean; a layered box needs its layer named."""
    for layer, rest in _layers(runs, layered=layered):
        for row, column in _rows_and_columns(rest, axes, first):
            yield layer, row, column


def _layers(runs: Runs, *, layered: bool) -> Iterator[tuple[int, Runs]]:
    if not layered:
        yield 1, runs
    named = len(runs) == 3 or (layered and len(runs) == 2)
    if named and (layer := AXES["number"].read(runs[0])):
        yield layer, runs[1:]


def _rows_and_columns(runs: Runs, axes: Axes | None, first: str) -> Iterator[tuple[int, int]]:
    if axes is None or axes[0].in_digits is axes[1].in_digits is True:
        yield from _read(runs, STANDARD, "row")
    if axes is None:
        return
    yield from _read(runs, axes, first)
    if first == "column" and axes[0].in_digits != axes[1].in_digits:
        yield from _read(runs, axes, "row")  # A1 where the box writes 1A: letters are the rows


def _read(runs: Runs, axes: Axes, first: str) -> Iterator[tuple[int, int]]:
    one, other = axes if first == "row" else (axes[1], axes[0])
    for left, right in _pairs(runs, one, other):
        numbers = (one.read(left), other.read(right))
        if numbers[0] is not None and numbers[1] is not None:
            yield (numbers[0], numbers[1]) if first == "row" else (numbers[1], numbers[0])


def _pairs(runs: Runs, one: Scheme, other: Scheme) -> Iterator[tuple[str, str]]:
    """Yield the two parts; one run of what both axes are written in is cut at every place."""
    if len(runs) == 2:
        yield runs[0], runs[1]
    elif len(runs) == 1 and one.in_digits == other.in_digits == runs[0].isdigit():
        for cut in range(1, len(runs[0])):
            yield runs[0][:cut], runs[0][cut:]
