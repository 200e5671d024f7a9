"""What forms about setting aside offer to choose from."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from server.alarms import asides, wording
from server.kit.i18n import gettext, language

HOURS: Final = (0.5, 1, 2, 4, 8, 24, 72, 168, 720, 2160)
"""From half an hour to ninety days."""


def hours(most: timedelta) -> list[tuple[str, str]]:
    """Return (hours, in words) up to this maximum."""
    offered = [one for one in HOURS if timedelta(hours=one) <= most]
    return [(f"{one:g}", wording.span(one * 3600).text(language())) for one in offered]


def modes(offered: Sequence[str] = asides.MODES) -> list[tuple[str, str]]:
    """Return (mode, what it means) for a list to choose from."""
    said = []
    for mode in offered:
        word, hint = gettext(asides.MODE_WORDS[mode]), gettext(asides.MODE_HINTS[mode])
        said.append((mode, f"{word}: {hint}"))
    return said
