"""What a label may be: fields, sizes, and how many. Pure."""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from server.core.errors import Refusal
from server.core.words import N_

SYMBOLS = {
    "datamatrix": N_("Data Matrix"),
    "code128": N_("Code 128"),
    "none": N_("no symbol"),
}
SIDES = {
    "left": N_("left of the text"),
    "right": N_("right of the text"),
    "top": N_("above the text"),
}
FIELDS: Mapping[str, tuple[str, ...]] = {
    "vial": ("code", "line", "lot", "passage", "frozen", "tier", "cells", "volume", "organisation"),
    "container": ("code", "name", "kind", "place", "organisation"),
}
"""What a line of a label of each subject may name in braces."""
PAGES_MM = {"A4": (210.0, 297.0), "letter": (215.9, 279.4)}
DPIS = (203, 300, 600)
LEAST_MM, MOST_MM = 4.0, 200.0
MOST_LINES, MOST_LABELS, MOST_COPIES = 8, 2000, 20
_FIELD = re.compile(r"\{(\w*)\}")
LONGEST_HOST = 253
_HOST = re.compile(r"\w([\w-]*\w)?(\.\w([\w-]*\w)?)*\.?", re.ASCII)


def fields_in(lines: str) -> list[str]:
    """Return the names that stand in braces, in order."""
    return _FIELD.findall(lines)


def fill(line: str, facts: Mapping[str, str]) -> str:
    """Return the line with its fields filled; what is unknown becomes nothing, and blanks close up."""
    return re.sub(r"\s{2,}", " ", _FIELD.sub(lambda m: facts.get(m[1], ""), line)).strip(" ·,")


def why_not_lines(subject: str, lines: str) -> Refusal | None:
    """Say why these lines cannot stand on a label of this subject, or None when they can."""
    if len(lines.splitlines()) > MOST_LINES:
        because = N_("A label has at most %(most)s lines; %(found)s were found.")
        return Refusal(
            "many_lines", because, {"most": MOST_LINES, "found": len(lines.splitlines())}
        )
    unknown = next((name for name in fields_in(lines) if name not in FIELDS[subject]), None)
    if unknown is None:
        return _why_not_braces(lines)
    because = N_("There is no field {%(found)s}; known are %(known)s.")
    known = ", ".join(f"{{{name}}}" for name in FIELDS[subject])
    return Refusal("no_such_field", because, {"found": unknown, "known": known})


def _why_not_braces(lines: str) -> Refusal | None:
    """Say that a brace stands alone, or around what is no field: it would be printed as it stands."""
    odd = next((line for line in lines.splitlines() if set("{}") & set(_FIELD.sub("", line))), None)
    because = N_("“%(found)s” has a brace that belongs to no field; fields are written as {code}.")
    return None if odd is None else Refusal("odd_brace", because, {"found": odd.strip()})


def why_blank(symbol: str, lines: str) -> Refusal | None:
    """Say that such a label would show nothing, or None where it shows something."""
    if symbol != "none" or lines.strip():
        return None
    return Refusal("blank", N_("A label without a symbol needs text; give it a line at least."))


def why_not_host(host: str) -> Refusal | None:
    """Say why this is no name or address of a machine, or None where it can be one."""
    if len(host) <= LONGEST_HOST and (_HOST.fullmatch(host) or _is_address(host)):
        return None
    because = N_(
        "“%(found)s” is no name or address of a printer in the network; printer.lab or 10.0.0.7 is expected."
    )
    return Refusal("bad_host", because, {"found": host[:80]})


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def why_not_size(width_mm: float, height_mm: float) -> Refusal | None:
    """Say why no label has this size, or None when one can."""
    if all(LEAST_MM <= side <= MOST_MM for side in (width_mm, height_mm)):
        return None
    because = N_("%(found)s mm is no size of a label; %(least)s to %(most)s mm are expected.")
    found = f"{width_mm:g} × {height_mm:g}"
    return Refusal("bad_size", because, {"found": found, "least": LEAST_MM, "most": MOST_MM})


def why_not_sheet(
    page: str,
    rows: int,
    columns: int,
    label_mm: tuple[float, float],
    margin_mm: tuple[float, float],
    gap_mm: tuple[float, float],
) -> Refusal | None:
    """Say why so many labels do not fit on the page, or None when they do."""
    wide, high = PAGES_MM[page]
    needs_x = margin_mm[0] + columns * label_mm[0] + (columns - 1) * gap_mm[0]
    needs_y = margin_mm[1] + rows * label_mm[1] + (rows - 1) * gap_mm[1]
    if needs_x <= wide and needs_y <= high:
        return None
    because = N_(
        "%(rows)s × %(columns)s labels need %(found)s mm, but %(page)s has %(expected)s mm."
    )
    facts = {
        "rows": rows,
        "columns": columns,
        "page": page,
        "found": f"{needs_x:g} × {needs_y:g}",
        "expected": f"{wide:g} × {high:g}",
    }
    return Refusal("sheet_too_small", because, facts)


def why_not_many(codes: Sequence[str]) -> Refusal | None:
    """Say why not so many labels are printed at once, or None when they are."""
    if not codes:
        return Refusal("no_labels", N_("Nothing was named. Scan or type what gets a label."))
    if len(codes) <= MOST_LABELS:
        return None
    because = N_("%(found)s labels were asked for; at most %(most)s are printed at once.")
    return Refusal("many_labels", because, {"found": len(codes), "most": MOST_LABELS})
