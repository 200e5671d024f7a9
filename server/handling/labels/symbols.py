"""Symbols as black and white modules: Data Matrix (ISO/IEC 16022) and Code 128 (ISO/IEC 15417)."""

from barcode.codex import Code128
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
            return [[one == "1" for one in "".join(Code128(code).build())]]
        code.encode("latin-1")
        return [[bool(one) for one in row] for row in DataMatrix(code).matrix]
    except (ValueError, KeyError, ArithmeticError) as error:
        facts = {"code": code, "symbol": "Code 128" if symbol == "code128" else "Data Matrix"}
        raise Invalid(Refusal("not_in_symbol", NOT_IN_SYMBOL, facts), field="codes") from error
