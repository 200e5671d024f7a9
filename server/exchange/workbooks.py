"""Workbooks become rows of cells; one that would swell, or that does not say what its cells hold, is refused."""

import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import IO, Any
from zipfile import BadZipFile, LargeZipFile, ZipFile

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.exchange.cells import Cell

MOST_PARTS = 2_000
MOST_UNPACKED = 512 * 1024 * 1024
MOST_HELD = 128 * 1024 * 1024
"""Of the parts that are held in memory: shared texts, styles."""
LONGEST_RUN = 1_000_000
"""Bytes between two tags; a cell of a workbook has at most 32,767 characters."""
_BLOCK = 256 * 1024
_BROKEN = (
    BadZipFile, LargeZipFile, zlib.error, KeyError, ValueError, OSError, IndexError, SyntaxError,
    EOFError, NotImplementedError, RuntimeError, AttributeError, TypeError,
)  # fmt: skip
"""What the library and the archive raise for files that are no workbooks."""
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_ENTITY = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

NO_BOOK = N_("The file is no XLSX workbook that can be read; save it anew as XLSX or CSV.")
SWELLS = N_(
    "The workbook unpacks to more than a sheet of such rows can hold; save it anew, or as CSV."
)
NO_RESULT = N_(
    "%(cell)s holds the formula %(found)s without its result. Open the file in a sheet program and save it,"
    " or enter the values."
)


def rows(file: IO[bytes]) -> Iterator[list[Cell]]:
    """Yield the rows of the first sheet, formulas by their results."""
    with _read():
        if not _looked_through(file):
            for values in _sheet(file).iter_rows(values_only=True):
                yield [_plain(value) for value in values]
            return
        written = _sheet(file, formulas=True).iter_rows(values_only=True)
        for number, cells in enumerate(_sheet(file).iter_rows(), 1):
            _refuse_without_result(number, cells, next(written))
            yield [_plain(cell.value) for cell in cells]


def _looked_through(file: IO[bytes]) -> bool:
    """Refuse a file that swells or names entities, before it is unpacked whole; says whether formulas are in it."""
    file.seek(0)
    with ZipFile(file) as archive:
        parts = archive.infolist()
        held = [part for part in parts if not part.filename.startswith("xl/worksheets/")]
        if (
            len(parts) > MOST_PARTS
            or sum(part.file_size for part in parts) > MOST_UNPACKED
            or sum(part.file_size for part in held) > MOST_HELD
        ):
            raise _refused("large_sheet", SWELLS)
        written = [part for part in parts if part.filename.endswith((".xml", ".rels"))]
        return sum(_has_formulas(archive.open(part)) for part in written) > 0


def _has_formulas(part: IO[bytes]) -> bool:
    """Say whether a part holds a formula; refuses text without end, and entities."""
    run, found, tail = 0, False, b""
    while block := part.read(_BLOCK):
        first, last = block.find(b"<"), block.rfind(b"<")
        run += len(block) if first < 0 else first
        if run > LONGEST_RUN:
            raise _refused("large_sheet", SWELLS)
        if last >= 0:
            run = len(block) - last
        seen = tail + block  # a tag may stand across two blocks
        if _ENTITY.search(seen):
            raise _refused("bad_sheet", NO_BOOK)
        found = found or _FORMULA.search(seen) is not None
        tail = block[-16:]
    return found


def _sheet(file: IO[bytes], *, formulas: bool = False) -> Any:  # noqa: ANN401  the library's
    from openpyxl import load_workbook  # noqa: PLC0415  half a second that only sheets need

    sheet = load_workbook(file, read_only=True, data_only=not formulas).worksheets[0]
    sheet.reset_dimensions()  # some programs write a wrong one
    return sheet


def _refuse_without_result(row: int, cells: Sequence[Any], written: Sequence[Any]) -> None:
    """Refuse a formula that nobody has computed; one whose result is an empty text is as good as an empty cell."""
    from openpyxl.utils import get_column_letter  # noqa: PLC0415  as above

    for at, (cell, formula) in enumerate(zip(cells, written, strict=False), 1):
        if cell.value is None and formula is not None and cell.data_type != "str":
            facts = {"cell": f"{get_column_letter(at)}{row}", "found": str(formula)[:80]}
            raise _refused("no_result", NO_RESULT, **facts)


@contextmanager
def _read() -> Iterator[None]:
    try:
        yield
    except Invalid:
        raise
    except _BROKEN as error:
        raise _refused("bad_sheet", NO_BOOK) from error


def _plain(cell: Any) -> Cell:  # noqa: ANN401  whatever a sheet holds
    if cell is None or isinstance(cell, str | bool | int | float):
        return cell
    if isinstance(cell, datetime):
        return {"at": cell.isoformat(timespec="seconds")}
    if isinstance(cell, date):
        return {"at": f"{cell.isoformat()}T00:00:00"}
    return cell.isoformat() if isinstance(cell, time) else str(cell)


def _refused(code: str, because: str, **facts: object) -> Invalid:
    return Invalid(Refusal(code, because, facts), field="file")
