"""Compares passwords: outside every long transaction, in the same time for anybody."""

from datetime import datetime

from server.accounts import queries, secrets, throttle
from server.accounts.models import Person
from server.accounts.proof import Doors, Proof
from server.core.actor import Actor
from server.core.errors import Forbidden, Invalid, Refusal
from server.core.words import N_

__all__ = ["Doors", "Proof", "prove", "prove_email"]

WRONG = Refusal(
    "wrong_sign_in",
    N_("Address and password do not fit together, or this sign-in is switched off."),
)
WRONG_AGAIN = Refusal(
    "wrong_password", N_("This is not your password; nothing was signed or changed.")
)
NOT_A_PERSON = Refusal("not_a_person", N_("Only a person who is signed in can do this."))


def prove_email(doors: Doors, email: str, password: str, address: str, at: datetime) -> Proof:
    """Return the proof for a sign-in; refuses a wrong one with one sentence for every reason."""
    email = email.strip().lower()[:320]
    with doors() as session:
        person = queries.by_email(session, email)
        kept = (person.id, person.password_hash) if person and person.active else None
    return _compare(doors, email, kept, password, address, at, WRONG)


def prove(doors: Doors, actor: Actor, password: str, address: str, at: datetime) -> Proof:
    """Return the proof that the actor gave their password again, as signing and changing it need."""
    if actor.kind != "person" or actor.id is None:
        raise Forbidden(NOT_A_PERSON)
    with doors() as session:
        person = session.get_one(Person, actor.id)
        email, kept = person.email, (person.id, person.password_hash)
    return _compare(doors, email, kept, password, address, at, WRONG_AGAIN, _sign_in_of(actor))


def _sign_in_of(actor: Actor) -> str:
    """Say in which sign-in of theirs a person is asked again; all their tokens count as one."""
    where = "tokens" if actor.sign_in_id is None else f"sign-in {actor.sign_in_id}"
    return f"person {actor.id}, {where}"


def _compare(
    doors: Doors, email: str, kept: tuple[int, str | None] | None, password: str, address: str,
    at: datetime, wrong: Refusal, again_by: str = "",
) -> Proof:  # fmt: skip
    with doors.writing() as session:
        attempt_id = throttle.begin(session, email, address, at=at, again_by=again_by)
    person_id, password_hash = kept or (None, None)
    right = secrets.is_password(password_hash, password)
    if not right or person_id is None:
        raise Invalid(wrong, field="password")
    with doors.writing() as session:
        throttle.succeeded(session, attempt_id)
    return Proof(person_id, at)
