"""Files whose first line names the columns: VisionMate, Traxcer, Tecan, and any other that says what is what."""

from server.core.words import N_
from server.storage.scanners.seen import Line, Manner, Problem, ScanRefused, whole_file
from server.storage.scanners.text import Row, cell

VISIONMATE, TRAXCER, TECAN, HEADED = "visionmate", "traxcer", "tecan", "headed"
_VISIONMATE_COLUMNS = ("LocationCell", "TubeCode", "RackID")

# What such columns are called in the files that we know; the first that is there counts.
USUAL: dict[str, tuple[str, ...]] = {
    "position": (
        "locationcell", "position", "tube position", "pos", "well", "well position", "cell", "location",
    ),
    "row": ("row", "tube row", "locationrow"),
    "column": ("column", "tube column", "col", "locationcolumn"),
    "tube": (
        "tubecode", "tube id", "cavity id", "tube barcode", "tube code", "barcode", "tube", "identifier", "uuid",
    ),
    "rack": ("rackid", "rack id", "rack barcode", "rack", "plate barcode", "container barcode"),
}  # fmt: skip


def columns_of(head: list[str], manner: Manner) -> dict[str, int]:
    """Return at which index the file has position, row, column, tube and rack, as far as it has them."""
    names = [name.strip().casefold() for name in head]
    found: dict[str, int] = {}
    for part, usual in USUAL.items():
        own = manner.columns.get(part, "").strip().casefold()
        wanted = (own,) if own else usual
        index = next((names.index(name) for name in wanted if name in names), None)
        if index is not None and index not in found.values():
            found[part] = index
    return found


def is_headed(head: list[str], manner: Manner) -> bool:
    """Say whether this first line names a column of tubes and where they were."""
    at = columns_of(head, manner)
    return "tube" in at and ("position" in at or {"row", "column"} <= set(at))


def read_headed(rows: list[Row], manner: Manner) -> tuple[str, list[Line]]:
    """Return the format's name and its lines; refuses a file that ends with its first line."""
    head = rows[0][1]
    at = columns_of(head, manner)
    if len(rows) == 1:
        raise whole_file(head[0], N_("a line for every position below the first line"))
    return _format(head), [_line(number, cells, at) for number, cells in rows[1:]]


def _line(number: int, cells: list[str], at: dict[str, int]) -> Line:
    position = cell(cells, at.get("position"))
    if not position and "row" in at and "column" in at:
        position = _joined(cell(cells, at["row"]), cell(cells, at["column"]))
    rack = cell(cells, at["rack"]) if "rack" in at else None
    return Line(number, rack, position, cell(cells, at["tube"]), blank_is_empty=True)


def _joined(row: str, column: str) -> str:
    return f"{row}:{column}" if row.isdecimal() else f"{row}{column}"


def _format(head: list[str]) -> str:
    names = {name.casefold() for name in head}
    if {name.casefold() for name in _VISIONMATE_COLUMNS} <= names:
        return VISIONMATE
    if {"rack id", "cavity id"} <= names:
        return TECAN
    return TRAXCER if {"position", "tube id"} <= names else HEADED


def refuse_unnamed(rows: list[Row]) -> ScanRefused:
    """Return the refusal of a tabbed file whose first line names no columns that we know."""
    number, head = rows[0]
    missing = [name for name in _VISIONMATE_COLUMNS if name not in head]
    expected = N_("the columns %(names)s in the first line")
    facts = (("names", ", ".join(missing)),)
    return ScanRefused([Problem(number, "", "  ".join(head)[:80], expected, facts)])
