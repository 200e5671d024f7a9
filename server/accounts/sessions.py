"""Sign-ins: a cookie with a secret, and a row that ends when it should."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from server.accounts import queries, secrets
from server.accounts.models import Person, SignIn
from server.core.actor import Actor
from server.core.plain import Plain


@dataclass(frozen=True)
class Found:
    """A live sign-in: who acts, and the token of their forms."""

    id: int
    actor: Actor
    csrf: str


def begin(
    session: Session, person: Person, *, hours: int, address: str, browser: str, at: datetime
) -> tuple[SignIn, str]:
    """Begin a sign-in; returns its row and the secret for the cookie, which is kept nowhere."""
    secret = secrets.new()
    row = SignIn(
        token_hash=secrets.digest(secret),
        csrf=secrets.new(),
        person_id=person.id,
        began_at=at,
        expires_at=at + timedelta(hours=hours),
        address=address[:64],
        browser=browser[:200],
    )
    session.add(row)
    return row, secret


_FOUND = Plain(
    queries.with_grants(SignIn, SignIn.id.label("sign_in_id"), SignIn.csrf).where(
        SignIn.token_hash == bindparam("token_hash"),
        SignIn.ended_at.is_(None),
        SignIn.expires_at > bindparam("now"),
    )
)


def find(session: Session, secret: str, *, now: datetime, request_id: str = "") -> Found | None:
    """Return the live sign-in of this cookie; none if it has ended or its person is switched off."""
    rows = _FOUND.ask(session, token_hash=secrets.digest(secret), now=now).found()
    if not rows:
        return None
    sign_in_id, csrf = rows[0].sign_in_id, rows[0].csrf
    actor = queries.actor_of(rows, "page", request_id)
    return Found(sign_in_id, replace(actor, sign_in_id=sign_in_id), csrf)


def live(session: Session, person_id: int, now: datetime) -> list[SignIn]:
    """Return the person's live sign-ins, newest first."""
    query = select(SignIn).where(
        SignIn.person_id == person_id, SignIn.ended_at.is_(None), SignIn.expires_at > now
    )
    return list(session.scalars(query.order_by(SignIn.began_at.desc(), SignIn.id.desc())))


def end(
    session: Session,
    person_id: int,
    *,
    at: datetime,
    only: int | None = None,
    but: int | None = None,
) -> None:
    """End the person's sign-ins: all, `only` one, or all `but` one."""
    wanted = update(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
    if only is not None:
        wanted = wanted.where(SignIn.id == only)
    if but is not None:
        wanted = wanted.where(SignIn.id != but)
    session.execute(wanted.values(ended_at=at))
