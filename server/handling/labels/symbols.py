"""Symbols as black and white modules: Data Matrix (ISO/IEC 16022) and Code 128 (ISO/IEC 15417)."""

import zxingcpp
from ppf.datamatrix import DataMatrix

from server.core.errors import Invalid, Refusal
from server.core.words import N_

Modules = list[list[bool]]
"""Rows of modules, True for dark."""
NOT_IN_SYMBOL = N_(
    "%(code)s holds a character that %(symbol)s cannot carry. Choose a template with Data Matrix."
)
QUIET = {"datamatrix": 2, "code128": 10}
"""Light modules around a symbol, as its standard asks (Data Matrix: one; two read better on curved tubes)."""


def modules(symbol: str, code: str) -> Modules:
    """Return the symbol of this code; one row for Code 128, refused for what it cannot carry."""
    try:
        if symbol == "code128":
            code.encode("ascii")
            return [_bars(code)]
        return _square(code) if code.isascii() else _square_of_any(code)
    except (ValueError, KeyError, ArithmeticError) as error:
        facts = {"code": code, "symbol": "Code 128" if symbol == "code128" else "Data Matrix"}
        raise Invalid(Refusal("not_in_symbol", NOT_IN_SYMBOL, facts), field="codes") from error


def _square(code: str) -> Modules:
    return [[bool(one) for one in row] for row in DataMatrix(code).matrix]


def _square_of_any(code: str) -> Modules:
    """Return a Data Matrix of any characters: UTF-8, and the symbol says so (ECI 26)."""
    kind = zxingcpp.BarcodeFormat.DataMatrix
    drawn = _dark(zxingcpp.create_barcode(code, kind, force_square=True, eci="UTF-8"))
    return [row[1:-1] for row in drawn[1:-1]]  # without its light edge: ours is drawn beside it


def _dark(made: zxingcpp.Barcode) -> Modules:
    """Return the drawn modules, True for dark."""
    drawn = memoryview(made.to_image())  # type: ignore[arg-type]  # a buffer, though its stub does not say so
    assert drawn.shape is not None
    wide = drawn.shape[1]
    dots = [dot == 0 for dot in bytes(drawn)]
    return [dots[at : at + wide] for at in range(0, len(dots), wide)]


def _bars(code: str) -> list[bool]:
    """Return the bars and gaps of Code 128, without the light ends."""
    row = _dark(zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.Code128))[0]
    last = len(row) - row[::-1].index(True)
    return row[row.index(True) : last]
