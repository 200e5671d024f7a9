"""What may come out of what, and what a hold forbids."""

import pytest

from server.genealogy import rules
from server.genealogy.rules import Ref

MASTER, WORKING = Ref("vial", 1, "SH-1"), Ref("lot", 1, "L-1")


@pytest.mark.parametrize(
    ("parent", "child", "relation", "volume_ul", "expected"),
    [
        (MASTER, WORKING, "expansion", None, None),
        (MASTER, WORKING, "expansion", 500, None),
        (MASTER, WORKING, "melted", None, "bad_relation"),
        (MASTER, Ref("freezer", 1, "F"), "thaw", None, "bad_kind"),
        (Ref("person", 1, "P"), WORKING, "thaw", None, "bad_kind"),
        (MASTER, WORKING, "aliquot", 0, "bad_volume"),
        (MASTER, WORKING, "aliquot", -5, "bad_volume"),
        (MASTER, MASTER, "split", None, "circle"),
    ],
)
def test_only_things_of_the_bank_come_out_of_one_another(
    parent: Ref, child: Ref, relation: str, volume_ul: int | None, expected: str | None
) -> None:
    refusal = rules.why_not_edge(parent, child, relation, volume_ul)

    assert (refusal and refusal.code) == expected


def test_what_a_thing_came_out_of_never_comes_out_of_it() -> None:
    refusal = rules.why_not_circle(MASTER, WORKING, {("lot", 1), ("vial", 7)})

    assert refusal is not None
    assert refusal.text() == "L-1 cannot come out of SH-1, for SH-1 comes out of L-1 already."
    assert rules.why_not_circle(MASTER, WORKING, {("vial", 7)}) is None


USES_UP = (
    "take_out", "ship", "reserve", "thaw", "consume", "aliquot", "derive", "pool", "split", "discard",
    "lose",
)  # fmt: skip
STILL_ALLOWED = ("place", "move", "put_back", "miss", "reverse", "fill")


@pytest.mark.parametrize("severity", sorted(rules.SEVERITIES))
@pytest.mark.parametrize(
    ("act", "forbidden"),
    [*((act, True) for act in USES_UP), *((act, False) for act in STILL_ALLOWED)],
)
def test_a_hold_forbids_every_use_and_allows_to_move_and_count(
    severity: str, act: str, forbidden: bool
) -> None:
    assert rules.forbids(severity, act) is forbidden

    refusal = rules.why_held("SH-1", act, "contamination", severity, "L-1", "Chen Li")
    assert (refusal and refusal.code) == ("on_hold" if forbidden else None)


@pytest.mark.parametrize("cause", sorted(rules.CAUSES))
def test_each_cause_has_a_sentence_that_names_who_laid_it_where(cause: str) -> None:
    refusal = rules.why_held("SH-1", "ship", cause, "hold", "L-1", "Chen Li")

    assert refusal is not None
    assert refusal.text().startswith("SH-1 is on hold")
    assert "laid on L-1 by Chen Li" in refusal.text()


@pytest.mark.parametrize(
    ("cause", "severity", "note", "expected"),
    [
        ("contamination", "hold", "", None),
        ("contamination", "quarantine", "flask 3", None),
        ("other", "hold", "", "no_note"),
        ("other", "hold", "label smudged", None),
        ("mood", "hold", "", "bad_cause"),
        ("contamination", "prison", "", "bad_cause"),
        ("contamination", "hold", "x" * 501, "long_text"),
    ],
)
def test_a_hold_has_a_cause_of_the_list(
    cause: str, severity: str, note: str, expected: str | None
) -> None:
    refusal = rules.why_not_lay(cause, severity, note)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("because", "lifted", "expected"),
    [("retested, clear", False, None), (" ", False, "no_reason"), ("again", True, "lifted")],
)
def test_a_hold_is_lifted_once_and_with_a_reason(
    because: str, lifted: bool, expected: str | None
) -> None:
    refusal = rules.why_not_lift("SH-1", because, lifted=lifted)

    assert (refusal and refusal.code) == expected
