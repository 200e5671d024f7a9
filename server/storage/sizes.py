"""Size classes and heights as they stand in a row: JSON, read once for all rows alike."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache


@lru_cache(maxsize=512)
def _sizes(text: str) -> dict[str, str]:
    return dict(json.loads(text or "{}"))


@lru_cache(maxsize=512)
def _heights(text: str) -> tuple[float, ...]:
    return tuple(json.loads(text or "[]"))


def size_at(text: str, ordinal: int) -> str:
    """Return the size class that this position is for; empty where it takes every size."""
    sizes = _sizes(text)
    return sizes.get(str(ordinal), sizes.get("", ""))


def sizes_of(text: str) -> Mapping[str, str]:
    """Return the size classes by ordinal (as text), "" for all others."""
    return _sizes(text)


def heights_of(text: str) -> Sequence[float]:
    """Return the height of each row in mm above the container's own floor; empty where unknown."""
    return _heights(text)


def as_json(found: object) -> str:
    """Return data as it is kept in a row, the same data always in the same words."""
    return json.dumps(found, sort_keys=True, separators=(",", ":"))
