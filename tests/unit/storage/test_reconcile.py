"""What a rack scan would change, case by case."""

import pytest

from server.core.errors import Refusal
from server.storage.reconcile import Change, Known, Seen, plan, refused

BOX, ORG = 1, 1


def known(code: str, state: str = "in_storage", **facts: object) -> Known:
    usual: dict[str, object] = {
        "org_id": ORG,
        "tier": "distribution",
        "place": "elsewhere",
        "box_id": 2,
        "ordinal": 9,
    }
    return Known(code=code, state=state, **{**usual, **facts})  # type: ignore[arg-type]  # a table of facts


HERE = known("V1", box_id=BOX, ordinal=1)


@pytest.mark.parametrize(
    ("case", "seen", "recorded", "vials", "expected"),
    [
        ("as recorded", [Seen(1, "V1", False)], {1: "V1"}, [HERE], [(1, Change.SAME)]),
        (
            "new and known",
            [Seen(1, "V1", False)],
            {},
            [known("V1", "labelled")],
            [(1, Change.PLACED)],
        ),
        ("found again", [Seen(1, "V1", False)], {}, [known("V1", "missing")], [(1, Change.PLACED)]),
        ("from another box", [Seen(1, "V1", False)], {}, [known("V1")], [(1, Change.MOVED)]),
        (
            "taken out before",
            [Seen(1, "V1", False)],
            {},
            [known("V1", "checked_out")],
            [(1, Change.PUT_BACK)],
        ),
        (
            "taken out of a bank before",
            [Seen(1, "V1", False)],
            {},
            [known("V1", "checked_out", tier="master")],
            [(1, Change.CONFLICT)],
        ),
        (
            "taken out of a bank whose rules let it back",
            [Seen(1, "V1", False)],
            {},
            [known("V1", "checked_out", tier="master", may_return=True)],
            [(1, Change.PUT_BACK)],
        ),
        (
            "taken out of stock whose rules keep it out",
            [Seen(1, "V1", False)],
            {},
            [known("V1", "checked_out", may_return=False)],
            [(1, Change.CONFLICT)],
        ),
        ("filled", [Seen(1, "V1", False)], {}, [known("V1", "filled")], [(1, Change.PLACED)]),
        (
            "thawed before",
            [Seen(1, "V1", False)],
            {},
            [known("V1", "thawed")],
            [(1, Change.CONFLICT)],
        ),
        ("lost before", [Seen(1, "V1", False)], {}, [known("V1", "lost")], [(1, Change.CONFLICT)]),
        (
            "shipped before",
            [Seen(1, "V1", False)],
            {},
            [known("V1", "shipped")],
            [(1, Change.CONFLICT)],
        ),
        ("of others", [Seen(1, "V1", False)], {}, [known("V1", org_id=2)], [(1, Change.CONFLICT)]),
        ("never seen", [Seen(1, "V1", False)], {}, [], [(1, Change.UNKNOWN)]),
        ("not read", [Seen(1, None, True)], {1: "V1"}, [], [(1, Change.UNREAD)]),
        ("gone", [Seen(1, None, False)], {1: "V1"}, [], [(1, Change.FREE), (1, Change.MISSING)]),
        ("free as recorded", [Seen(1, None, False)], {}, [], [(1, Change.FREE)]),
        ("not looked at", [], {1: "V1"}, [], []),
        (
            "another tube there",
            [Seen(1, "V2", False)],
            {1: "V1"},
            [known("V2")],
            [(1, Change.MOVED), (1, Change.MISSING)],
        ),
        (
            "two changed places",
            [Seen(1, "V2", False), Seen(2, "V1", False)],
            {1: "V1", 2: "V2"},
            [HERE, known("V2", box_id=BOX, ordinal=2)],
            [(1, Change.MOVED), (2, Change.MOVED)],
        ),
    ],
)
def test_a_scan_against_the_record(
    case: str,
    seen: list[Seen],
    recorded: dict[int, str],
    vials: list[Known],
    expected: list[tuple[int, Change]],
) -> None:
    """BR-05: what differs is shown, never silently mended."""
    found = plan(BOX, ORG, seen, recorded, {one.code: one for one in vials}, enter_unknown=False)

    assert [(entry.ordinal, entry.change) for entry in found.entries] == expected, case


def test_unknown_tubes_are_entered_only_where_a_lot_was_chosen() -> None:
    seen = [Seen(1, "V1", unread=False)]

    assert plan(BOX, ORG, seen, {}, {}, enter_unknown=True).of(Change.ENTERED)
    assert plan(BOX, ORG, seen, {}, {}, enter_unknown=False).changes == 0


def test_two_plans_have_one_fingerprint_only_when_they_change_the_same() -> None:
    seen = [Seen(1, "V1", unread=False)]
    labelled = plan(BOX, ORG, seen, {}, {"V1": known("V1", "labelled")}, enter_unknown=False)
    stored = plan(BOX, ORG, seen, {}, {"V1": known("V1")}, enter_unknown=False)

    again = plan(BOX, ORG, seen, {}, {"V1": known("V1")}, enter_unknown=False)
    assert stored.fingerprint == again.fingerprint
    assert stored.fingerprint != labelled.fingerprint


def test_what_would_come_where_a_refused_tube_stays_is_refused_too() -> None:
    """V1 may not go to 3, so it stays at 1; V2 stays at 2 therefore, and V9 stays out. V4 comes."""
    here = [known(f"V{n}", box_id=BOX, ordinal=n) for n in (1, 2)]
    seen = [Seen(3, "V1", False), Seen(1, "V2", False), Seen(2, "V9", False), Seen(4, "V4", False)]
    vials = {one.code: one for one in [*here, known("V9", "missing"), known("V4")]}
    whole = plan(BOX, ORG, seen, {1: "V1", 2: "V2"}, vials, enter_unknown=False)
    no = Refusal("blocked", "blocked")

    found = refused(whole, {3: no}, "BX", {n: f"A{n}" for n in range(1, 5)})

    assert {one.ordinal: one.change for one in found.entries} == {
        1: Change.CONFLICT,
        2: Change.CONFLICT,
        3: Change.CONFLICT,
        4: Change.MOVED,
    }
    assert [one.why.code for one in found.conflicts] == [
        "position_taken",
        "position_taken",
        "blocked",
    ]
    assert found.conflicts[0].why.text() == "A1 of BX already holds V1."
    assert found.fingerprint != whole.fingerprint
    assert refused(whole, {}, "BX", {}) == whole
