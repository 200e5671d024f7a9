"""The live answer of a VisionMate: one line of codes in the order of the positions, no position named.

A line's `row` is the number of the code in the list.
"""

from server.core.words import N_n
from server.storage.positions import BoxShape
from server.storage.scanners.seen import Line, Manner, whole_file

LIST = "list"
FEWEST = 4


def is_list(rows: list[tuple[int, list[str]]]) -> bool:
    """Say whether the file is a single line of more cells than a named tube has."""
    return len(rows) == 1 and len(rows[0][1]) > FEWEST


def read_list(
    rows: list[tuple[int, list[str]]], shape: BoxShape, manner: Manner
) -> tuple[str, list[Line]]:
    """Return the format's name and its lines; refuses a list that is not as long as the rack is large."""
    cells = rows[0][1]
    codes = cells[:-1] if not cells[-1] else cells
    if len(codes) != shape.capacity:
        expected = N_n(
            "a list of 1 code, for the one position of the box",
            "a list of %(count)s codes, one for every position of the box",
            "count",
        )
        raise whole_file(str(len(codes)), expected, count=shape.capacity)
    places = _down(shape) if manner.down_first else list(shape.ordinals)
    return LIST, [
        Line(number, None, shape.label(place), code, ordinal=place)
        for number, (place, code) in enumerate(zip(places, codes, strict=True), 1)
    ]


def _down(shape: BoxShape) -> list[int]:
    """Return the ordinals layer by layer, in each column after column, from the top."""
    within = shape.rows * shape.columns
    return [
        layer * within + row * shape.columns + column + 1
        for layer in range(shape.layers)
        for column in range(shape.columns)
        for row in range(shape.rows)
    ]
