"""One label as a picture of black and white dots: what printers, sheets and previews all show."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor

from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.handling.labels.fonts import face, has_chinese
from server.handling.labels.symbols import QUIET, Modules, modules

MM_PER_INCH = 25.4
LEAST_MODULE = 2
LARGEST_TEXT_MM = 4.0
SMALLEST_TEXT = 7
LINE_HEIGHT = 1.18
KEPT_LINES = 4096
"""So many lines are kept as they are set: most lines of a lot's labels are the same."""
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
    """Draw each module as a square of `at.wide` dots, a linear symbol's as bars of its whole height."""
    across, linear = len(found[0]), len(found) == 1
    light = bytes(0 if dark else 255 for row in found for dark in row)
    small = Image.frombytes("L", (across, len(found)), light).convert("1")
    tall = at.high if linear else at.wide * len(found)
    top = at.top if linear else at.top + quiet * at.wide
    picture.paste(small.resize((across * at.wide, tall), Image.Resampling.NEAREST), (at.left, top))


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
        _put_line(pen, inside.left, top, _cut(line, size, inside.wide), face(size))
        top += size * LINE_HEIGHT


def _put_line(
    pen: ImageDraw.ImageDraw, left: int, top: float, line: str, font: FreeTypeFont
) -> None:
    wide, high, right, down = _box(line, font)
    if wide and high:
        pen.bitmap((left + right, round(top) + down), _set(line, font), fill=0)


@lru_cache(KEPT_LINES)
def _set(line: str, font: FreeTypeFont) -> Image.Image:
    """Return the line as white dots on black, no larger than it is: labels of a lot share most of theirs."""
    wide, high, right, down = _box(line, font)
    picture = Image.new("1", (wide, high), 0)
    ImageDraw.Draw(picture).text((-right, -down), line, font=font, fill=1)
    return picture


@lru_cache(KEPT_LINES)
def _box(line: str, font: FreeTypeFont) -> tuple[int, int, int, int]:
    """Return (width, height, first dot to the right, first dot down) of the line's dots."""
    left, top, right, bottom = font.getbbox(line, "1")
    first, down = floor(left), floor(top)
    return ceil(right) - first, ceil(bottom) - down, first, down


@lru_cache(KEPT_LINES)
def _length(line: str, font: FreeTypeFont) -> float:
    return font.getlength(line)


def _beyond_latin(line: str) -> bool:
    return any(ord(one) > 0x24F and not 0x2000 <= ord(one) <= 0x22FF for one in line)


def _size_for(line: str, wide: int, most: int) -> int:
    """Return the largest size at which the line is no wider than its room, never an illegible one."""
    size = max(most, SMALLEST_TEXT)
    length = _length(line, face(size))
    return size if length <= wide else max(int(size * wide / length), SMALLEST_TEXT)


def _cut(line: str, size: int, wide: int) -> str:
    """Return the line as far as it fits; what is cut ends with an ellipsis."""
    font = face(size)
    if _length(line, font) <= wide:
        return line
    while line and _length(line + "…", font) > wide:
        line = line[:-1]
    return line + "…"
