"""What the code of an organisation looks like."""

import re

from server.core.errors import Refusal
from server.core.words import N_

CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,15}")


def why_not_code(code: str) -> Refusal | None:
    """Say why this cannot be an organisation's code, or None when it can."""
    if CODE.fullmatch(code):
        return None
    because = N_("“%(found)s” is not a code; 2 to 16 capital letters, digits and - are expected.")
    return Refusal("bad_code", because, {"found": code})


def why_not_country(country: str) -> Refusal | None:
    """Say why this is no country code, or None when it is one (or empty)."""
    if not country or re.fullmatch(r"[A-Z]{2}", country):
        return None
    because = N_("“%(found)s” is not a country code; two letters such as CN are expected.")
    return Refusal("bad_country", because, {"found": country})
