"""Files become rows of cells: encoding and separator are found by looking, never by the file's name."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.exchange import csv_marks, workbooks
from server.exchange.cells import Cell
from server.exchange.rules import MOST_COLUMNS, MOST_ROWS

CSV, XLSX = "csv", "xlsx"
ENCODINGS = ("utf-8-sig", "utf-16", "gb18030", "cp1252")
DELIMITERS = (",", ";", "\t", "|")
_BLOCK = 256 * 1024
_OTHER = {b"\x89PNG": "PNG", b"%PDF": "PDF", b"\xff\xd8\xff": "JPEG", b"\xd0\xcf\x11\xe0": "XLS"}
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

NOT_TEXT = N_("The file is no text; CSV or XLSX is expected.")
BAD_ROW = N_("Row %(row)s cannot be read as CSV; look at its quotes and separators.")
_CSV_WORDS = {
    N_("The quote that row %(row)s opens is not closed before the file ends."): "unexpected end",
    N_(
        "In row %(row)s something stands behind a closing quote. Perhaps a quote that was opened is not closed;"
        " quotes inside a quoted text are written twice."
    ): "expected after",
    N_("A cell of row %(row)s is too long, or a quote in it is not closed."): "field limit",
}
"""What the CSV reader's words mean, by what they hold."""
NO_HEADER = N_("The first row has no names of columns; a header is expected.")


@dataclass(frozen=True)
class Reading:
    """How a file is read."""

    kind: str
    encoding: str = ""
    delimiter: str = ""
    marked: bool = False
    """A ' before what a sheet program would compute is a mark of ours, and no part of the text."""


def sniff(file: IO[bytes]) -> Reading:
    """Return how this file is to be read; refuses what is neither a sheet nor text."""
    file.seek(0)
    start = file.read(4)
    if not start:
        raise _refused("empty_file", N_("The file is empty; rows under one header are expected."))
    if start == b"PK\x03\x04":
        return Reading(XLSX)
    for mark, kind in _OTHER.items():
        if start.startswith(mark):
            because = N_("The file is of the kind %(found)s; CSV or XLSX is expected.")
            raise _refused("wrong_kind", because, found=kind)
    encoding = _encoding(file)
    return Reading(CSV, encoding, _delimiter(file, encoding))


def rows(file: IO[bytes], how: Reading) -> Iterator[list[Cell]]:
    """Yield the rows of the file, the header first; refuses what cannot be read, with the row."""
    file.seek(0)
    found = workbooks.rows(file) if how.kind == XLSX else _text_rows(file, how)
    number = 0
    for number, cells in enumerate(found, 1):
        if len(cells) > MOST_COLUMNS:
            because = N_("Row %(row)s has %(found)s columns; at most %(most)s are expected.")
            raise _refused("many_columns", because, row=number, found=len(cells), most=MOST_COLUMNS)
        if number > MOST_ROWS + 1:
            because = N_("The file has more than %(most)s rows; hand it in as several files.")
            raise _refused("many_rows", because, most=MOST_ROWS)
        yield cells
    if number == 0:
        raise _refused("no_header", NO_HEADER)


def header_of(cells: Iterable[Cell]) -> list[str]:
    """Return the names of the columns; refuses a header without any."""
    names = ["" if cell is None else " ".join(str(cell).split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not any(names):
        raise _refused("no_header", NO_HEADER)
    return names


def is_blank(cells: Iterable[Cell]) -> bool:
    """Say whether there is nothing in a row."""
    return not any(
        not (cell is None or (isinstance(cell, str) and not cell.strip())) for cell in cells
    )


def _encoding(file: IO[bytes]) -> str:
    file.seek(0)
    start = file.read(4096)
    if start[:2] in _UTF16:
        return "utf-16"
    if start.count(0) > len(start) // 4:  # every other byte of Latin text in UTF-16
        return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
    for encoding in ("utf-8-sig", "gb18030"):
        if _decodes(file, encoding):
            return encoding
    return "cp1252"


def _decodes(file: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(file: IO[bytes], encoding: str) -> str:
    """Return the sign that parts the first row, outside quotes, into most cells."""
    file.seek(0)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(file.read(_BLOCK))
    lines = text.splitlines()
    if not lines or "\0" in text:
        raise _refused("not_text", NOT_TEXT)

    def width(delimiter: str) -> int:
        return len(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []))

    return max(DELIMITERS, key=width)


def _text_rows(file: IO[bytes], how: Reading) -> Iterator[list[Cell]]:
    text = io.TextIOWrapper(file, encoding=how.encoding, newline="")
    number = 0
    try:
        for cells in csv.reader(_lines(text), delimiter=how.delimiter, strict=True):
            number += 1
            yield [csv_marks.taken_off(cell) for cell in cells] if how.marked else list(cells)
    except csv.Error as error:
        because = next((said for said, here in _CSV_WORDS.items() if here in str(error)), BAD_ROW)
        raise _refused("bad_text", because, row=number + 1) from error
    except UnicodeError as error:
        because = N_("Row %(row)s cannot be read as %(encoding)s text: %(why)s.")
        facts = {"row": number + 1, "encoding": how.encoding, "why": str(error)[:200]}
        raise Invalid(Refusal("bad_text", because, facts), field="file") from error
    finally:
        text.detach()  # the file stays the caller's


def _lines(text: Iterable[str]) -> Iterator[str]:
    for line in text:
        if "\0" in line:
            raise _refused("not_text", NOT_TEXT)
        yield line


def _refused(code: str, because: str, **facts: object) -> Invalid:
    return Invalid(Refusal(code, because, facts), field="file")
