"""Passwords set by invitation, by reset and by their owner; they arrive here already hashed."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.accounts import letters, links, queries, sessions
from server.accounts.models import Person
from server.accounts.proof import Proof
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Forbidden, Gone, Refusal
from server.core.words import N_

RESETS_AN_HOUR = 3
NOT_PROVEN = Refusal("not_proven", N_("The password that was given is not that of this person."))


def ask_reset(session: Session, email: str, *, base_url: str, at: datetime) -> None:
    """Mail a reset link if somebody active has this address; tells the asker nothing."""
    person = queries.by_email(session, email)
    if person is None or not person.active:
        return
    if links.made_lately(session, "reset", person.id, at=at) >= RESETS_AN_HOUR:
        return
    path = links.make(session, "reset", person.id, at=at)
    letters.reset(session, person, base_url + path, at=at)
    actor = Actor(id=None, name="", kind="nobody")
    audit.record(
        session, actor, "password.reset_asked", "person", person.email, at=at, org_id=person.org_id
    )


def reset_password(session: Session, secret: str, password_hash: str, *, at: datetime) -> Person:
    """Use a reset link up and set the password."""
    person = _owner(session, "reset", secret, at)
    _set(session, _as_self(person), person, password_hash, "password.reset", at)
    letters.changed(session, person, at=at)
    return person


def accept_invitation(
    session: Session, secret: str, *, name: str, password_hash: str, at: datetime
) -> Person:
    """Use an invitation up: set name and password."""
    person = _owner(session, "invitation", secret, at)
    person.name = name
    _set(session, _as_self(person), person, password_hash, "person.accepted_invitation", at)
    return person


def change_password(
    session: Session,
    actor: Actor,
    proof: Proof,
    password_hash: str,
    *,
    keep_sign_in: int | None,
    at: datetime,
) -> None:
    """Set one's own password; ends every sign-in but the one kept."""
    if proof.person_id != actor.id:
        raise Forbidden(NOT_PROVEN)
    person = session.get_one(Person, proof.person_id)
    _set(session, actor, person, password_hash, "password.changed", at, keep_sign_in)
    letters.changed(session, person, at=at)


def _owner(session: Session, purpose: str, secret: str, at: datetime) -> Person:
    link = links.use(session, purpose, secret, at=at)
    person = session.get_one(Person, link.person_id)
    if not person.active:
        raise Gone(links.ENDED)
    return person


def _set(
    session: Session, actor: Actor, person: Person, password_hash: str, action: str, at: datetime,
    keep_sign_in: int | None = None,
) -> None:  # fmt: skip
    person.password_hash = password_hash
    sessions.end(session, person.id, at=at, but=keep_sign_in)
    links.end(session, person.id, at=at)
    audit.record(session, actor, action, "person", person.email, at=at, org_id=person.org_id)


def _as_self(person: Person) -> Actor:
    return Actor(id=person.id, name=person.name, language=person.language, org_id=person.org_id)
