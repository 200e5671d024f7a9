"""A witness who signs at once, on the page or by the call of the one who destroys."""

from datetime import datetime

from flask import g

from server.accounts import login
from server.accounts.models import Person
from server.accounts.queries import person_actor
from server.core.errors import Invalid
from server.storage.service.destroying import Witness


def witness_of(email: str, password: str, address: str, at: datetime) -> Witness | None:
    """Return the second person who gave their own password, None where none did; refuses a wrong one."""
    if not email:
        return None
    try:
        proof = login.prove_email(g.reader, email, password, address, at)
    except Invalid as wrong:
        raise Invalid(wrong.refusal, field="witness_password") from wrong
    with g.reader() as session:
        person = session.get_one(Person, proof.person_id)
        return Witness(person_actor(session, person, g.actor.door), proof)
