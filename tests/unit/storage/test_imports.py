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
