"""Times as people write them: in the zone of the place they are about."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from server.core.errors import Refusal
from server.core.words import N_

FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M")


def moment_of(written: str, zone: str) -> datetime | None:
    """Return the moment that was written as a local time of the zone, or None where it is none.

    A time that the clocks went through twice is the first of the two.
    """
    for form in FORMS:
        try:
            naive = datetime.strptime(written.strip(), form)  # noqa: DTZ007  the zone follows
        except ValueError:
            continue
        return naive.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return None


def written(moment: datetime | None, zone: str) -> str:
    """Return the moment as a person of that zone writes it, to the second; empty for none."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}" if moment else ""


def why_not_past(moment: datetime | None, now: datetime) -> Refusal | None:
    """Say that nothing is known yet of a moment to come, or None."""
    if moment is None or moment <= now:
        return None
    because = N_(
        "%(found)s has not come yet; ask for a time in the past, or for none to see what is now."
    )
    return Refusal("future", because, {"found": moment.isoformat(timespec="seconds")})


def not_a_moment(found: str) -> Refusal:
    """Return the sentence for what is no time."""
    because = N_("“%(found)s” is not a time; one such as 2026-04-17 09:12 is expected.")
    return Refusal("bad_moment", because, {"found": found[:40]})
