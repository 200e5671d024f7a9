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
