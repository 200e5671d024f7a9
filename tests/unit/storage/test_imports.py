"""Files as rack scanners write them, good and bad."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.storage import imports
from server.storage.imports import ScanRefused, read
from server.storage.positions import BoxShape

SBS = BoxShape(8, 12)
HEAD = "Date\tTime\tLocationCell\tLocationColumn\tLocationRow\tTubeCode\tRackID\t\r\n"


def problems(data: bytes, shape: BoxShape = SBS) -> list[tuple[int, str, str]]:
    with pytest.raises(ScanRefused) as refused:
        read(data, shape)
    return [(one.row, one.column, one.found) for one in refused.value.problems]


@pytest.mark.parametrize(
    ("data", "format_name", "rack", "first"),
    [
        (b"A1,AB1\nB1,AB2\n", "fluidx-2", None, ("A1", "AB1")),
        (b"\xef\xbb\xbfA1,AB1\r\nB1,AB2\r\n", "fluidx-2", None, ("A1", "AB1")),
        (b"FX1, A01, AB1\nFX1, B01, AB2\n", "fluidx-3", "FX1", ("A1", "AB1")),
        (
            HEAD.encode() + b"d\tt\tA1\t1\tA\t0363\tplate_1\t\r\n",
            "visionmate",
            "plate_1",
            ("A1", "0363"),
        ),
        (HEAD.encode() + b"d\tt\tH12\t12\tH\t0\tplate_1", "visionmate", "plate_1", ("H12", "0")),
    ],
)
def test_each_format_is_recognised(
    data: bytes, format_name: str, rack: str | None, first: tuple[str, str]
) -> None:
    scan = read(data)

    assert (scan.format, scan.rack) == (format_name, rack)
    assert (scan.tubes[0].written, scan.tubes[0].code) == first


@pytest.mark.parametrize(
    ("word", "unread"),
    [
        ("NO READ", True),
        ("no read", True),
        ("NOREAD", True),
        ("NOSCAN", True),
        ("NO SCAN", True),
        ("EMPTY", False),
        ("NO TUBE", False),
        ("No Tube", False),
    ],
)
def test_a_scanners_word_is_never_a_tube(word: str, *, unread: bool) -> None:
    tube = read(f"A1,{word}\nB1,AB1\n".encode()).tubes[0]

    assert (tube.code, tube.unread) == (None, unread)


@pytest.mark.parametrize(
    ("case", "data", "expected"),
    [
        (
            "outside the rack",
            b"A1,X1\nI1,X2\nA13,X3",
            [(2, "position", "I1"), (3, "position", "A13")],
        ),
        ("no position at all", b"A1,X1\n?,X2", [(2, "position", "?")]),
        ("a position twice", b"A1,X1\nA01,X2", [(2, "position", "A01")]),
        ("a tube twice", b"A1,X1\nA2,X1", [(2, "tube", "X1")]),
        ("no tube", b"A1,X1\nA2,", [(2, "tube", "")]),
        ("a tube with a blank", b"A1,X1\nA2,X 2", [(2, "tube", "X 2")]),
        (
            "no codes",
            b"A1,=cmd|calc\nA2,@SUM(1)",
            [(1, "tube", "=cmd|calc"), (2, "tube", "@SUM(1)")],
        ),
        ("two racks", b"R1,A1,X1\nR2,A2,X2", [(2, "rack", "R2")]),
        ("no rack", b"R1,A1,X1\n,A2,X2", [(2, "rack", "")]),
        ("too many columns", b"A1,X1\nA2,X2,7,8", [(2, "", "A2, X2, 7, 8")]),
        ("four columns", b"R1,A1,X1,Y\nR1,A2,X2,Y", [(1, "", "R1, A1, X1, Y")]),
        ("one column", b"hello\nworld", [(1, "", "hello")]),
        ("empty", b"", [(0, "", "")]),
        ("only blanks", b" \r\n \n", [(0, "", "")]),
        ("a sheet", b"PK\x03\x04rest", [(0, "", repr(b"PK\x03\x04rest"))]),
        ("binary", b"A1,\x00\x01", [(0, "", repr(b"A1,\x00\x01"))]),
        ("another encoding", "A1,X1\nA2,é".encode("latin-1"), [(2, "", repr(b"\xe9"))]),
        ("too large", b"A1,X1\n" * 200_000, [(0, "", "1200000 B")]),
        ("VisionMate without columns", b"Date\tTime\td\t", [(1, "", "Date  Time  d  ")]),
        ("VisionMate without rows", HEAD.encode(), [(0, "", "Date")]),
    ],
)
def test_a_bad_file_is_refused_by_row_and_column(
    case: str, data: bytes, expected: list[tuple[int, str, str]]
) -> None:
    assert problems(data) == expected, case


def test_every_problem_is_told_at_once() -> None:
    assert len(problems(b"R1,A1,X1\nR2,I1,\nR1,A1,X1\n")) == 5


def test_a_problem_says_what_was_expected() -> None:
    with pytest.raises(ScanRefused) as refused:
        read(b"A1,X1\nI1,X2", SBS)

    problem = refused.value.problems[0]
    assert problem.expected % dict(problem.facts) == "a position from A1 to H12"


def test_the_rack_is_known_before_the_box_is() -> None:
    assert imports.rack_of(b"FX1,Z99,X1") == "FX1"
    assert imports.rack_of(b"A1,X1") is None


def tubes_or_problems(data: bytes) -> int:
    try:
        return len(read(data).tubes)
    except ScanRefused as refused:
        return len(refused.problems)


@given(data=st.binary(max_size=300))
def test_whatever_is_uploaded_is_read_or_refused_in_words(data: bytes) -> None:
    assert tubes_or_problems(data) > 0


@given(data=st.text(alphabet='A1B2,\t\n\r" 09;', max_size=120))
def test_torn_and_quoted_files_are_read_or_refused_in_words(data: str) -> None:
    assert tubes_or_problems(data.encode()) > 0


TRAKMATE = (
    "Date & time of Trace = 23 Aug 2012 01:42:01 PM\r\n\r\nRack Base Name: 02498606\r\n"
    "A01;    1034998087\r\nA02;    No TrakMate\r\nH12;    0034998088\r\n"
)
NFO = (
    "palletSize={rows=8;columns=12}\norientation=landscape\nbarcodePosition=bottom\n"
    'A1="NUAW519697"\nH12="NUAW519698"\n'
)
ZIATH = """{"scanId": 7, "scanTime": "2026-05-04T12:00:00", "containerBarcode": "SA00098711", "tubeBarcode": [
 {"row": "A", "column": 1, "x": 1, "y": 1, "barcode": "0034998087", "decodeStatus": "SUCCESS"},
 {"row": 1, "column": 2, "x": 1, "y": 1, "barcode": "No Read", "decodeStatus": "ERROR"},
 {"row": "H", "column": 12, "x": 1, "y": 1, "barcode": "", "decodeStatus": "EMPTY"}]}"""


@pytest.mark.parametrize(
    ("data", "format_name", "rack", "tubes"),
    [
        (TRAKMATE, "trakmate", "02498606", [("A1", "1034998087"), ("A2", None), ("H12", "0034998088")]),
        (NFO, "dmscanlib", None, [("A1", "NUAW519697"), ("H12", "NUAW519698")]),
        (ZIATH, "ziath", "SA00098711", [("A1", "0034998087"), ("A2", "unread"), ("H12", None)]),
        ("Position,Tube ID\nA01,001\nA02,\n", "traxcer", None, [("A1", "001"), ("A2", None)]),
        (
            '"Rack ID","Cavity ID","Position","Source ID"\n"R7","00123","A1","x"\n"R7","EMPTY","B1",""\n',
            "tecan", "R7", [("A1", "00123"), ("B1", None)],
        ),
        ("Barcode,Row,Column\n0012,A,1\n0013,H,12\n", "headed", None, [("A1", "0012"), ("H12", "0013")]),
        ("Tube row;Tube column;Tube barcode\nA;1;T1\nB;1;-\n", "headed", None, [("A1", "T1"), ("B1", None)]),
        ("identifier\tPos\nT1\tC7\n", "headed", None, [("C7", "T1")]),
    ],
)  # fmt: skip
def test_each_further_format_is_recognised(
    data: str, format_name: str, rack: str | None, tubes: list[tuple[str, str | None]]
) -> None:
    scan = read(data.encode())

    assert (scan.format, scan.rack) == (format_name, rack)
    assert [(t.written, "unread" if t.unread else t.code) for t in scan.tubes] == tubes
    assert imports.rack_of(data.encode()) == rack


def test_a_list_is_read_in_the_order_of_the_positions() -> None:
    shape = BoxShape(2, 3)
    scan = read(b"001,002,No Tube,NO READ,005,006,", shape)

    assert scan.format == "list"
    assert [(t.written, t.code, t.unread) for t in scan.tubes] == [
        ("A1", "001", False), ("A2", "002", False), ("A3", None, False),
        ("B1", None, True), ("B2", "005", False), ("B3", "006", False),
    ]  # fmt: skip
    down = read(b"1,2,3,4,5,6", shape, imports.Manner(down_first=True))
    assert [t.written for t in down.tubes] == ["A1", "B1", "A2", "B2", "A3", "B3"]
    assert problems(b"1,2,3,4,5", shape) == [(0, "", "5")]
    assert problems(b"1,2,3,4,5,1", shape) == [(6, "tube", "1")]


def test_a_scanner_that_looks_from_below_is_turned() -> None:
    scan = read(b"A1,X1\nB12,X2", SBS, imports.Manner(mirrored=True))

    assert [(t.written, t.code) for t in scan.tubes] == [("A12", "X1"), ("B1", "X2")]


L_SHAPED = BoxShape(2, 3, absent=frozenset({3}))
"""A1 A2 __ over B1 B2 B3."""


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"1:1,X1\nB1,X2\nB3,X3", [(1, "position", "1:1")]),
        (b"1:1,X1\n1:1,X2", [(1, "position", "1:1"), (2, "position", "1:1")]),
    ],
)
def test_a_mirrored_scan_names_the_row_whose_other_end_has_no_position(data, wrong) -> None:
    with pytest.raises(ScanRefused) as refused:
        read(data, L_SHAPED, imports.Manner(mirrored=True))

    assert [(one.row, one.column, one.found) for one in refused.value.problems] == wrong


def test_a_row_and_column_at_which_there_is_no_position_is_a_problem_of_its_row() -> None:
    assert problems(b"1:3,X1\nB1,X2", L_SHAPED) == [(1, "position", "1:3")]


@pytest.mark.parametrize("seen_from", ["top", "bottom"])
def test_wells_of_dmscanlib_are_named_as_they_lie_from_wherever_they_were_seen(seen_from) -> None:
    scan = read(NFO.replace("bottom", seen_from).encode(), SBS)

    assert [tube.written for tube in scan.tubes] == ["A1", "H12"]


def test_a_scanners_own_words_and_columns_are_settings() -> None:
    manner = imports.Manner(
        unread_words=frozenset({"????"}),
        empty_words=frozenset({"LEER"}),
        columns={"tube": "Source ID", "position": "Platz"},
    )
    scan = read(b"Platz,Cavity ID,Source ID\nA1,x,00017\nA2,x,LEER\nA3,x,????\n", SBS, manner)

    assert [(t.code, t.unread) for t in scan.tubes] == [
        ("00017", False),
        (None, False),
        (None, True),
    ]


@pytest.mark.parametrize(
    ("case", "data", "expected"),
    [
        ("torn JSON", '{"tubeBarcode": [', [(0, "", '{"tubeBarcode": [')]),
        ("JSON of something else", '{"a": 1}', [(0, "", '{"a": 1}')]),
        ("a tube without a place", '{"tubeBarcode": [{"row": "A"}]}', [(1, "", '{"row": "A"}')]),
        ("deep JSON", "[" * 100_000, [(0, "", "[" * 40)]),
        ("a TrakMate line torn", "A01; 1\nA02 2\n", [(2, "", "A02 2")]),
        ("an nfo line torn", 'A1="1"\nA2=2\n', [(2, "", "A2=2")]),
        ("a rack of another size", "A01; 1\nJ01; 2\n", [(2, "position", "J01")]),
        ("only names", "Position,Tube ID\n", [(0, "", "Position")]),
        ("a tube twice", '{"tubeBarcode": [{"row": "A", "column": 1, "barcode": "1"}, {"row": "A", "column": 2, "barcode": "1"}]}', [(2, "tube", "1")]),
    ],
)  # fmt: skip
def test_a_bad_file_of_a_further_format_is_refused_by_row(
    case: str, data: str, expected: list[tuple[int, str, str]]
) -> None:
    assert problems(data.encode()) == expected, case


@given(data=st.text(alphabet='A1;="{}[]:,\n NoTrakMte', max_size=120))
def test_torn_files_of_every_format_are_read_or_refused_in_words(data: str) -> None:
    assert tubes_or_problems(data.encode()) > 0
