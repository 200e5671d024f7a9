"""What a person is told later: quiet hours, and more notices than they want at once. Pure.

Critical alarms and life safety are never held: that is asked first, so that no setting of a person, and no
flood of milder notices, can mute them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from server.core.errors import Refusal
from server.core.words import N_
from server.notify.along import LIFE_SAFETY
from server.notify.hours import Hours

SEVERITIES = ("warning", "high", "critical")
"""From the mildest to the worst."""
CAN_BE_QUIET = ("warning", "high")
WINDOW = timedelta(minutes=10)
MOST_IN_WINDOW = 10
"""Where a person has not said otherwise: more than ten alarms in ten minutes are a flood (ISA-18.2)."""
LEAST_LIMIT, MOST_LIMIT = 1, 100
LONGEST = timedelta(hours=24)
"""So long at most anything is held, also by hours that leave no gap."""
QUIET, LIMIT = "quiet", "limit"


@dataclass(frozen=True)
class Quiet:
    """Quiet hours of a person, and the worst that they hold back."""

    hours: Hours
    zone: ZoneInfo
    most_severe: str


@dataclass(frozen=True)
class Hold:
    """That something is told later: why, and when."""

    why: str
    until: datetime


def is_never_held(severity: str, alarm_class: str = "") -> bool:
    """Say whether nothing may mute or delay this; a severity that nobody knows is as bad as it gets."""
    return severity not in CAN_BE_QUIET or alarm_class == LIFE_SAFETY


def is_at_least(severity: str, least: str) -> bool:
    """Say whether this is as bad as `least`, or worse; what nobody knows is."""
    if severity not in SEVERITIES or least not in SEVERITIES:
        return True
    return SEVERITIES.index(severity) >= SEVERITIES.index(least)


def hold(
    severity: str,
    alarm_class: str,
    quiet: Sequence[Quiet],
    told: Sequence[datetime],
    most: int,
    now: datetime,
) -> Hold | None:
    """Return why and until when a notice waits, or None: it is told now.

    `told` is when this person was told of something lately, `most` how many notices they want in ten minutes.
    """
    if is_never_held(severity, alarm_class):
        return None
    until = _quiet_until(severity, quiet, now)
    if until > now:
        return Hold(QUIET, until)
    lately = sorted(at for at in told if now - at < WINDOW)
    return Hold(LIMIT, lately[-most] + WINDOW) if len(lately) >= most else None


def _quiet_until(severity: str, quiet: Sequence[Quiet], now: datetime) -> datetime:
    mine = [one for one in quiet if is_at_least(one.most_severe, severity)]
    until, latest = now, now + LONGEST
    while until < latest:
        spans = (one.hours.holding(one.zone, until) for one in mine)
        ends = [span[1] for span in spans if span]
        if not ends:
            return until
        until = max(ends)
    return latest


def why_not_limit(most: int) -> Refusal | None:
    """Say why this cannot be the most notices in ten minutes, or None when it can."""
    if LEAST_LIMIT <= most <= MOST_LIMIT:
        return None
    because = N_("%(found)s notices in ten minutes; from %(least)s to %(most)s are expected.")
    return Refusal("bad_limit", because, {"found": most, "least": LEAST_LIMIT, "most": MOST_LIMIT})
