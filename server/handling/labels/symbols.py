"""Symbols as black and white modules: Data Matrix (ISO/IEC 16022) and Code 128 (ISO/IEC 15417)."""

import zxingcpp
from ppf.datamatrix import DataMatrix

from server.core.errors import Invalid, Refusal
from server.core.words import N_

Modules = list[list[bool]]
"""Rows of modules, True for dark."""
NOT_IN_SYMBOL = N_("%(code)s holds a character that %(symbol)s cannot carry.")
QUIET = {"datamatrix": 2, "code128": 10}
"""Light modules around a symbol, as its standard asks (Data Matrix: one; two read better on curved tubes)."""


def modules(symbol: str, code: str) -> Modules:
    """Return the symbol of this code; one row for Code 128, refused for what it cannot carry."""
    try:
        if symbol == "code128":
            code.encode("ascii")
            return [_bars(code)]
        code.encode("latin-1")
        return [[bool(one) for one in row] for row in DataMatrix(code).matrix]
    except (ValueError, KeyError, ArithmeticError) as error:
        facts = {"code": code, "symbol": "Code 128" if symbol == "code128" else "Data Matrix"}
        raise Invalid(Refusal("not_in_symbol", NOT_IN_SYMBOL, facts), field="codes") from error


def _bars(code: str) -> list[bool]:
    """Return the bars and gaps of Code 128, without the light ends."""
    picture = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.Code128).to_image()
    drawn = memoryview(picture)  # type: ignore[arg-type]  # a buffer, though its stub does not say so
    assert drawn.shape is not None
    row = [dot == 0 for dot in bytes(drawn)[: drawn.shape[1]]]
    last = len(row) - row[::-1].index(True)
    return row[row.index(True) : last]
