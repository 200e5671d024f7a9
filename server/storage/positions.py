"""Positions of a container: integer ordinals, and the labels that people write for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from server.storage import spellings
from server.storage.schemes import (
    AXES,
    LETTER_NUMBER,
    NUMBER,
    SCHEMES,
    Scheme,
    axes_of,
    letters_of,
    number_of,
)

__all__ = ["DRAWN_IN_A_ROW", "FILLS", "FIRSTS", "LETTER_NUMBER", "NUMBER", "SCHEMES", "BoxShape"]

FIRSTS = ("row", "column")
FILLS = (
    "right-down", "left-down", "right-up", "left-up", "down-right", "down-left", "up-right", "up-left",
)  # fmt: skip
"""In which direction free positions are offered: along the first word, then on to the next by the second."""
DRAWN_IN_A_ROW = 10
MOST_KNOWN = 200
"""Of shapes with so many positions at most the labels are kept at hand."""
NONE: frozenset[int] = frozenset()


@dataclass(frozen=True)
class BoxShape:
    """Rows, columns and layers of a container, which of its positions are there, and how they are written.

    Ordinals run from 1: layer by layer, in each row after row, in each row column by column. They are
    the positions; labels are only a view of them, so that another scheme moves nothing.
    """

    rows: int
    columns: int
    layers: int = 1
    labels: str = LETTER_NUMBER
    label_first: str = "row"
    """Which axis a label names first, and along which a plain number counts."""
    fill: str = "right-down"
    managed: bool = True
    """False: no places of its own (a bag); `rows` x `columns` is how much fits in, written #1, #2, ..."""
    blocked: frozenset[int] = field(default=NONE)
    """Positions that are there and never used; they keep their numbers."""
    absent: frozenset[int] = field(default=NONE)
    """Cells of the grid at which there is no position: what makes a round layout round."""

    @property
    def size(self) -> int:
        """Return how many cells the grid has."""
        return self.rows * self.columns * self.layers

    @property
    def capacity(self) -> int:
        """Return how many positions can be used."""
        return self.size - len(self.absent | self.blocked)

    @cached_property
    def ordinals(self) -> Sequence[int]:
        """Return the ordinals of all positions that are there, blocked ones too."""
        cells = range(1, self.size + 1)
        return tuple(one for one in cells if one not in self.absent) if self.absent else cells

    @cached_property
    def usable(self) -> tuple[int, ...]:
        """Return the ordinals that can be used, in the order in which they are offered."""
        never = self.absent | self.blocked
        return tuple(one for one in self._filling() if one not in never)

    @cached_property
    def row_labels(self) -> list[str]:
        """Return what stands before each drawn row of each layer, from the top."""
        if not self.managed:
            return [f"#{first}" for first in range(1, self.size + 1, DRAWN_IN_A_ROW)]
        if self._axes is None and self.absent:  # each position bears its number; lines say nothing
            return [""] * (self.rows * self.layers)
        if self._axes is None and self.label_first == "row":
            starts = range(1, self.size + 1, self.columns)
            return [self._first_label(range(one, one + self.columns)) for one in starts]
        row = self._axes[0] if self._axes else AXES["number"]
        written = [row.write(number) for number in range(1, self.rows + 1)]
        if self.layers == 1:
            return written
        return [f"{layer}-{one}" for layer in range(1, self.layers + 1) for one in written]

    @cached_property
    def column_labels(self) -> list[str]:
        """Return what stands above each drawn column."""
        if not self.managed:
            return [""] * min(DRAWN_IN_A_ROW, self.size)
        if self._axes is None and self.absent:
            return [""] * self.columns
        if self._axes is None and self.label_first == "column":
            down = range(0, self.rows * self.columns, self.columns)
            columns = range(1, self.columns + 1)
            return [self._first_label([column + one for one in down]) for column in columns]
        column = self._axes[1] if self._axes else AXES["number"]
        return [column.write(number) for number in range(1, self.columns + 1)]

    @property
    def first_label(self) -> str:
        """Return how the first position is written."""
        return self.label(self.ordinals[0])

    @property
    def last_label(self) -> str:
        """Return how the last position is written."""
        return self.label(self.ordinals[-1])

    def label(self, ordinal: int) -> str:
        """Return how this position is written; refuses (ValueError) one that the shape does not have."""
        if written := self._labels.get(ordinal):
            return written
        if ordinal not in self.ordinals:
            msg = f"position {ordinal} is outside {self}"
            raise ValueError(msg)
        return self._label(ordinal)

    @cached_property
    def _labels(self) -> dict[int, str]:
        """Return how each position is written; none where there are so many that few are ever asked for."""
        return {one: self._label(one) for one in self.ordinals} if self.size <= MOST_KNOWN else {}

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(self._labels.values())

    @cached_property
    def _meant(self) -> dict[str, int | None]:
        """Hold what own labels were found to mean: so many at most as there are positions."""
        return {}

    def _label(self, ordinal: int) -> str:
        if not self.managed:
            return f"#{ordinal}"
        if self._axes is None:
            return str(self._numbers[ordinal])
        return self._spelt(ordinal, self._axes)

    def written(self, ordinal: int) -> str:
        """Return how this position is or was written: the past keeps what was cut off or left out since.

        Where that cannot be said (it was counted through, or beyond the last layer), it is #n.
        """
        if ordinal in self.ordinals:
            return self.label(ordinal)
        beyond = ordinal > self.size and self.layers > 1
        if self._axes is None or not self.managed or beyond:
            return f"#{ordinal}"
        return self._spelt(ordinal, self._axes)

    def ordinal(self, written: str) -> int | None:
        """Return the ordinal that was meant; None where there is none, or where it may mean several.

        Understood, with any of " : / . , - _" between and leading zeros: what the box writes itself
        (A1, 2-A1, AA/BB, B IV, 1:10), a plain number (001, 81), and A1 where the box counts through.
        """
        if written in self._meant:
            return self._meant[written]
        meanings = self.meanings(written)
        meant = meanings[0] if len(meanings) == 1 else None
        if written in self._own:
            self._meant[written] = meant
        return meant

    def scanned(self, written: str) -> int | None:
        """Return the ordinal that a scanner meant: it knows rows and columns (A1), not how the box is written."""
        plain = replace(self, labels=LETTER_NUMBER, label_first="row")
        if not self.managed or written.strip().isdecimal():
            return self.ordinal(written)
        return plain.ordinal(written) or self.ordinal(written)

    def meanings(self, written: str) -> list[int]:
        """Return every position that these words may mean."""
        runs = spellings.runs(written)
        if runs is None:
            return []
        if not self.managed:
            return self._counted(runs)
        found = {*self._counted(runs), *self._in_grid(runs)}
        return sorted(found & set(self.ordinals))

    def cell(self, ordinal: int) -> tuple[int, int, int]:
        """Return layer, row and column of a position, each from 1."""
        layer, within = divmod(ordinal - 1, self.rows * self.columns)
        row, column = divmod(within, self.columns)
        return layer + 1, row + 1, column + 1

    def at(self, layer: int, row: int, column: int) -> int | None:
        """Return the position in this cell, or None where the grid ends before."""
        inside = 1 <= layer <= self.layers and 1 <= row <= self.rows and 1 <= column <= self.columns
        if not inside:
            return None
        return ((layer - 1) * self.rows + row - 1) * self.columns + column

    @cached_property
    def _axes(self) -> tuple[Scheme, Scheme] | None:
        return axes_of(self.labels)

    @cached_property
    def _numbers(self) -> dict[int, int]:
        """Return the number of each position where they are counted through."""
        order = "down-right" if self.label_first == "column" else "right-down"
        there = (one for one in self._filling(order) if one not in self.absent)
        return {ordinal: number for number, ordinal in enumerate(there, start=1)}

    @cached_property
    def _by_number(self) -> dict[int, int]:
        return {number: ordinal for ordinal, number in self._numbers.items()}

    def _spelt(self, ordinal: int, axes: tuple[Scheme, Scheme]) -> str:
        line, column = divmod(ordinal - 1, self.columns)
        layer, row = divmod(line, self.rows) if self.layers > 1 else (0, line)
        written = spellings.write(axes, (row + 1, column + 1), self.label_first)
        return written if self.layers == 1 else f"{layer + 1}-{written}"

    def _first_label(self, cells: Sequence[int]) -> str:
        return next((self.label(one) for one in cells if one in self.ordinals), "")

    def _filling(self, fill: str = "") -> Iterator[int]:
        """Yield the cells layer by layer, along the first direction and then on by the second."""
        first, second = (fill or self.fill).split("-")
        rows = range(1, self.rows + 1) if "up" not in (first, second) else range(self.rows, 0, -1)
        left = "left" in (first, second)
        columns = range(self.columns, 0, -1) if left else range(1, self.columns + 1)
        by_row = first in ("right", "left")
        for layer in range(self.layers):
            start = layer * self.rows * self.columns
            cells = (
                ((row, column) for row in rows for column in columns)
                if by_row
                else ((row, column) for column in columns for row in rows)
            )
            yield from (start + (row - 1) * self.columns + column for row, column in cells)

    def _counted(self, runs: spellings.Runs) -> list[int]:
        if len(runs) != 1 or not runs[0].isdigit():
            return []
        number = AXES["number"].read(runs[0])
        if not self.managed:
            return [number] if number is not None and number in self.ordinals else []
        found = self._by_number.get(number or 0)
        return [] if found is None else [found]

    def _in_grid(self, runs: spellings.Runs) -> Iterator[int]:
        for layer, row, column in spellings.cells(
            runs, self._axes, self.label_first, layered=self.layers > 1
        ):
            found = self.at(layer, row, column)
            if found is not None:
                yield found


def row_letters(row: int) -> str:
    """Return the letters of a row, counted from 1: A to Z, then AA to ZZ."""
    return letters_of(row)


def row_number(letters: str) -> int:
    """Return the row, counted from 1, that these capital letters name; 0 for what names none."""
    return number_of(letters) or 0
