"""What a cell line and a lot may be called, and what may be said of them."""

import re
from collections.abc import Sequence
from datetime import date

from server.core.errors import Refusal
from server.core.words import N_, words_of

ACCESSION = re.compile(r"CVCL_[A-Z0-9]{4}")
CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
MOST_NAMES, LONGEST_NAME = 40, 120

TIERS = {
    "seed": N_("seed bank"),
    "master": N_("master bank"),
    "working": N_("working bank"),
    "distribution": N_("distribution stock"),
    "safety": N_("safety duplicate"),
    "retention": N_("retention sample"),
}
DISPOSITIONS = {
    "quarantined": N_("in quarantine"),
    "released": N_("released"),
    "rejected": N_("rejected"),
    "recalled": N_("recalled"),
}
NEXT_DISPOSITION = {
    "quarantined": ("released", "rejected"),
    "released": ("quarantined", "recalled"),
    "rejected": (),
    "recalled": (),
}
RELEASED = N_("%(lot)s is released as it is; quality puts it back into quarantine before a change.")
BIOSAFETY_LEVELS = (1, 2, 3)

CATEGORIES = {
    "Cancer cell line": N_("Cancer cell line"),
    "Transformed cell line": N_("Transformed cell line"),
    "Spontaneously immortalized cell line": N_("Spontaneously immortalized cell line"),
    "Telomerase immortalized cell line": N_("Telomerase immortalized cell line"),
    "Conditionally immortalized cell line": N_("Conditionally immortalized cell line"),
    "Finite cell line": N_("Finite cell line"),
    "Embryonic stem cell": N_("Embryonic stem cell"),
    "Induced pluripotent stem cell": N_("Induced pluripotent stem cell"),
    "Adult stem cell": N_("Adult stem cell"),
    "Stromal cell line": N_("Stromal cell line"),
    "Somatic stem cell": N_("Somatic stem cell"),
    "Hybridoma": N_("Hybridoma"),
    "Hybrid cell line": N_("Hybrid cell line"),
    "Factor-dependent cell line": N_("Factor-dependent cell line"),
    "Undefined cell line type": N_("Undefined cell line type"),
}
"""The categories of Cellosaurus."""


def why_not_code(code: str) -> Refusal | None:
    """Say why a line or lot cannot be called so, or None when it can."""
    if CODE.fullmatch(code):
        return None
    because = N_(
        "“%(found)s” cannot be a code: capital letters, digits and . _ - are expected, 32 at most."
    )
    return Refusal("bad_code", because, {"found": code})


def why_not_accession(accession: str) -> Refusal | None:
    """Say why this is no Cellosaurus accession, or None when it is one (or empty)."""
    if not accession or ACCESSION.fullmatch(accession):
        return None
    because = N_(
        "“%(found)s” is not a Cellosaurus accession; CVCL_ and four letters or digits are expected."
    )
    return Refusal("bad_accession", because, {"found": accession})


def read_names(written: str, own: str) -> list[str]:
    """Return the other names in a text: one a line or between semicolons, each once, without the own one."""
    found = (" ".join(name.split()) for name in re.split(r"[;\n]", written))
    return list(dict.fromkeys(name for name in found if name and name != own))


def why_not_names(names: Sequence[str]) -> Refusal | None:
    """Say why a line cannot have these other names, or None when it can."""
    if len(names) > MOST_NAMES:
        because = N_("%(found)s other names were given; at most %(most)s are expected.")
        return Refusal("many_names", because, {"found": len(names), "most": MOST_NAMES})
    long = next((name for name in names if len(name) > LONGEST_NAME), None)
    if long is None:
        return None
    because = N_("The name “%(found)s” has more than %(most)s characters.")
    return Refusal("long_name", because, {"found": long, "most": LONGEST_NAME})


def why_not_frozen_on(frozen_on: date | None, today: date) -> Refusal | None:
    """Say that a lot cannot have been frozen in the future, or None."""
    if frozen_on is None or frozen_on <= today:
        return None
    because = N_("%(found)s has not come yet; the day of freezing lies in the past.")
    return Refusal("future", because, {"found": frozen_on.isoformat()})


def why_not_tier(tier: str) -> Refusal | None:
    """Say that there is no such tier, or None when there is."""
    if tier in TIERS:
        return None
    because = N_("“%(found)s” is not a tier; one of %(expected)s is expected.")
    return Refusal("bad_tier", because, {"found": tier, "expected": ", ".join(TIERS)})


def why_not_ceiling(
    lot: str,
    passage: int | None,
    pdl: float | None,
    passage_ceiling: int | None,
    pdl_ceiling: float | None,
) -> Refusal | None:
    """Say that a lot is further from its origin than its line allows (BR-13), or None."""
    for found, most, code, because in (
        (
            passage,
            passage_ceiling,
            "passage_ceiling",
            N_("The passage of %(lot)s is %(found)s; the line's ceiling is %(most)s."),
        ),
        (
            pdl,
            pdl_ceiling,
            "pdl_ceiling",
            N_("%(lot)s has %(found)s population doublings; the line's ceiling is %(most)s."),
        ),
    ):
        if found is not None and most is not None and found > most:
            return Refusal(code, because, {"lot": lot, "found": found, "most": most})
    return None


def why_not_change(lot: str, disposition: str) -> Refusal | None:
    """Say why what is said of a lot cannot be changed, or None when it can: a release was signed for what it says."""
    if disposition != "released":
        return None
    return Refusal("released", RELEASED, {"lot": lot})


def why_not_decide(lot: str, now: str, wanted: str) -> Refusal | None:
    """Say why a lot cannot get this disposition, or None when it can."""
    if wanted in NEXT_DISPOSITION.get(now, ()):
        return None
    if not NEXT_DISPOSITION.get(now):
        because = N_("%(lot)s has been rejected or recalled; that is final.")
        return Refusal("final", because, {"lot": lot, "now": now})
    because = N_("%(lot)s cannot go from “%(now)s” to “%(wanted)s”.")
    words = (words_of(DISPOSITIONS, [one]) for one in (now, wanted))
    facts = {"lot": lot, **dict(zip(("now", "wanted"), words, strict=True))}
    return Refusal("bad_disposition", because, facts)
