"""The states of a vial, what leads from one to the next, and why an act is refused."""

from enum import StrEnum

from server.core.errors import Refusal
from server.core.words import N_


class State(StrEnum):
    """What is physically true of a vial; reserved and held are rows beside it."""

    LABELLED = "labelled"
    FILLED = "filled"
    IN_STORAGE = "in_storage"
    CHECKED_OUT = "checked_out"
    MISSING = "missing"
    LOST = "lost"
    THAWED = "thawed"
    CONSUMED_QC = "consumed_qc"
    SHIPPED = "shipped"
    DESTROYED = "destroyed"


class Act(StrEnum):
    """What can be done with a vial."""

    FILL = "fill"
    PLACE = "place"
    MOVE = "move"
    TAKE_OUT = "take_out"
    PUT_BACK = "put_back"
    MISS = "miss"
    LOSE = "lose"
    THAW = "thaw"
    CONSUME = "consume"
    ALIQUOT = "aliquot"
    SPLIT = "split"
    POOL = "pool"
    DERIVE = "derive"
    RESERVE = "reserve"
    SHIP = "ship"
    DISCARD = "discard"
    REVERSE = "reverse"


IN_HAND = {State.FILLED: State.FILLED, State.CHECKED_OUT: State.CHECKED_OUT}
NEXT: dict[Act, dict[State, State]] = {
    Act.FILL: {State.LABELLED: State.FILLED},
    Act.PLACE: {
        State.LABELLED: State.IN_STORAGE,
        State.FILLED: State.IN_STORAGE,
        State.MISSING: State.IN_STORAGE,
    },
    Act.MOVE: {State.IN_STORAGE: State.IN_STORAGE},
    Act.TAKE_OUT: {State.IN_STORAGE: State.CHECKED_OUT},
    Act.PUT_BACK: {State.CHECKED_OUT: State.IN_STORAGE},
    Act.MISS: {State.IN_STORAGE: State.MISSING, State.CHECKED_OUT: State.MISSING},
    Act.LOSE: {State.MISSING: State.LOST},
    Act.THAW: {State.CHECKED_OUT: State.THAWED},
    Act.CONSUME: {State.CHECKED_OUT: State.CONSUMED_QC},
    Act.ALIQUOT: IN_HAND,
    Act.SPLIT: IN_HAND,
    Act.POOL: IN_HAND,
    Act.DERIVE: {**IN_HAND, State.THAWED: State.THAWED},
    Act.RESERVE: {State.IN_STORAGE: State.IN_STORAGE},
    Act.SHIP: {State.CHECKED_OUT: State.SHIPPED},
    Act.DISCARD: {
        State.LABELLED: State.DESTROYED,
        State.FILLED: State.DESTROYED,
        State.IN_STORAGE: State.DESTROYED,
        State.CHECKED_OUT: State.DESTROYED,
    },
    # what it was before is read from its stays: state_reversed
    Act.REVERSE: {
        State.LOST: State.MISSING,
        State.THAWED: State.CHECKED_OUT,
        State.CONSUMED_QC: State.CHECKED_OUT,
        State.SHIPPED: State.CHECKED_OUT,
        State.DESTROYED: State.CHECKED_OUT,
    },
}
TERMINAL = frozenset({State.LOST, State.THAWED, State.CONSUMED_QC, State.SHIPPED, State.DESTROYED})
ENDINGS = {
    State.LOST: "unknown",
    State.THAWED: "consumed",
    State.CONSUMED_QC: "consumed",
    State.SHIPPED: "recipient",
    State.DESTROYED: "destroyed",
}
"""The place of custody at which a vial stands when it has ended so."""

# A vial that has left a cell bank, opened or not, does not return to it (ChP). Distribution stock may.
RETURN_ALLOWED = {
    "seed": False,
    "master": False,
    "working": False,
    "safety": False,
    "retention": False,
    "distribution": True,
}

DISCARD_REASONS = {
    "thawed": N_("thawed and used"),
    "broken": N_("broken or leaking"),
    "warmed": N_("was too warm"),
    "contaminated": N_("contaminated"),
    "expired": N_("past its date"),
    "lot_rejected": N_("its lot was rejected"),
    "label_lost": N_("cannot be identified"),
}

_STATE_SENTENCES = {
    State.LABELLED: N_("%(vial)s has a label but no place yet; put it into a position first."),
    State.FILLED: N_("%(vial)s is filled but has no place yet; put it into a position first."),
    State.IN_STORAGE: N_("%(vial)s is in storage already; move it instead."),
    State.CHECKED_OUT: N_("%(vial)s has been taken out; put it back first."),
    State.MISSING: N_("%(vial)s is missing; when it is found, put it into a position."),
    State.LOST: N_("%(vial)s was given up as lost; if it has turned up, quality reverses that."),
    State.THAWED: N_("%(vial)s has been thawed and used; that is final."),
    State.CONSUMED_QC: N_("%(vial)s was used up for tests; that is final."),
    State.SHIPPED: N_("%(vial)s has been shipped; it is no longer here."),
    State.DESTROYED: N_("%(vial)s has been destroyed; that cannot be undone."),
}

_ACT_SENTENCES = {
    Act.FILL: N_("Only an empty tube that has a label is filled; %(vial)s is past that."),
    Act.LOSE: N_("Only a missing vial is given up as lost; %(vial)s is not missing."),
    Act.REVERSE: N_("%(vial)s has not ended in any way; there is nothing to reverse."),
}
"""Where the act, not the state, says best what is wrong."""
_FROM_HAND = frozenset(
    {Act.SHIP, Act.THAW, Act.CONSUME, Act.ALIQUOT, Act.SPLIT, Act.POOL, Act.DERIVE}
)

STATE_WORDS = {
    State.LABELLED: N_("labelled, no place yet"),
    State.FILLED: N_("filled, no place yet"),
    State.IN_STORAGE: N_("in storage"),
    State.CHECKED_OUT: N_("taken out"),
    State.MISSING: N_("missing"),
    State.LOST: N_("lost"),
    State.THAWED: N_("thawed"),
    State.CONSUMED_QC: N_("used up for tests"),
    State.SHIPPED: N_("shipped"),
    State.DESTROYED: N_("destroyed"),
}


def state_after(state: str, act: Act) -> State | None:
    """Return the state that this act leads to, or None where the act is not possible."""
    return NEXT[act].get(State(state))


def why_not_act(vial: str, state: str, act: Act) -> Refusal | None:
    """Say why a vial in this state cannot be acted on so, or None when it can."""
    if state_after(state, act):
        return None
    now = State(state)
    if (act, now) == (Act.SHIP, State.IN_STORAGE):
        because = N_("%(vial)s is in storage; it is taken out before it is shipped.")
        return Refusal("not_in_hand", because, {"vial": vial, "state": str(now)})
    if act in _FROM_HAND and now is State.IN_STORAGE:
        because = N_("%(vial)s is in storage; it is taken out first.")
        return Refusal("not_in_hand", because, {"vial": vial, "state": str(now)})
    if act in _ACT_SENTENCES and (now not in TERMINAL or act is Act.REVERSE):
        return Refusal("wrong_state", _ACT_SENTENCES[act], {"vial": vial, "state": str(now)})
    code = "terminal_state" if now in TERMINAL else "wrong_state"
    return Refusal(code, _STATE_SENTENCES[now], {"vial": vial, "state": str(now)})


def why_not_reserved(vial: str, reserved_for: str | None) -> Refusal | None:
    """Say that a vial is promised to something else, or None when it is free."""
    if not reserved_for:
        return None
    because = N_("%(vial)s is reserved for %(reserved_for)s.")
    return Refusal("reserved", because, {"vial": vial, "reserved_for": reserved_for})


def why_not_in_transit(vial: str) -> Refusal:
    """Say that a vial travels, and that only its shipment ends that."""
    because = N_("%(vial)s is on its way in a shipment; it is received there first.")
    return Refusal("in_transit", because, {"vial": vial})


def why_not_put_back(vial: str, reserved_for: str | None) -> Refusal | None:
    """Say that a vial is out for what it was promised to and stays out until that ends, or None."""
    if not reserved_for:
        return None
    because = N_("%(vial)s was taken out for %(reserved_for)s; cancel that before it goes back.")
    return Refusal("out_for_promise", because, {"vial": vial, "reserved_for": reserved_for})


def why_not_return(vial: str, tier: str, *, allowed: bool | None = None) -> Refusal | None:
    """Say why a vial of this tier may not go back into storage, or None when it may.

    `allowed` is what the bank's policy for the tier says; without it the default holds.
    """
    if RETURN_ALLOWED.get(tier, False) if allowed is None else allowed:
        return None
    because = N_(
        "%(vial)s was taken out of a cell bank, and a vial taken out of a bank does not go back."
        " To carry a vial to another place, move it instead of taking it out."
    )
    return Refusal("return_forbidden", because, {"vial": vial, "tier": tier})


def state_reversed(state: str, place: str | None, *, free: bool) -> State:
    """Return the state that a vial has again when its ending is reversed.

    `place` is where it was before it ended, None for a tube that had no place; `free` says whether
    that position can still take it. A tube whose place is gone is missing until it is put somewhere.
    """
    if State(state) is State.LOST:
        return State.MISSING
    if place is None:
        return State.LABELLED
    if place == "position":
        return State.IN_STORAGE if free else State.MISSING
    return State.CHECKED_OUT if place == "bench" else State.MISSING


def why_not_damaged(vial: str, act: Act, *, damaged: bool) -> Refusal | None:
    """Say that a damaged vial is only moved and destroyed, or None."""
    if not damaged or act not in {
        Act.RESERVE,
        Act.SHIP,
        Act.ALIQUOT,
        Act.SPLIT,
        Act.POOL,
        Act.DERIVE,
    }:
        return None
    because = N_("%(vial)s is marked as damaged; it still has to be destroyed.")
    return Refusal("damaged", because, {"vial": vial})
