"""The file of a manifest becomes rows: CSV as spreadsheet programs of any country write it, or XLSX."""

import codecs
import io
import math
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zipfile import BadZipFile, ZipFile

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.handling.rules.manifests import MOST, Row, read, rows_of

LARGEST_BYTES = 2_000_000
LARGEST_UNPACKED = 60_000_000
MOST_ROWS = MOST + 500
"""So many rows are looked at, blank ones too."""
EXACT_DIGITS = 15
"""A sheet keeps no more digits of a number."""
EMPTY = N_("The file is empty; rows with codes are expected.")
TOO_LARGE = N_("The file has %(found)s bytes; at most %(most)s are expected.")
NOT_TEXT = N_("The file is neither text nor an XLSX sheet; CSV or XLSX is expected.")
NOT_A_SHEET = N_("The file could not be read as XLSX. Save it again as XLSX, or as CSV.")
CUT = N_(
    "Row %(row)s: %(found)s is a number of which the sheet kept only 15 digits. Format the column as text and enter it again."
)


def rows_in(data: bytes) -> list[Row]:
    """Return the rows of a manifest's file; refuses what is no text and no sheet, and what is too large."""
    if not data.strip():
        raise _refused("empty_file", EMPTY)
    if len(data) > LARGEST_BYTES:
        raise _refused("large_file", TOO_LARGE, found=len(data), most=LARGEST_BYTES)
    if data[:4] == b"PK\x03\x04":
        return rows_of(list(_sheet(data)))
    return read(_text(data))


def _text(data: bytes) -> str:
    """Return the text: UTF-16 where it says so, else UTF-8, else GB 18030 (what Excel writes in China)."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _refused("not_text", NOT_TEXT)


def _sheet(data: bytes) -> Iterator[list[str]]:
    """Yield the rows of the first sheet as they look: codes with their leading zeros."""
    from openpyxl import load_workbook  # noqa: PLC0415  half a second that only sheets need

    try:
        with ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED:
                raise _refused("large_file", NOT_A_SHEET)
        sheet = load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets[0]
        sheet.reset_dimensions()  # some programs write a wrong one
        for number, cells in enumerate(sheet.iter_rows(max_row=MOST_ROWS), 1):
            yield [_written(number, cell) for cell in cells]
    except (BadZipFile, KeyError, ValueError, OSError, IndexError, SyntaxError, TypeError) as error:
        raise _refused("bad_sheet", NOT_A_SHEET) from error


def _written(row: int, cell: Any) -> str:  # noqa: ANN401  a cell of whatever a sheet holds
    found = cell.value
    if found is None:
        return ""
    if isinstance(found, datetime | date):
        return found.isoformat()[:10]
    if isinstance(found, bool) or not isinstance(found, int | float):
        return str(found)
    if not math.isfinite(found) or found != int(found):
        return f"{found:g}"
    digits = str(int(found))
    if len(digits.lstrip("-")) > EXACT_DIGITS:
        raise _refused("cut_number", CUT, row=row, found=digits)
    form = str(cell.number_format or "")
    return digits.zfill(len(form)) if form and set(form) == {"0"} else digits


def _refused(code: str, because: str, **facts: object) -> Invalid:
    return Invalid(Refusal(code, because, facts), field="file")
