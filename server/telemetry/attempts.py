"""Counts what comes without being signed in, so that nobody can try codes by the thousand."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from server.core.errors import Refusal, TooMany
from server.core.words import N_
from server.telemetry.models import EnrolmentAttempt

MOST = 10
WINDOW = timedelta(minutes=10)
KEPT = timedelta(days=1)
_TOO_MANY = N_(
    "Too many wrong codes or signatures came from this address. Try again in %(minutes)s min."
)


def begin(session: Session, address: str, *, at: datetime) -> int:
    """Count an attempt, as failed until it has succeeded; returns its id.

    Refuses the eleventh after ten failures within ten minutes. It is counted before anything is
    compared, so that many at once gain nothing.
    """
    session.execute(delete(EnrolmentAttempt).where(EnrolmentAttempt.at < at - KEPT))
    attempt = EnrolmentAttempt(address=address, at=at, succeeded=False)
    session.add(attempt)
    session.flush()  # its id is handed out; and those who come at the same time count each other
    recent = (
        EnrolmentAttempt.address == address,
        EnrolmentAttempt.at > at - WINDOW,
        EnrolmentAttempt.succeeded.is_(False),
    )
    if (session.scalar(select(func.count()).where(*recent)) or 0) > MOST:
        minutes = int(WINDOW.total_seconds() // 60)
        facts = {"wait_s": minutes * 60, "minutes": minutes}
        raise TooMany(Refusal("too_many_codes", _TOO_MANY, facts))
    return attempt.id


def succeeded(session: Session, attempt_id: int) -> None:
    """Note that it was right; it counts against nobody."""
    session.execute(
        update(EnrolmentAttempt).where(EnrolmentAttempt.id == attempt_id).values(succeeded=True)
    )
