"""The manifest of a shipment: text in, its rows out, every problem of a bad one at once. Pure."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from server.core.errors import Invalid, Refusal
from server.core.words import N_

MOST = 1000
NAMES = {
    "code": ("code", "barcode", "tube", "vial", "vial code", "tube code", "编码", "条码"),
    "lot": ("lot", "batch", "lot code", "批次", "批号"),
    "line": ("line", "cell line", "name", "细胞系"),
}
"""How the columns are called that mean something here; all others are kept as they are."""
USUAL = ("code", "lot", "line")
NO_TABLE = N_(
    "The manifest cannot be read as rows of cells: a quote is not closed, or stands inside a cell."
)
NAMED_TWICE = N_("Several columns mean %(expected)s: %(found)s. Leave one of them.")


@dataclass(frozen=True)
class Row:
    """One tube that is announced."""

    number: int
    code: str
    lot: str = ""
    line: str = ""
    more: dict[str, str] = field(default_factory=dict)


def read(text: str) -> list[Row]:
    """Return the rows of a CSV, or of columns pasted from a sheet; without a heading: code, lot, line.

    Refused where the text is no table: a quote that nothing closes, a column that is named twice.
    """
    try:
        return rows_of(list(_cells(text)))
    except csv.Error as error:
        raise Invalid(Refusal("no_table", NO_TABLE), field="manifest") from error


def rows_of(table: Sequence[Sequence[str]]) -> list[Row]:
    """Return the tubes in these rows of cells; blank rows are left out, and numbers count them."""
    lines = [
        (number, [cell.strip() for cell in cells])
        for number, cells in enumerate(table, 1)
        if any(cell.strip() for cell in cells)
    ]
    if not lines:
        return []
    heading = _heading(lines[0][1])
    rows = lines[1:] if heading else lines
    names = heading or [*USUAL, *(f"column {number}" for number in range(4, len(lines[0][1]) + 1))]
    return [_row(number, names, cells) for number, cells in rows]


def _cells(text: str) -> Iterator[list[str]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max((",", ";", "\t"), key=first.count)
    sheet = io.StringIO(text.lstrip("\ufeff"), newline="")
    yield from csv.reader(sheet, delimiter=delimiter, strict=True)


def _heading(cells: Sequence[str]) -> list[str] | None:
    names = [
        next((ours for ours, theirs in NAMES.items() if cell.casefold() in theirs), cell)
        for cell in cells
    ]
    if "code" not in names:
        return None
    twice = next((name for name in USUAL if names.count(name) > 1), None)
    if twice is not None:
        named = ", ".join(cell for cell, name in zip(cells, names, strict=True) if name == twice)
        facts = {"found": named, "expected": twice}
        raise Invalid(Refusal("named_twice", NAMED_TWICE, facts), field="manifest")
    return names


def _row(number: int, names: Sequence[str], cells: Sequence[str]) -> Row:
    said = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
    known = {name: said.pop(name, "") for name in USUAL}
    return Row(number, known["code"], known["lot"], known["line"], said)


def why_not_rows(rows: Sequence[Row]) -> list[Refusal]:
    """Say what is wrong with the rows as they stand, each problem by itself."""
    if not 0 < len(rows) <= MOST:
        because = N_("%(found)s tubes were named; a shipment has 1 to %(most)s.")
        return [Refusal("many_tubes", because, {"found": len(rows), "most": MOST})]
    return list(_wrong(rows))


def _wrong(rows: Sequence[Row]) -> Iterator[Refusal]:
    seen: dict[str, int] = {}
    for row in rows:
        if not row.code:
            because = N_("Row %(row)s has no code.")
            yield Refusal("no_code", because, {"row": row.number})
        elif (before := seen.setdefault(row.code.upper(), row.number)) != row.number:
            because = N_("Row %(row)s: %(code)s stands in row %(before)s already.")
            facts = {"row": row.number, "code": row.code, "before": before}
            yield Refusal("code_twice", because, facts)


def why_not_line(row: Row, lot: str, names: Sequence[str]) -> Refusal | None:
    """Say that the manifest names another line than its lot is of, or None. `names` are those of the lot's line."""
    if not row.line or row.line.casefold() in {name.casefold() for name in names if name}:
        return None
    because = N_("Row %(row)s: %(found)s was found; lot %(lot)s is of %(expected)s.")
    facts = {"row": row.number, "found": row.line, "lot": lot, "expected": names[0]}
    return Refusal("other_line", because, facts)
