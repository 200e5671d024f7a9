"""What may be made out of which vials, and how much of them is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.catalogue.rules import why_not_ceiling
from server.core.errors import Refusal
from server.core.words import N_
from server.genealogy.rules import RELATIONS, WITHOUT_CULTURE

MOST_CHILDREN = 200
MOST_NAMED = 5
MOST_UL = 10_000_000
"""What no vessel of a bank holds more than, where its type does not say."""
CULTURE_RELATIONS = {word: text for word, text in RELATIONS.items() if word not in WITHOUT_CULTURE}
"""The ways in which a new lot comes out of vials by culture."""
LOT_RELATIONS = {word: text for word, text in RELATIONS.items() if word != "formulation"}

PARENT_TIERS: Mapping[str, frozenset[str]] = {
    "master": frozenset({"seed"}),
    "working": frozenset({"master"}),
    "distribution": frozenset({"seed", "master"}),
}
"""From which tiers a lot of this tier is made; a tier that is not named is made from any."""
FROM_RELEASED = frozenset({"distribution"})
WITH_PARENTS = tuple(PARENT_TIERS)
"""Lots of these tiers came out of vials; one without any recorded is said to be without."""


@dataclass(frozen=True)
class ParentLot:
    """What matters of the lot of a parent vial."""

    vial: str
    lot: str
    tier: str
    disposition: str
    passage: int | None = None
    pdl: float | None = None


@dataclass(frozen=True)
class ChildLot:
    """What matters of the lot that is made."""

    lot: str
    tier: str
    passage: int | None = None
    pdl: float | None = None
    passage_ceiling: int | None = None
    pdl_ceiling: float | None = None


def why_not_lot_from(
    child: ChildLot, parents: Sequence[ParentLot], relation: str
) -> Refusal | None:
    """Say why this lot cannot be made from vials of these lots, or None when it can."""
    if not parents:
        because = N_("Scan the vials from which %(lot)s was made.")
        return Refusal("no_parent", because, {"lot": child.lot})
    if relation not in LOT_RELATIONS:
        because = N_("“%(found)s” is not a way in which one thing comes out of another.")
        return Refusal("bad_relation", because, {"found": relation})
    if refusal := why_not_ceiling(
        child.lot, child.passage, child.pdl, child.passage_ceiling, child.pdl_ceiling
    ):
        return refusal
    released = (_why_not_released(child, parent) for parent in parents)
    return next((one for one in released if one), None) or why_not_follow(child, parents, relation)


def why_not_follow(child: ChildLot, parents: Sequence[ParentLot], relation: str) -> Refusal | None:
    """Say why tier, passage or doublings of a lot do not follow from those of its parents, or None."""
    tests = (_why_not_tier, why_not_passage)
    found = (test(child, parent, relation) for parent in parents for test in tests)
    return next((one for one in found if one), None) or _why_not_pdl(child, parents, relation)


def _why_not_tier(child: ChildLot, parent: ParentLot, relation: str) -> Refusal | None:
    allowed = PARENT_TIERS.get(child.tier)
    same = parent.tier == child.tier and relation in WITHOUT_CULTURE
    if allowed is None or parent.tier in allowed or same:
        return None
    facts = {"lot": child.lot, "vial": parent.vial, "parent": parent.lot}
    because = {
        "master": N_(
            "%(lot)s is a master bank, made from a seed bank; %(vial)s of %(parent)s is not."
        ),
        "working": N_(
            "%(lot)s is a working bank, made from a master bank; %(vial)s of %(parent)s is not."
        ),
        "distribution": N_(
            "%(lot)s is distribution stock, made from a seed or master bank; %(vial)s of %(parent)s is not."
        ),
    }[child.tier]
    return Refusal("wrong_parent_tier", because, facts)


def _why_not_released(child: ChildLot, parent: ParentLot) -> Refusal | None:
    if child.tier not in FROM_RELEASED or parent.disposition == "released":
        return None
    because = N_(
        "Distribution stock is made from released lots only, and %(parent)s, the lot of %(vial)s, is not released."
    )
    return Refusal("parent_not_released", because, {"parent": parent.lot, "vial": parent.vial})


def why_not_passage(child: ChildLot, parent: ParentLot, relation: str) -> Refusal | None:
    """Say why the passage does not follow from the parent's, or None when it does.

    It grows with every culture; it stays the same where nothing was cultured.
    """
    if parent.passage is None:
        return None
    facts = {
        "lot": child.lot,
        "found": child.passage,
        "parent": parent.lot,
        "passage": parent.passage,
    }
    if child.passage is None:
        because = N_("Say the passage of %(lot)s; that of its parent %(parent)s is %(passage)s.")
        return Refusal("no_passage", because, facts)
    if relation in WITHOUT_CULTURE:
        if child.passage == parent.passage:
            return None
        because = N_(
            "%(lot)s was not cultured, so its passage is that of %(parent)s: %(passage)s, not %(found)s."
        )
        return Refusal("passage_differs", because, facts)
    if child.passage > parent.passage:
        return None
    because = N_(
        "The passage of %(lot)s is %(found)s; more than %(passage)s, that of its parent %(parent)s, is expected."
    )
    return Refusal("passage_not_higher", because, facts)


def _why_not_pdl(child: ChildLot, parents: Sequence[ParentLot], relation: str) -> Refusal | None:
    """Say why the doublings do not follow: they never fall, and stay those of the oldest without culture."""
    known = [parent for parent in parents if parent.pdl is not None]
    if not known:
        return None
    oldest = max(known, key=lambda one: one.pdl or 0)
    facts = {"lot": child.lot, "found": child.pdl, "least": oldest.pdl, "parent": oldest.lot}
    if child.pdl is None:
        because = N_(
            "Say the population doublings of %(lot)s; its parent %(parent)s has %(least)s."
        )
        return Refusal("no_pdl", because, facts)
    if child.pdl < (oldest.pdl or 0):
        because = N_(
            "%(lot)s has %(found)s population doublings; at least %(least)s, those of its parent %(parent)s, are expected."
        )
        return Refusal("pdl_falls", because, facts)
    if relation in WITHOUT_CULTURE and child.pdl != oldest.pdl:
        because = N_(
            "%(lot)s was not cultured, so its population doublings are those of %(parent)s: %(least)s, not %(found)s."
        )
        return Refusal("pdl_differs", because, facts)
    return None


def why_not_draw(vial: str, volume_ul: int | None, wanted_ul: int) -> Refusal | None:
    """Say why so much cannot be taken from a vial, or None when it can."""
    if wanted_ul <= 0:
        because = N_("%(found)s µl is not a volume that was taken; more than 0 is expected.")
        return Refusal("bad_volume", because, {"found": wanted_ul})
    if volume_ul is None:
        because = N_("How much is in %(vial)s is not known; measure it first.")
        return Refusal("volume_unknown", because, {"vial": vial})
    if wanted_ul > volume_ul:
        because = N_("%(vial)s has %(volume)s µl; %(wanted)s µl cannot be taken from it.")
        facts = {"vial": vial, "volume": volume_ul, "wanted": wanted_ul}
        return Refusal("volume_below_zero", because, facts)
    return None


def why_not_measured(vial: str, found_ul: int, largest_ul: int | None) -> Refusal | None:
    """Say why so much cannot be in a vial, or None when it can."""
    if found_ul < 0:
        because = N_("%(found)s µl cannot be in %(vial)s; 0 or more is expected.")
        return Refusal("bad_volume", because, {"vial": vial, "found": found_ul})
    most = MOST_UL if largest_ul is None else largest_ul
    if found_ul > most:
        because = N_("%(found)s µl do not fit into %(vial)s; at most %(most)s µl are expected.")
        return Refusal("too_much", because, {"vial": vial, "found": found_ul, "most": most})
    return None


def why_not_reversed(vial: str, children: Sequence[str]) -> Refusal | None:
    """Say that an ending stands while what came out of the vial stands, or None where nothing did."""
    if not children:
        return None
    because = N_(
        "By the record %(children)s came out of %(vial)s. If that is wrong too, take its lineage back first."
    )
    named = ", ".join(children[:MOST_NAMED]) + (" …" if len(children) > MOST_NAMED else "")
    return Refusal("has_children", because, {"vial": vial, "children": named})


def why_not_children(count: int) -> Refusal | None:
    """Say why so many new tubes cannot be made at once, or None when they can."""
    if 1 <= count <= MOST_CHILDREN:
        return None
    because = N_("%(found)s new tubes were named; 1 to %(most)s are expected.")
    return Refusal("bad_children", because, {"found": count, "most": MOST_CHILDREN})
