"""Setting alarms aside: for how long at most, who must agree, and when somebody is reminded. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from server.core.errors import Refusal
from server.core.words import N_

Mode = Literal["shelved_timed", "shelved_once", "suppressed", "out_of_service"]
MODES: Final[tuple[Mode, ...]] = ("shelved_timed", "shelved_once", "suppressed", "out_of_service")
SHELVING: Final[tuple[Mode, ...]] = ("shelved_timed", "shelved_once")
"""What can be done to one alarm on its own page."""
MODE_WORDS: Final[Mapping[str, str]] = {
    "shelved_timed": N_("shelved for a time"),
    "shelved_once": N_("shelved until this alarm ends"),
    "suppressed": N_("suppressed by design"),
    "out_of_service": N_("out of service"),
}
MODE_HINTS: Final[Mapping[str, str]] = {
    "shelved_timed": N_("somebody works on it and does not want to be called"),
    "shelved_once": N_("the next alarm of this rule calls again"),
    "suppressed": N_("it is known not to matter while something else is so"),
    "out_of_service": N_("nothing of value stands there: empty, defrosted, under repair"),
}
LONGEST: Final[Mapping[str, timedelta]] = {
    "shelved_timed": timedelta(days=7),
    "shelved_once": timedelta(days=7),
    "suppressed": timedelta(days=30),
    "out_of_service": timedelta(days=90),
}
"""The hard maximum of each mode."""
LONGEST_CRITICAL: Final = timedelta(hours=24)
"""So long at most a critical rule, or a thing that may have critical rules, is shelved."""
LONGEST_SAFETY: Final = timedelta(hours=24)
"""So long at most life safety is set aside in any mode, by two persons."""
LONGEST_OFF: Final = timedelta(days=90)
LONGEST_OFF_CRITICAL: Final = timedelta(days=7)
"""So long at most a rule is switched off; then it is watched for again."""
DAILY: Final = timedelta(days=1)
BEFORE_THE_END: Final = timedelta(hours=1)
MOST_WORDS: Final = 500


def longest(mode: str, *, critical: bool, safety: bool) -> timedelta:
    """Return the hard maximum; `critical` also where a whole freezer, agent or site is meant."""
    most = LONGEST[mode]
    if critical and mode in {"shelved_timed", "shelved_once"}:
        most = LONGEST_CRITICAL
    return min(most, LONGEST_SAFETY) if safety else most


def longest_off(severity: str) -> timedelta:
    """Return for how long a rule of this severity can be switched off."""
    return LONGEST_OFF_CRITICAL if severity == "critical" else LONGEST_OFF


def after(at: datetime, hours: float) -> datetime:
    """Return the moment so many hours later; what nobody can mean is a year, and is refused as too long."""
    return at + timedelta(hours=min(max(hours, 0.0), 366 * 24.0))


def why_not(
    mode: str, because: str, lasts: timedelta, most: timedelta
) -> tuple[str, Refusal] | None:
    """Say which field of a wish to set something aside cannot be right and why, or None."""
    if mode not in MODES:
        return "mode", Refusal("bad_mode", N_("Choose how it is set aside."))
    if found := why_not_reason(because):
        return "reason", found
    if found := why_not_so_long(lasts, most):
        return "hours", found
    return None


def why_not_reason(because: str) -> Refusal | None:
    """Say why this is no reason, or None where it can be one."""
    if not because.strip():
        return Refusal(
            "reason_missing", N_("Say why nobody needs to be called; everybody can read it.")
        )
    if len(because) > MOST_WORDS:
        too_long = N_("The reason has %(found)s characters; at most %(most)s are expected.")
        return Refusal("too_long", too_long, {"found": len(because), "most": MOST_WORDS})
    return None


def why_not_so_long(lasts: timedelta, most: timedelta) -> Refusal | None:
    """Say why something cannot be set aside for so long, or None where it can."""
    if timedelta(0) < lasts <= most:
        return None
    hours = f"{lasts.total_seconds() / 3600:g}"
    because = N_(
        "%(found)s h cannot be; more than 0 and at most %(most)s h are expected. It can be set aside anew."
    )
    return Refusal("bad_duration", because, {"found": hours, "most": most // timedelta(hours=1)})


def next_reminder(now: datetime, until: datetime) -> datetime | None:
    """Return when somebody is reminded next: a day from now, and an hour before the end; None after that."""
    last = until - BEFORE_THE_END
    if now + DAILY < last:
        return now + DAILY
    return last if last > now else None
