"""The draw of positions, and what a result says about all of them."""

import pytest

from server.handling.rules.sampling import (
    MOST,
    Accuracy,
    drawn,
    sample,
    still_to_check,
    verdict,
    why_not_sample,
    wilson,
)


def test_a_seed_draws_the_same_positions_everywhere() -> None:
    assert drawn("2026-Q4", 1000, 5) == [996, 608, 156, 434, 266]
    assert drawn("2026-Q4", 1000, 5) != drawn("2027-Q1", 1000, 5)


@pytest.mark.parametrize(
    ("population", "wanted", "count"),
    [(0, 5, 0), (3, 5, 3), (5, 5, 5), (100, 1, 1), (1000, 500, 500)],
)
def test_no_position_is_drawn_twice(population: int, wanted: int, count: int) -> None:
    found = drawn("seed", population, wanted)

    assert len(set(found)) == len(found) == count
    assert all(0 <= one < population for one in found)


def test_every_position_is_as_likely() -> None:
    counts = [0] * 20
    for number in range(2000):
        for one in drawn(f"seed {number}", 20, 5):
            counts[one] += 1

    assert all(420 < count < 580 for count in counts)  # 500 each, give or take four deviations


def test_a_sample_keeps_the_order_of_the_walk() -> None:
    positions = [(box, ordinal) for box in (7, 3) for ordinal in range(1, 50)]
    found = sample("seed", positions, 10)

    assert [positions.index(one) for one in found] == sorted(positions.index(one) for one in found)


@pytest.mark.parametrize(
    ("right", "checked", "low", "high"),
    [
        # by the formula, and beside the values that textbooks print
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (15, 148, 0.0624, 0.1605),
        (1, 29, 0.0061, 0.1718),
        (0, 1, 0.0, 0.7935),
        (499, 500, 0.9888, 0.9996),
    ],
)
def test_the_interval_of_wilson(right: int, checked: int, low: float, high: float) -> None:
    found = wilson(right, checked)

    assert found is not None
    assert found == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_of_nothing_nothing_is_known() -> None:
    nothing = Accuracy(0, 0)

    assert (nothing.share, nothing.interval) == (None, None)


@pytest.mark.parametrize(
    ("positions", "percent", "checked", "left"),
    [
        (1000, 10, 0, 100),
        (1000, 10, 100, 0),
        (1000, 10, 250, 0),
        (81, 10, 0, 9),
        (0, 10, 0, 0),
        (50, 0, 0, 0),
    ],
)
def test_what_is_missing_to_the_target(
    positions: int, percent: int, checked: int, left: int
) -> None:
    assert still_to_check(positions, percent, checked) == left


@pytest.mark.parametrize(
    ("wanted", "left", "code"),
    [
        (1, 1, None),
        (MOST, 9, None),
        (0, 9, "many_positions"),
        (MOST + 1, 9, "many_positions"),
        (5, 0, "nothing_left"),
    ],
)
def test_when_a_sample_can_be_drawn(wanted: int, left: int, code: str | None) -> None:
    refusal = why_not_sample("LN2-01", wanted, left)

    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize(
    ("expected", "found", "unread", "state"),
    [
        ("A", "A", False, "right"),
        ("", "", False, "right"),  # empty, and so it is recorded
        ("A", "", False, "wrong"),
        ("", "A", False, "wrong"),
        ("A", "B", False, "wrong"),
        ("A", "", True, "unread"),
    ],
)
def test_the_verdict_on_a_position(expected: str, found: str, unread: bool, state: str) -> None:
    assert verdict(expected, found, unread=unread) == state
