"""The states of a vial, what leads from one to the next, and what ends it."""

import pytest

from server.storage import rules
from server.storage.rules import Act, State
from server.storage.rules.states import why_not_damaged

OPENED = {Act.ALIQUOT, Act.SPLIT, Act.POOL, Act.DERIVE}


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (State.LABELLED, {Act.FILL, Act.PLACE, Act.DISCARD}),
        (State.FILLED, {Act.PLACE, Act.DISCARD, *OPENED}),
        (State.IN_STORAGE, {Act.MOVE, Act.TAKE_OUT, Act.MISS, Act.RESERVE, Act.DISCARD}),
        (
            State.CHECKED_OUT,
            {Act.PUT_BACK, Act.MISS, Act.THAW, Act.CONSUME, Act.SHIP, Act.DISCARD, *OPENED},
        ),
        (State.MISSING, {Act.PLACE, Act.LOSE}),
        (State.LOST, {Act.REVERSE}),
        (State.THAWED, {Act.DERIVE, Act.REVERSE}),
        (State.CONSUMED_QC, {Act.REVERSE}),
        (State.SHIPPED, {Act.REVERSE}),
        (State.DESTROYED, {Act.REVERSE}),
    ],
)
def test_what_a_state_allows(state: State, allowed: set[Act]) -> None:
    """BR-07: nothing but quality's reversal leads out of an ending."""
    assert {act for act in Act if rules.state_after(state, act)} == allowed


@pytest.mark.parametrize("state", list(State))
def test_an_ending_is_left_by_reversal_alone(state: State) -> None:
    """BR-07."""
    leaving = {act for act in Act if rules.state_after(state, act) not in {None, state}}

    assert (leaving == {Act.REVERSE}) is (state in rules.TERMINAL)


@pytest.mark.parametrize("state", sorted(rules.TERMINAL))
@pytest.mark.parametrize("act", sorted(set(Act) - {Act.REVERSE, Act.DERIVE}))
def test_an_end_is_refused_by_name(state: State, act: Act) -> None:
    refusal = rules.why_not_act("SH-1", state, act)

    assert refusal
    assert refusal.code == "terminal_state"
    assert "SH-1" in refusal.text()


@pytest.mark.parametrize(
    ("act", "state", "sentence"),
    [
        (Act.SHIP, State.IN_STORAGE, "SH-1 is in storage; it is taken out before it is shipped."),
        (Act.THAW, State.IN_STORAGE, "SH-1 is in storage; it is taken out first."),
        (Act.ALIQUOT, State.IN_STORAGE, "SH-1 is in storage; it is taken out first."),
        (
            Act.LOSE,
            State.IN_STORAGE,
            "Only a missing vial is given up as lost; SH-1 is not missing.",
        ),
        (
            Act.LOSE,
            State.LOST,
            "SH-1 was given up as lost; if it has turned up, quality reverses that.",
        ),
        (Act.REVERSE, State.MISSING, "SH-1 has not ended in any way; there is nothing to reverse."),
        (
            Act.FILL,
            State.FILLED,
            "Only an empty tube that has a label is filled; SH-1 is past that.",
        ),
        (Act.PLACE, State.IN_STORAGE, "SH-1 is in storage already; move it instead."),
    ],
)
def test_a_refused_act_says_what_to_do_instead(act: Act, state: State, sentence: str) -> None:
    refusal = rules.why_not_act("SH-1", state, act)

    assert refusal
    assert refusal.text() == sentence


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_words(state: State) -> None:
    assert rules.STATE_WORDS[state]


@pytest.mark.parametrize(
    ("ending", "place", "free", "after"),
    [
        (State.DESTROYED, "position", True, State.IN_STORAGE),
        (State.DESTROYED, "position", False, State.MISSING),
        (State.DESTROYED, "bench", False, State.CHECKED_OUT),
        (State.DESTROYED, None, False, State.LABELLED),
        (State.SHIPPED, "bench", False, State.CHECKED_OUT),
        (State.THAWED, "bench", False, State.CHECKED_OUT),
        (State.LOST, "unknown", False, State.MISSING),
    ],
)
def test_a_reversed_ending_gives_back_what_was_before(
    ending: State, place: str | None, after: State, *, free: bool
) -> None:
    """BR-07: a lost tube that turns up, an ending recorded of the wrong tube."""
    assert rules.state_reversed(ending, place, free=free) is after


@pytest.mark.parametrize(
    ("tier", "may"),
    [
        ("seed", False),
        ("master", False),
        ("working", False),
        ("safety", False),
        ("retention", False),
        ("distribution", True),
        ("something new", False),
    ],
)
def test_a_vial_taken_out_of_a_bank_does_not_go_back(tier: str, *, may: bool) -> None:
    """BR-15: so it is unless the bank's policy for the tier says otherwise."""
    assert (rules.why_not_return("SH-1", tier) is None) == may
    assert rules.why_not_return("SH-1", tier, allowed=True) is None
    assert rules.why_not_return("SH-1", tier, allowed=False) is not None


@pytest.mark.parametrize("act", list(Act))
def test_a_damaged_vial_is_only_moved_and_destroyed(act: Act) -> None:
    refusal = why_not_damaged("SH-1", act, damaged=True)

    assert (refusal is not None) is (act in {Act.RESERVE, Act.SHIP, *OPENED})
    assert why_not_damaged("SH-1", act, damaged=False) is None
