"""Ranges of settled row numbers: which rows of a stream are stored or void.

Ranges are a tuple of (first, last), both inclusive, in order, and never touching: (1, 3) and (4, 6)
are one range (1, 6). Everything here is pure; the server keeps them in its database, the agent beside
its spool.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final

from edge_agent.wire.bounds import MORE_RANGES

Range = tuple[int, int]
Ranges = tuple[Range, ...]
NONE: Final[Ranges] = ()


def _first(piece: Range) -> int:
    return piece[0]


def _last(piece: Range) -> int:
    return piece[1]


def add(ranges: Ranges, first: int, last: int) -> Ranges:
    """The ranges with first to last (inclusive) settled too. Adding twice changes nothing."""
    if last < first:
        return ranges
    if not ranges or first > ranges[-1][1] + 1:
        return (*ranges, (first, last))
    begin = bisect_left(ranges, first - 1, key=_last)
    end = bisect_right(ranges, last + 1, key=_first)
    if begin < end:
        first = min(first, ranges[begin][0])
        last = max(last, ranges[end - 1][1])
    return (*ranges[:begin], (first, last), *ranges[end:])


def add_all(ranges: Ranges, pieces: Iterable[Range]) -> Ranges:
    """The ranges with every piece settled too, in whatever order the pieces come."""
    for first, last in pieces:
        ranges = add(ranges, first, last)
    return ranges


def merged(ranges: Ranges, others: Ranges) -> Ranges:
    """Both together, in one pass: for many pieces at once."""
    found: list[Range] = []
    for first, last in sorted((*ranges, *others)):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def of_numbers(numbers: Iterable[int]) -> Ranges:
    """The ranges of these numbers, which come in order and each once."""
    found: list[Range] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def contains(ranges: Ranges, number: int) -> bool:
    """Say whether this row number is settled."""
    at = bisect_left(ranges, number, key=_last)
    return at < len(ranges) and ranges[at][0] <= number


def missing(ranges: Ranges, first: int, last: int) -> Ranges:
    """The parts of first to last (inclusive) that are not settled, in order."""
    holes = []
    for held_first, held_last in overlapping(ranges, first, last):
        if first < held_first:
            holes.append((first, held_first - 1))
        first = held_last + 1
    if first <= last:
        holes.append((first, last))
    return tuple(holes)


def overlapping(ranges: Ranges, first: int, last: int) -> Ranges:
    """The whole ranges that share at least one number with first to last (inclusive)."""
    begin = bisect_left(ranges, first, key=_last)
    end = bisect_right(ranges, last, key=_first)
    return ranges[begin:end] if last >= first else NONE


def upto(ranges: Ranges) -> int:
    """The highest number such that all rows from 1 to it are settled; 0 when row 1 is not."""
    return ranges[0][1] if ranges and ranges[0][0] <= 1 else 0


def touching(ranges: Ranges, pieces: Iterable[Range], most: int = MORE_RANGES) -> Ranges:
    """The ranges above `upto` that touch any of the pieces, lowest first, at most `most`.

    This is `more` of the commit-ack: the pieces are the rows and voids that are answered.
    """
    done = upto(ranges)
    found = {
        piece for first, last in pieces for piece in overlapping(ranges, max(first, done + 1), last)
    }
    return tuple(sorted(found)[:most])


def count(ranges: Ranges) -> int:
    """How many numbers are settled."""
    return sum(last - first + 1 for first, last in ranges)
