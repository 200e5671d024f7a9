"""Positions of a container: integer ordinals, and the labels that people write for them."""

import re
import unicodedata
from dataclasses import dataclass

LETTER_NUMBER = "letter-number"
NUMBER = "number"
SCHEMES = (LETTER_NUMBER, NUMBER)
_LETTERS = 26
_WRITTEN = re.compile(r"(?:([0-9]{1,4})-)?([A-Z]{1,2})[:.]?([0-9]{1,4})")
_NUMBER = re.compile(r"[0-9]{1,7}")


@dataclass(frozen=True)
class BoxShape:
    """Rows, columns and layers of a container, and how its positions are written.

    Ordinals run from 1: layer by layer, in each row after row, in each row column by column.
    """

    rows: int
    columns: int
    layers: int = 1
    labels: str = LETTER_NUMBER

    @property
    def capacity(self) -> int:
        """Return how many positions there are."""
        return self.rows * self.columns * self.layers

    @property
    def ordinals(self) -> range:
        """Return all ordinals."""
        return range(1, self.capacity + 1)

    @property
    def row_labels(self) -> list[str]:
        """Return what stands before each row of each layer, from the top."""
        if self.labels == NUMBER:
            return [str(row * self.columns + 1) for row in range(self.rows * self.layers)]
        letters = [row_letters(row + 1) for row in range(self.rows)]
        if self.layers == 1:
            return letters
        return [f"{layer + 1}-{row}" for layer in range(self.layers) for row in letters]

    @property
    def column_labels(self) -> list[str]:
        """Return what stands above each column."""
        return [str(column + 1) for column in range(self.columns)]

    def label(self, ordinal: int) -> str:
        """Return how this position is written; refuses (ValueError) one that the shape does not have."""
        if ordinal not in self.ordinals:
            msg = f"position {ordinal} is outside {self}"
            raise ValueError(msg)
        if self.labels == NUMBER:
            return str(ordinal)
        layer, within = divmod(ordinal - 1, self.rows * self.columns)
        row, column = divmod(within, self.columns)
        written = f"{row_letters(row + 1)}{column + 1}"
        return written if self.layers == 1 else f"{layer + 1}-{written}"

    def ordinal(self, written: str) -> int | None:
        """Return the ordinal that was meant by A1, A01, a1, A:1, 2-A1, 1 or 001; None where there is none."""
        text = re.sub(r"\s", "", unicodedata.normalize("NFKC", written)).upper()
        if _NUMBER.fullmatch(text):
            return int(text) if int(text) in self.ordinals else None
        found = _WRITTEN.fullmatch(text)
        if not found or (found[1] is None and self.layers > 1):
            return None
        return self._ordinal_of(int(found[1] or 1), row_number(found[2]), int(found[3]))

    def _ordinal_of(self, layer: int, row: int, column: int) -> int | None:
        inside = 1 <= layer <= self.layers and row <= self.rows and 1 <= column <= self.columns
        if not inside:
            return None
        return ((layer - 1) * self.rows + row - 1) * self.columns + column


def row_letters(row: int) -> str:
    """Return the letters of a row, counted from 1: A to Z, then AA to ZZ."""
    letters = ""
    while row > 0:
        row, letter = divmod(row - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return letters


def row_number(letters: str) -> int:
    """Return the row, counted from 1, that these capital letters name."""
    number = 0
    for letter in letters:
        number = number * _LETTERS + ord(letter) - ord("A") + 1
    return number
