"""What may happen to a request, as tables."""

from datetime import date

import pytest

from server.distribution import rules
from server.distribution.rules import Act, Asked, LotStock, State

S, A = State, Act
OLD = LotStock(1, "L-1", date(2024, 5, 1), 6, 2)
NEW = LotStock(2, "L-2", date(2026, 5, 1), 12, 2)
BARE = LotStock(3, "L-3", date(2023, 5, 1), 2, 4)


@pytest.mark.parametrize(
    ("act", "from_states"),
    [
        (A.APPROVE, {S.SUBMITTED: S.RESERVED}),
        (A.REFUSE, {S.SUBMITTED: S.REFUSED}),
        (A.CANCEL, dict.fromkeys((S.SUBMITTED, S.RESERVED, S.PICKING, S.PICKED), S.CANCELLED)),
        (A.PICK, {S.RESERVED: S.PICKING, S.PICKING: S.PICKING}),
        (A.FINISH_PICKING, {S.PICKING: S.PICKED}),
        (A.SHIP, {S.PICKED: S.SHIPPED}),
        (A.RECEIVE, {S.SHIPPED: S.RECEIVED}),
    ],
)
def test_each_act_is_possible_only_in_its_states(act, from_states):
    for state in State:
        assert rules.state_after(state, act) == from_states.get(state)
        refusal = rules.why_not_act("R-1", state, act)
        assert (refusal is None) == (state in from_states)
        assert refusal is None or "R-1" in refusal.text()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, None),
        ({"quantity": 10, "from_one_lot": 10}, None),
        ({"listed": False}, "not_listed"),
        ({"delivery_site": False}, "no_delivery_site"),
        ({"delivery_site": False, "sites": 2}, "no_site_chosen"),
        ({"quantity": 0}, "bad_quantity"),
        ({"quantity": -1}, "bad_quantity"),
        ({"quantity": 11}, "bad_quantity"),
        ({"from_one_lot": 0}, "none_available"),
        ({"quantity": 4, "from_one_lot": 3}, "too_few"),
        ({"purpose": ""}, "no_purpose"),
        ({"purpose": "    cells    "}, "no_purpose"),
        ({"purpose": "x" * 2001}, "long_text"),
    ],
)
def test_vials_are_asked_for_with_a_purpose_a_site_and_a_number(facts, expected):
    usual = {
        "quantity": 2, "purpose": "An assay of ours.", "line": "HeLa", "listed": True,
        "delivery_site": True, "from_one_lot": 5,
    }  # fmt: skip
    refusal = rules.why_not_request(Asked(**{**usual, **facts}))

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("unreserved", "floor", "available"),
    [(10, 0, 10), (10, 4, 6), (4, 4, 0), (3, 4, 0), (0, 0, 0)],
)
def test_a_lot_gives_nothing_of_its_reserve(unreserved, floor, available):
    assert LotStock(1, "L-1", None, unreserved, floor).available == available


@pytest.mark.parametrize(
    ("lots", "stored", "total", "from_one_lot"),
    [
        ([], 0, 0, 0),
        ([OLD], 6, 4, 4),
        ([OLD, NEW], 18, 14, 10),
        ([BARE], 2, 0, 0),
        ([LotStock(1, "L-1", None, 3, 0)], 3, 1, 1),  # the last two of the line stay
        ([LotStock(1, "L-1", None, 2, 0)], 2, 0, 0),
        ([LotStock(1, "L-1", None, 3, 0)], 40, 3, 3),  # other tiers hold the last ones
    ],
)
def test_the_last_vials_of_a_line_are_never_offered(lots, stored, total, from_one_lot):
    found = rules.availability(lots, stored, 2)

    assert (found.total, found.from_one_lot) == (total, from_one_lot)


@pytest.mark.parametrize(
    ("lots", "quantity", "chosen"),
    [
        ([NEW, OLD], 2, "L-1"),  # the oldest
        ([NEW, OLD], 5, "L-2"),  # the oldest that can give all of them
        ([NEW, OLD], 11, None),  # never two lots for one request
        ([BARE], 1, None),
        ([LotStock(9, "L-9", None, 5, 0), NEW], 2, "L-2"),  # an unknown day counts as young
    ],
)
def test_vials_come_from_the_oldest_lot_that_can_give_all_of_them(lots, quantity, chosen):
    found = rules.choose_lot(lots, quantity)

    assert (found and found.code) == chosen


@pytest.mark.parametrize(
    ("state", "quantity", "expected"),
    [("submitted", 4, None), ("submitted", 5, "reserve_touched"), ("reserved", 1, "wrong_state")],
)
def test_an_approval_never_touches_the_reserve(state, quantity, expected):
    refusal = rules.why_not_approve("R-1", state, quantity, rules.availability([OLD], 6, 2))

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("state", "by_requester", "expected"),
    [
        ("submitted", True, None),
        ("reserved", True, None),
        ("picking", True, "picking_began"),
        ("picking", False, None),
        ("picked", False, None),
        ("shipped", False, "wrong_state"),
        ("refused", True, "wrong_state"),
    ],
)
def test_a_requester_cancels_until_picking_begins_and_the_bank_until_it_leaves(
    state, by_requester, expected
):
    refusal = rules.why_not_cancel("R-1", state, by_requester=by_requester)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("scanned", "expected"),
    [("V-1", None), ("V-2", None), ("V-9", "wrong_tube"), ("", "no_code")],
)
def test_only_a_tube_of_the_request_is_picked(scanned, expected):
    refusal = rules.why_not_pick("V-1", scanned, ["V-1", "V-2"])

    assert (refusal and refusal.code) == expected
    if expected == "wrong_tube":
        assert "V-9" in refusal.text()
        assert "V-1" in refusal.text()


def test_every_state_has_a_word():
    assert set(rules.STATE_WORDS) == set(State)


@pytest.mark.parametrize(
    ("tier", "disposition", "expected"),
    [
        ("distribution", "released", None),
        ("distribution", "quarantined", "lot_withheld"),
        ("distribution", "rejected", "lot_withheld"),
        ("distribution", "recalled", "lot_withheld"),
        ("master", "released", "not_distribution"),
    ],
)
def test_only_released_distribution_stock_is_given(tier, disposition, expected):
    refusal = rules.why_not_give("V-1", "L-1", tier, disposition)

    assert (refusal and refusal.code) == expected
    assert refusal is None or {"V-1", "L-1"} <= {refusal.facts["vial"], refusal.facts["lot"]}


@pytest.mark.parametrize(
    ("scanned", "codes", "expected"),
    [
        ("AB-1", ["AB-1", "ab-1"], "AB-1"),
        ("ab-1", ["AB-1", "ab-1"], "ab-1"),
        ("Ab-1", ["AB-1", "ab-1"], "Ab-1"),
        (" ab-1 ", ["AB-1", "AB-2"], "AB-1"),
        ("AB-1", ["ab-1"], "ab-1"),
        ("AB-3", ["AB-1"], "AB-3"),
    ],
)
def test_a_scan_means_the_same_code_or_the_only_one_alike(scanned, codes, expected):
    assert rules.meant(scanned, codes) == expected
