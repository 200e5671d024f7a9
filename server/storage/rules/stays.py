"""When something can have been somewhere: no gap, no overlap, two things never in one position."""

from datetime import datetime

from server.core.errors import Refusal
from server.core.words import N_


def told(moment: datetime) -> str:
    """Return the moment as sentences name it."""
    return moment.isoformat(timespec="seconds")


def before_it_came(began: datetime, found: datetime) -> Refusal:
    """Return the sentence that something cannot have left before it came."""
    because = N_("It came there at %(began)s, so it cannot have left at %(found)s.")
    return Refusal("before_it_came", because, {"began": told(began), "found": told(found)})


def taken_then(
    position: str, box: str, occupant: str, began: datetime, ended: datetime | None, found: datetime
) -> Refusal:
    """Return the sentence that names who was in a position at that time."""
    facts = {"position": position, "box": box, "occupant": occupant, "found": told(found)}
    if ended is None:
        because = N_(
            "%(position)s of %(box)s holds %(occupant)s since %(began)s,"
            " so nothing else was there at %(found)s."
        )
        return Refusal("taken_then", because, {**facts, "began": told(began)})
    because = N_(
        "%(position)s of %(box)s held %(occupant)s until %(ended)s,"
        " so nothing else was there at %(found)s."
    )
    return Refusal("taken_then", because, {**facts, "ended": told(ended)})


def why_not_span(
    began: datetime,
    ended: datetime | None,
    *,
    after: datetime | None,
    before: datetime | None,
    now: datetime,
) -> Refusal | None:
    """Say why a stay cannot have lasted from then to then, or None when it can.

    `after` is when the stay before it began, `before` when the stay after it ended (None: there is
    none, or it has not ended).
    """
    if began > now or (ended is not None and ended > now):
        because = N_("%(found)s has not come yet; when it happened lies in the past.")
        late = ended if ended is not None and ended > now else began
        return Refusal("future", because, {"found": told(late)})
    if ended is not None and ended <= began:
        because = N_("It would have left at %(ended)s, before it came at %(began)s.")
        return Refusal("ends_before", because, {"ended": told(ended), "began": told(began)})
    if after is not None and began <= after:
        because = N_(
            "The stay before this one began at %(after)s; this one came later than that,"
            " and not at %(found)s."
        )
        return Refusal("overlaps_before", because, {"after": told(after), "found": told(began)})
    if before is not None and ended is not None and ended >= before:
        because = N_(
            "The stay after this one ended at %(before)s; this one was over before that,"
            " and not at %(found)s."
        )
        return Refusal("overlaps_after", because, {"before": told(before), "found": told(ended)})
    return None
