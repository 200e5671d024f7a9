"""How the shape of a container or type stands in columns."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.exchange.rules import Column
from server.exchange.sheets.base import Values
from server.storage.positions import FILLS, FIRSTS, BoxShape
from server.storage.sizes import heights_of, sizes_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS = (
    Column("rows", N_("Rows"), "whole"),
    Column("columns", N_("Columns"), "whole"),
    Column("layers", N_("Layers"), "whole"),
    Column("labels", N_("How positions are written"), hint=N_("such as letter-number or number")),
    Column("label_first", N_("Which axis a label names first"), "choice", choices=FIRSTS),
    Column("fill", N_("In which direction it is filled"), "choice", choices=FILLS),
    Column("managed", N_("Has places of its own"), "yes_no"),
    Column("blocked", N_("Blocked positions"), "codes", hint=N_("numbers between semicolons")),
    Column(
        "absent", N_("Cells without a position"), "codes", hint=N_("numbers between semicolons")
    ),
    Column("heights_mm", N_("Height of each row, mm"), "codes", hint=N_("between semicolons")),
    Column("size_class", N_("Size class")),
    Column(
        "size_classes", N_("Size class by position"), "codes", hint=N_("such as 1=wide; 2=wide")
    ),
)
NAMES = frozenset(column.name for column in COLUMNS)
NOT_NUMBERS = N_("Whole numbers between semicolons are expected; “%(found)s” was found.")
NOT_HEIGHTS = N_("Numbers between semicolons are expected; “%(found)s” was found.")
NOT_SIZES = N_("A position and its size such as 1=wide are expected; “%(found)s” was found.")
EMPTY = BoxShape(0, 0)


def shape_of(now: BoxShape, values: Values, mapped: set[str]) -> BoxShape:
    """Return the shape that a row says, where the file speaks of it; what a cell leaves empty stays."""
    said: dict[str, Any] = {
        name: values[name]
        for name in ("rows", "columns", "layers", "labels", "label_first", "fill", "managed")
        if name in values
    }
    for name in ("blocked", "absent"):
        if name in mapped:
            said[name] = frozenset(_whole(name, text) for text in values.get(name, ()))
    return replace(now, **said)


def heights(values: Values) -> list[float]:
    """Return the heights of the rows that a row of the file says."""
    found = []
    for text in values.get("heights_mm", ()):
        try:
            found.append(float(text))
        except ValueError:
            raise _refused("heights_mm", NOT_HEIGHTS, text) from None
    return found


def sizes(values: Values) -> dict[str, str]:
    """Return the size classes by ordinal that a row of the file says."""
    found = {}
    for text in values.get("size_classes", ()):
        ordinal, equals, word = text.partition("=")
        if not equals or not ordinal.strip().isdecimal() or not word.strip():
            raise _refused("size_classes", NOT_SIZES, text)
        found[str(int(ordinal))] = word.strip()
    return found


def out(shape: BoxShape, heights_json: str, size_class: str, sizes_json: str) -> Values:
    """Return the columns of a shape, as they go out."""
    by_ordinal: Mapping[str, str] = sizes_of(sizes_json)
    levels: Sequence[float] = heights_of(heights_json)
    return {
        "rows": shape.rows, "columns": shape.columns, "layers": shape.layers, "labels": shape.labels,
        "label_first": shape.label_first, "fill": shape.fill, "managed": shape.managed,
        "blocked": tuple(str(one) for one in sorted(shape.blocked)),
        "absent": tuple(str(one) for one in sorted(shape.absent)),
        "heights_mm": tuple(f"{level:g}" for level in levels), "size_class": size_class,
        "size_classes": tuple(
            f"{ordinal}={word}"
            for ordinal, word in sorted(by_ordinal.items(), key=lambda pair: int(pair[0] or 0))
            if ordinal
        ),
    }  # fmt: skip


def _whole(column: str, text: str) -> int:
    if not text.isdecimal():
        raise _refused(column, NOT_NUMBERS, text)
    return int(text)


def _refused(column: str, because: str, found: str) -> Invalid:
    return Invalid(Refusal("bad_list", because, {"found": found[:80]}), field=column)
