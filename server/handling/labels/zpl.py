"""ZPL II: a label as one bitmap, so that every printer shows what the preview showed, Chinese too."""

from PIL import Image


def zpl(picture: Image.Image, copies: int = 1) -> str:
    """Return the printer's text for this picture of one bit a dot."""
    wide, high = picture.size
    rows = _rows(picture)
    width_bytes = (wide + 7) // 8
    total = width_bytes * high
    body = _packed(rows, width_bytes)
    return (
        f"^XA^PW{wide}^LL{high}^LH0,0^FO0,0^GFA,{total},{total},{width_bytes},{body}^FS"
        f"^PQ{copies}^XZ\n"
    )


def _rows(picture: Image.Image) -> list[str]:
    """Return each row in hexadecimal, a set bit for a black dot."""
    wide, high = picture.size
    width_bytes = (wide + 7) // 8
    raw = picture.convert("1").tobytes()
    spare = width_bytes * 8 - wide
    rows = []
    for y in range(high):
        white = int.from_bytes(raw[y * width_bytes : (y + 1) * width_bytes], "big")
        black = ~white & ((1 << width_bytes * 8) - 1) & ~((1 << spare) - 1)
        rows.append(f"{black:0{width_bytes * 2}X}")
    return rows


def _packed(rows: list[str], width_bytes: int) -> str:
    """Return the rows with `,` for zeros to the end of a row and `:` for a row as the one before."""
    packed, before = [], ""
    for row in rows:
        if row == before:
            packed.append(":")
        else:
            bare = row.rstrip("0")
            packed.append(row if len(bare) >= width_bytes * 2 - 1 else bare + ",")
        before = row
    return "".join(packed)
