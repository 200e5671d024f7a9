"""FluidX-style CSV: no first line of names; position and tube, or rack, position and tube."""

from server.core.words import N_, N_n
from server.storage.scanners.seen import Line, Problem, ScanRefused
from server.storage.scanners.text import Row

FLUIDX_2, FLUIDX_3 = "fluidx-2", "fluidx-3"


def read_fluidx(rows: list[Row]) -> tuple[str, list[Line]]:
    """Return the format's name and its lines; refuses rows of another width."""
    width = len(_without_tail(rows[0][1]))
    width = width if width in (2, 3) else _commonest_width(rows)
    if width not in (2, 3):
        expected = N_("2 columns (position, tube) or 3 (rack, position, tube)")
        raise ScanRefused([Problem(rows[0][0], "", ", ".join(rows[0][1])[:80], expected)])
    problems = [
        Problem(
            row,
            "",
            ", ".join(cells)[:80],
            N_n("1 column", "%(width)s columns", "width"),
            (("width", width),),
        )
        for row, cells in rows
        if len(_without_tail(cells)) > width
    ]
    if problems:
        raise ScanRefused(problems)
    padded = [(row, [*cells, "", ""]) for row, cells in rows]
    if width == 2:
        return FLUIDX_2, [Line(row, None, cells[0], cells[1]) for row, cells in padded]
    return FLUIDX_3, [Line(row, cells[0], cells[1], cells[2]) for row, cells in padded]


def _without_tail(cells: list[str]) -> list[str]:
    """Return the cells without empty ones at the end, but never fewer than two."""
    while len(cells) > 2 and not cells[-1]:
        cells = cells[:-1]
    return cells


def _commonest_width(rows: list[Row]) -> int:
    widths = [len(_without_tail(cells)) for _, cells in rows]
    return max(set(widths), key=widths.count)
