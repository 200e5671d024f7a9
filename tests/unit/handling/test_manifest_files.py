"""Files of manifests: as spreadsheet programs write them, and what is refused."""

import io
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook

from server.core.errors import Invalid
from server.handling.rules.manifests import Row
from server.handling.views.manifest_files import LARGEST_BYTES, rows_in

CHINESE = "编码,批号,备注\nN-1,L-1,冷冻"
READ = [Row(2, "N-1", "L-1", more={"备注": "冷冻"})]


def sheet(*rows: tuple[Any, ...], form: str = "General") -> bytes:
    """Return these rows as XLSX, the first column in this number format."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for cell in book.active["A"]:
        cell.number_format = form
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_a_manifest_is_read_in_the_encodings_of_spreadsheets(encoding: str) -> None:
    assert rows_in(CHINESE.encode(encoding)) == READ


def test_a_sheet_is_read_as_it_looks() -> None:
    data = sheet(
        ("编码", "批号", "frozen"), ("0042", "L-1", date(2026, 3, 14)), (None, None), (43, 7)
    )

    assert rows_in(data) == [
        Row(2, "0042", "L-1", more={"frozen": "2026-03-14"}), Row(4, "43", "7"),
    ]  # fmt: skip


def test_leading_zeros_that_are_only_shown_are_kept() -> None:
    assert [row.code for row in rows_in(sheet(("code",), (42,), form="00000"))] == ["00042"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b" \r\n", "empty_file"),
        (b"code\n" + b"x" * LARGEST_BYTES, "large_file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "not_text"),
        (b"code\nN-\x001", "not_text"),
        (b"PK\x03\x04" + bytes(200), "bad_sheet"),
        (sheet(("code",), (12345678901234567890,)), "cut_number"),
    ],
)
def test_what_is_no_manifest_is_refused_by_what_it_is(data: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        rows_in(data)

    assert refused.value.refusal.code == code
    assert refused.value.field == "file"


def test_a_sheet_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.handling.views.manifest_files.LARGEST_UNPACKED", 1_000)
    with pytest.raises(Invalid) as refused:
        rows_in(sheet(("code",), ("N-1",)))

    assert refused.value.refusal.code == "large_file"
