"""Every kind of record that has a page leads from there to its history, and the history back to the page."""

from io import BytesIO

import pytest

from server.core.actor import Actor
from server.kit.state import NAME, Kit
from server.storage.container_types import BUILT_IN
from tests.http.handling.test_labels import TEMPLATE
from tests.http.storage.conftest import Bank


def fill(bank: Bank) -> None:
    """Make one of each of what is made by a single form."""
    facts = {"name": "Small bag", "vessel": "bag", "size_class": "bag-20", "largest_ul": "20000"}
    bank.post("/sample-types/new", code="my-bag", **facts)
    bank.post("/custom-fields/vial/new", code="donor_age", name="Age of the donor", kind="text")
    bank.post("/scanners", code="below", mirrored="1")
    bank.post("/labels/templates/new", **TEMPLATE)
    bank.post("/labels/printers", printer="Zebra", host="10.0.0.9", port="9100", dpi="203")
    sent = {"csrf": bank.manager.csrf, "box": "D-044"}
    bank.page.post("/scans", data={**sent, "file": (BytesIO(b"Position,Tube\nC7,SH-1\n"), "a.csv")})


@pytest.mark.parametrize(
    ("page", "history"),
    [
        ("/places", "/history/site/Pudong"),
        ("/places", "/history/room/B1.04"),
        ("/sample-types", "/history/sample_type/my-bag"),
        ("/custom-fields", "/history/field/donor_age"),
        ("/scans/1", "/history/scan/1"),
        ("/scanners", "/history/scanner/below"),
        ("/labels", "/history/label_template/tube-25"),
        ("/labels", "/history/label_printer/Zebra"),
    ],
)
def test_a_page_leads_to_the_history_and_back(bank: Bank, page: str, history: str) -> None:
    fill(bank)
    shown = bank.page.get(page)
    assert shown.status_code == 200
    assert f'href="{history}"' in shown.text

    recorded = bank.page.get(history)
    assert recorded.status_code == 200
    assert "Nothing is recorded of it" not in recorded.text
    assert f'href="{page}"' in recorded.text


def test_types_rules_of_stock_and_filters_too(bank: Bank) -> None:
    built_in = next(iter(BUILT_IN))
    assert (
        f"/history/container_type/{built_in}" in bank.page.get(f"/container-types/{built_in}").text
    )
    assert "/history/policy/working" in bank.page.get("/stock-rules").text
    assert "/history/policy/" in bank.reader.browser(bank.app).get("/stock-rules").text


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/imports/I-0001", "import"),
        ("/webhooks/7", "webhook"),
        ("/reports/plans/3", "consolidation"),
        ("/moves/12", "move"),
        ("/scans/5", "scan"),
    ],
)
def test_the_address_alone_names_the_record_of_those_with_a_page(
    bank: Bank, path: str, kind: str
) -> None:
    records, code = kit_of(bank).records, path.rpartition("/")[2]
    found = records.of_path(path)

    assert found == (kind, code)
    assert records.page(kind, 0, code) == path
    assert records.history(Actor.system("clerk"), path, None) == (f"/history/{kind}/{code}", code)
    assert records.history_of(Actor.system("clerk"), "nothing", code) == ""


def kit_of(bank: Bank) -> Kit:
    """Return what the features offered while the app was made."""
    found: Kit = bank.app.extensions[NAME]
    return found
