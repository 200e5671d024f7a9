"""Sample types: what one may be, and when it may change."""

import re
from collections.abc import Collection

from server.core.errors import Refusal
from server.core.words import N_, N_n

LARGEST_UL = 10_000_000
LONGEST_NAME = 80
_SIZE = re.compile(r"[\w.+-]{0,20}")


def why_not_sample_type(
    name: str, vessel: str, size_class: str, largest_ul: int | None, vessels: Collection[str]
) -> tuple[str, Refusal] | None:
    """Say which part of a sample type cannot stay so, and why; None when all can."""
    if not name.strip() or len(name) > LONGEST_NAME:
        because = N_("“%(found)s” is no name of a sample type: 1 to 80 characters are expected.")
        return "name", _bad(because, name)
    if vessel not in vessels:
        because = N_("“%(found)s” is no vessel; one of these is expected: %(expected)s.")
        return "vessel", _bad(because, vessel, ", ".join(vessels))
    if not _SIZE.fullmatch(size_class):
        because = N_(
            "“%(found)s” is no size class; one word of at most 20 letters and digits is expected."
        )
        return "size_class", _bad(because, size_class)
    if largest_ul is not None and not 0 < largest_ul <= LARGEST_UL:
        because = N_("%(found)s µl was typed; a volume of 1 to %(expected)s µl is expected.")
        return "largest_ul", _bad(because, str(largest_ul), str(LARGEST_UL))
    return None


def _bad(because: str, found: str, expected: str = "") -> Refusal:
    return Refusal("bad_sample_type", because, {"found": found, "expected": expected})


def why_not_size_change(code: str, before: str, now: str, stored: int) -> Refusal | None:
    """Say why a type of which so many are in storage cannot get another size class, or None."""
    if before == now or not stored:
        return None
    because = N_n(
        "1 of type %(code)s is in storage as size “%(found)s”; it cannot become “%(expected)s”. Make a new type.",
        "%(count)s of type %(code)s are in storage as size “%(found)s”; they cannot become “%(expected)s”. Make a new type.",
        "count",
    )
    facts = {"count": stored, "code": code, "found": before, "expected": now}
    return Refusal("type_in_use", because, facts)


def why_not_smaller(code: str, largest_ul: int | None, fuller: int) -> Refusal | None:
    """Say why a type cannot hold so little when so many of it hold more, or None."""
    if largest_ul is None or not fuller:
        return None
    because = N_n(
        "1 of type %(code)s holds more than %(expected)s µl.",
        "%(count)s of type %(code)s hold more than %(expected)s µl.",
        "count",
    )
    return Refusal("type_in_use", because, {"count": fuller, "code": code, "expected": largest_ul})
