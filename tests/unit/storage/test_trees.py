"""Patterns of codes, and trees that can and cannot be."""

import pytest

from server.storage.container_types import BUILT_IN
from server.storage.positions import BoxShape
from server.storage.rules.trees import Level, code_of, plan, why_not_planned, why_not_tree

TWO = BoxShape(1, 2, labels="number")


def level(of: str, pattern: str, count: int = 0) -> Level:
    one = BUILT_IN[of]
    return Level(one.kind, one.code, one.shape, pattern, count)


RACK, BOX = level("RACK-10", "{parent}-R{n:2}"), level("BOX-9X9", "{parent}-B{n:2}", 2)


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("{parent}-R{n:2}", "LN2-01-R07"),
        ("B{all:4}", "B0123"),
        ("{root}{position}-{n}", "TANKA1-7"),
        ("{n:1}", "7"),
        ("{all:2}", "123"),
    ],
)
def test_a_pattern_gives_a_code(pattern: str, code: str) -> None:
    facts = {"parent": "LN2-01", "root": "TANK", "n": 7, "all": 123, "position": "A1"}

    assert code_of(pattern, facts) == code


def test_containers_are_made_each_before_what_stands_in_it() -> None:
    planned = plan("T", TWO, [1, 2], [RACK, BOX])

    assert [one.code for one in planned] == [
        "T-R01", "T-R01-B01", "T-R01-B02", "T-R02", "T-R02-B01", "T-R02-B02",
    ]  # fmt: skip
    assert [one.ordinal for one in planned] == [1, 1, 2, 2, 1, 2]
    assert planned[4].parent == "T-R02"


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ([RACK, BOX], None),
        ([BOX], None),
        ([], "no_level"),
        ([BOX, BOX], "wrong_kind"),
        ([level("RACK-10", "{parent}-{n}", 3)], "box_full"),
        ([level("RACK-10", "R")], "bad_pattern"),
        ([level("RACK-10", "R{m}")], "bad_pattern"),
        ([level("RACK-10", "R{n:x}")], "bad_pattern"),
        ([RACK] * 6, "too_deep"),
        ([RACK, RACK, RACK, RACK], "too_many"),
    ],
)
def test_what_tree_can_be_made(levels: list[Level], code: str | None) -> None:
    refusal = why_not_tree("T", "freezer", [1, 2], levels)

    assert (refusal.code if refusal else None) == code


def test_every_code_is_given_once() -> None:
    same = plan("T", TWO, [1, 2], [RACK, level("BOX-9X9", "B{n}", 1)])

    assert [one.code for one in why_not_planned(same, {})] == ["code_twice"]
    taken = why_not_planned(plan("T", TWO, [1], [RACK]), {"T-R01": "rack"})
    assert [one.code for one in taken] == ["code_taken"]
    bad = why_not_planned(plan("T", TWO, [1], [level("RACK-10", "{n}/x")]), {})
    assert [one.code for one in bad] == ["bad_code"]
