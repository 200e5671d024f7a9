"""Rows become files: CSV that sheets open as it is, and XLSX whose cells are text."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from server.exchange.csv_marks import put_on

BOM = "\ufeff"
AT_ONCE = 500


def csv_parts(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, marked: bool = False
) -> Iterator[bytes]:
    """Yield a CSV file in parts, UTF-8 with a mark in front so that sheets read it as such.

    Where it is `marked`, what a sheet program would compute is written with a ' in front.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    out.write(BOM)
    writer.writerow(header)
    for count, row in enumerate(rows, 1):
        writer.writerow([put_on(text) for text in row] if marked else row)
        if count % AT_ONCE == 0:
            yield _taken(out)
    yield _taken(out)


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode()


def xlsx(header: Sequence[str], rows: Iterable[Sequence[str]]) -> IO[bytes]:
    """Return an XLSX file of these rows; each cell is text, so that no code loses its zeros."""
    from openpyxl import Workbook  # noqa: PLC0415  half a second that only sheets need
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415  half a second that only sheets need

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Cryokeep")

    def cells(row: Sequence[str]) -> Iterator[Any]:
        for text in row:
            if not text:
                yield None
                continue
            cell = WriteOnlyCell(sheet, value="")
            cell.value, cell.data_type, cell.number_format = text, "s", "@"
            yield cell

    sheet.append(list(cells(header)))
    for row in rows:
        sheet.append(list(cells(row)))
    file = tempfile.TemporaryFile()  # noqa: SIM115  whoever sends it closes it
    book.save(file)
    file.seek(0)
    return file
