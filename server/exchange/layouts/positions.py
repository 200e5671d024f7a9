"""Ways in which other systems write where something is."""

import re


def joined(row: str, column: str, position: str) -> str:
    """Return a position out of a row and a column, or the one that is written as such."""
    row, column, position = row.strip(), column.strip(), position.strip()
    if not (row and column):
        return position
    if row.isdecimal() and not column.isdecimal():
        return f"{column}{row}"  # some write the letter as the column
    return f"{row}:{column}" if row.isdecimal() else f"{row}{column}"


def split_path(path: str, sign: str) -> list[str]:
    """Return the parts of a way such as A/B/"C/D"/E; quotes hold a part together, empty ones fall out."""
    quoted = re.compile(rf'"([^"]*)"|([^{re.escape(sign)}"]+)')
    parts = [
        (found[1] if found[1] is not None else found[2]).strip() for found in quoted.finditer(path)
    ]
    return [part for part in parts if part]


def number(text: str) -> float | None:
    """Return the number that a text says with a decimal point, or None."""
    try:
        return float(text.replace(",", ".")) if text.strip() else None
    except ValueError:
        return None


def same_number(said: str, ours: str) -> bool:
    """Say whether two texts are the same number, however it is written."""
    one, other = number(said), number(ours)
    return one is not None and other is not None and abs(one - other) < 1e-9


def same_position(said: str, ours: str) -> bool:
    """Say whether two texts mean the same position: A1, a01, A:1."""
    return _plain(said) == _plain(ours)


def _plain(text: str) -> str:
    return re.sub(r"[^A-Z0-9]|(?<![0-9])0+(?=[0-9])", "", text.upper())
