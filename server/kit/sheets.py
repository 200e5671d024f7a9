"""What paper needs that a screen does not: the code of a sheet as Data Matrix, so that a scan of it opens its page again."""

from markupsafe import Markup
from ppf.datamatrix import DataMatrix

QUIET = 2
"""Light modules around the symbol; one is the least that ISO/IEC 16022 asks for."""
DRAWN = Markup(
    '<div class="print-only sheet-code"><svg viewBox="0 0 {size} {size}" role="img" aria-label="{code}" shape-rendering="crispEdges">'
    '<path fill="#000" d="{path}"/></svg></div>'
)


def sheet_code(code: str) -> Markup:
    """Return the code as a Data Matrix that is seen on paper only; empty for what is not ASCII."""
    if not code or not code.isascii():
        return Markup()
    rows = DataMatrix(code).matrix
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, dark in enumerate(row)
        if dark
    )
    return DRAWN.format(size=len(rows) + 2 * QUIET, code=code, path=path)
