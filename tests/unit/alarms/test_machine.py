"""The table of an episode's states: every act in every state, and the letters of ISA-18.2."""

from itertools import product

import pytest

from server.alarms.machine import ASIDES, LETTERS, TABLE, WORDS, State, after, why_not
from server.core.errors import Conflict
from server.core.words import say

STATES = [State(*flags, aside) for *flags, aside in product(*[(False, True)] * 4, ASIDES)]

WAYS = {
    ("B", "acknowledge"): "C", ("D", "acknowledge"): "A", ("E", "acknowledge"): "F",
    ("B", "answer"): "B", ("D", "answer"): "D", ("E", "answer"): "E",
    ("C", "run_out"): "B", ("F", "reset"): "A",
}  # fmt: skip
"""What the standard draws, for an alarm that calls and that nobody has to confirm."""


def plain(latched: bool = False) -> dict[str, State]:
    """The states that an alarm goes through when nothing is set aside, by letter."""
    return {
        one.letter: one
        for one in STATES
        if not one.silenced and not one.confirm_due and (one.active or one.latched is latched)
    }


@pytest.mark.parametrize("latched", [False, True])
@pytest.mark.parametrize("act", [one for one in TABLE if one not in {"clear", "set_aside"}])
def test_an_act_leads_where_the_standard_draws_it_or_is_refused(act: str, latched: bool) -> None:
    for letter, state in plain(latched).items():
        expected = WAYS.get((letter, act))
        if expected is None:
            with pytest.raises(Conflict):
                after(state, act)
        else:
            assert after(state, act).letter == expected, letter


@pytest.mark.parametrize(
    ("state", "letter"),
    [
        (State(), "D"),
        (State(acknowledged=True), "A"),
        (State(latched=True), "E"),
        (State(acknowledged=True, latched=True), "F"),
        (State(acknowledged=True, confirm_due=True), "A"),
        (State(aside="shelved"), "G"),
    ],
)
def test_when_the_condition_is_gone(state: State, letter: str) -> None:
    assert after(state, "clear").letter == letter
    with pytest.raises(Conflict):
        after(after(state, "clear"), "clear")


@pytest.mark.parametrize("state", STATES)
def test_an_act_changes_only_its_own_region(state: State) -> None:
    own = {
        "acknowledge": {"acknowledged"}, "run_out": {"acknowledged"}, "clear": {"active"},
        "reset": {"latched"}, "confirm": {"confirm_due"}, "set_aside": {"aside"},
        "bring_back": {"aside"}, "answer": set(),
    }  # fmt: skip
    for act in TABLE:
        aside = "shelved" if act == "set_aside" else ""
        if why_not(state, act, aside):
            continue
        moved = after(state, act, aside)
        changed = {name for name in vars(state) if getattr(state, name) != getattr(moved, name)}
        assert changed <= own[act]
        assert changed or act == "answer" or (act == "set_aside" and state.aside == "shelved")


@pytest.mark.parametrize("state", STATES)
def test_nothing_that_goes_on_or_waits_for_a_person_is_finished(state: State) -> None:
    waits = state.active or not state.acknowledged or state.latched or state.confirm_due
    assert state.finished is not waits
    assert not (state.finished and state.calls)
    assert state.letter in LETTERS


@pytest.mark.parametrize(
    ("state", "act", "code"),
    [
        (State(latched=True, acknowledged=True), "reset", "goes_on"),
        (State(active=False, latched=True), "reset", "not_acknowledged"),
        (State(active=False, acknowledged=True), "reset", "not_latched"),
        (State(acknowledged=True, confirm_due=True), "confirm", "goes_on"),
        (State(active=False, confirm_due=True), "confirm", "not_acknowledged"),
        (State(active=False, acknowledged=True), "run_out", "is_over"),
        (State(), "run_out", "not_acknowledged"),
        (State(), "bring_back", "not_aside"),
        (State(active=False, acknowledged=True), "set_aside", "is_finished"),
    ],
)
def test_a_refusal_says_what_stands_in_the_way(state: State, act: str, code: str) -> None:
    refusal = why_not(state, act, "shelved" if act == "set_aside" else "")
    assert refusal is not None
    assert refusal.code == code
    assert say("en", refusal.because, **refusal.facts)


def test_the_first_name_is_in_the_sentence_that_refuses_a_second_answer() -> None:
    refusal = why_not(State(acknowledged=True), "acknowledge", who="Lee")
    assert refusal is not None
    assert "Lee" in say("en", refusal.because, **refusal.facts)


def test_every_reason_for_silence_has_a_letter_and_a_word() -> None:
    letters = {aside: State(aside=aside).letter for aside in ASIDES if aside}
    assert letters == {
        "shelved": "G", "suppressed": "H", "out_of_service": "I", "inhibited": "H",
        "expected": "H", "flood": "H",
    }  # fmt: skip
    assert WORDS.keys() == letters.keys()
    with pytest.raises(ValueError, match="shelved"):
        after(State(), "clear", "shelved")
