"""What may be a code or a name."""

import re
from collections import Counter
from collections.abc import Sequence

from server.core.errors import Refusal
from server.core.words import N_

LONGEST_CODE = 64
# No slash, for codes stand in addresses; no sign comes first, for a sheet would reckon with it.
CODE = re.compile(r"\w[\w.:+#-]*")


def why_not_code(code: str) -> Refusal | None:
    """Say why this cannot be the code of anything, or None when it can."""
    if not code:
        return Refusal("no_code", N_("A code is missing. Scan it or type it."))
    if len(code) > LONGEST_CODE:
        because = N_("This code has %(found)s characters; at most %(most)s are expected.")
        return Refusal("long_code", because, {"found": len(code), "most": LONGEST_CODE})
    if not CODE.fullmatch(code):
        because = N_(
            "“%(found)s” is not a code; letters and digits are expected, with . _ : + # - between."
        )
        return Refusal("bad_code", because, {"found": code})
    return None


def why_not_name(name: str) -> Refusal | None:
    """Say why this cannot be the name of a room, circuit or supply, which is read and never scanned."""
    if name.strip() and len(name) <= LONGEST_CODE and name.isprintable():
        return None
    because = N_("“%(found)s” is not a name: 1 to %(most)s characters are expected.")
    return Refusal("bad_name", because, {"found": name[:80], "most": LONGEST_CODE})


def why_not_codes(codes: Sequence[str]) -> Refusal | None:
    """Say why these cannot be the codes of new tubes, or None when they can."""
    if not codes:
        return why_not_code("")
    refusal = next((found for code in codes if (found := why_not_code(code))), None)
    twice = next((code for code, times in Counter(codes).items() if times > 1), None)
    if refusal is None and twice is not None:
        because = N_("%(code)s stands here twice; a code is given once.")
        return Refusal("code_twice", because, {"code": twice})
    return refusal
