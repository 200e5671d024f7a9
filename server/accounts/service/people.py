"""People: added, invited, changed, switched off and on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.accounts import letters, links, queries, rules, secrets, sessions, tokens
from server.accounts.models import Person
from server.accounts.service.grants import refuse_last_administrator, set_grants
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Invalid, Refusal
from server.core.words import N_, known

KNOWN = N_("There is a person with the address %(email)s already.")
NOT_YOURS = Refusal(
    "not_your_person",
    N_("This person also belongs to, or has roles in, organisations that you do not manage."),
)
HAS_PASSWORD = Refusal(
    "has_signed_in",
    N_(
        "This person has a password already; they can ask for a new one on the sign-in page, "
        "or be given a link for one on their page here."
    ),
)
CANNOT_RESET = Refusal(
    "no_password_to_reset",
    N_("This person has set no password yet, or is switched off; there is nothing to reset."),
)


def new_person(
    session: Session,
    actor: Actor,
    *,
    email: str,
    name: str,
    org_id: int | None,
    language: str,
    at: datetime,
) -> Person:
    """Add the row of a person who cannot sign in yet; refuses an address that is known."""
    email = email.strip().lower()
    if queries.by_email(session, email):
        raise Conflict(Refusal("email_known", KNOWN, {"email": email}), field="email")
    person = Person(
        email=email, name=name, org_id=org_id, language=known(language), password_hash=None,
        active=True, created_at=at,
    )  # fmt: skip
    session.add(person)
    session.flush()  # grants and links name its id
    audit.record(session, actor, "person.added", "person", email, at=at, org_id=org_id, name=name)
    return person


def add_person(
    session: Session, actor: Actor, *, email: str, name: str, password: str, administrator: bool = False,
    org_id: int | None = None, grants: Sequence[rules.Grant] = (), language: str = "en", at: datetime,
) -> Person:  # fmt: skip
    """Add a person who can sign in at once; hashes the password, so only for the command line."""
    if refusal := rules.why_not_password(password, email=email, name=name):
        raise Invalid(refusal, field="password")
    person = new_person(
        session, actor, email=email, name=name, org_id=org_id, language=language, at=at
    )
    person.password_hash = secrets.hash_password(password)
    roles = [*grants, (rules.ADMINISTRATOR, None)] if administrator else list(grants)
    set_grants(session, actor, person, roles, at=at)
    return person


def invite(
    session: Session, actor: Actor, *, email: str, name: str, org_id: int | None,
    grants: Sequence[rules.Grant], language: str, base_url: str, at: datetime,
) -> tuple[Person, str]:  # fmt: skip
    """Add a person and mail them a link; returns both, the link for handing over by other means."""
    if not actor.may("people.manage", org_id) or (
        org_id is None and actor.orgs("people.manage") is not None
    ):
        raise Forbidden(NOT_YOURS)
    person = new_person(
        session, actor, email=email, name=name, org_id=org_id, language=language, at=at
    )
    set_grants(session, actor, person, grants, at=at)
    return person, _send_link(session, actor, person, base_url, at)


def invite_again(
    session: Session, actor: Actor, person: Person, *, base_url: str, at: datetime
) -> str:
    """Mail a new link to somebody who has never set a password; returns it, and ends the old one."""
    refuse_foreign(session, actor, person)
    if person.password_hash is not None:
        raise Conflict(HAS_PASSWORD)
    return _send_link(session, actor, person, base_url, at)


def make_reset_link(
    session: Session, actor: Actor, person: Person, *, base_url: str, at: datetime
) -> str:
    """Return a link for a new password, to be handed over by other means than mail; ends earlier ones.

    It works once, for an hour; using it ends every sign-in of the person.
    """
    if not actor.may("people.manage"):
        raise Forbidden(NOT_YOURS)
    refuse_foreign(session, actor, person)
    if person.password_hash is None or not person.active:
        raise Conflict(CANNOT_RESET)
    link = base_url + links.make(session, "reset", person.id, at=at)
    audit.record(
        session, actor, "password.link_made", "person", person.email, at=at, org_id=person.org_id
    )
    return link


def change_person(
    session: Session, actor: Actor, person: Person, *, name: str, org_id: int | None, at: datetime
) -> None:
    """Change a person's name and organisation."""
    refuse_foreign(session, actor, person)
    mine = actor.orgs("people.manage")
    if mine is not None and org_id not in mine:
        raise Forbidden(NOT_YOURS)
    facts: dict[str, Any] = {"before": [person.name, person.org_id], "now": [name, org_id]}
    person.name, person.org_id = name, org_id
    audit.record(
        session, actor, "person.changed", "person", person.email, at=at, org_id=org_id, **facts
    )


def change_own(
    session: Session, actor: Actor, person: Person, *, name: str, language: str, at: datetime
) -> None:
    """Change one's own name and language."""
    facts: dict[str, Any] = {"before": [person.name, person.language], "now": [name, language]}
    person.name, person.language = name, known(language)
    audit.record(
        session,
        actor,
        "person.changed",
        "person",
        person.email,
        at=at,
        org_id=person.org_id,
        **facts,
    )


def switch_off(session: Session, actor: Actor, person: Person, *, at: datetime) -> None:
    """Let the person act no more: sign-ins, tokens and links end with the commit of this."""
    refuse_foreign(session, actor, person)
    if not person.active:
        return
    if rules.is_full_administrator(queries.grants_of(session, person.id)):
        refuse_last_administrator(session, person)
    person.active = False
    sessions.end(session, person.id, at=at)
    tokens.revoke_all(session, person.id, at=at)
    links.end(session, person.id, at=at)
    audit.record(
        session, actor, "person.switched_off", "person", person.email, at=at, org_id=person.org_id
    )


def switch_on(session: Session, actor: Actor, person: Person, *, at: datetime) -> None:
    """Let the person sign in again; tokens and sign-ins of before stay ended."""
    refuse_foreign(session, actor, person)
    if not person.active:
        person.active = True
        audit.record(
            session,
            actor,
            "person.switched_on",
            "person",
            person.email,
            at=at,
            org_id=person.org_id,
        )


def refuse_foreign(session: Session, actor: Actor, person: Person) -> None:
    """Refuse a manager of some organisations a person who belongs beyond them."""
    mine = actor.orgs("people.manage")
    if mine is None:
        return
    orgs = {org_id for _role, org_id in queries.grants_of(session, person.id)} | {person.org_id}
    if not orgs <= mine:
        raise Forbidden(NOT_YOURS)


def _send_link(session: Session, actor: Actor, person: Person, base_url: str, at: datetime) -> str:
    link = base_url + links.make(session, "invitation", person.id, at=at)
    letters.invite(session, person, actor.name, link, at=at)
    audit.record(
        session, actor, "person.invited", "person", person.email, at=at, org_id=person.org_id
    )
    return link
