"""Codes that were scanned or pasted into one field: one a line, or parted by blanks and commas."""

import re

_BETWEEN = re.compile(r"[\s,;\uff0c\uff1b]+")


def all_of(typed: str) -> list[str]:
    """Return every code in the order in which they were typed, one that stands there twice twice."""
    return [code for code in _BETWEEN.split(typed) if code]


def lines_of(typed: str) -> list[str]:
    """Return the codes, each once, in the order in which they were typed."""
    return list(dict.fromkeys(all_of(typed)))
