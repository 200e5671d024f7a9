"""Signing in and out."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.accounts import queries, sessions
from server.accounts.models import Person
from server.accounts.proof import Proof
from server.audit import service as audit
from server.core.actor import Actor


def sign_in(
    session: Session, proof: Proof, *, hours: int, address: str, browser: str, at: datetime
) -> tuple[Person, str]:
    """Begin a sign-in for whom the proof is; returns the person and the secret for the cookie."""
    person = session.get_one(Person, proof.person_id)
    _row, secret = sessions.begin(
        session, person, hours=hours, address=address, browser=browser, at=at
    )
    actor = queries.person_actor(session, person, "page")
    audit.record(
        session,
        actor,
        "person.signed_in",
        "person",
        person.email,
        at=at,
        org_id=person.org_id,
        address=address,
    )
    return person, secret


def sign_out(session: Session, actor: Actor, sign_in_id: int, *, at: datetime) -> None:
    """End this sign-in."""
    end_sign_in(session, actor, sign_in_id, at=at, action="person.signed_out")


def end_sign_in(
    session: Session,
    actor: Actor,
    sign_in_id: int,
    *,
    at: datetime,
    action: str = "person.ended_sign_in",
) -> None:
    """End one of the actor's own sign-ins, here or on another machine."""
    if actor.id is None:
        return
    person = session.get_one(Person, actor.id)
    sessions.end(session, person.id, at=at, only=sign_in_id)
    audit.record(session, actor, action, "person", person.email, at=at, org_id=person.org_id)
