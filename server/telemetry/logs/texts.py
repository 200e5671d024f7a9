"""A log's bytes as text, whatever the controller or the sheet program wrote it in. Pure."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Line:
    """One row of cells, and the number of the line on which it began."""

    number: int
    cells: Sequence[str]

    @property
    def text(self) -> str:
        """Return the row as a person reads it."""
        return " | ".join(self.cells)


def decode(content: bytes) -> tuple[str, str]:
    """Return the text and the encoding that it was in; there is always one.

    What is no UTF-8 is told by how its degree sign is written: ℃ of a Chinese sheet program (GB 18030),
    F8 of an MS-DOS code page (437), else Windows-1252, or Latin-1 where even that has no such letter.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace"), encoding.removesuffix("-sig")
    for encoding in _likely(content):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1"), "latin-1"


def _likely(content: bytes) -> Iterator[str]:
    yield "utf-8"
    if b"\xa1\xe6" in content:
        yield "gb18030"
    if any(sign in content for sign in (b"\xf8C", b"\xf8 C", b"\xf8F", b"\xf8 F")):
        yield "cp437"
    yield "cp1252"


def lines(text: str, delimiter: str) -> Iterator[Line]:
    """Yield the rows that are not empty, with their cells stripped."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    number = 1
    for cells in reader:
        stripped = [cell.strip().strip("\x00") for cell in cells]
        if any(stripped):
            yield Line(number, stripped)
        number = reader.line_num + 1
