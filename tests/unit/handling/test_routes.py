"""The walk: every freezer opened once, every rack pulled once, every box taken once; lids as predicted."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.handling.rules.putting import SPLIT, TOGETHER, Room, suggest
from server.handling.rules.routes import Stop, Times, in_order, natural, openings

stops = st.lists(
    st.builds(
        Stop,
        vial=st.integers(0, 9999).map(lambda n: f"SH-{n:04}"),
        site=st.sampled_from(["East", "West"]),
        room=st.sampled_from(["B1.04", "B1.10"]),
        freezer=st.sampled_from(["LN2-9", "LN2-10"]),
        rack=st.sampled_from(["R01", "R02", "R10"]),
        box=st.sampled_from(["D-1", "D-2", "D-10"]),
        rack_at=st.sampled_from(["1", "2", "10"]),
        box_at=st.sampled_from(["1", "9", "10"]),
        ordinal=st.integers(1, 81),
    ),
    max_size=60,
)


def runs(walk: list[Stop], *names: str) -> list[object]:
    return [key for key, _ in groupby(walk, key=lambda s: tuple(getattr(s, n) for n in names))]


@given(found=stops)
def test_nothing_is_opened_pulled_or_taken_twice(found: list[Stop]) -> None:
    walk = in_order(found)

    assert sorted(walk, key=id) == sorted(found, key=id)
    way = ("site", "room", "freezer", "rack_at", "rack", "box_at", "box")
    for depth in (3, 5, 7):
        visited = runs(walk, *way[:depth])
        assert len(visited) == len(set(visited))


@pytest.mark.parametrize(
    ("one", "before"), [("LN2-9", "LN2-10"), ("R2", "R10"), ("a", "B"), ("7", "12"), ("", "1")]
)
def test_names_are_ordered_as_people_order_them(one: str, before: str) -> None:
    assert natural(one) < natural(before)


def test_a_lid_is_open_for_its_racks_boxes_and_tubes() -> None:
    walk = [
        Stop("A", "East", "B1", "LN2-1", "R1", "D-1", "1", "1", 1),
        Stop("B", "East", "B1", "LN2-1", "R1", "D-1", "1", "1", 2),
        Stop("C", "East", "B1", "LN2-1", "R1", "D-2", "1", "2", 1),
        Stop("D", "East", "B1", "LN2-1", "R2", "D-3", "2", "1", 1),
        Stop("E", "East", "B1", "LN2-2", "R9", "D-9", "1", "1", 1),
        Stop("F"),
    ]
    first, second = openings(walk, Times(lid_s=10, rack_s=20, box_s=5, tube_s=1))

    assert (first.freezer, first.racks, first.boxes, first.tubes) == ("LN2-1", 2, 3, 4)
    assert first.lid_open_s == 10 + 2 * 20 + 3 * 5 + 4 * 1
    assert (second.freezer, second.lid_open_s) == ("LN2-2", 10 + 20 + 5 + 1)


def test_what_lies_nowhere_comes_last() -> None:
    assert [s.vial for s in in_order([Stop("B"), Stop("A", "East", freezer="LN2-1")])] == ["A", "B"]


BOX = {
    1: Room(1, "F1", "N2-A", (1, 2, 3)),
    2: Room(2, "F1", "N2-A", tuple(range(1, 11)), frozenset({7})),
    3: Room(3, "F2", "N2-A", tuple(range(1, 82))),
    4: Room(4, "F3", "N2-B", tuple(range(1, 6))),
}


@pytest.mark.parametrize(
    ("case", "tubes", "boxes", "expected"),
    [
        ("beside its lot", 4, [1, 2, 3], {2}),
        ("all in one box", 5, [1, 3, 4], {4}),
        ("the tightest box that takes all", 3, [1, 3], {1}),
        ("more than one box where none takes all", 7, [1, 4], {1, 4}),
    ],
)
def test_tubes_of_a_lot_stay_together(
    case: str, tubes: int, boxes: list[int], expected: set[int]
) -> None:
    found = suggest([(n, 7) for n in range(tubes)], [BOX[n] for n in boxes], TOGETHER)

    assert {box for box, _ in found.values()} == expected, case
    assert len(found) == tubes


def test_split_tubes_are_dealt_over_what_fails_apart() -> None:
    found = suggest([(n, 7) for n in range(6)], list(BOX.values()), SPLIT)
    fates = [BOX[box].fails_with for box, _ in found.values()]

    assert sorted(fates) == ["N2-A"] * 3 + ["N2-B"] * 3


def test_split_falls_back_to_freezers_where_all_fail_together() -> None:
    found = suggest([(n, 7) for n in range(4)], [BOX[1], BOX[3]], SPLIT)

    assert {BOX[box].freezer for box, _ in found.values()} == {"F1", "F2"}


@given(
    tubes=st.lists(st.tuples(st.integers(0, 99), st.integers(1, 4)), max_size=40, unique_by=lambda t: t[0]),
    sizes=st.lists(st.integers(0, 9), max_size=6),
    policy=st.sampled_from([TOGETHER, SPLIT]),
)  # fmt: skip
def test_no_position_is_suggested_twice_and_none_is_wasted(
    tubes: list[tuple[int, int]], sizes: list[int], policy: str
) -> None:
    rooms = [
        Room(n, f"F{n % 3}", f"S{n % 2}", tuple(range(1, size + 1))) for n, size in enumerate(sizes)
    ]
    found = suggest(tubes, rooms, policy)

    assert len(set(found.values())) == len(found) == min(len(tubes), sum(sizes))
    assert all(ordinal in rooms[box].free for box, ordinal in found.values())
