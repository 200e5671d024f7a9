"""What keeps a bank from being used up: uses, floors, the last vials of a line.

The numbers are defaults; an organisation sets its own on the page of stock rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

from server.core.errors import Refusal
from server.core.words import N_
from server.storage.rules.states import RETURN_ALLOWED, Act

LINE = "line"
"""Stands for a whole line over all its tiers, where a tier is named."""
USES = {
    "make_bank": N_("make a master or working bank"),
    "make_distribution": N_("make distribution stock"),
    "qc": N_("quality control"),
    "safety": N_("safety duplicate"),
}
BANK_USES = frozenset(USES)


@dataclass(frozen=True)
class Policy:
    """What an organisation wants for a tier."""

    tier: str
    least_vials: int = 0
    least_percent: int = 0
    keep_all: bool = False
    rebank_below: int | None = None
    return_allowed: bool = False
    longest_out_s: int | None = None
    uses: frozenset[str] = field(default_factory=frozenset)
    signed: bool = False

    def least(self, filled: int) -> int:
        """Return how many vials of the tier stay in storage when so many were ever filled."""
        return max(self.least_vials, ceil(filled * self.least_percent / 100))


DEFAULTS: Mapping[str, Policy] = {
    policy.tier: policy
    for policy in (
        Policy("seed", least_vials=3, uses=BANK_USES, signed=True),
        Policy("master", least_vials=5, least_percent=10, uses=BANK_USES, signed=True),
        Policy("working"),
        Policy("distribution", rebank_below=10, return_allowed=RETURN_ALLOWED["distribution"]),
        Policy("safety", keep_all=True),
        Policy("retention", keep_all=True),
        Policy(LINE, least_vials=2),
    )
}


@dataclass(frozen=True)
class Stock:
    """What would be left in storage without the vial in question."""

    tier_left: int
    tier_filled: int
    line_left: int


@dataclass(frozen=True)
class Need:
    """How many persons of quality clear the use of a vial, and the sentence that says why."""

    signatures: int = 0
    refusal: Refusal | None = None


NO_NEED = Need()
_USES_UP = frozenset(
    {Act.TAKE_OUT, Act.THAW, Act.CONSUME, Act.DISCARD, Act.RESERVE, Act.SPLIT, Act.POOL, Act.DERIVE}
)
_NAMED_USE = _USES_UP - {Act.DISCARD, Act.RESERVE}


def need(vial: str, line: str, act: Act, policy: Policy, stock: Stock, last_of_line: int) -> Need:
    """Return who has to clear this act with a vial: two for the last of a line, one below a floor."""
    if act not in _USES_UP:
        return NO_NEED
    facts: dict[str, object] = {"vial": vial, "line": line}
    if stock.line_left < last_of_line:
        because = N_(
            "%(vial)s is among the last %(last)s vials of %(line)s in storage;"
            " two persons of quality clear its use first."
        )
        return Need(2, Refusal("last_of_line", because, {**facts, "last": last_of_line}))
    if policy.keep_all:
        because = N_("%(vial)s is kept as a reserve; a person of quality clears its use first.")
        return Need(1, Refusal("kept", because, facts))
    if stock.tier_left < (least := policy.least(stock.tier_filled)):
        because = N_(
            "Without %(vial)s its bank of %(line)s would have %(left)s vials in storage, and"
            " %(least)s are kept; a person of quality clears its use first."
        )
        told = {**facts, "left": stock.tier_left, "least": least}
        return Need(1, Refusal("below_floor", because, told))
    if policy.signed and act in _NAMED_USE:
        because = N_("%(vial)s is of a bank whose every use a person of quality clears first.")
        return Need(1, Refusal("not_cleared", because, facts))
    return NO_NEED


def why_not_use(vial: str, act: Act, use: str, policy: Policy) -> Refusal | None:
    """Say why a vial of this bank is not used for this, or None when it may be."""
    if act not in _NAMED_USE or not policy.uses or use in policy.uses:
        return None
    because = N_(
        "%(vial)s is of a bank that is used to make a bank or distribution stock, for quality control"
        " or for a safety duplicate only; say for which of them."
    )
    return Refusal("bad_use", because, {"vial": vial, "found": use})


def covers(cleared_use: str, act: Act, use: str) -> bool:
    """Say whether what quality has cleared covers this act: the same use, or the end of a vial that was cleared."""
    if act not in _NAMED_USE:
        return True
    return cleared_use in USES and use in {"", cleared_use}


def why_not_promise(vial: str, tier: str, for_kind: str) -> Refusal | None:
    """Say why a vial of this tier is not promised to this kind of thing, or None when it may be."""
    if for_kind != "request" or tier == "distribution":
        return None
    because = N_("%(vial)s is not distribution stock; requests get distribution stock only.")
    return Refusal("not_distribution", because, {"vial": vial, "tier": tier})


def why_not_clear(
    vial: str, *, person_id: int | None, asked_by: int | None, signed_by: frozenset[int]
) -> Refusal | None:
    """Say why this person does not clear a use, or None when they may: never their own, each once."""
    if person_id is None:
        because = N_("A person of quality clears the use of %(vial)s, not a program.")
        return Refusal("not_a_person", because, {"vial": vial})
    if person_id == asked_by:
        because = N_("You asked for %(vial)s yourself; somebody else of quality clears it.")
        return Refusal("own_request", because, {"vial": vial})
    if person_id in signed_by:
        because = N_(
            "You have signed for %(vial)s already; the second signature is somebody else's."
        )
        return Refusal("signed_already", because, {"vial": vial})
    return None


def why_not_witness(vial: str, destroyer: int, witness: int | None) -> Refusal | None:
    """Say why this person cannot be the witness of a destruction, or None when they can."""
    if witness is not None and witness != destroyer:
        return None
    because = N_("Who destroys %(vial)s is not its witness; a second person confirms it.")
    return Refusal("own_witness", because, {"vial": vial})


def why_not_policy(policy: Policy) -> Refusal | None:
    """Say why a tier cannot have this policy, or None when it can."""
    if not 0 <= policy.least_percent <= 100:
        because = N_("%(found)s %% is not a share; 0 to 100 is expected.")
        return Refusal("bad_percent", because, {"found": policy.least_percent})
    if policy.least_vials < 0 or (policy.rebank_below or 0) < 0 or (policy.longest_out_s or 0) < 0:
        return Refusal("negative", N_("A number below zero makes no sense here."))
    unknown = sorted(policy.uses - set(USES))
    if unknown:
        because = N_("“%(found)s” is not a use; one of %(expected)s is expected.")
        return Refusal("bad_use", because, {"found": unknown[0], "expected": ", ".join(USES)})
    return None
