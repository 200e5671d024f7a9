"""Ranges of settled numbers behave as the sets that they stand for."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.wire import ranges

NUMBERS = st.integers(1, 60)
PIECES = st.lists(
    st.tuples(NUMBERS, st.integers(0, 12)).map(lambda p: (p[0], p[0] + p[1])), max_size=12
)


def as_set(pieces):
    return {n for first, last in pieces for n in range(first, last + 1)}


def settled(pieces):
    return ranges.add_all(ranges.NONE, pieces)


@given(PIECES)
def test_adding_keeps_every_number_once_in_ordered_ranges_that_never_touch(pieces):
    held = settled(pieces)
    assert as_set(held) == as_set(pieces)
    assert all(first <= last for first, last in held)
    assert all(a[1] + 1 < b[0] for a, b in pairwise(held))
    assert ranges.count(held) == len(as_set(pieces))


@given(PIECES, PIECES)
def test_the_order_of_adding_and_adding_twice_change_nothing(some, others):
    assert settled([*some, *others]) == settled([*others, *some, *some])


@given(PIECES, NUMBERS)
def test_contains_says_what_a_set_would(pieces, number):
    assert ranges.contains(settled(pieces), number) == (number in as_set(pieces))


@given(PIECES, NUMBERS, NUMBERS)
def test_missing_and_held_together_make_the_whole(pieces, first, last):
    held = settled(pieces)
    asked = set(range(first, last + 1))
    assert as_set(ranges.missing(held, first, last)) == asked - as_set(pieces)
    assert as_set(ranges.overlapping(held, first, last)) >= asked & as_set(pieces)
    assert all(as_set([r]) & asked for r in ranges.overlapping(held, first, last))


@given(PIECES)
def test_upto_is_the_end_of_the_unbroken_beginning(pieces):
    numbers, upto = as_set(pieces), 0
    while upto + 1 in numbers:
        upto += 1
    assert ranges.upto(settled(pieces)) == upto


@given(PIECES, PIECES)
def test_upto_and_touching_answer_for_every_settled_row_that_was_asked(pieces, asked):
    held = settled(pieces)
    more = ranges.touching(held, asked)
    told = as_set([(1, ranges.upto(held))]) | as_set(more)
    assert as_set(asked) & as_set(held) <= told <= as_set(held)
    assert list(more) == sorted(more)
    assert all(as_set([r]) & as_set(asked) for r in more)


def test_touching_gives_at_most_500_ranges_and_the_lowest_first():
    held = tuple((3 * n, 3 * n) for n in range(1, 2_000))
    assert ranges.touching(held, [(1, 10_000)]) == held[:500]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(4, 3, ((1, 2), (6, 8))), (3, 5, ((1, 8),)), (9, 9, ((1, 2), (6, 9))), (0, 20, ((0, 20),))],
)
def test_adding_to_two_ranges(first, last, expected):
    assert ranges.add(((1, 2), (6, 8)), first, last) == expected
