"""Pages of labels: a template with its picture, printers, printing onto a sheet, who may."""

import io

import pytest
import zxingcpp
from PIL import Image, ImageOps

from tests.http.storage.conftest import Bank

TEMPLATE = {
    "code": "tube-25", "subject": "vial", "width_mm": "25", "height_mm": "12.7", "symbol": "datamatrix",
    "symbol_side": "left", "lines": "{code}\n{line} {passage}", "page": "A4", "page_rows": "10",
    "page_columns": "5", "page_top_mm": "10", "page_left_mm": "10", "gap_x_mm": "1", "gap_y_mm": "1",
}  # fmt: skip
PRINT = {"subject": "vial", "template": "1", "copies": "1", "skip": "0"}


def test_a_template_is_made_seen_and_used(bank: Bank) -> None:
    assert "No label template" in bank.page.get("/labels/print?codes=SH-1").text
    assert bank.post("/labels/templates/new", **TEMPLATE).status_code == 302
    assert "tube-25" in bank.page.get("/labels").text
    preview = bank.page.get("/labels/templates/1/preview.png?code=SH-1")
    picture = Image.open(io.BytesIO(preview.data)).convert("L")
    read = zxingcpp.read_barcodes(ImageOps.expand(picture, 60, 255))
    assert [found.text for found in read] == ["SH-1"]

    printed = bank.post("/labels/print", **PRINT, codes="SH-1\nSH-2")
    assert printed.status_code == 302
    assert "Open the sheet" in bank.page.get(printed.location).text
    sheet = bank.page.get(printed.location + ".pdf")
    assert sheet.mimetype == "application/pdf"
    assert sheet.data.startswith(b"%PDF")


def test_a_second_label_asks_why(bank: Bank) -> None:
    bank.post("/labels/templates/new", **TEMPLATE)
    bank.post("/labels/print", **PRINT, codes="SH-1")
    refused = bank.post("/labels/print", **PRINT, codes="SH-1")

    assert refused.status_code == 422
    assert "SH-1 has a label already" in refused.text
    assert bank.post("/labels/print", **PRINT, codes="SH-1", why="fell off").status_code == 302


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"height_mm": "3"}, "is outside what is expected"),
        ({"lines": "{nobody}"}, "There is no field {nobody}"),
        ({"page_rows": "60"}, "but A4 has"),
        ({"symbol": "code128"}, "does not fit as a symbol"),
    ],
)
def test_a_template_that_cannot_be_stays_as_typed(
    bank: Bank, change: dict[str, str], says: str
) -> None:
    refused = bank.post("/labels/templates/new", **TEMPLATE | change)

    assert refused.status_code == 422
    assert says in refused.text
    assert "tube-25" in refused.text
    assert "No template yet" in bank.page.get("/labels").text


def test_a_printer_is_added_used_and_offered_no_longer(bank: Bank) -> None:
    bank.post("/labels/templates/new", **TEMPLATE)
    made = bank.post(
        "/labels/printers", printer="zebra", host="printer.lab", port="9100", dpi="300"
    )
    assert made.status_code == 302
    printed = bank.post("/labels/print", **PRINT, codes="SH-1", printer="1")
    assert "On its way to the printer" in bank.page.get(printed.location).text
    bank.post("/labels/printers/1/retire")
    assert "zebra" not in bank.page.get("/labels/print?codes=SH-1").text


def test_who_may_not_manage_sees_no_way_and_finds_none(bank: Bank) -> None:
    reader = bank.reader.browser(bank.app)

    assert "New template" not in reader.get("/labels").text
    assert reader.get("/labels/templates/new").status_code == 403
    assert reader.get("/labels/print").status_code == 403


def test_another_organisation_sees_nothing_of_it(bank: Bank) -> None:
    bank.post("/labels/templates/new", **TEMPLATE)
    bank.post("/labels/print", **PRINT, codes="SH-1")
    stranger = bank.stranger.browser(bank.app)

    assert "tube-25" not in stranger.get("/labels").text
    for path in ("/labels/templates/1", "/labels/templates/1/preview.png", "/labels/jobs/1"):
        assert stranger.get(path).status_code == 404


def test_the_vials_page_has_the_button(bank: Bank) -> None:
    assert "/labels/print?subject=vial&amp;codes=SH-1" in bank.page.get("/vials/SH-1").text


@pytest.mark.parametrize("path", ["/boxes/D-044", "/racks/R07", "/freezers/LN2-03"])
def test_the_pages_of_containers_have_it_too(bank: Bank, path: str) -> None:
    code = path.rsplit("/", 1)[1]

    assert f"/labels/print?subject=container&amp;codes={code}" in bank.page.get(path).text
