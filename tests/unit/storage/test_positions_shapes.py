"""Shapes of any kind: what is written is read back, no two positions share a label, nothing moves."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.storage.positions import FILLS, SCHEMES, BoxShape
from server.storage.schemes import AXES

ROUND = "..ooo.. .ooooo. .ooooo. ooooooo .ooooo. .ooooo. ..ooo.."
ABSENT = frozenset(at for at, sign in enumerate(ROUND.replace(" ", ""), start=1) if sign == ".")
ROUND_33 = BoxShape(7, 7, labels="number", absent=ABSENT)
SIDES = st.integers(1, 12) | st.sampled_from([27, 30])


@st.composite
def shapes(draw: st.DrawFn, **fixed: Any) -> BoxShape:
    """Any shape: any scheme, some positions blocked, some not there, sometimes a bag; or as fixed."""
    shape = BoxShape(
        rows=draw(SIDES),
        columns=draw(SIDES),
        layers=draw(st.sampled_from([1, 1, 2])),
        labels=draw(st.sampled_from(SCHEMES)),
        label_first=draw(st.sampled_from(["row", "column"])),
        fill=draw(st.sampled_from(FILLS)),
        managed=draw(st.sampled_from([True, True, True, False])),
    )
    shape = replace(shape, **fixed)
    some = st.frozensets(st.integers(1, shape.size), max_size=min(12, shape.size - 1))
    return replace(shape, blocked=draw(some), absent=draw(some))


@given(shape=shapes(), data=st.data())
def test_what_a_shape_writes_it_reads_back_however_it_is_spelt(
    shape: BoxShape, data: st.DataObject
) -> None:
    ordinal = data.draw(st.sampled_from(shape.ordinals))
    label = shape.label(ordinal)

    full_width = "".join(chr(ord(sign) + 0xFEE0) if sign.isalnum() else sign for sign in label)
    for spelt in (label, label.lower(), f" {label} ", full_width):
        assert shape.ordinal(spelt) == ordinal


@given(shape=shapes())
def test_no_two_positions_of_a_shape_have_one_label(shape: BoxShape) -> None:
    labels = [shape.label(ordinal) for ordinal in shape.ordinals]

    assert len(set(labels)) == len(labels)


@given(shape=shapes(), written=st.text("ABIOVXC019-:/ .,#", max_size=10))
def test_what_is_read_is_one_position_that_is_there_or_none(shape: BoxShape, written: str) -> None:
    ordinal = shape.ordinal(written)

    assert ordinal is None or ordinal in shape.ordinals
    assert ordinal not in shape.absent


@given(shape=shapes())
def test_what_can_be_used_is_each_position_once_without_the_blocked(shape: BoxShape) -> None:
    assert len(shape.usable) == len(set(shape.usable)) == shape.capacity
    assert set(shape.usable) == set(shape.ordinals) - shape.blocked


@given(shape=shapes(), labels=st.sampled_from(SCHEMES), fill=st.sampled_from(FILLS))
def test_another_scheme_or_direction_moves_nothing(shape: BoxShape, labels: str, fill: str) -> None:
    other = replace(shape, labels=labels, fill=fill)

    assert list(other.ordinals) == list(shape.ordinals)
    assert [other.cell(one) for one in other.ordinals] == [
        shape.cell(one) for one in shape.ordinals
    ]


@given(shape=shapes())
def test_a_map_has_a_word_for_every_row_and_column_that_is_drawn(shape: BoxShape) -> None:
    wide, high = len(shape.column_labels), len(shape.row_labels)

    assert (high - 1) * wide < shape.size <= high * wide


@given(word=st.sampled_from(sorted(AXES)), number=st.integers(1, 676))
def test_every_scheme_reads_what_it_writes(word: str, number: int) -> None:
    scheme = AXES[word]

    assert scheme.read(scheme.write(number)) == number


@pytest.mark.parametrize(
    ("scheme", "number", "written"),
    [
        ("letter", 26, "Z"),
        ("letter", 27, "AA"),  # where another system fell over
        ("letter", 28, "AB"),
        ("letter", 53, "BA"),  # and one took it for AB
        ("letter", 702, "ZZ"),  # and for 76
        ("letter", 703, "AAA"),
        ("letter24", 8, "H"),
        ("letter24", 9, "J"),
        ("letter24", 14, "P"),
        ("letter24", 25, "AA"),
        ("letter2", 1, "AA"),
        ("letter2", 27, "BA"),
        ("letter2", 676, "ZZ"),
        ("roman", 4, "IV"),
        ("roman", 49, "XLIX"),
        ("roman", 90, "XC"),
        ("number", 85, "85"),
    ],
)
def test_each_scheme_writes_as_people_expect(scheme: str, number: int, written: str) -> None:
    assert AXES[scheme].write(number) == written
    assert AXES[scheme].read(written) == number


@pytest.mark.parametrize(
    ("scheme", "written"),
    [
        ("roman", "IIII"),
        ("roman", "IC"),
        ("roman", "VX"),
        ("roman", ""),
        ("letter24", "I"),
        ("letter24", "AO"),
        ("letter2", "A"),
        ("letter2", "AAA"),
        ("number", "0"),
        ("number", "٣"),
        ("letter", "AAAAA"),
    ],
)
def test_what_no_scheme_writes_is_not_read(scheme: str, written: str) -> None:
    assert AXES[scheme].read(written) is None


NINE, TEN = BoxShape(9, 9), BoxShape(10, 10, labels="number-number")
PAIRS = BoxShape(30, 30, labels="letter2-letter2")
ROMAN = BoxShape(9, 9, labels="letter-roman")


@pytest.mark.parametrize(
    ("shape", "written", "cell"),
    [
        (NINE, "A1", (1, 1)),
        (NINE, "A01", (1, 1)),
        (NINE, "a1", (1, 1)),
        (NINE, "A:1", (1, 1)),
        (NINE, "A-1", (1, 1)),
        (NINE, "A/001", (1, 1)),
        (NINE, "81", (9, 9)),
        (NINE, "001", (1, 1)),
        (NINE, "０８１", (9, 9)),
        (NINE, "１０", (2, 1)),
        (TEN, "1:10", (1, 10)),
        (TEN, "1：10", (1, 10)),
        (TEN, "1 10", (1, 10)),
        (TEN, "0110", (1, 10)),
        (TEN, "100", (10, 10)),
        (TEN, "B3", (2, 3)),  # a scanner's spelling
        (TEN, "11", None),  # the 11th, or row 1 column 1
        (TEN, "1", (1, 1)),
        (PAIRS, "AA/BB", (1, 28)),
        (PAIRS, "AABA", (1, 27)),
        (PAIRS, "AA/BA", (1, 27)),
        (PAIRS, "BA AB", (27, 2)),
        (PAIRS, "AA", None),
        (ROMAN, "B IV", (2, 4)),
        (ROMAN, "biv", (2, 4)),
        (ROMAN, "B IIII", None),
        (ROMAN, "B4", None),
        (BoxShape(9, 9, labels="roman-number"), "IV3", (4, 3)),
        (BoxShape(9, 9, labels="roman-number"), "C3", None),
        (BoxShape(9, 9, labels="letter24-number"), "J1", (9, 1)),
        (BoxShape(9, 9, labels="letter24-number"), "I1", None),
        (BoxShape(30, 30, labels="letter-letter"), "AAB", None),  # A:AB or AA:B
        (BoxShape(30, 30, labels="letter-letter"), "AA/B", (27, 2)),
        (BoxShape(9, 9, label_first="column"), "1A", (1, 1)),
        (BoxShape(9, 9, label_first="column"), "2A", (1, 2)),
        (BoxShape(9, 9, label_first="column"), "A2", (1, 2)),
        (BoxShape(9, 9, label_first="column"), "2", (2, 1)),
        (NINE, "1A", None),
        (BoxShape(85, 2), "CG2", (85, 2)),
        (BoxShape(85, 2), "CH1", None),
        (BoxShape(85, 2), "85", (43, 1)),  # the 85th position
        (BoxShape(2, 85), "A85", (1, 85)),
        (BoxShape(2, 85), "B86", None),
        (BoxShape(85, 2, labels="number-number"), "85:2", (85, 2)),
        (BoxShape(100, 10), "AA1", (27, 1)),
        (BoxShape(100, 10), "BA1", (53, 1)),
        (BoxShape(100, 10), "ZZ1", None),
        (NINE, "1-A1", (1, 1)),
        (NINE, "2-A1", None),
        (NINE, "A1-", None),
        (NINE, "A1;B1", None),
        (NINE, "A1" * 30, None),
    ],
)
def test_a_spelling_means_one_position_or_is_refused(
    shape: BoxShape, written: str, cell: tuple[int, int] | None
) -> None:
    ordinal = shape.ordinal(written)

    assert (ordinal and shape.cell(ordinal)[1:]) == cell


def test_layers_are_named_first() -> None:
    shape = BoxShape(4, 4, layers=3)

    assert shape.label(17) == "2-A1"
    assert shape.ordinal("2-a01") == shape.ordinal("2 A:1") == shape.ordinal("17") == 17
    assert shape.ordinal("A1") is None
    assert shape.row_labels[4:6] == ["2-A", "2-B"]


def test_a_round_layout_counts_only_the_positions_that_are_there() -> None:
    assert ROUND_33.capacity == len(ROUND_33.ordinals) == 33
    assert [ROUND_33.label(one) for one in ROUND_33.ordinals] == [str(n) for n in range(1, 34)]
    assert ROUND_33.ordinal("33") == 47
    assert ROUND_33.ordinal("34") is None
    assert BoxShape(7, 7, absent=ABSENT).ordinal("A1") is None


def test_a_blocked_position_keeps_its_number_and_is_not_offered() -> None:
    shape = replace(BoxShape(2, 2, labels="number"), blocked=frozenset({2}))

    assert [shape.label(one) for one in shape.ordinals] == ["1", "2", "3", "4"]
    assert (shape.usable, shape.capacity) == ((1, 3, 4), 3)


def test_a_bag_has_no_places_of_its_own() -> None:
    bag = BoxShape(1, 25, managed=False)

    assert (bag.label(7), bag.ordinal("#7"), bag.ordinal("7"), bag.ordinal("A7")) == (
        "#7",
        7,
        7,
        None,
    )
    assert (bag.row_labels, len(bag.column_labels)) == (["#1", "#11", "#21"], 10)


@pytest.mark.parametrize(
    ("fill", "begins"),
    [
        ("right-down", ["A1", "A2", "A3", "B1"]),
        ("left-down", ["A3", "A2", "A1", "B3"]),
        ("right-up", ["B1", "B2", "B3", "A1"]),
        ("left-up", ["B3", "B2", "B1", "A3"]),
        ("down-right", ["A1", "B1", "A2", "B2"]),
        ("down-left", ["A3", "B3", "A2", "B2"]),
        ("up-right", ["B1", "A1", "B2", "A2"]),
        ("up-left", ["B3", "A3", "B2", "A2"]),
    ],
)
def test_free_positions_are_offered_in_the_direction_of_the_box(
    fill: str, begins: list[str]
) -> None:
    shape = BoxShape(2, 3, fill=fill)

    assert [shape.label(one) for one in shape.usable[:4]] == begins


def test_counting_down_the_columns_changes_the_words_only() -> None:
    down = BoxShape(3, 2, labels="number", label_first="column")

    assert [down.label(one) for one in down.ordinals] == ["1", "4", "2", "5", "3", "6"]
    assert (down.row_labels, down.column_labels) == (["1", "2", "3"], ["1", "4"])


def test_the_past_of_a_position_that_is_gone_is_still_written() -> None:
    assert NINE.written(81) == "I9"
    assert NINE.written(82) == "J1"  # a row that was cut off
    assert replace(NINE, absent=frozenset({10})).written(10) == "B1"
    assert replace(NINE, layers=2, absent=frozenset({91})).written(91) == "2-B1"
    assert replace(NINE, labels="number").written(82) == "#82"
    assert replace(NINE, layers=2).written(163) == "#163"
    assert replace(NINE, managed=False).written(82) == "#82"


PLAIN = shapes(managed=True, layers=1, labels="letter-number", label_first="row")


@given(shape=PLAIN, data=st.data())
def test_spaces_and_signs_between_do_not_matter(shape: BoxShape, data: st.DataObject) -> None:
    ordinal = data.draw(st.sampled_from(shape.ordinals))
    label = shape.label(ordinal)
    row, column = label.rstrip("0123456789"), label.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

    for sign in " :/.,_-":
        assert shape.ordinal(f"{row}{sign}0{column}") == ordinal


@pytest.mark.parametrize(
    ("labels", "written", "ordinal"),
    [
        ("letter-number", "B3", 12),
        ("roman-number", "C3", 21),
        ("letter24-number", "I1", 73),  # the ninth row, which the box itself calls J
        ("number-letter", "B3", 12),
        ("number", "B3", 12),
        ("number", "12", 12),
        ("roman-number", "J1", None),
    ],
)
def test_a_scanner_means_rows_and_columns_however_the_box_is_written(
    labels: str, written: str, ordinal: int | None
) -> None:
    assert BoxShape(9, 9, labels=labels).scanned(written) == ordinal
