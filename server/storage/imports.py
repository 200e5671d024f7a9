"""Readers of rack scanners' files: bytes in, tubes out, every problem of a bad file at once.

Known are FluidX-style CSV (position, tube; or rack, position, tube) and VisionMate TSV. A tube's
code is text: leading zeros are part of it.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.storage.positions import BoxShape
from server.storage.rules import LONGEST_CODE, why_not_code

LARGEST_BYTES = 1_000_000
NOTHING = N_("a scanner's file with at least one line; this one is empty")
MOST_ROWS = 2_000
MOST_PROBLEMS = 100

# Neither word ever becomes a tube code. "NO SCAN" says that nothing was looked at, not that nothing is there.
UNREAD_WORDS = frozenset({"NO READ", "NOREAD", "NO_READ", "NO SCAN", "NOSCAN", "ERROR"})
EMPTY_WORDS = frozenset({"EMPTY", "NO TUBE", "NOTUBE", "NO_TUBE", "-"})

FLUIDX_2, FLUIDX_3, VISIONMATE = "fluidx-2", "fluidx-3", "visionmate"
FORMAT_NAMES = {
    FLUIDX_2: "FluidX CSV (2)",
    FLUIDX_3: "FluidX CSV (3)",
    VISIONMATE: "VisionMate TSV",
}
_VISIONMATE_COLUMNS = ("LocationCell", "TubeCode", "RackID")
_STANDARD_SHAPE = BoxShape(8, 12)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what was found, what was expected."""

    row: int
    column: str
    found: str
    expected: str
    """An English template, marked for translation; `facts` fill it."""
    facts: tuple[tuple[str, object], ...] = ()


class ScanRefused(Invalid):
    """The file cannot be used; `problems` names all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems[:MOST_PROBLEMS]
        because = N_("The file was refused; nothing was changed. Problems found: %(count)s.")
        facts = {"count": len(problems)}
        super().__init__(Refusal("bad_scan_file", because, facts), field="file")


@dataclass(frozen=True)
class Tube:
    """What the scanner saw at one position: a code, or None with `unread` or empty."""

    row: int
    ordinal: int
    written: str
    code: str | None
    unread: bool = False


@dataclass(frozen=True)
class Scan:
    """A file that was read."""

    format: str
    rack: str | None
    """The rack's barcode, where the file names it."""
    tubes: tuple[Tube, ...]


@dataclass(frozen=True)
class _Line:
    row: int
    rack: str | None
    position: str
    tube: str


def read(data: bytes, shape: BoxShape = _STANDARD_SHAPE) -> Scan:
    """Return what the file says about a rack of this shape; raises ScanRefused with every problem."""
    format_name, lines = _lines(_text(data))
    problems = [*_wrong_racks(lines)]
    tubes: list[Tube] = []
    seen_at: dict[int, int] = {}
    seen_tube: dict[str, int] = {}
    for line in lines:
        found = list(_wrong_in(line, shape))
        if not found:
            tube = _tube(line, shape)
            found = list(_seen_before(line, tube, seen_at, seen_tube))
            tubes.append(tube)
        problems += found
    if problems:
        raise ScanRefused(sorted(problems, key=lambda problem: problem.row))
    return Scan(format_name, lines[0].rack, tuple(tubes))


def rack_of(data: bytes) -> str | None:
    """Return the rack's barcode that the file names, or None; raises ScanRefused for what is no scan."""
    _, lines = _lines(_text(data))
    return lines[0].rack


def _text(data: bytes) -> str:
    if not data.strip():
        raise _whole_file("", NOTHING)
    if len(data) > LARGEST_BYTES:
        found = f"{len(data)} B"
        raise _whole_file(found, N_("a file of at most %(most)s bytes"), most=LARGEST_BYTES)
    if b"\0" in data or data[:4] in _BINARY_STARTS:
        raise _whole_file(
            repr(data[:8]), N_("a text file (CSV or TSV), not a sheet, picture or archive")
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        found = repr(data[error.start : error.start + 4])
        raise ScanRefused([Problem(row, "", found, N_("text in UTF-8"))]) from error


_BINARY_STARTS = (b"PK\x03\x04", b"\x89PNG", b"%PDF", b"\xff\xd8\xff\xe0")


def _whole_file(found: str, expected: str, **facts: object) -> ScanRefused:
    return ScanRefused([Problem(0, "", found, expected, tuple(facts.items()))])


def _lines(text: str) -> tuple[str, list[_Line]]:
    """Detect the format by the first line, and return the rows in it."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    tabbed = "\t" in first
    rows = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(_cells(text, "\t" if tabbed else ","), 1)
        if any(cell.strip() for cell in row)
    ]
    if not rows:
        raise _whole_file("", NOTHING)
    if len(rows) > MOST_ROWS:
        raise _whole_file(str(len(rows)), N_("at most %(most)s rows"), most=MOST_ROWS)
    return _visionmate(rows) if tabbed else _fluidx(rows)


def _cells(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise _whole_file(str(error), N_("rows of cells, as the scanner writes them")) from error


def _visionmate(rows: list[tuple[int, list[str]]]) -> tuple[str, list[_Line]]:
    number, head = rows[0]
    at = {name: head.index(name) for name in _VISIONMATE_COLUMNS if name in head}
    if missing := [name for name in _VISIONMATE_COLUMNS if name not in at]:
        expected = N_("the columns %(names)s in the first line")
        facts = (("names", ", ".join(missing)),)
        raise ScanRefused([Problem(number, "", "  ".join(head)[:80], expected, facts)])
    if len(rows) == 1:
        raise _whole_file(head[0], N_("a line for every position below the first line"))
    position, tube, rack = (at[name] for name in _VISIONMATE_COLUMNS)
    return VISIONMATE, [
        _Line(row, _cell(cells, rack), _cell(cells, position), _cell(cells, tube))
        for row, cells in rows[1:]
    ]


def _cell(cells: list[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""


def _fluidx(rows: list[tuple[int, list[str]]]) -> tuple[str, list[_Line]]:
    width = len(_without_tail(rows[0][1]))
    width = width if width in (2, 3) else _commonest_width(rows)
    if width not in (2, 3):
        expected = N_("2 columns (position, tube) or 3 (rack, position, tube)")
        raise ScanRefused([Problem(rows[0][0], "", ", ".join(rows[0][1])[:80], expected)])
    problems = [
        Problem(row, "", ", ".join(cells)[:80], N_("%(width)s columns"), (("width", width),))
        for row, cells in rows
        if len(_without_tail(cells)) > width
    ]
    if problems:
        raise ScanRefused(problems)
    padded = [(row, [*cells, "", ""]) for row, cells in rows]
    if width == 2:
        return FLUIDX_2, [_Line(row, None, cells[0], cells[1]) for row, cells in padded]
    return FLUIDX_3, [_Line(row, cells[0], cells[1], cells[2]) for row, cells in padded]


def _without_tail(cells: list[str]) -> list[str]:
    """Return the cells without empty ones at the end, but never fewer than two."""
    while len(cells) > 2 and not cells[-1]:
        cells = cells[:-1]
    return cells


def _commonest_width(rows: list[tuple[int, list[str]]]) -> int:
    widths = [len(_without_tail(cells)) for _, cells in rows]
    return max(set(widths), key=widths.count)


def _wrong_racks(lines: list[_Line]) -> Iterator[Problem]:
    first = lines[0].rack
    for line in lines:
        if line.rack is None:
            continue
        if not line.rack:
            yield Problem(line.row, "rack", "", N_("the rack's barcode"))
        elif line.rack != first:
            expected = N_("%(rack)s, the rack of the first row: one file is one rack")
            yield Problem(line.row, "rack", line.rack, expected, (("rack", first),))


def _wrong_in(line: _Line, shape: BoxShape) -> Iterator[Problem]:
    if shape.ordinal(line.position) is None:
        facts = (("first", shape.label(1)), ("last", shape.label(shape.capacity)))
        expected = N_("a position from %(first)s to %(last)s")
        yield Problem(line.row, "position", line.position, expected, facts)
    if not line.tube:
        expected = N_("a tube's code, or a word such as NO READ or EMPTY")
        yield Problem(line.row, "tube", "", expected)
    elif why_not_code(line.tube) and line.tube.upper() not in UNREAD_WORDS | EMPTY_WORDS:
        expected = N_(
            "a code of letters and digits, with . _ : + # - between, %(most)s characters at most"
        )
        yield Problem(line.row, "tube", line.tube[:80], expected, (("most", LONGEST_CODE),))


def _tube(line: _Line, shape: BoxShape) -> Tube:
    ordinal = shape.ordinal(line.position)
    assert ordinal is not None
    word = line.tube.upper()
    unread, empty = word in UNREAD_WORDS, word in EMPTY_WORDS
    code = None if unread or empty else line.tube
    return Tube(line.row, ordinal, shape.label(ordinal), code, unread)


def _seen_before(
    line: _Line, tube: Tube, at: dict[int, int], tubes: dict[str, int]
) -> Iterator[Problem]:
    if (row := at.setdefault(tube.ordinal, line.row)) != line.row:
        expected = N_("each position once; row %(row)s has it already")
        yield Problem(line.row, "position", line.position, expected, (("row", row),))
    if tube.code and (row := tubes.setdefault(tube.code, line.row)) != line.row:
        expected = N_("each tube once; row %(row)s has it already")
        yield Problem(line.row, "tube", tube.code, expected, (("row", row),))
