"""Personal tokens for the API: made by their owner, shown once, carrying the owner's permissions."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from server.accounts import queries, secrets
from server.accounts.models import ApiToken, Person
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.plain import Plain
from server.core.words import N_

NOTED_EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class Found:
    """A token that holds: who acts, and whether its last use was noted long ago."""

    id: int
    actor: Actor
    seems_unused: bool


def make(
    session: Session, actor: Actor, name: str, *, expires_at: datetime | None, at: datetime
) -> tuple[ApiToken, str]:
    """Make a token for the actor; returns its row and the token itself, which is kept nowhere."""
    token = secrets.new(secrets.TOKEN_START)
    person = session.get_one(Person, actor.id)
    row = ApiToken(
        person_id=person.id, name=name, start=token[:8], token_hash=secrets.digest(token),
        created_at=at, expires_at=expires_at,
    )  # fmt: skip
    session.add(row)
    audit.record(
        session,
        actor,
        "token.made",
        "person",
        person.email,
        at=at,
        org_id=actor.org_id,
        token=name,
        start=row.start,
    )
    return row, token


def revoke(session: Session, actor: Actor, token_id: int, *, at: datetime) -> ApiToken:
    """Revoke one of the actor's own tokens."""
    row = session.get(ApiToken, token_id)
    if row is None or row.person_id != actor.id:
        raise NotFound(Refusal("no_such_token", N_("You have no such token.")))
    if row.revoked_at is None:
        row.revoked_at = at
        person = session.get_one(Person, row.person_id)
        audit.record(
            session,
            actor,
            "token.revoked",
            "person",
            person.email,
            at=at,
            org_id=actor.org_id,
            token=row.name,
            start=row.start,
        )
    return row


def of(session: Session, person_id: int) -> list[ApiToken]:
    """Return the person's tokens that are not revoked, newest first."""
    query = select(ApiToken).where(ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None))
    return list(session.scalars(query.order_by(ApiToken.id.desc())))


_FOUND = Plain(
    queries.with_grants(ApiToken, ApiToken.id.label("token_id"), ApiToken.last_used_at).where(
        ApiToken.token_hash == bindparam("token_hash"),
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > bindparam("now")),
    )
)


def find(session: Session, token: str, *, now: datetime, request_id: str = "") -> Found | None:
    """Return whose token this is; none if unknown, revoked, expired, or its person is switched off."""
    rows = _FOUND.ask(session, token_hash=secrets.digest(token), now=now).found()
    if not rows:
        return None
    used_at: datetime | None = rows[0].last_used_at
    unused = used_at is None or now - used_at > NOTED_EVERY
    return Found(rows[0].token_id, queries.actor_of(rows, "api", request_id), unused)


def used(session: Session, token_id: int, *, at: datetime) -> None:
    """Note that the token was used."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=at))


def revoke_all(session: Session, person_id: int, *, at: datetime) -> None:
    """Revoke every token of a person."""
    session.execute(
        update(ApiToken)
        .where(ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=at)
    )
