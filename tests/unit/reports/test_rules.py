"""The trend, the ages, and which boxes can be emptied: tables and laws."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.reports.rules.ages import age_class, by_tier
from server.reports.rules.consolidation import Box, Tube, plan
from server.reports.rules.forecast import forecast

DAY = date(2026, 1, 1)


def weeks(*counts: int) -> list[tuple[date, int]]:
    return [(DAY + timedelta(weeks=n), count) for n, count in enumerate(counts)]


@pytest.mark.parametrize(
    ("case", "counts", "capacity", "per_week", "full_on"),
    [
        ("ten a week", weeks(0, 10, 20, 30, 40), 100, 10.0, date(2026, 3, 12)),
        ("one odd week does not turn it", weeks(0, 10, 500, 30, 40), 1000, 10.0, date(2027, 12, 2)),
        ("it empties", weeks(50, 40, 30, 20, 10), 100, -10.0, None),
        ("it stands still", weeks(5, 5, 5, 5, 5), 100, 0.0, None),
        ("it is full", weeks(60, 70, 80, 90, 100), 100, 10.0, date(2026, 1, 29)),
        ("in a hundred years", weeks(0, 1, 2, 3, 4), 6000, 1.0, None),
    ],
)
def test_a_trend_says_when_it_is_full(
    case: str, counts: list[tuple[date, int]], capacity: int, per_week: float, full_on: date | None
) -> None:
    found = forecast(counts, capacity)

    assert (round(found.per_week, 6), found.full_on) == (per_week, full_on), case


@pytest.mark.parametrize(
    ("counts", "capacity"), [(weeks(1, 2, 3, 4), 10), (weeks(1, 2, 3, 4, 5), 0)]
)
def test_too_little_says_nothing(counts: list[tuple[date, int]], capacity: int) -> None:
    assert forecast(counts, capacity) is None


@pytest.mark.parametrize(
    ("frozen_on", "number"),
    [
        (None, None),
        (date(2027, 1, 1), None),
        (DAY, 0),
        (date(2025, 1, 2), 0),
        (date(2024, 12, 31), 1),
        (date(2021, 1, 2), 2),
        (date(2018, 1, 1), 3),
        (date(1998, 1, 1), 4),
    ],
)
def test_ages_fall_into_classes(frozen_on: date | None, number: int | None) -> None:
    assert age_class(frozen_on, DAY) == number


def test_ages_are_summed_by_tier() -> None:
    lots = [("seed", date(2025, 6, 1), 3), ("seed", None, 2), ("master", date(2000, 1, 1), 5)]
    master, seed = by_tier(lots, DAY)

    assert (master.tier, master.counts, master.total) == ("master", (0, 0, 0, 0, 5), 5)
    assert (seed.counts[0], seed.unknown, seed.total) == (3, 2, 5)


def box(number: int, tubes: int, size: int = 9) -> Box:
    inside = [Tube(number * 100 + place, place) for place in range(1, tubes + 1)]
    return Box(number, inside, list(range(tubes + 1, size + 1)))


def test_the_emptiest_boxes_go_into_the_fullest() -> None:
    steps = plan([box(1, 2), box(2, 7), box(3, 5)], lambda _vial, _box: True)

    assert [step.box_id for step in steps] == [1]
    assert {target for _, target, _ in steps[0].carries} == {2}


def test_a_box_that_cannot_be_emptied_as_a_whole_is_left() -> None:
    assert plan([box(1, 8), box(2, 8)], lambda _vial, _box: True) == []
    assert plan([box(1, 1), box(2, 1)], lambda _vial, _box: False) == []


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(0, 5))
def test_no_tube_is_carried_twice_or_put_on_another(fills: list[int], forbidden: int) -> None:
    boxes = [box(number, fill) for number, fill in enumerate(fills, 1)]
    where = {tube.vial_id: (one.box_id, tube.ordinal) for one in boxes for tube in one.tubes}
    taken = set(where.values())

    for step in plan(boxes, lambda _vial, target: target != forbidden):
        inside = {vial for vial, (number, _) in where.items() if number == step.box_id}
        assert inside == {vial for vial, _, _ in step.carries}
        for vial, target, ordinal in step.carries:
            assert target not in (step.box_id, forbidden)
            assert (target, ordinal) not in taken
            taken.discard(where[vial])
            where[vial] = (target, ordinal)
            taken.add((target, ordinal))
    assert len(taken) == len(where)
