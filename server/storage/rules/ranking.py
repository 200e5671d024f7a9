"""Which of many finds is shown first."""

from collections.abc import Sequence
from dataclasses import dataclass

from server.search.rules import normal

ORDER = (
    "line", "lot", "vial", "freezer", "rack", "box", "person", "request", "project", "site", "organisation",
)  # fmt: skip
"""In which order kinds are shown that fit equally well."""
LEAST_OF_A_KIND = 3
Ranked = tuple[tuple[object, ...], "Fit"]


@dataclass(frozen=True)
class Fit:
    """One thing that was found, by what it is ranked."""

    kind: str
    id: int
    code: str
    name: str = ""
    here: bool = False
    """A vial that is in storage."""


def rank(wanted: str, fit: Fit) -> tuple[object, ...]:
    """Return the key by which finds are sorted (`wanted` is what was asked for, made `normal`): an exact code first, then exact names, beginnings, the rest;
    of vials those that are in storage first.
    """
    code, name = normal(fit.code), normal(fit.name)
    how = (
        0 if code == wanted
        else 1 if name == wanted
        else 2 if code.startswith(wanted)
        else 3 if name.startswith(wanted)
        else 4 if wanted in name
        else 5
    )  # fmt: skip
    return how, _place(fit.kind), not fit.here, len(fit.code), code, fit.id


def _place(kind: str) -> int:
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


def best(asked: str, fits: Sequence[Fit], most: int) -> list[Fit]:
    """Return so many of the finds, the best first; of each kind that was found at least some."""
    wanted = normal(asked)
    ranked = sorted(((rank(wanted, fit), fit) for fit in fits), key=_key)
    by_kind: dict[str, list[Ranked]] = {}
    for one in ranked:
        by_kind.setdefault(one[1].kind, []).append(one)
    chosen = [one for found in by_kind.values() for one in found[:LEAST_OF_A_KIND]]
    chosen = sorted(chosen, key=_key)[:most]
    rest = [one for found in by_kind.values() for one in found[LEAST_OF_A_KIND:]]
    chosen += sorted(rest, key=_key)[: most - len(chosen)]
    return [fit for _rank, fit in sorted(chosen, key=_key)]


def _key(ranked: Ranked) -> tuple[object, ...]:
    return ranked[0]
