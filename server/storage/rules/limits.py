"""What may go where: the limits of a container and of all that it stands in."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from server.catalogue.rules import TIERS
from server.core.errors import Refusal
from server.core.words import N_, Listed, words_of

SUBJECTS = ("container_type", "sample_type", "tier", "project", "quarantine")
ONLY, NEVER = "only", "never"
_WORDS: Mapping[str, Mapping[str, str]] = {
    "tier": TIERS,
    "quarantine": {
        ONLY: N_("stock in quarantine or on hold"),
        NEVER: N_("stock neither in quarantine nor on hold"),
    },
}
"""What the values of a subject are called, where they are words of ours."""
CRYOVIAL = "cryovial"
"""The sample type of a vial that names none."""


@dataclass(frozen=True)
class Limit:
    """What one container allows of one subject; it binds what goes into it and into all that is in it."""

    box: str
    subject: str
    values: frozenset[str]
    direct: bool = True
    """Whether it is the container itself into which something goes, not one further out."""


@dataclass(frozen=True)
class Stock:
    """What a limit asks of a vial."""

    code: str
    tier: str
    sample_type: str = CRYOVIAL
    project: str = ""
    apart: bool = False
    """Its lot is not released, or a hold bears on it."""
    size_class: str = ""


@dataclass(frozen=True)
class Vessel:
    """What a limit asks of a rack or box."""

    code: str
    kind: str
    type: str = ""
    size_class: str = ""


def why_not_stock(limits: Iterable[Limit], stock: Stock) -> Refusal | None:
    """Say why a vial may not go where these limits hold, or None when it may."""
    for limit in limits:
        if limit.subject == "quarantine":
            refusal = _why_not_apart(limit, stock)
        elif limit.subject == "container_type":
            continue
        else:
            refusal = _why_not_value(limit, stock)
        if refusal:
            return refusal
    return None


def _why_not_apart(limit: Limit, stock: Stock) -> Refusal | None:
    facts = {"box": limit.box, "code": stock.code}
    if stock.apart and NEVER in limit.values:
        because = N_(
            "%(code)s is in quarantine or on hold, and %(box)s takes released stock only."
            " Put it where quarantine is allowed."
        )
        return Refusal("quarantined", because, facts)
    if not stock.apart and ONLY in limit.values:
        because = N_("%(box)s takes only stock in quarantine or on hold; %(code)s is neither.")
        return Refusal("not_quarantined", because, facts)
    return None


def _why_not_value(limit: Limit, stock: Stock) -> Refusal | None:
    found = {"sample_type": stock.sample_type, "tier": stock.tier, "project": stock.project}
    if found[limit.subject] in limit.values:
        return None
    because = {
        "sample_type": N_("%(box)s takes only %(expected)s; %(code)s is of type %(found)s."),
        "tier": N_("%(box)s takes only the tiers %(expected)s; %(code)s is %(found)s."),
        "project": N_(
            "%(box)s is for the project %(expected)s; %(code)s belongs to project %(found)s."
        ),
    }[limit.subject]
    if limit.subject == "project" and not stock.project:
        because = N_("%(box)s is for the project %(expected)s; %(code)s belongs to none.")
    return _refused(limit, stock.code, found[limit.subject], because)


def why_not_vessel(
    limits: Iterable[Limit], vessel: Vessel, kinds: Mapping[str, str]
) -> Refusal | None:
    """Say why a rack or box may not go where these limits hold; `kinds` says of which kind each type is.

    The container itself names all types that go directly into it; one further out binds only the
    kinds of which it names a type.
    """
    for limit in limits:
        if limit.subject != "container_type":
            continue
        alike = {one for one in limit.values if kinds.get(one) == vessel.kind}
        if vessel.type in alike or (not limit.direct and not alike):
            continue
        because = N_("%(box)s takes only containers of type %(expected)s; %(code)s is %(found)s.")
        if not vessel.type:
            because = N_("%(box)s takes only containers of type %(expected)s; %(code)s has none.")
        return _refused(limit, vessel.code, vessel.type, because)
    return None


def _refused(limit: Limit, code: str, found: str, because: str) -> Refusal:
    facts = {
        "box": limit.box,
        "code": code,
        "found": _words(limit.subject, [found]),
        "expected": _words(limit.subject, limit.values),
    }
    return Refusal(f"{limit.subject}_not_allowed", because, facts)


def _words(subject: str, values: Iterable[str]) -> Listed:
    return words_of(_WORDS.get(subject, {}), sorted(values))


def why_not_size(position: str, box: str, expected: str, code: str, found: str) -> Refusal | None:
    """Say that something does not fit into a position of another size class, or None when it does.

    What has no class fits wherever none is named; what has one fits there too, and where its own is named.
    """
    if expected in ("", found):
        return None
    facts = {"position": position, "box": box, "expected": expected, "code": code, "found": found}
    if not found:
        because = N_("%(position)s of %(box)s is for size %(expected)s; %(code)s names no size.")
    else:
        because = N_(
            "%(position)s of %(box)s is for size %(expected)s; %(code)s is of size %(found)s."
        )
    return Refusal("wrong_size", because, facts)


def why_not_limits(
    box: str, wanted: Mapping[str, Collection[str]], outer: Iterable[Limit]
) -> Refusal | None:
    """Say why these cannot be the limits of a container that stands where the outer ones hold, or None."""
    unknown = [subject for subject in wanted if subject not in SUBJECTS]
    if unknown:
        because = N_("“%(found)s” is nothing that can be limited: %(known)s are expected.")
        facts = {"found": unknown[0], "known": ", ".join(SUBJECTS)}
        return Refusal("bad_limit", because, facts)
    if (
        not set(wanted.get("quarantine", ())) <= {ONLY, NEVER}
        or len(set(wanted.get("quarantine", ()))) > 1
    ):
        because = N_("Quarantine is allowed here only, never, or not limited.")
        return Refusal("bad_limit", because)
    return next(
        (found for limit in outer if (found := _why_nothing_left(box, wanted, limit))), None
    )


def _why_nothing_left(
    box: str, wanted: Mapping[str, Collection[str]], outer: Limit
) -> Refusal | None:
    values = set(wanted.get(outer.subject, ()))
    if not values or outer.subject == "container_type" or values & outer.values:
        return None
    because = N_(
        "%(outer)s, in which %(box)s stands, allows only %(expected)s; with %(found)s nothing could go into it."
    )
    facts = {
        "outer": outer.box,
        "box": box,
        "expected": _words(outer.subject, outer.values),
        "found": _words(outer.subject, values),
    }
    return Refusal("nothing_left", because, facts)
