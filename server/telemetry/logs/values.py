"""What stands in a cell of a log: a number with its unit inside, codes, or nothing. Pure.

Nothing is assumed: a number without a unit, in the cell or in the column's head, is refused.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_agent.wire.quality import Quality
from server.core.errors import Refusal
from server.core.words import N_

_CELL = re.compile(r"([+-]?)\s*(\d+)(?:([.,])(\d+))?\s*(.*)", re.DOTALL)
_CODE = re.compile(r"[A-Z0-9]{1,4}")
_APART = re.compile(r"[\s,;/+&]+")
_MINUS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{NO-BREAK SPACE}": " "})
NOTHING = frozenset({"", "-", "--", "---", "----", "n/a", "na", "none", "null", "*", "***"})
FAULTS = {
    "open": Quality.OPEN_PROBE,
    "short": Quality.SHORTED_PROBE,
    "shorted": Quality.SHORTED_PROBE,
    "err": Quality.BUS_ERROR,
    "error": Quality.BUS_ERROR,
}

_NO_NUMBER = N_("%(column)s: “%(found)s” was found, a number with its unit is expected.")
_NO_UNIT = N_(
    "%(column)s: “%(found)s” has no unit, and neither has its column: %(expected)s is expected."
)
_UNIT = N_("%(column)s: “%(found)s” is in %(unit)s; %(expected)s is expected.")
_BEYOND = N_("%(column)s: “%(found)s” cannot be; from %(least)s to %(most)s %(unit)s is expected.")
_THOUSANDS = N_("%(column)s: “%(found)s” can be read in two ways; write it without a comma.")
_NO_CODE = N_("Status: “%(found)s” is no code; codes of one to four letters are expected.")


@dataclass(frozen=True)
class Value:
    """One number of a row, in the unit of its key; or why there is none."""

    key: str
    number: float | None
    quality: int = Quality.UNCERTAIN


Convert = Callable[[float], float]


def _same(value: float) -> float:
    return value


TEMPERATURES: Mapping[str, Convert] = {
    "c": _same, "degc": _same, "f": lambda f: (f - 32) / 1.8, "degf": lambda f: (f - 32) / 1.8,
    "k": lambda k: k - 273.15,
}  # fmt: skip
LENGTHS: Mapping[str, Convert] = {
    "mm": _same, "cm": lambda cm: cm * 10, "in": lambda inch: inch * 25.4,
    "inch": lambda inch: inch * 25.4, "inches": lambda inch: inch * 25.4, '"': lambda inch: inch * 25.4,
}  # fmt: skip
LOSSES: Mapping[str, Convert] = {
    f"{unit}{day}": convert for unit, convert in LENGTHS.items() for day in ("/day", "/d", "perday")
}


@dataclass(frozen=True)
class Wanted:
    """What a column holds: its channel's key, the units that it may be in, and what is possible."""

    key: str
    word: str
    units: Mapping[str, Convert]
    usual: str
    least: float
    most: float


TOP = Wanted("top_c", "Temp A", TEMPERATURES, "°C", -205.0, 60.0)
BOTTOM = Wanted("bottom_c", "Temp B", TEMPERATURES, "°C", -205.0, 60.0)
LEVEL = Wanted("level_mm", "Level", LENGTHS, "mm", -100.0, 3_000.0)
PERCENT = Wanted("level_pct", "Level", {"%": _same, "pct": _same}, "%", -5.0, 105.0)
USAGE = Wanted("usage_mmd", "Usage", LOSSES, "mm/day", -500.0, 3_000.0)
COLUMNS = {"top": TOP, "bottom": BOTTOM, "level": LEVEL, "usage": USAGE}


def value_of(cell: str, wanted: Wanted, hint: str) -> Value | Refusal | None:
    """Return the cell's number in the key's unit, None where it is empty, or why it cannot be read.

    `hint` is the unit that stands in the column's head, for cells that have none.
    """
    plain = cell.translate(_MINUS).strip()
    if plain.casefold() in NOTHING:
        return None
    if plain.casefold() in FAULTS:
        return Value(wanted.key, None, FAULTS[plain.casefold()])
    facts: dict[str, object] = {"column": wanted.word, "found": cell[:60], "expected": wanted.usual}
    match = _CELL.fullmatch(plain)
    if match is None:
        return Refusal("no_number", _NO_NUMBER, facts)
    sign, whole, point, part, unit = match.groups(default="")
    if point == "," and len(part) == 3:
        return Refusal("two_ways", _THOUSANDS, facts)
    unit = plain_unit(unit) or hint
    if wanted is LEVEL and unit in PERCENT.units:
        wanted = PERCENT
    if not unit:
        return Refusal("no_unit", _NO_UNIT, facts)
    if unit not in wanted.units:
        return Refusal("wrong_unit", _UNIT, {**facts, "unit": unit})
    number = round(wanted.units[unit](float(f"{sign}{whole}.{part or 0}")), 3)
    if not wanted.least <= number <= wanted.most:
        limits = {"least": wanted.least, "most": wanted.most, "unit": wanted.usual}
        return Refusal("beyond", _BEYOND, {**facts, **limits})
    return Value(wanted.key, number)


def plain_unit(text: str) -> str:
    """Return a unit without signs of degree and spaces: °C, º C and ℃ are c."""
    told = text.casefold().replace("℃", "c").replace("℉", "f")
    return "".join(char for char in told if char not in "°ºø˚\N{REPLACEMENT CHARACTER} .()")


def codes_of(cell: str) -> tuple[str, ...] | Refusal:
    """Return the status codes of a row, as they stand, each once; several stand side by side."""
    found = [part.upper() for part in _APART.split(cell.strip()) if part]
    if cell.strip().casefold() in NOTHING:
        return ()
    for code in found:
        if not _CODE.fullmatch(code):
            return Refusal("no_code", _NO_CODE, {"found": cell[:60]})
    return tuple(dict.fromkeys(found))
