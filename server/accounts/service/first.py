"""The first administrator of a new house."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.accounts import links, queries
from server.accounts.models import Person
from server.accounts.rules import ADMINISTRATOR
from server.accounts.service.grants import set_grants
from server.accounts.service.people import new_person
from server.audit import service as audit
from server.core.actor import Actor
from server.parties.service import add_organisation

PURPOSE = "first_administrator"


def first_administrator_link(session: Session, *, at: datetime) -> str | None:
    """Return the path of a link that makes the first administrator; None when there is one already.

    Each call makes a new link, which works once and for a day, and ends the one before.
    """
    if queries.administrators(session):
        return None
    return links.make(session, PURPOSE, None, at=at)


def make_first_administrator(
    session: Session, secret: str, *, email: str, name: str, password_hash: str, org_code: str,
    org_name: str, language: str, at: datetime,
) -> Person:  # fmt: skip
    """Use the link up: make the house's own organisation and its first administrator."""
    links.use(session, PURPOSE, secret, at=at)
    actor = Actor.system("first start", "page")
    organisation = add_organisation(session, actor, code=org_code, name=org_name, at=at)
    person = new_person(
        session, actor, email=email, name=name, org_id=organisation.id, language=language, at=at
    )
    person.password_hash = password_hash
    set_grants(session, actor, person, [(ADMINISTRATOR, None)], at=at)
    audit.record(
        session,
        actor,
        "person.became_first_administrator",
        "person",
        person.email,
        at=at,
        org_id=organisation.id,
    )
    return person
