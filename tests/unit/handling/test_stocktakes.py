"""What a scan finds beside the record, and how a difference may be settled."""

import pytest

from server.handling.rules.stocktakes import (
    How,
    Kind,
    Line,
    completed,
    differences,
    next_to_read,
    tally,
    why_not_settle,
)


@pytest.mark.parametrize(
    ("change", "kind", "how", "code"),
    [
        ("moved", Kind.MOVED, How.RECORDED, "S"),  # it lay elsewhere in the record
        ("placed", Kind.EXTRA, How.RECORDED, "S"),  # a missing tube is found again
        ("put_back", Kind.EXTRA, How.RECORDED, "S"),  # it was thought to be out
        ("unknown", Kind.EXTRA, None, "S"),  # no such tube in the record
        ("conflict", Kind.EXTRA, None, "S"),  # destroyed, and yet here
        ("missing", Kind.MISSING, None, "R"),
        ("unread", Kind.UNREAD, None, "R"),
        ("not_read", Kind.UNREAD, None, "R"),  # nobody looked
    ],
)
def test_each_change_is_one_kind_of_discrepancy(
    change: str, kind: Kind, how: How | None, code: str
) -> None:
    (found,) = differences([Line(1, change, "R", "S")])

    assert (found.kind, found.how, found.code) == (kind, how, code)


@pytest.mark.parametrize("change", ["same", "free"])
def test_what_agrees_is_no_discrepancy(change: str) -> None:
    assert differences([Line(1, change, "R", "R")]) == []


def test_recorded_positions_at_which_nobody_looked_are_named() -> None:
    lines = completed([Line(2, "same", "B", "B")], {1: "A", 2: "B", 3: "C"})

    assert [(line.ordinal, line.change) for line in lines] == [
        (1, "not_read"), (2, "same"), (3, "not_read"),
    ]  # fmt: skip
    assert tally(lines) == {"same": 1, "missing": 0, "extra": 0, "moved": 0, "unread": 2}


@pytest.mark.parametrize(
    ("usable", "recorded", "read", "expected"),
    [
        ([1, 2, 3], [2], [], 2),  # recorded ones come first
        ([1, 2, 3], [2], [2], 1),
        ([1, 2, 3], [2], [1, 2], 3),
        ([1, 2, 3], [2], [1, 2, 3], None),
        ([], [], [], None),
        ([3, 1], [], [], 1),  # position by position, whatever the order in which they are filled
    ],
)
def test_the_next_position(
    usable: list[int], recorded: list[int], read: list[int], expected: int | None
) -> None:
    assert next_to_read(usable, recorded, read) == expected


@pytest.mark.parametrize(
    ("kind", "how", "state", "note", "settled", "code"),
    [
        ("missing", "found", "missing", "", False, None),
        ("missing", "lost", "missing", "looked twice", False, None),
        ("missing", "lost", "missing", " ", False, "no_note"),
        ("missing", "lost", "in_storage", "x", False, "not_missing"),
        ("missing", "explained", "missing", "x", False, "still_missing"),
        ("missing", "explained", "shipped", "it was shipped", False, None),
        ("extra", "explained", "", "a blank", False, None),
        ("extra", "explained", "", "", False, "no_note"),
        ("extra", "found", "checked_out", "", False, None),
        ("missing", "found", "missing", "", True, "settled"),
    ],
)
def test_when_a_discrepancy_can_be_settled(
    kind: str, how: str, state: str, note: str, settled: bool, code: str | None
) -> None:
    refusal = why_not_settle(kind, how, state, note, settled=settled)

    assert (refusal.code if refusal else None) == code
