"""Counts attempts at passwords, by person, by address and by sign-in, and says when to try again."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.accounts import rules
from server.accounts.models import SignInAttempt
from server.core.errors import Refusal, TooMany
from server.core.words import N_

Counts = tuple[tuple[str, InstrumentedAttribute[str], str], ...]

KEPT = timedelta(days=1)
SECONDS = N_("Too many wrong passwords. Try again in %(wait_s)s s.")
MINUTES = N_("Too many wrong passwords. Try again in %(minutes)s min.")


def begin(session: Session, email: str, address: str, *, at: datetime, again_by: str = "") -> int:
    """Count an attempt, as failed until it has succeeded; returns its id. Refuses one too early.

    It is counted before the password is compared, so that many at once gain nothing. `again_by` says
    who was asked again in which sign-in; that is counted apart, so that nobody who guesses at the
    door keeps from signing those who are inside.
    """
    if session.get_bind().dialect.name == "postgresql":
        key = {"key": again_by or email}
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
    counts: Counts = (
        (("again", SignInAttempt.again_by, again_by),)
        if again_by
        else (("email", SignInAttempt.email, email), ("address", SignInAttempt.address, address))
    )
    waits = [
        rules.wait_s(_failures(session, column, value, again_by, at), at, counted_by=by)
        for by, column, value in counts
        if value
    ]
    if wait_s := max(waits, default=0):
        raise TooMany(refusal(wait_s))
    _forget_old(session, email, address, at)
    attempt = SignInAttempt(email=email, address=address, at=at, succeeded=False, again_by=again_by)
    session.add(attempt)
    session.flush()  # its id is handed out
    return attempt.id


def succeeded(session: Session, attempt_id: int) -> None:
    """Note that the attempt succeeded; the person's earlier failures no longer count."""
    session.execute(
        update(SignInAttempt).where(SignInAttempt.id == attempt_id).values(succeeded=True)
    )


def refusal(wait_s: int) -> Refusal:
    """Return the sentence that says when to try again."""
    minutes = -(-wait_s // 60)
    because = SECONDS if wait_s < 90 else MINUTES
    return Refusal("too_many_attempts", because, {"wait_s": wait_s, "minutes": minutes})


def _failures(
    session: Session, column: InstrumentedAttribute[str], value: str, again_by: str, now: datetime
) -> list[datetime]:
    query = select(SignInAttempt.at, SignInAttempt.succeeded).where(
        column == value, SignInAttempt.again_by == again_by, SignInAttempt.at > now - rules.WINDOW
    )
    failures: list[datetime] = []
    for at, worked in session.execute(
        query.order_by(SignInAttempt.at.desc(), SignInAttempt.id.desc())
    ):
        if worked:
            break
        failures.append(at)
    return failures


def _forget_old(session: Session, email: str, address: str, now: datetime) -> None:
    same = or_(SignInAttempt.email == email, SignInAttempt.address == address)
    session.execute(delete(SignInAttempt).where(same, SignInAttempt.at < now - KEPT))
