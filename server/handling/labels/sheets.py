"""Labels on sheets of paper: PDF pages with each label as a picture at its exact size."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image

from server.handling.labels.drawing import Label, draw
from server.handling.rules.labels import PAGES_MM

if TYPE_CHECKING:
    from fpdf import FPDF

DPI = 600
FAST = 1
KEPT = 4
"""So many jobs' sheets are kept at hand by each process; 2,000 labels are about 8 MB."""


@dataclass(frozen=True)
class Sheet:
    """How labels stand on a page; all lengths in mm."""

    page: str
    rows: int
    columns: int
    top_mm: float
    left_mm: float
    gap_x_mm: float
    gap_y_mm: float


def pdf(labels: Sequence[Label], sheet: Sheet, *, skip: int = 0) -> bytes:
    """Return the pages; `skip` places at the beginning stay empty, for a sheet that was begun.

    A job's labels never change: who looks at its sheets and then prints them waits once.
    """
    return _drawn(tuple(labels), sheet, skip)


@lru_cache(KEPT)
def _drawn(labels: tuple[Label, ...], sheet: Sheet, skip: int) -> bytes:
    from fpdf import FPDF  # noqa: PLC0415  half a second that only sheets need

    book = FPDF(unit="mm", format=PAGES_MM[sheet.page])
    book.set_auto_page_break(auto=False)
    book.set_creator("Cryokeep")
    each = sheet.rows * sheet.columns
    page = -1
    for place, label in enumerate(labels, skip % each):
        if place // each != page:
            book.add_page()
            page = place // each
        row, column = divmod(place % each, sheet.columns)
        left = sheet.left_mm + column * (label.width_mm + sheet.gap_x_mm)
        top = sheet.top_mm + row * (label.height_mm + sheet.gap_y_mm)
        name = _kept(book, place, draw(label, DPI))
        book.image(name, left, top, label.width_mm, label.height_mm)
    return bytes(book.output())


def _kept(book: "FPDF", place: int, picture: Image.Image) -> str:
    """Give the book a picture of one bit a dot, and return its name there.

    Handed over as a picture it would become eight bits a dot, or a fax's: either takes longer than to draw it.
    """
    from fpdf.image_datastructures import RasterImageInfo  # noqa: PLC0415  as above

    images, name = book.image_cache.images, f"label {place}"
    wide, high = picture.size
    across = (wide + 7) // 8
    dots = picture.tobytes()
    rows = b"".join(b"\0" + dots[at : at + across] for at in range(0, len(dots), across))
    images[name] = RasterImageInfo(
        i=len(images) + 1, usages=0, w=wide, h=high, cs="DeviceGray", bpc=1, dpn=1, iccp=None, iccp_i=None,
        f="FlateDecode", inverted=False, dp=f"/Predictor 15 /Colors 1 /Columns {wide}",
        data=zlib.compress(rows, FAST),
    )  # fmt: skip
    return name
