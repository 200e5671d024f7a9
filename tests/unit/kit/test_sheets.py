"""The symbol on printed sheets is read again by a reader of another maker."""

import re

import pytest
import zxingcpp
from PIL import Image

from server.kit.sheets import sheet_code

DOTS = 4


def picture(drawn: str) -> Image.Image:
    """Return what the SVG shows, each module some dots wide."""
    found = re.search(r'viewBox="0 0 (\d+) \d+"', drawn)
    assert found is not None
    size = int(found[1])
    shown = Image.new("L", (size, size), 255)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", drawn):
        shown.putpixel((int(x), int(y)), 0)
    return shown.resize((size * DOTS, size * DOTS), Image.Resampling.NEAREST)


@pytest.mark.parametrize("code", ["P-0001", "SH0041-27-1184", "7", "T-0003/<a&b>"])
def test_the_code_is_read_from_the_sheet(code: str) -> None:
    drawn = sheet_code(code)

    read = zxingcpp.read_barcode(picture(drawn))
    assert read is not None
    assert read.format == zxingcpp.BarcodeFormat.DataMatrix
    assert read.text == code
    assert "<a" not in drawn  # the code is no part of the page's own markup


@pytest.mark.parametrize("code", ["", "细胞"])
def test_what_no_such_symbol_carries_is_left_out(code: str) -> None:
    assert sheet_code(code) == ""
