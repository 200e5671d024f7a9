"""A rack scanner's file: bytes in, tubes out, every problem of a bad file at once.

The format is recognised by what the file says, never by its name. A tube's code is text: leading
zeros are part of it.
"""

from collections.abc import Iterator

from server.core.words import N_
from server.storage.positions import BoxShape
from server.storage.rules import LONGEST_CODE, why_not_code
from server.storage.scanners import fluidx, headed, listed, named, ziath
from server.storage.scanners.seen import (
    Line,
    Manner,
    Problem,
    Scan,
    ScanRefused,
    Tube,
)
from server.storage.scanners.text import LARGEST_BYTES, MOST_ROWS, Row, decode, rows_of

__all__ = [
    "BY_HAND",
    "FORMAT_NAMES",
    "LARGEST_BYTES",
    "MOST_ROWS",
    "Manner",
    "Problem",
    "Scan",
    "ScanRefused",
    "Tube",
    "rack_of",
    "read",
]

BY_HAND = "by_hand"
"""Not a file: every tube was scanned by itself."""
FORMAT_NAMES = {
    fluidx.FLUIDX_2: "FluidX CSV (2)",
    fluidx.FLUIDX_3: "FluidX CSV (3)",
    headed.VISIONMATE: "VisionMate TSV",
    headed.TRAXCER: "Traxcer CSV",
    headed.TECAN: "Tecan CSV",
    headed.HEADED: N_("CSV with named columns"),
    named.TRAKMATE: "TrakMate TXT",
    named.DMSCANLIB: "dmscanlib",
    ziath.ZIATH: "Ziath DP5 JSON",
    BY_HAND: N_("tube by tube"),
    listed.LIST: N_("list in the order of the positions"),
}
_STANDARD_SHAPE = BoxShape(8, 12)
_STANDARD = Manner()


def read(data: bytes, shape: BoxShape = _STANDARD_SHAPE, manner: Manner = _STANDARD) -> Scan:
    """Return what the file says about a rack of this shape; raises ScanRefused with every problem."""
    format_name, lines = _lines(decode(data), shape, manner)
    problems = [*_wrong_racks(lines)]
    tubes: list[Tube] = []
    seen_at: dict[int, int] = {}
    seen_tube: dict[str, int] = {}
    for line in lines:
        found = list(_wrong_in(line, shape, manner))
        if not found:
            tube = _tube(line, shape, manner)
            found = list(_seen_before(line, tube, seen_at, seen_tube))
            tubes.append(tube)
        problems += found
    if problems:
        raise ScanRefused(sorted(problems, key=lambda problem: problem.row))
    return Scan(format_name, lines[0].rack, tuple(tubes))


def rack_of(data: bytes, manner: Manner = _STANDARD) -> str | None:
    """Return the rack's barcode that the file names, or None; raises ScanRefused for what is no scan."""
    text = decode(data)
    if not text.lstrip().startswith(("{", "[")) and listed.is_list(rows_of(text, _delimiter(text))):
        return None
    _, lines = _lines(text, _STANDARD_SHAPE, manner)
    return lines[0].rack


def _lines(text: str, shape: BoxShape, manner: Manner) -> tuple[str, list[Line]]:
    """Detect the format by what the file says, and return the rows in it."""
    if text.lstrip().startswith(("{", "[")):
        return ziath.read_ziath(text)
    if named.is_trakmate(text):
        return named.read_trakmate(text)
    if named.is_dmscanlib(text):
        return named.read_dmscanlib(text)
    delimiter = _delimiter(text)
    return _tabled(rows_of(text, delimiter), delimiter, shape, manner)


def _tabled(
    rows: list[Row], delimiter: str, shape: BoxShape, manner: Manner
) -> tuple[str, list[Line]]:
    if headed.is_headed(rows[0][1], manner):
        return headed.read_headed(rows, manner)
    if delimiter == "\t":
        raise headed.refuse_unnamed(rows)
    if listed.is_list(rows):
        return listed.read_list(rows, shape, manner)
    return fluidx.read_fluidx(rows)


def _delimiter(text: str) -> str:
    """Return what parts the cells of the first line: a tab, else whichever of ; and , is there more often."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if "\t" in first:
        return "\t"
    return ";" if first.count(";") > first.count(",") else ","


def _wrong_racks(lines: list[Line]) -> Iterator[Problem]:
    first = lines[0].rack
    for line in lines:
        if line.rack is None:
            continue
        if not line.rack:
            yield Problem(line.row, "rack", "", N_("the rack's barcode"))
        elif line.rack != first:
            expected = N_("%(rack)s, the rack of the first row: one file is one rack")
            yield Problem(line.row, "rack", line.rack, expected, (("rack", first),))


def _ordinal(line: Line, shape: BoxShape, manner: Manner) -> int | None:
    """Return the position that is meant, turned where the scanner looks from below; None where none is there."""
    ordinal = _as_written(line, shape)
    if ordinal is None or not manner.mirrored:
        return ordinal if ordinal in shape.ordinals else None
    turned = _mirrored(ordinal, shape)
    return turned if turned in shape.ordinals else None


def _as_written(line: Line, shape: BoxShape) -> int | None:
    if line.ordinal is not None:
        return line.ordinal
    row, parted, column = line.position.partition(":")
    if parted and row.isdecimal() and column.isdecimal():
        return _at(int(row), int(column), shape)
    return shape.scanned(line.position)


def _at(row: int, column: int, shape: BoxShape) -> int | None:
    """Return the ordinal of a row and column counted from 1, None outside the box."""
    inside = 1 <= row <= shape.rows * shape.layers and 1 <= column <= shape.columns
    return (row - 1) * shape.columns + column if inside else None


def _wrong_in(line: Line, shape: BoxShape, manner: Manner) -> Iterator[Problem]:
    if _ordinal(line, shape, manner) is None:
        facts = (("first", shape.first_label), ("last", shape.last_label))
        expected = N_("a position from %(first)s to %(last)s")
        yield Problem(line.row, "position", line.position, expected, facts)
    if not line.tube:
        if not line.blank_is_empty:
            expected = N_("a tube's code, or a word such as NO READ or EMPTY")
            yield Problem(line.row, "tube", "", expected)
    elif why_not_code(line.tube) and not _is_word(line.tube, manner):
        expected = N_(
            "a code of letters and digits, with . _ : + # - between, %(most)s characters at most"
        )
        yield Problem(line.row, "tube", line.tube[:80], expected, (("most", LONGEST_CODE),))


def _is_word(written: str, manner: Manner) -> bool:
    return written.upper() in manner.unread_words | manner.empty_words


def _tube(line: Line, shape: BoxShape, manner: Manner) -> Tube:
    ordinal = _ordinal(line, shape, manner)
    assert ordinal is not None
    unread = line.tube.upper() in manner.unread_words
    code = None if _is_word(line.tube, manner) or not line.tube else line.tube
    return Tube(line.row, ordinal, shape.label(ordinal), code, unread)


def _mirrored(ordinal: int, shape: BoxShape) -> int:
    """Return the position that one seen from below is seen from above: in the same row, from the other end."""
    before, column = divmod(ordinal - 1, shape.columns)
    return before * shape.columns + shape.columns - column


def _seen_before(
    line: Line, tube: Tube, at: dict[int, int], tubes: dict[str, int]
) -> Iterator[Problem]:
    if (row := at.setdefault(tube.ordinal, line.row)) != line.row:
        expected = N_("each position once; row %(row)s has it already")
        yield Problem(line.row, "position", line.position, expected, (("row", row),))
    if tube.code and (row := tubes.setdefault(tube.code, line.row)) != line.row:
        expected = N_("each tube once; row %(row)s has it already")
        yield Problem(line.row, "tube", tube.code, expected, (("row", row),))
