"""One-time codes: what they look like, and what is kept of them. Plain functions."""

import hashlib
import re
from datetime import timedelta
from typing import Final

LIVES: Final = timedelta(minutes=10)
LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""None that are mistaken for another when read aloud or off a screen."""
GROUPS: Final = 4
GROUP: Final = 5
FINGERPRINT_DIGITS: Final = 40
"""So much of the authority's fingerprint stands in a code: 160 bits, which nobody can imitate."""
_SECRET = re.compile(rf"[{LETTERS}]{{{GROUPS * GROUP}}}\Z")


def written(numbers: list[int], fingerprint: str) -> str:
    """Return the code as it is shown: the secret in groups, a dot, and whom to trust.

    `numbers` are random ones below `len(LETTERS)`; without a fingerprint there is the secret alone.
    """
    letters = "".join(LETTERS[number] for number in numbers)
    groups = "-".join(letters[i : i + GROUP] for i in range(0, len(letters), GROUP))
    return f"{groups}.{fingerprint[:FINGERPRINT_DIGITS]}" if fingerprint else groups


def secret_of(code: str) -> str | None:
    """Return the secret of a code as somebody typed it, or None where it cannot be one."""
    bare = code.partition(".")[0].replace("-", "").replace(" ", "").upper()
    return bare if _SECRET.match(bare) else None


def kept(secret: str) -> str:
    """Return what the database keeps: a plain hash is enough for 98 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
