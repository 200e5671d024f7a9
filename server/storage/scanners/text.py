"""The text of a file: decoded, or refused for what it is instead."""

import csv
import io
from collections.abc import Iterator

from server.core.words import N_
from server.storage.scanners.seen import NOTHING, Problem, ScanRefused, whole_file

LARGEST_BYTES = 1_000_000
MOST_ROWS = 2_000
_BINARY_STARTS = (b"PK\x03\x04", b"\x89PNG", b"%PDF", b"\xff\xd8\xff\xe0")

Row = tuple[int, list[str]]


def decode(data: bytes) -> str:
    """Return the file's text (UTF-8, with or without a byte-order mark); refuses all else."""
    if not data.strip():
        raise whole_file("", NOTHING)
    if len(data) > LARGEST_BYTES:
        found = f"{len(data)} B"
        raise whole_file(found, N_("a file of at most %(most)s bytes"), most=LARGEST_BYTES)
    if b"\0" in data or data[:4] in _BINARY_STARTS:
        raise whole_file(
            repr(data[:8]), N_("a text file (CSV or TSV), not a sheet, picture or archive")
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        found = repr(data[error.start : error.start + 4])
        raise ScanRefused([Problem(row, "", found, N_("text in UTF-8"))]) from error


def rows_of(text: str, delimiter: str) -> list[Row]:
    """Return the rows that are not blank, each with its number and its trimmed cells."""
    rows = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(_cells(text, delimiter), 1)
        if any(cell.strip() for cell in row)
    ]
    if not rows:
        raise whole_file("", NOTHING)
    if len(rows) > MOST_ROWS:
        raise whole_file(str(len(rows)), N_("at most %(most)s rows"), most=MOST_ROWS)
    return rows


def _cells(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise whole_file(str(error), N_("rows of cells, as the scanner writes them")) from error


def cell(cells: list[str], index: int | None) -> str:
    """Return the cell at this index, empty where the row is shorter or there is no such column."""
    return cells[index] if index is not None and index < len(cells) else ""
