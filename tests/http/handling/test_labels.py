"""Pages of labels: a template with its picture, printers, printing onto a sheet, who may."""

import io

import pytest
import zxingcpp
from PIL import Image, ImageOps
from sqlalchemy import text
from werkzeug.test import TestResponse

from server.handling.labels.drawing import Label, draw
from server.handling.service import labels as service
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


def test_drawing_keeps_no_writer_waiting(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.post("/labels/templates/new", **TEMPLATE)
    written = []

    def drawn(label: Label, dpi: int) -> Image.Image:
        with bank.database.writing() as session:  # waits for ever beside a transaction that writes
            session.execute(text("UPDATE vial SET comment = 'meanwhile'"))
        written.append(label.code)
        return draw(label, dpi)

    monkeypatch.setattr(service, "draw", drawn)

    assert bank.post("/labels/print", **PRINT, codes="SH-1").status_code == 302
    assert written == ["SH-1"]


def ask(bank: Bank, method: str, path: str, tag: str = "", **body: object) -> TestResponse:
    headers = bank.manager.bearer | ({"If-Match": tag} if tag else {})
    return bank.api.open(f"/api/v1{path}", method=method, headers=headers, json=body or None)


def test_a_template_by_the_api_is_changed_only_by_who_saw_it(bank: Bank) -> None:
    wanted = {"code": "tube", "height_mm": 12.7, "lines": "{code}\n{lot}"}
    made = ask(bank, "POST", "/label-templates", width_mm=25, **wanted)
    assert made.status_code == 201
    path = f"/label-templates/{made.json['id']}"
    tag = ask(bank, "GET", path).headers["ETag"]

    assert ask(bank, "PUT", path, '"99"', width_mm=30, **wanted).status_code == 412
    assert ask(bank, "PUT", path, tag, width_mm=30, **wanted).json["width_mm"] == 30
    assert ask(bank, "PUT", path, width_mm=5, **wanted).json["code"] == "symbol_does_not_fit"
    assert ask(bank, "GET", path).json["width_mm"] == 30
    assert ask(bank, "POST", f"{path}/retire").json["retired_at"]
    gone = ask(bank, "POST", "/label-jobs", template=made.json["id"], codes=["SH-1"])
    assert gone.json["code"] == "retired"


def test_labels_are_printed_by_the_api(bank: Bank) -> None:
    bank.post("/labels/templates/new", **TEMPLATE)
    job = ask(bank, "POST", "/label-jobs", template=1, codes=["SH-1", "SH-2"])
    assert (job.status_code, job.json["state"]) == (201, "sheet")
    assert job.json["codes"] == ["SH-1", "SH-2"]
    again = ask(bank, "POST", "/label-jobs", template=1, codes=["SH-1"])
    assert again.json["code"] == "label_again"
    pages = ask(bank, "GET", f"/label-jobs/{job.json['id']}/pages.pdf")
    assert pages.data.startswith(b"%PDF")

    printer = ask(bank, "POST", "/label-printers", code="zebra", host="printer.lab").json["id"]
    sent = ask(bank, "POST", "/label-jobs", template=1, codes=["SH-3"], printer=printer)
    assert (sent.json["state"], sent.json["printer"]) == ("waiting", "zebra")
    assert ask(bank, "POST", f"/label-printers/{printer}/retire").json["retired_at"]
    jobs = ask(bank, "GET", "/label-jobs").json["items"]
    assert [one["id"] for one in jobs] == [sent.json["id"], job.json["id"]]
    assert [one["code"] for one in ask(bank, "GET", "/label-templates").json["items"]] == [
        "tube-25"
    ]
    assert [one["code"] for one in ask(bank, "GET", "/label-printers").json["items"]] == ["zebra"]


def test_the_page_of_a_print_names_what_got_a_label(bank: Bank) -> None:
    bank.post("/labels/templates/new", **TEMPLATE)
    printed = bank.post("/labels/print", **PRINT, codes="SH-1\nSH-2")

    page = bank.page.get(printed.location).text
    assert '<a href="/vials/SH-1">' in page
    assert '<a href="/vials/SH-2">' in page
