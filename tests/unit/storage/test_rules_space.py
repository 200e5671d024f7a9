"""What is kept of space, how many move as one, and what fails together: the rules, tabled."""

from datetime import UTC, datetime, timedelta

import pytest

from server.storage.positions import BoxShape
from server.storage.rules import history, moves, space, spread
from server.storage.rules.space import KeptSpace

NOW = datetime(2026, 4, 17, tzinfo=UTC)
DAY = timedelta(days=1)
KEPT = KeptSpace(1, 7, "HIPSCI", NOW + DAY, 10, 20)
WHOLE = KeptSpace(2, 7, "HIPSCI", NOW + DAY)


@pytest.mark.parametrize(
    ("kept", "ordinal", "projects", "expected"),
    [
        (KEPT, 9, {None}, None),
        (KEPT, 10, {None}, "space_kept"),
        (KEPT, 20, {8}, "space_kept"),
        (KEPT, 15, {7}, None),
        (WHOLE, 1, {7, 8}, "space_kept"),
        (WHOLE, 1, set(), None),  # an empty box may come
    ],
)
def test_what_is_kept_is_for_one_project(
    kept: KeptSpace, ordinal: int, projects: set[int | None], expected: str | None
) -> None:
    keeper = space.keeper_of([kept], ordinal, projects)
    refusal = space.why_not_kept("B1", "D-044", keeper)
    assert (refusal and refusal.code) == expected
    if refusal:
        assert "HIPSCI until 2026-04-18" in refusal.text()


@pytest.mark.parametrize(
    ("first", "last", "days", "expected"),
    [
        (None, None, 1, None),
        (1, 81, 1, None),
        (1, None, 1, "half_a_range"),
        (5, 4, 1, "bad_range"),
        (0, 4, 1, "bad_range"),
        (80, 82, 1, "bad_range"),
        (1, 81, 0, "until_passed"),
    ],
)
def test_space_is_kept_in_a_range_until_a_day_to_come(
    first: int | None, last: int | None, days: int, expected: str | None
) -> None:
    refusal = space.why_not_keep("D-044", 81, first, last, now=NOW, until=NOW + days * DAY)
    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("first", "last", "project", "expected"),
    [
        (1, 9, 8, None),
        (21, 30, 8, None),
        (20, 30, 8, "space_kept"),
        (None, None, 8, "space_kept"),
        (None, None, 7, None),
    ],
)
def test_no_position_is_kept_for_two_projects(
    first: int | None, last: int | None, project: int, expected: str | None
) -> None:
    refusal = space.why_not_keep_twice("D-044", [KEPT], first, last, project)
    assert (refusal and refusal.code) == expected


def test_an_arrangement_is_kept_where_the_other_box_has_the_cells() -> None:
    ten, nine = BoxShape(10, 10), BoxShape(9, 9)
    assert moves.same_arrangement(nine, ten, [1, 9, 10, 81]) == [1, 9, 11, 89]
    assert moves.same_arrangement(ten, nine, [1, 10, 11]) == [1, None, 10]


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "nothing_chosen"), (1, None), (1001, "too_many")]
)
def test_so_many_move_as_one(count: int, expected: str | None) -> None:
    refusal = moves.why_not_many(count)
    assert (refusal and refusal.code) == expected


def span(number: int, began: int, ended: int | None, ordinal: int = 1) -> history.Span:
    return history.Span(
        number,
        NOW + began * DAY,
        None if ended is None else NOW + ended * DAY,
        "position",
        1,
        ordinal,
    )


def test_stays_have_neither_gap_nor_overlap() -> None:
    later = NOW + 9 * DAY
    assert history.why_not_history([span(1, 0, 2), span(2, 2, None)], later) is None
    for stays, code in (
        ([span(1, 0, 1), span(2, 2, None)], "gap"),
        ([span(1, 0, 3), span(2, 2, None)], "gap"),
        ([span(1, 2, 1), span(2, 1, None)], "stays_overlap"),
        ([span(1, 0, 99)], "future"),
    ):
        refusal = history.why_not_history(stays, later)
        assert refusal is not None
        assert refusal.code == code


def test_a_stay_put_between_others_splits_the_one_it_falls_into() -> None:
    stays = [span(1, 0, 4), span(2, 4, None)]
    new = history.Span(None, NOW + DAY, None, "bench")
    split = history.inserted(stays, new, NOW + 2 * DAY)
    assert split is not None
    assert [(one.place, one.began_at, one.ended_at) for one in split[:3]] == [
        ("position", NOW, NOW + DAY),
        ("bench", NOW + DAY, NOW + 2 * DAY),
        ("position", NOW + 2 * DAY, NOW + 4 * DAY),
    ]
    assert history.inserted(stays, span(0, -1, None), None) is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"freezers": {"LN2-03": 4}, "supplies": {"N1": 4}}, "one_freezer"),
        ({"freezers": {"LN2-03": 2, "LN2-04": 2}, "supplies": {"N1": 4}}, "one_supply"),
        ({"freezers": {"A": 2, "B": 2}, "supplies": {"N1": 2}, "rooms": {"B1": 4}}, "one_room"),
        ({"freezers": {"A": 2, "B": 2}, "circuits": {"C1": 4}, "rooms": {"B1": 4}}, "one_circuit"),
        ({"freezers": {"A": 2, "B": 2}, "rooms": {"B1": 2, "B2": 2}}, None),
        ({"freezers": {"A": 3}}, None),  # the fourth stands in a box outside every freezer
    ],
)
def test_a_lot_in_one_place_is_told(facts: dict[str, dict[str, int]], expected: str | None) -> None:
    """BR-14."""
    refusal = spread.why_at_risk(spread.Domains("L-1", "master", 4, **facts))
    assert (refusal and refusal.code) == expected


def test_one_vial_is_no_bank_in_one_place() -> None:
    assert spread.why_at_risk(spread.Domains("L-1", "master", 1, {"A": 1})) is None
