"""A table of points read as a line from each to the next."""

from collections.abc import Sequence
from itertools import pairwise

Points = tuple[tuple[float, float], ...]
"""(from, to), the first numbers rising."""


def along(points: Sequence[tuple[float, float]], x: float) -> float:
    """The line's value at x; beyond the ends the first and last pieces go on. At least two points."""
    pieces = list(pairwise(points))
    (x0, y0), (x1, y1) = next((p for p in pieces if x <= p[1][0]), pieces[-1])
    return y0 + (x - x0) * (y1 - y0) / (x1 - x0)
