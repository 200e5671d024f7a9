"""What may happen to a request for vials, each step answered with a reason."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from server.core.errors import Refusal
from server.core.words import N_, N_n

MOST_VIALS = 10
"""Vials that one request may ask for."""
RELEASED, GIVEN_TIER = "released", "distribution"
"""Only vials of a lot with this disposition and of this tier are given."""
LEAST_PURPOSE, LONGEST_TEXT = 10, 2000
RESERVED_DAYS = 60
"""A reservation that nobody picks ends after so many days."""


class State(StrEnum):
    """Where a request stands."""

    SUBMITTED = "submitted"
    RESERVED = "reserved"
    PICKING = "picking"
    PICKED = "picked"
    SHIPPED = "shipped"
    RECEIVED = "received"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What can be done with a request."""

    APPROVE = "approve"
    REFUSE = "refuse"
    CANCEL = "cancel"
    PICK = "pick"
    FINISH_PICKING = "finish_picking"
    SHIP = "ship"
    RECEIVE = "receive"


NEXT: dict[Act, dict[State, State]] = {
    Act.APPROVE: {State.SUBMITTED: State.RESERVED},
    Act.REFUSE: {State.SUBMITTED: State.REFUSED},
    Act.CANCEL: {
        State.SUBMITTED: State.CANCELLED,
        State.RESERVED: State.CANCELLED,
        State.PICKING: State.CANCELLED,
        State.PICKED: State.CANCELLED,
    },
    Act.PICK: {State.RESERVED: State.PICKING, State.PICKING: State.PICKING},
    Act.FINISH_PICKING: {State.PICKING: State.PICKED},
    Act.SHIP: {State.PICKED: State.SHIPPED},
    Act.RECEIVE: {State.SHIPPED: State.RECEIVED},
}
ENDED = frozenset({State.RECEIVED, State.REFUSED, State.CANCELLED})
OPEN = tuple(state for state in State if state not in ENDED)
BY_REQUESTER = frozenset({State.SUBMITTED, State.RESERVED})
"""The requester may cancel until somebody stands at the freezer; afterwards only the bank may."""

STATE_WORDS = {
    State.SUBMITTED: N_("waits for a decision"),
    State.RESERVED: N_("approved, vials reserved"),
    State.PICKING: N_("being picked"),
    State.PICKED: N_("picked, ready to ship"),
    State.SHIPPED: N_("shipped"),
    State.RECEIVED: N_("received"),
    State.REFUSED: N_("refused"),
    State.CANCELLED: N_("cancelled"),
}

_NOT_NOW = {
    State.SUBMITTED: N_("%(request)s still waits for a decision."),
    State.RESERVED: N_(
        "%(request)s has been approved; its vials are reserved and wait to be picked."
    ),
    State.PICKING: N_("%(request)s is being picked; some of its vials are still in the freezer."),
    State.PICKED: N_("All vials of %(request)s have been picked; it waits to be shipped."),
    State.SHIPPED: N_("%(request)s has been shipped."),
    State.RECEIVED: N_("%(request)s has been received; nothing more can be done with it."),
    State.REFUSED: N_("%(request)s was refused; ask again with a new request."),
    State.CANCELLED: N_("%(request)s was cancelled; ask again with a new request."),
}

_WITHHELD = {
    "quarantined": N_("%(vial)s may not be given: its lot %(lot)s is in quarantine."),
    "rejected": N_("%(vial)s may not be given: its lot %(lot)s has been rejected."),
    "recalled": N_("%(vial)s may not be given: its lot %(lot)s has been recalled."),
}


@dataclass(frozen=True)
class Asked:
    """What a requester asks for, and what speaks for or against it."""

    quantity: int
    purpose: str
    line: str
    listed: bool
    delivery_site: bool
    """Whether the site to deliver to is one of the requester's organisation."""
    from_one_lot: int
    """How many vials can be given now, all of one lot."""
    sites: int = 0
    """How many sites the requester's organisation has to deliver to."""


@dataclass(frozen=True)
class LotStock:
    """What one lot of distribution stock can give."""

    lot_id: int
    code: str
    frozen_on: date | None
    unreserved: int
    """Vials in storage that are promised to nothing."""
    reserve_floor: int

    @property
    def available(self) -> int:
        """Return how many vials can be promised without touching the reserve."""
        return max(0, self.unreserved - self.reserve_floor)


@dataclass(frozen=True)
class Availability:
    """How many vials of a line can be given now: from all its lots, and from one."""

    total: int = 0
    from_one_lot: int = 0
    lots: int = 0


def state_after(state: str, act: Act) -> State | None:
    """Return the state that this act leads to, or None where the act is not possible."""
    return NEXT[act].get(State(state))


def why_not_act(request: str, state: str, act: Act) -> Refusal | None:
    """Say why a request in this state cannot be acted on so, or None when it can."""
    if state_after(state, act):
        return None
    return Refusal("wrong_state", _NOT_NOW[State(state)], {"request": request, "state": state})


def why_not_give(vial: str, lot: str, tier: str, disposition: str) -> Refusal | None:
    """Say why a vial of this lot may not be given out any more, or None when it may."""
    facts = {"vial": vial, "lot": lot, "tier": tier, "disposition": disposition}
    if disposition != RELEASED:
        return Refusal("lot_withheld", _WITHHELD[disposition], facts)
    if tier != GIVEN_TIER:
        because = N_("%(vial)s may not be given: its lot %(lot)s is not distribution stock.")
        return Refusal("not_distribution", because, facts)
    return None


def why_not_cancel(request: str, state: str, *, by_requester: bool) -> Refusal | None:
    """Say why a request cannot be cancelled, or not by its requester; None when it can."""
    if refusal := why_not_act(request, state, Act.CANCEL):
        return refusal
    if by_requester and state not in BY_REQUESTER:
        because = N_("Picking of %(request)s has begun; ask the bank to cancel it.")
        return Refusal("picking_began", because, {"request": request})
    return None


def why_not_request(asked: Asked) -> Refusal | None:
    """Say why vials cannot be asked for so, or None when they can."""
    if not asked.listed:
        return Refusal("not_listed", N_("%(line)s is not given out."), {"line": asked.line})
    if not asked.delivery_site and asked.sites:
        return Refusal("no_site_chosen", N_("Choose where to send the vials."))
    if not asked.delivery_site:
        because = N_("Your organisation has no site to deliver to. Ask the bank to enter one.")
        return Refusal("no_delivery_site", because)
    return why_not_quantity(asked) or why_not_purpose(asked.purpose)


def why_not_quantity(asked: Asked) -> Refusal | None:
    """Say why this number of vials cannot be asked for, or None when it can."""
    facts = {
        "found": asked.quantity,
        "most": MOST_VIALS,
        "available": asked.from_one_lot,
        "line": asked.line,
    }
    if not 1 <= asked.quantity <= MOST_VIALS:
        because = N_("You asked for %(found)s vials; 1 to %(most)s are expected.")
        return Refusal("bad_quantity", because, facts)
    if asked.from_one_lot == 0:
        return Refusal("none_available", N_("No vial of %(line)s can be given at present."), facts)
    if asked.quantity > asked.from_one_lot:
        because = N_n(
            "You asked for 1 vial of %(line)s; at most %(available)s can be given from one lot.",
            "You asked for %(found)s vials of %(line)s; at most %(available)s can be given from one lot.",
            "found",
        )
        return Refusal("too_few", because, facts)
    return None


def why_not_purpose(purpose: str) -> Refusal | None:
    """Say why this purpose is not enough, or None when it is."""
    found = len(purpose.strip())
    if found < LEAST_PURPOSE:
        because = N_("Say in a sentence what the cells are for (at least %(least)s characters).")
        return Refusal("no_purpose", because, {"found": found, "least": LEAST_PURPOSE})
    return why_not_text(purpose)


def why_not_text(text: str) -> Refusal | None:
    """Say that a text is too long to be kept, or None when it is not."""
    if len(text) <= LONGEST_TEXT:
        return None
    because = N_("This text has %(found)s characters; at most %(most)s are expected.")
    return Refusal("long_text", because, {"found": len(text), "most": LONGEST_TEXT})


def why_not_reason(reason: str) -> Refusal | None:
    """Say that a reason is missing, or None when there is one."""
    if reason.strip():
        return why_not_text(reason)
    return Refusal("no_reason", N_("Say why; the requester reads it."))


def availability(lots: Iterable[LotStock], stored_of_line: int, last_of_line: int) -> Availability:
    """Return what a line can give: its lots beyond their floors, never the last vials of the line.

    `stored_of_line` counts the vials in storage over all lots and tiers that are neither promised nor held.
    """
    can_give = [lot.available for lot in lots if lot.available]
    above_last = max(0, stored_of_line - last_of_line)
    return Availability(
        total=min(sum(can_give), above_last),
        from_one_lot=min(max(can_give, default=0), above_last),
        lots=len(can_give),
    )


def meant(scanned: str, codes: Collection[str]) -> str:
    """Return the code that a scan means: the very same, else the only one that differs in case alone.

    What means none of them, or could mean two, comes back as it was scanned.
    """
    code = scanned.strip()
    alike = [each for each in codes if each.casefold() == code.casefold()]
    return alike[0] if code not in codes and len(alike) == 1 else code


def choose_lot(lots: Sequence[LotStock], quantity: int) -> LotStock | None:
    """Return the oldest lot that can give all vials, so that they are comparable; None when none can."""
    enough = [lot for lot in lots if lot.available >= quantity]
    return min(enough, key=lambda lot: (lot.frozen_on or date.max, lot.lot_id), default=None)


def why_not_approve(
    request: str, state: str, quantity: int, can_give: Availability
) -> Refusal | None:
    """Say why a request cannot be approved now, or None when it can."""
    if refusal := why_not_act(request, state, Act.APPROVE):
        return refusal
    if quantity <= can_give.from_one_lot:
        return None
    because = N_(
        "%(request)s asks for more than can be given: %(quantity)s wanted,"
        " %(available)s available in one lot without touching the reserve."
    )
    facts = {"request": request, "quantity": quantity, "available": can_give.from_one_lot}
    return Refusal("reserve_touched", because, facts)


def why_not_pick(expected: str, scanned: str, mine: Iterable[str]) -> Refusal | None:
    """Say why a scanned tube is not the one to take, or None when it is.

    A tube of the same request that comes later is no mistake: whoever stands at the box takes
    what is in front of them.
    """
    if scanned in mine:
        return None
    if not scanned:
        return Refusal("no_code", N_("Scan the code of the tube."))
    because = N_("This is %(scanned)s; expected is %(expected)s. Put it back.")
    return Refusal("wrong_tube", because, {"scanned": scanned, "expected": expected})
