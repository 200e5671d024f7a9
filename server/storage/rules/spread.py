"""What fails together: a lot of which all vials are in one freezer, on one supply, in one room (BR-14)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.core.errors import Refusal
from server.core.words import N_

LEAST_VIALS = 2
"""A single vial cannot be in two places."""
BANKS = ("seed", "master", "working")
"""The tiers that are split by rule; others are only shown."""


@dataclass(frozen=True)
class Domains:
    """How many stored vials of a lot each freezer, nitrogen supply, room and circuit holds, by its code."""

    lot: str
    tier: str
    vials: int
    freezers: Mapping[str, int] = field(default_factory=dict)
    supplies: Mapping[str, int] = field(default_factory=dict)
    rooms: Mapping[str, int] = field(default_factory=dict)
    circuits: Mapping[str, int] = field(default_factory=dict)
    sites: Mapping[str, int] = field(default_factory=dict)


def why_at_risk(domains: Domains) -> Refusal | None:
    """Say with what all vials of a lot would be lost at once, the narrowest thing first; or None."""
    if domains.vials < LEAST_VIALS:
        return None
    kinds = (
        ("freezer", domains.freezers, N_("All %(vials)s vials of %(lot)s are in one freezer, %(what)s.")),
        ("supply", domains.supplies, N_("All %(vials)s vials of %(lot)s hang on one nitrogen supply, %(what)s.")),
        ("circuit", domains.circuits, N_("All %(vials)s vials of %(lot)s hang on one circuit, %(what)s.")),
        ("room", domains.rooms, N_("All %(vials)s vials of %(lot)s are in one room, %(what)s.")),
    )  # fmt: skip
    for code, found, because in kinds:
        if len(found) == 1 and sum(found.values()) == domains.vials:
            facts = {"vials": domains.vials, "lot": domains.lot, "what": next(iter(found))}
            return Refusal(f"one_{code}", because, facts)
    return None


def must_split(domains: Domains) -> bool:
    """Say whether it is a bank that has to be split and is not."""
    return domains.tier in BANKS and why_at_risk(domains) is not None
