"""From which vials a lot may be made, and how much may be taken from one."""

import pytest

from server.storage.rules import lineage
from server.storage.rules.lineage import ChildLot, ParentLot


def parent(tier: str = "master", disposition: str = "released", **facts: object) -> ParentLot:
    return ParentLot("SH-1", "L-1", tier, disposition, **facts)


@pytest.mark.parametrize(
    ("child", "parents", "relation", "expected"),
    [
        # BR-10
        ("working", [parent("master")], "expansion", None),
        ("working", [parent("master"), parent("master")], "pool", None),
        ("working", [parent("working")], "expansion", "wrong_parent_tier"),
        ("working", [parent("master"), parent("distribution")], "pool", "wrong_parent_tier"),
        ("working", [parent("working")], "split", None),
        ("master", [parent("seed")], "expansion", None),
        ("master", [parent("working")], "expansion", "wrong_parent_tier"),
        ("distribution", [parent("seed")], "expansion", None),
        ("distribution", [parent("master")], "expansion", None),
        ("distribution", [parent("working")], "expansion", "wrong_parent_tier"),
        ("distribution", [parent("master", "quarantined")], "expansion", "parent_not_released"),
        ("distribution", [parent("master", "rejected")], "expansion", "parent_not_released"),
        ("working", [parent("master", "quarantined")], "expansion", None),
        ("seed", [parent("distribution")], "subclone", None),
        ("safety", [parent("master")], "split", None),
        # BR-16
        ("working", [], "expansion", "no_parent"),
        ("working", [parent()], "wished", "bad_relation"),
    ],
)
def test_from_which_vials_a_lot_is_made(
    child: str, parents: list[ParentLot], relation: str, expected: str | None
) -> None:
    refusal = lineage.why_not_lot_from(ChildLot("L-2", child), parents, relation)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("before", "after", "relation", "expected"),
    [
        (5, 6, "expansion", None),
        (5, 5, "expansion", "passage_not_higher"),
        (5, 4, "passage", "passage_not_higher"),
        (5, 5, "split", None),
        (5, 5, "aliquot", None),
        (5, 6, "split", "passage_differs"),
        (5, 4, "pool", "passage_differs"),
        (5, None, "expansion", "no_passage"),
        (None, None, "expansion", None),
        (None, 3, "expansion", None),
    ],
)
def test_the_passage_grows_with_culture_and_only_with_it(
    before: int | None, after: int | None, relation: str, expected: str | None
) -> None:
    """BR-13."""
    child = ChildLot("L-2", "seed", passage=after)
    refusal = lineage.why_not_lot_from(child, [parent(passage=before)], relation)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("child", "expected"),
    [
        (ChildLot("L-2", "seed", passage=6, pdl=20.0), None),
        (ChildLot("L-2", "seed", passage=6, pdl=19.9), "pdl_falls"),
        (ChildLot("L-2", "seed", passage=6, pdl=21.0, passage_ceiling=6), None),
        (ChildLot("L-2", "seed", passage=7, passage_ceiling=6), "passage_ceiling"),
        (ChildLot("L-2", "seed", passage=6, pdl=30.5, pdl_ceiling=30), "pdl_ceiling"),
    ],
)
def test_doublings_never_fall_and_a_ceiling_holds(child: ChildLot, expected: str | None) -> None:
    """BR-13."""
    refusal = lineage.why_not_lot_from(child, [parent(passage=5, pdl=20.0)], "expansion")

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("pdl", "relation", "expected"),
    [
        (None, "expansion", "no_pdl"),
        (None, "split", "no_pdl"),
        (24.0, "split", None),
        (24.5, "split", "pdl_differs"),
        (24.5, "aliquot", "pdl_differs"),
        (24.0, "pool", None),
        (25.0, "pool", "pdl_differs"),
        (20.0, "pool", "pdl_falls"),
        (25.0, "expansion", None),
    ],
)
def test_doublings_are_said_and_stay_those_of_the_oldest_parent_without_culture(
    pdl: float | None, relation: str, expected: str | None
) -> None:
    """BR-13."""
    parents = [parent("seed", pdl=20.0), parent("seed", pdl=24.0), parent("seed")]
    refusal = lineage.why_not_lot_from(ChildLot("L-2", "seed", pdl=pdl), parents, relation)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("volume", "wanted", "expected"),
    [
        (1000, 1000, None),
        (1000, 1, None),
        (1000, 1001, "volume_below_zero"),
        (0, 1, "volume_below_zero"),
        (1000, 0, "bad_volume"),
        (1000, -5, "bad_volume"),
        (None, 100, "volume_unknown"),
    ],
)
def test_no_more_is_taken_than_there_is(
    volume: int | None, wanted: int, expected: str | None
) -> None:
    refusal = lineage.why_not_draw("SH-1", volume, wanted)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("found", "largest", "expected"),
    [
        (0, None, None),
        (1800, 2000, None),
        (2001, 2000, "too_much"),
        (10_000_001, None, "too_much"),
        (-1, None, "bad_volume"),
    ],
)
def test_a_measured_volume_fits_into_its_tube(
    found: int, largest: int | None, expected: str | None
) -> None:
    refusal = lineage.why_not_measured("SH-1", found, largest)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "bad_children"), (1, None), (200, None), (201, "bad_children")]
)
def test_how_many_tubes_are_made_at_once(count: int, expected: str | None) -> None:
    refusal = lineage.why_not_children(count)

    assert (refusal and refusal.code) == expected
