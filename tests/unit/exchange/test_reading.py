"""Files of any encoding and separator, and workbooks, become rows; what comes out comes in unchanged."""

import csv
import io
import re
from collections.abc import Callable
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from server.core.errors import Invalid
from server.exchange import files, reading, workbooks
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


@pytest.mark.parametrize(
    ("text", "words", "row"),
    [
        ('a,b\n1,x\n2,"open\n3,y\n', "is not closed", 3),
        ('a,b\n1,"open\n2,y\n3,"z"\n', "behind a closing quote", 2),
        ('a,b\n1,"x"y\n', "behind a closing quote", 2),
        ("a,b\n1," + "x" * 200_000 + "\n", "too long", 2),
    ],
)
def test_no_row_is_swallowed_by_a_quote(text: str, words: str, row: int) -> None:
    file = io.BytesIO(text.encode())
    with pytest.raises(Invalid) as refused:
        list(reading.rows(file, reading.sniff(file)))
    assert words in refused.value.refusal.because
    assert refused.value.refusal.facts == {"row": row}


def test_a_nul_far_into_a_file_is_refused() -> None:
    file = io.BytesIO(b"a,b\n" + b"1,x\n" * 100_000 + b"2,\x00\n")
    with pytest.raises(Invalid) as refused:
        list(reading.rows(file, reading.sniff(file)))
    assert refused.value.refusal.code == "not_text"


NASTY = st.text(st.sampled_from("'=+-@\t\r1a.,\"\n 细"), max_size=6)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(NASTY, min_size=2, max_size=2), min_size=1, max_size=6))
def test_what_a_sheet_would_compute_is_marked_and_comes_back(rows: list[list[str]]) -> None:
    data = b"".join(files.csv_parts(["a", "b"], rows, marked=True))

    plain = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    for cell in (cell for row in plain for cell in row):
        assert (
            cell[:1] not in tuple("=+-@\t\r")
            or cell[1:].replace(".", "").replace(",", "").isdigit()
        )
    how = reading.Reading("csv", "utf-8-sig", ",", marked=True)
    assert list(reading.rows(io.BytesIO(data), how)) == [["a", "b"], *rows]


def test_a_formula_without_a_result_is_refused_and_one_with_an_empty_one_is_empty() -> None:
    def book(formula: str) -> io.BytesIO:
        made, out = Workbook(), io.BytesIO()
        made.active.append(["code", "volume"])  # type: ignore[union-attr]  # a new book has a sheet
        made.active.append(["001", formula])  # type: ignore[union-attr]  # as above
        made.save(out)
        return out

    with pytest.raises(Invalid) as refused:
        list(workbooks.rows(book("=500*2")))
    assert refused.value.refusal.facts == {"cell": "B2", "found": "=500*2"}

    empty = _changed(book("=500*2"), lambda xml: xml.replace(b'<c r="B2">', b'<c r="B2" t="str">'))
    assert list(workbooks.rows(empty)) == [["code", "volume"], ["001", None]]
    done = _changed(book("=500*2"), lambda xml: re.sub(rb"<v ?/>|<v></v>", b"<v>1000</v>", xml))
    assert list(workbooks.rows(done)) == [["code", "volume"], ["001", 1000]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda xml: xml.replace(b"<sheetData>", b"<sheetData>" + b" " * 2_000_000), "large_sheet"),
        (lambda xml: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + xml, "bad_sheet"),
        (lambda xml: xml[: len(xml) // 2], "bad_sheet"),
        (lambda xml: xml.replace(b"</v>", b"</w>"), "bad_sheet"),
    ],
    ids=["endless text", "entities", "half a file", "wrong tags"],
)
def test_a_workbook_that_swells_or_is_broken_is_refused_in_our_words(
    change: Callable[[bytes], bytes], code: str
) -> None:
    made, out = Workbook(), io.BytesIO()
    made.active.append(["code", 1])  # type: ignore[union-attr]  # a new book has a sheet
    made.save(out)
    with pytest.raises(Invalid) as refused:
        list(workbooks.rows(_changed(out, change)))
    assert refused.value.refusal.code == code
    assert not refused.value.refusal.facts


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with files.xlsx(["a"], [["1"]] * 2000) as file:
        monkeypatch.setattr(workbooks, "MOST_UNPACKED", 10_000)
        with pytest.raises(Invalid) as refused:
            list(workbooks.rows(file))
    assert refused.value.refusal.code == "large_sheet"


def _changed(book: io.BytesIO, change: Callable[[bytes], bytes]) -> io.BytesIO:
    """Return the workbook with its sheet's XML changed."""
    out = io.BytesIO()
    with ZipFile(book) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name.startswith("xl/worksheets/") else data)
    return out
