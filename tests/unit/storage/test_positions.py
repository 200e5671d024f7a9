"""Ordinals and the labels that people and scanners write for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.storage.positions import BoxShape, row_letters, row_number

NINE = BoxShape(9, 9)
shapes = st.builds(
    BoxShape,
    rows=st.integers(1, 60),
    columns=st.integers(1, 60),
    layers=st.integers(1, 4),
    labels=st.sampled_from(["letter-number", "number"]),
)


@pytest.mark.parametrize(
    ("written", "ordinal"),
    [
        ("A1", 1),
        ("A01", 1),
        ("a1", 1),
        (" A 1 ", 1),
        ("A:1", 1),
        ("Ａ１", 1),  # full width, as a Chinese keyboard writes it
        ("C7", 25),
        ("I9", 81),
        ("25", 25),
        ("025", 25),
        ("J1", None),
        ("A10", None),
        ("A0", None),
        ("0", None),
        ("82", None),
        ("", None),
        ("7C", None),
        ("A1B", None),
        ("-1", None),
        ("AAA1", None),
        ("A1\x00", None),
        ("٣", None),
        ("9" * 30, None),
    ],
)
def test_a_position_is_understood_however_it_is_spelt(written: str, ordinal: int | None) -> None:
    assert NINE.ordinal(written) == ordinal


@pytest.mark.parametrize(
    ("shape", "ordinal", "label"),
    [
        (NINE, 25, "C7"),
        (BoxShape(8, 12), 96, "H12"),
        (BoxShape(32, 48), 1536, "AF48"),
        (BoxShape(9, 9, labels="number"), 25, "25"),
        (BoxShape(2, 2, layers=2), 5, "2-A1"),
        (BoxShape(6, 1, labels="number"), 4, "4"),
    ],
)
def test_an_ordinal_is_written_as_its_box_writes_it(
    shape: BoxShape, ordinal: int, label: str
) -> None:
    assert shape.label(ordinal) == label


@given(shape=shapes, data=st.data())
def test_what_a_box_writes_it_also_reads(shape: BoxShape, data: st.DataObject) -> None:
    ordinal = data.draw(st.integers(1, shape.capacity))

    label = shape.label(ordinal)

    assert shape.ordinal(label) == ordinal
    assert shape.ordinal(f" {label.lower()} ") == ordinal


@given(shape=shapes, written=st.text(max_size=12))
def test_whatever_is_typed_is_a_position_of_the_box_or_none(shape: BoxShape, written: str) -> None:
    ordinal = shape.ordinal(written)

    assert ordinal is None or ordinal in shape.ordinals


@given(shape=shapes)
def test_no_two_positions_have_one_label(shape: BoxShape) -> None:
    labels = [shape.label(ordinal) for ordinal in list(shape.ordinals)[:500]]

    assert len(set(labels)) == len(labels)


@given(row=st.integers(1, 702))
def test_rows_beyond_z_go_on_with_two_letters(row: int) -> None:
    assert row_number(row_letters(row)) == row


def test_a_position_outside_the_box_has_no_label() -> None:
    with pytest.raises(ValueError, match="outside"):
        NINE.label(82)


def test_a_box_says_what_stands_before_its_rows_and_above_its_columns() -> None:
    assert BoxShape(2, 3).row_labels == ["A", "B"]
    assert BoxShape(2, 3).column_labels == ["1", "2", "3"]
    assert BoxShape(2, 3, labels="number").row_labels == ["1", "4"]
    assert BoxShape(1, 2, layers=2).row_labels == ["1-A", "2-A"]
