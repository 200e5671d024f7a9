"""Limits of containers in words."""

from collections.abc import Iterable

from server.catalogue.rules import TIERS
from server.core.words import N_
from server.kit.i18n import gettext
from server.storage.rules.limits import NEVER, Limit

SUBJECT_WORDS = {
    "container_type": N_("Container types"),
    "sample_type": N_("Sample types"),
    "tier": N_("Tiers"),
    "project": N_("Projects"),
    "quarantine": N_("Quarantined or held stock"),
}


def limit_rows(limits: Iterable[Limit]) -> list[tuple[str, str]]:
    """Return limits as (what is limited, what is allowed and who says so)."""
    return [
        (
            gettext(SUBJECT_WORDS[one.subject]),
            gettext("%(allowed)s, by %(box)s", allowed=_allowed(one), box=one.box),
        )
        for one in limits
    ]


def _allowed(limit: Limit) -> str:
    if limit.subject == "quarantine":
        return gettext("never") if NEVER in limit.values else gettext("only")
    if limit.subject == "tier":
        return ", ".join(gettext(TIERS.get(tier, tier)) for tier in sorted(limit.values))
    return ", ".join(sorted(limit.values))
