"""A printer that understands as much ZPL as our labels use: it gives back the pictures that it would print."""

import re

from PIL import Image

_LABEL = re.compile(r"\^XA(.*?)\^XZ", re.DOTALL)
_GRAPHIC = re.compile(r"\^GFA,(\d+),(\d+),(\d+),(.*?)\^FS", re.DOTALL)


def printed(text: str) -> list[tuple[Image.Image, int]]:
    """Return each label's picture and how many copies of it come out."""
    return [_one(label) for label in _LABEL.findall(text)]


def _one(label: str) -> tuple[Image.Image, int]:
    wide = int(re.search(r"\^PW(\d+)", label)[1])
    high = int(re.search(r"\^LL(\d+)", label)[1])
    copies = int(re.search(r"\^PQ(\d+)", label)[1])
    given, total, per_row, data = _GRAPHIC.search(label).groups()
    assert given == total
    rows = _rows(data, int(per_row))
    assert len(rows) * int(per_row) == int(total)
    picture = Image.new("L", (wide, high), 255)
    for y, row in enumerate(rows):
        bits = f"{int(row, 16):0{int(per_row) * 8}b}"
        for x in range(wide):
            if bits[x] == "1":
                picture.putpixel((x, y), 0)
    return picture, copies


def _rows(data: str, per_row: int) -> list[str]:
    """Undo the two abbreviations: `,` fills the row with zeros, `:` repeats the row before."""
    rows: list[str] = []
    row = ""
    for sign in data:
        if sign == ":":
            rows.append(rows[-1])
        elif sign == ",":
            rows.append(row.ljust(per_row * 2, "0"))
            row = ""
        else:
            row += sign
            if len(row) == per_row * 2:
                rows.append(row)
                row = ""
    assert not row
    return rows
