"""Scanners with a manner of their own: entered by page, chosen at the upload, kept apart by organisation."""

from io import BytesIO

import pytest

from tests.http.storage.conftest import Bank


def upload(bank: Bank, content: bytes, **fields: str) -> object:
    return bank.page.post(
        "/scans",
        data={"csrf": bank.manager.csrf, "file": (BytesIO(content), "rack.csv"), **fields},
        content_type="multipart/form-data",
    )


def test_a_scanner_that_looks_from_below_turns_its_files(bank: Bank) -> None:
    added = bank.post("/scanners", code="below", mirrored="1", unread_words="????\n")
    assert added.status_code == 302
    assert "from below, mirrored" in bank.page.get("/scanners").text
    assert "below" in bank.page.get("/scans").text

    staged = upload(bank, b"FX12345678,A1,SH-3\nFX12345678,B1,????\n", scanner="1")
    assert staged.status_code == 302
    text = bank.page.get(staged.location).text
    assert "A12" in text
    assert "not read" in text


def test_a_word_cannot_mean_both(bank: Bank) -> None:
    refused = bank.post("/scanners", code="odd", unread_words="????", empty_words="????")

    assert refused.status_code == 422
    assert "stands for both" in refused.text
    assert "odd" in refused.text


def test_a_scanner_is_changed_and_then_offered_no_longer(bank: Bank) -> None:
    bank.post("/scanners", code="tecan-2", tube="Source ID")
    assert "Source ID" in bank.page.get("/scanners/1").text
    bank.post("/scanners/1", tube="Tube1DBC", down_first="1")
    page = bank.page.get("/scanners/1").text
    assert "Tube1DBC" in page
    assert "Source ID" not in page

    bank.post("/scanners/1/retire")
    assert "tecan-2" not in bank.page.get("/scans").text
    assert "no longer offered" in bank.page.get("/scanners").text


@pytest.mark.parametrize("who", ["reader", "stranger"])
def test_nobody_else_sees_or_changes_it(bank: Bank, who: str) -> None:
    bank.post("/scanners", code="below", mirrored="1")
    other = getattr(bank, who)
    browser = other.browser(bank.app)

    assert browser.get("/scanners/1").status_code in {403, 404}
    changed = browser.post("/scanners/1", data={"csrf": other.csrf, "tube": "x"})
    assert changed.status_code in {403, 404}


def test_an_unknown_scanner_is_refused_and_nothing_is_staged(bank: Bank) -> None:
    refused = upload(bank, b"FX12345678,A1,SH-3\n", scanner="77")

    assert refused.status_code == 422
    assert "There is no scanner 77" in refused.text
