"""The states of a vial, what leads from one to the next, and why an act is refused."""

from enum import StrEnum

from server.core.errors import Refusal
from server.core.words import N_


class State(StrEnum):
    """What is physically true of a vial; reserved and held are rows beside it."""

    LABELLED = "labelled"
    IN_STORAGE = "in_storage"
    CHECKED_OUT = "checked_out"
    MISSING = "missing"
    SHIPPED = "shipped"
    DESTROYED = "destroyed"


class Act(StrEnum):
    """What can be done with a vial."""

    PLACE = "place"
    MOVE = "move"
    TAKE_OUT = "take_out"
    PUT_BACK = "put_back"
    MISS = "miss"
    SHIP = "ship"
    DISCARD = "discard"


NEXT: dict[Act, dict[State, State]] = {
    Act.PLACE: {State.LABELLED: State.IN_STORAGE, State.MISSING: State.IN_STORAGE},
    Act.MOVE: {State.IN_STORAGE: State.IN_STORAGE},
    Act.TAKE_OUT: {State.IN_STORAGE: State.CHECKED_OUT},
    Act.PUT_BACK: {State.CHECKED_OUT: State.IN_STORAGE},
    Act.MISS: {State.IN_STORAGE: State.MISSING, State.CHECKED_OUT: State.MISSING},
    Act.SHIP: {State.CHECKED_OUT: State.SHIPPED},
    Act.DISCARD: {
        State.LABELLED: State.DESTROYED,
        State.IN_STORAGE: State.DESTROYED,
        State.CHECKED_OUT: State.DESTROYED,
        State.MISSING: State.DESTROYED,
    },
}
TERMINAL = frozenset({State.SHIPPED, State.DESTROYED})

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
    State.IN_STORAGE: N_("%(vial)s is in storage already; move it instead."),
    State.CHECKED_OUT: N_("%(vial)s has been taken out; put it back first."),
    State.MISSING: N_("%(vial)s is missing; when it is found, put it into a position."),
    State.SHIPPED: N_("%(vial)s has been shipped; it is no longer here."),
    State.DESTROYED: N_("%(vial)s has been destroyed; that cannot be undone."),
}

STATE_WORDS = {
    State.LABELLED: N_("labelled, no place yet"),
    State.IN_STORAGE: N_("in storage"),
    State.CHECKED_OUT: N_("taken out"),
    State.MISSING: N_("missing"),
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
    code = "terminal_state" if now in TERMINAL else "wrong_state"
    return Refusal(code, _STATE_SENTENCES[now], {"vial": vial, "state": str(now)})


def why_not_reserved(vial: str, reserved_for: str | None) -> Refusal | None:
    """Say that a vial is promised to something else, or None when it is free."""
    if not reserved_for:
        return None
    because = N_("%(vial)s is reserved for %(reserved_for)s.")
    return Refusal("reserved", because, {"vial": vial, "reserved_for": reserved_for})


def why_not_put_back(vial: str, reserved_for: str | None) -> Refusal | None:
    """Say that a vial is out for what it was promised to and stays out until that ends, or None."""
    if not reserved_for:
        return None
    because = N_("%(vial)s was taken out for %(reserved_for)s; cancel that before it goes back.")
    return Refusal("out_for_promise", because, {"vial": vial, "reserved_for": reserved_for})


def why_not_return(vial: str, tier: str) -> Refusal | None:
    """Say why a vial of this tier may not go back into storage, or None when it may."""
    if RETURN_ALLOWED.get(tier, False):
        return None
    because = N_(
        "%(vial)s was taken out of a cell bank, and a vial taken out of a bank does not go back."
        " To carry a vial to another place, move it instead of taking it out."
    )
    return Refusal("return_forbidden", because, {"vial": vial, "tier": tier})
