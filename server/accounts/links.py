"""Links that work once: invitations, password resets, the first administrator."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from server.accounts import rules, secrets
from server.accounts.models import OneTimeLink
from server.core.errors import Gone, Refusal
from server.core.words import N_

PATHS = {"invitation": "/welcome/", "reset": "/reset/", "first_administrator": "/first/"}
ENDED = Refusal("link_ended", N_("This link was used before, or it is too old. Ask for a new one."))


def make(session: Session, purpose: str, person_id: int | None, *, at: datetime) -> str:
    """Make a link, ending earlier ones of the same kind; returns its path, which is kept nowhere."""
    end(session, person_id, at=at, purpose=purpose)
    secret = secrets.new()
    session.add(
        OneTimeLink(
            purpose=purpose, person_id=person_id, token_hash=secrets.digest(secret), created_at=at,
            expires_at=at + rules.LINK_LASTS[purpose],
        )
    )  # fmt: skip
    return PATHS[purpose] + secret


def find(session: Session, purpose: str, secret: str, *, now: datetime) -> OneTimeLink:
    """Return the link if it still works; refuses with Gone otherwise."""
    query = select(OneTimeLink).where(
        OneTimeLink.token_hash == secrets.digest(secret), OneTimeLink.purpose == purpose,
        OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > now,
    )  # fmt: skip
    link = session.scalar(query)
    if link is None:
        raise Gone(ENDED)
    return link


def use(session: Session, purpose: str, secret: str, *, at: datetime) -> OneTimeLink:
    """Use the link up and return it; of two who try at once, one is refused."""
    link = find(session, purpose, secret, now=at)
    used = session.execute(
        update(OneTimeLink)
        .where(OneTimeLink.id == link.id, OneTimeLink.used_at.is_(None))
        .values(used_at=at)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE gives a cursor result
        raise Gone(ENDED)
    return link


def end(session: Session, person_id: int | None, *, at: datetime, purpose: str = "") -> None:
    """Let the person's open links (of this purpose, or all) work no more."""
    same = OneTimeLink.person_id == person_id if person_id else OneTimeLink.person_id.is_(None)
    wanted = update(OneTimeLink).where(same, OneTimeLink.used_at.is_(None))
    if purpose:
        wanted = wanted.where(OneTimeLink.purpose == purpose)
    session.execute(wanted.values(used_at=at))


def made_lately(session: Session, purpose: str, person_id: int, *, at: datetime) -> int:
    """Return how many such links the person was given in the last hour."""
    query = select(func.count()).where(
        OneTimeLink.purpose == purpose, OneTimeLink.person_id == person_id,
        OneTimeLink.created_at > at - timedelta(hours=1),
    )  # fmt: skip
    return session.scalar(query) or 0
