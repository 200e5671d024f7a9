"""Floors, the last vials of a line, and who clears their use."""

import pytest

from server.storage.rules import Act, protection
from server.storage.rules.protection import DEFAULTS, Policy, Stock

PLENTY = Stock(tier_left=50, tier_filled=60, line_left=80)


@pytest.mark.parametrize(
    ("tier", "stock", "act", "expected"),
    [
        # BR-12: the last two vials of a line, over all tiers
        ("distribution", Stock(0, 30, 1), Act.TAKE_OUT, (2, "last_of_line")),
        ("distribution", Stock(0, 30, 0), Act.DISCARD, (2, "last_of_line")),
        ("distribution", Stock(2, 30, 2), Act.TAKE_OUT, (0, None)),
        ("master", Stock(1, 30, 1), Act.CONSUME, (2, "last_of_line")),
        ("distribution", Stock(0, 30, 1), Act.RESERVE, (2, "last_of_line")),
        # BR-12: floors: master 5 or 10 %, seed 3, distribution 0
        ("master", Stock(4, 20, 40), Act.DISCARD, (1, "below_floor")),
        ("master", Stock(5, 20, 40), Act.DISCARD, (0, None)),
        ("master", Stock(9, 100, 40), Act.DISCARD, (1, "below_floor")),
        ("master", Stock(10, 100, 40), Act.DISCARD, (0, None)),
        ("master", Stock(10, 101, 40), Act.DISCARD, (1, "below_floor")),
        ("seed", Stock(2, 6, 40), Act.DISCARD, (1, "below_floor")),
        ("seed", Stock(3, 6, 40), Act.DISCARD, (0, None)),
        ("distribution", Stock(0, 50, 40), Act.TAKE_OUT, (0, None)),
        ("working", Stock(0, 50, 40), Act.TAKE_OUT, (0, None)),
        # BR-12: retention and safety: all of it
        ("retention", PLENTY, Act.TAKE_OUT, (1, "kept")),
        ("safety", PLENTY, Act.DISCARD, (1, "kept")),
        # BR-11: seed and master only with quality's signature
        ("seed", PLENTY, Act.TAKE_OUT, (1, "not_cleared")),
        ("master", PLENTY, Act.THAW, (1, "not_cleared")),
        ("master", PLENTY, Act.CONSUME, (1, "not_cleared")),
        ("working", PLENTY, Act.TAKE_OUT, (0, None)),
        # what takes nothing away needs nobody
        ("master", Stock(0, 5, 0), Act.SHIP, (0, None)),
        ("master", Stock(0, 5, 0), Act.MOVE, (0, None)),
        ("master", Stock(0, 5, 0), Act.MISS, (0, None)),
    ],
)
def test_who_clears_a_use(
    tier: str, stock: Stock, act: Act, expected: tuple[int, str | None]
) -> None:
    need = protection.need("SH-1", "HEK293T", act, DEFAULTS[tier], stock, last_of_line=2)

    assert (need.signatures, need.refusal and need.refusal.code) == expected


def test_the_sentence_names_what_would_be_left_and_what_is_kept() -> None:
    need = protection.need("SH-1", "HEK293T", Act.DISCARD, DEFAULTS["master"], Stock(4, 20, 40), 2)

    assert need.refusal is not None
    assert need.refusal.text() == (
        "Without SH-1 its bank of HEK293T would have 4 vials in storage, and 5 are kept;"
        " a person of quality clears its use first."
    )


@pytest.mark.parametrize(
    ("tier", "act", "use", "expected"),
    [
        ("master", Act.TAKE_OUT, "make_bank", None),
        ("master", Act.TAKE_OUT, "make_distribution", None),
        ("seed", Act.TAKE_OUT, "qc", None),
        ("seed", Act.TAKE_OUT, "safety", None),
        ("master", Act.TAKE_OUT, "", "bad_use"),
        ("master", Act.TAKE_OUT, "gift", "bad_use"),
        ("master", Act.DISCARD, "", None),
        ("working", Act.TAKE_OUT, "", None),
        ("distribution", Act.TAKE_OUT, "", None),
    ],
)
def test_a_seed_or_master_vial_is_used_for_few_things(
    tier: str, act: Act, use: str, expected: str | None
) -> None:
    """BR-11."""
    refusal = protection.why_not_use("SH-1", act, use, DEFAULTS[tier])

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("cleared", "act", "use", "covered"),
    [
        ("qc", Act.TAKE_OUT, "", True),
        ("qc", Act.CONSUME, "qc", True),
        ("make_bank", Act.CONSUME, "qc", False),
        ("make_bank", Act.DERIVE, "make_distribution", False),
        ("discard", Act.TAKE_OUT, "", False),
        ("discard", Act.DISCARD, "", True),
        ("qc", Act.DISCARD, "", True),
    ],
)
def test_a_clearance_covers_the_use_that_it_names(
    cleared: str, act: Act, use: str, *, covered: bool
) -> None:
    """BR-11."""
    assert protection.covers(cleared, act, use) is covered


@pytest.mark.parametrize(
    ("tier", "for_kind", "expected"),
    [
        ("distribution", "request", None),
        ("master", "request", "not_distribution"),
        ("seed", "request", "not_distribution"),
        ("working", "request", "not_distribution"),
        ("master", "pick_list", None),
    ],
)
def test_requests_get_distribution_stock_only(
    tier: str, for_kind: str, expected: str | None
) -> None:
    """BR-11."""
    refusal = protection.why_not_promise("SH-1", tier, for_kind)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("person", "expected"),
    [(3, None), (1, "own_request"), (2, "signed_already"), (None, "not_a_person")],
)
def test_two_signatures_are_of_two_persons_and_never_the_askers(
    person: int | None, expected: str | None
) -> None:
    """BR-12."""
    refusal = protection.why_not_clear(
        "SH-1", person_id=person, asked_by=1, signed_by=frozenset({2})
    )

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("witness", "expected"), [(2, None), (1, "own_witness"), (None, "own_witness")]
)
def test_the_witness_is_another_than_who_destroys(
    witness: int | None, expected: str | None
) -> None:
    refusal = protection.why_not_witness("SH-1", 1, witness)

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy("master", least_vials=5, least_percent=10), None),
        (Policy("master", least_percent=101), "bad_percent"),
        (Policy("master", least_percent=-1), "bad_percent"),
        (Policy("master", least_vials=-1), "negative"),
        (Policy("master", longest_out_s=-1), "negative"),
        (Policy("master", uses=frozenset({"gift"})), "bad_use"),
    ],
)
def test_what_a_policy_may_say(policy: Policy, expected: str | None) -> None:
    refusal = protection.why_not_policy(policy)

    assert (refusal and refusal.code) == expected
