"""Files of any encoding and separator, and workbooks, become rows; what comes out comes in unchanged."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.core.errors import Invalid
from server.exchange import files, reading
from server.exchange.layouts.positions import joined, same_position, split_path

TEXT = 'code,name\n0001,"血液, ""全"""\n0002,é\n'


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_separators_are_found(encoding: str, delimiter: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(csv.reader(io.StringIO(TEXT)))
    file = io.BytesIO(out.getvalue().encode(encoding))
    found = list(reading.rows(file, reading.sniff(file)))

    assert found == [["code", "name"], ["0001", '血液, "全"'], ["0002", "é"]]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\x89PNG\r\n", "wrong_kind"),
        (b"%PDF-1.7", "wrong_kind"),
        (b"\xd0\xcf\x11\xe0old sheet", "wrong_kind"),
        (b"PK\x03\x04nothing", "bad_sheet"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, code: str) -> None:
    file = io.BytesIO(data)
    with pytest.raises(Invalid) as refused:
        list(reading.rows(file, reading.sniff(file)))
    assert refused.value.refusal.code == code


CELLS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_a_csv_comes_in_as_it_went_out(rows: list[list[str]]) -> None:
    header = ["code", "name", "说明"]
    file = io.BytesIO(b"".join(files.csv_parts(header, rows)))

    assert list(reading.rows(file, reading.Reading("csv", "utf-8-sig", ","))) == [header, *rows]


def test_a_workbook_keeps_zeros_and_what_looks_like_a_sum() -> None:
    rows = [["0001", "=1+1", ""], ["12", "2021-03-04", "x"]]
    with files.xlsx(["a", "b", "c"], rows) as file:
        how = reading.sniff(file)
        found = [[cell or "" for cell in row] for row in reading.rows(file, how)]

    assert how.kind == "xlsx"
    assert [[*row, ""][:3] for row in found] == [["a", "b", "c"], *rows]


@pytest.mark.parametrize(
    ("row", "column", "position", "found"),
    [
        ("A", "1", "", "A1"),
        ("", "", "7", "7"),
        ("1", "10", "", "1:10"),
        ("3", "B", "", "B3"),
        ("A", "", "A9", "A9"),
    ],
)
def test_positions_in_two_columns(row: str, column: str, position: str, found: str) -> None:
    assert joined(row, column, position) == found


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A1", "a01", True),
        ("A:1", "A1", True),
        ("A1", "A10", False),
        ("10", "010", True),
        ("", "", True),
    ],
)
def test_positions_that_are_written_otherwise(one: str, other: str, same: bool) -> None:
    assert same_position(one, other) is same


@pytest.mark.parametrize(
    ("path", "sign", "parts"),
    [
        ("/Freezer 1/Rack/Box", "/", ["Freezer 1", "Rack", "Box"]),
        ('Freezer/"A/B"/Box/', "/", ["Freezer", "A/B", "Box"]),
        ("A > B > C", ">", ["A", "B", "C"]),
        ("", "/", []),
    ],
)
def test_ways_to_a_box(path: str, sign: str, parts: list[str]) -> None:
    assert split_path(path, sign) == parts
