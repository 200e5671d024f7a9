"""What may be done with vials and containers, each answered with a reason."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from enum import StrEnum

from server.core.errors import Refusal
from server.core.words import N_
from server.storage.positions import SCHEMES, BoxShape

LONGEST_CODE = 64
# No slash, for codes stand in addresses; no sign comes first, for a sheet would reckon with it.
CODE = re.compile(r"\w[\w.:+#-]*")
MOST_ROWS, MOST_POSITIONS = 100, 2000


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

HOLDS = {"freezer": ("rack", "box"), "rack": ("box",), "box": ("vial",)}


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


def why_not_into(box: str, *, retired: bool, box_org: int, org: int) -> Refusal | None:
    """Say why nothing of this organisation may go into a container, or None when it may."""
    if retired:
        return Refusal(
            "retired", N_("%(box)s has been retired; nothing goes into it any more."), {"box": box}
        )
    if box_org != org:
        because = N_("%(box)s belongs to another organisation than what is put into it.")
        return Refusal("other_organisation", because, {"box": box})
    return None


def why_not_hold(outer: str, outer_kind: str, inner_kind: str) -> Refusal | None:
    """Say why such a thing has no place in such a container, or None when it has."""
    if inner_kind in HOLDS[outer_kind]:
        return None
    because = {
        "vial": N_("%(box)s holds no vials; scan a box."),
        "rack": N_("%(box)s holds no racks; scan a freezer."),
        "box": N_("%(box)s holds no boxes; scan a rack or a freezer."),
    }.get(inner_kind, N_("%(box)s cannot hold this."))
    return Refusal("wrong_kind", because, {"box": outer})


def why_not_at(shape: BoxShape, box: str, ordinal: int | None, written: str = "") -> Refusal | None:
    """Say that a container has no such position, or None when it has."""
    if ordinal is not None and ordinal in shape.ordinals:
        return None
    because = N_(
        "“%(found)s” is not a position of %(box)s, which has %(rows)s rows and %(columns)s columns:"
        " %(first)s to %(last)s are expected."
    )
    facts = {
        "found": written or str(ordinal),
        "box": box,
        "rows": shape.rows * shape.layers,
        "columns": shape.columns,
        "first": shape.label(1),
        "last": shape.label(shape.capacity),
    }
    return Refusal("no_such_position", because, facts)


def position_taken(position: str, box: str, occupant: str) -> Refusal:
    """Return the sentence that names who is in a position already."""
    because = N_("%(position)s of %(box)s already holds %(occupant)s.")
    return Refusal(
        "position_taken", because, {"position": position, "box": box, "occupant": occupant}
    )


def why_not_place(shape: BoxShape, box: str, taken: dict[int, str], ordinal: int) -> Refusal | None:
    """Say why something cannot go to this position, or None when it can; `taken` names the occupants."""
    if refusal := why_not_at(shape, box, ordinal):
        return refusal
    if ordinal in taken:
        return position_taken(shape.label(ordinal), box, taken[ordinal])
    return None


def why_not_fit(shape: BoxShape, box: str, taken: Collection[int], wanted: int) -> Refusal | None:
    """Say that a container has too few free positions, or None when it has enough."""
    free = shape.capacity - len(taken)
    if wanted <= free:
        return None
    facts = {"box": box, "free": free, "capacity": shape.capacity, "wanted": wanted}
    if free == 0:
        return Refusal(
            "box_full", N_("%(box)s is full: all %(capacity)s positions are taken."), facts
        )
    because = N_("%(box)s has %(free)s free positions of %(capacity)s, but %(wanted)s are needed.")
    return Refusal("box_full", because, facts)


def why_not_code(code: str) -> Refusal | None:
    """Say why this cannot be the code of anything, or None when it can."""
    if not code:
        return Refusal("no_code", N_("A code is missing. Scan it or type it."))
    if len(code) > LONGEST_CODE:
        because = N_("This code has %(found)s characters; at most %(most)s are expected.")
        return Refusal("long_code", because, {"found": len(code), "most": LONGEST_CODE})
    if not CODE.fullmatch(code):
        because = N_(
            "“%(found)s” is not a code; letters and digits are expected, with . _ : + # - between."
        )
        return Refusal("bad_code", because, {"found": code})
    return None


def why_not_name(name: str) -> Refusal | None:
    """Say why this cannot be the name of a room, circuit or supply, which is read and never scanned."""
    if name.strip() and len(name) <= LONGEST_CODE and name.isprintable():
        return None
    because = N_("“%(found)s” is not a name: 1 to %(most)s characters are expected.")
    return Refusal("bad_name", because, {"found": name[:80], "most": LONGEST_CODE})


def why_not_codes(codes: Sequence[str]) -> Refusal | None:
    """Say why these cannot be the codes of new tubes, or None when they can."""
    if not codes:
        return why_not_code("")
    refusal = next((found for code in codes if (found := why_not_code(code))), None)
    twice = next((code for code, times in Counter(codes).items() if times > 1), None)
    if refusal is None and twice is not None:
        because = N_("%(code)s stands here twice; a code is given once.")
        return Refusal("code_twice", because, {"code": twice})
    return refusal


def why_not_shape(shape: BoxShape) -> Refusal | None:
    """Say why no container can have this shape, or None when one can."""
    sides = (shape.rows, shape.columns, shape.layers)
    if (
        all(1 <= side <= MOST_ROWS for side in sides)
        and shape.capacity <= MOST_POSITIONS
        and shape.labels in SCHEMES
    ):
        return None
    because = N_(
        "%(found)s is not a shape: 1 to %(most)s rows and columns, and at most %(all)s positions are expected."
    )
    found = " x ".join(str(side) for side in sides)
    return Refusal("bad_shape", because, {"found": found, "most": MOST_ROWS, "all": MOST_POSITIONS})
