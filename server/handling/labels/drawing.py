"""One label as a picture of black and white dots: what printers, sheets and previews all show."""

from dataclasses import dataclass

from PIL import Image, ImageDraw

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.handling.labels.fonts import face, has_chinese
from server.handling.labels.symbols import QUIET, Modules, modules

MM_PER_INCH = 25.4
LEAST_MODULE = 2
LARGEST_TEXT_MM = 4.0
SMALLEST_TEXT = 7
LINE_HEIGHT = 1.18
TOO_SMALL = N_(
    "%(code)s does not fit as a symbol on a label of %(width)s × %(height)s mm at %(dpi)s dots an inch. Choose a larger label or another symbol."
)
NO_CHINESE = N_(
    "“%(found)s” needs a font with Chinese characters, and none is installed. Install one or name its file in CRYOKEEP_LABEL_FONT."
)


@dataclass(frozen=True)
class Label:
    """What a label shows: the code in its symbol, and lines of text; sizes in mm."""

    code: str
    lines: tuple[str, ...]
    width_mm: float
    height_mm: float
    symbol: str = "datamatrix"
    side: str = "left"


@dataclass(frozen=True)
class Area:
    """A rectangle in dots."""

    left: int
    top: int
    wide: int
    high: int


def draw(label: Label, dpi: int) -> Image.Image:
    """Return the label as an image of one bit a dot, black on white; refuses what does not fit."""
    wide, high = dots(label.width_mm, dpi), dots(label.height_mm, dpi)
    picture = Image.new("1", (wide, high), 1)
    margin = max(dots(0.5, dpi), 2)
    inside = Area(margin, margin, wide - 2 * margin, high - 2 * margin)
    if label.symbol != "none":
        inside = _put_symbol(picture, label, inside, dpi)
    _put_lines(ImageDraw.Draw(picture), [line for line in label.lines if line], inside, dpi)
    return picture


def dots(mm: float, dpi: int) -> int:
    """Return how many dots these millimetres are."""
    return round(mm / MM_PER_INCH * dpi)


def _put_symbol(picture: Image.Image, label: Label, inside: Area, dpi: int) -> Area:
    """Draw the symbol and return what is left for the text."""
    found = modules(label.symbol, label.code)
    quiet = QUIET[label.symbol]
    across = len(found[0]) + 2 * quiet
    if label.symbol == "code128":
        module = inside.wide // across
        high = max(inside.high // 2, 1)
    else:
        room = inside.high if label.side != "top" else inside.high * 3 // 5
        most = inside.wide if not label.lines or label.side == "top" else inside.wide * 3 // 5
        module = min(room, most) // across
        high = module * (len(found) + 2 * quiet)
    if module < LEAST_MODULE:
        facts = {
            "code": label.code, "width": f"{label.width_mm:g}", "height": f"{label.height_mm:g}",
            "dpi": dpi,
        }  # fmt: skip
        raise Invalid(Refusal("symbol_does_not_fit", TOO_SMALL, facts), field="template")
    wide = module * across
    above = label.side == "top" or label.symbol == "code128"
    left = inside.left + (inside.wide - wide if label.side == "right" and not above else 0)
    top = inside.top if above else inside.top + (inside.high - high) // 2
    _put_modules(picture, found, Area(left + quiet * module, top, module, high), quiet)
    if above:
        return Area(inside.left, inside.top + high, inside.wide, inside.high - high)
    text_left = inside.left if label.side == "right" else inside.left + wide
    return Area(text_left, inside.top, inside.wide - wide, inside.high)


def _put_modules(picture: Image.Image, found: Modules, at: Area, quiet: int) -> None:
    pen = ImageDraw.Draw(picture)
    linear = len(found) == 1
    module, tall = at.wide, at.high if linear else at.wide
    for y, row in enumerate(found):
        for x, dark in enumerate(row):
            if dark:
                left = at.left + x * module
                top = at.top if linear else at.top + (y + quiet) * module
                pen.rectangle((left, top, left + module - 1, top + tall - 1), fill=0)


def _put_lines(pen: ImageDraw.ImageDraw, lines: list[str], inside: Area, dpi: int) -> None:
    if not lines or inside.wide <= 0 or inside.high <= 0:
        return
    if not has_chinese() and (odd := next((line for line in lines if _beyond_latin(line)), "")):
        raise Invalid(Refusal("no_chinese_font", NO_CHINESE, {"found": odd}), field="template")
    most = min(int(inside.high / len(lines) / LINE_HEIGHT), dots(LARGEST_TEXT_MM, dpi))
    top: float = inside.top
    sizes = [_size_for(line, inside.wide, most) for line in lines]
    top += max(0.0, (inside.high - sum(sizes) * LINE_HEIGHT) / 2)
    for line, size in zip(lines, sizes, strict=True):
        pen.text((inside.left, top), _cut(line, size, inside.wide), font=face(size), fill=0)
        top += size * LINE_HEIGHT


def _beyond_latin(line: str) -> bool:
    return any(ord(one) > 0x24F and not 0x2000 <= ord(one) <= 0x22FF for one in line)


def _size_for(line: str, wide: int, most: int) -> int:
    """Return the largest size at which the line is no wider than its room, never an illegible one."""
    size = max(most, SMALLEST_TEXT)
    length = face(size).getlength(line)
    return size if length <= wide else max(int(size * wide / length), SMALLEST_TEXT)


def _cut(line: str, size: int, wide: int) -> str:
    """Return the line as far as it fits; what is cut ends with an ellipsis."""
    font = face(size)
    if font.getlength(line) <= wide:
        return line
    while line and font.getlength(line + "…") > wide:
        line = line[:-1]
    return line + "…"
