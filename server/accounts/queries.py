"""Reads about people that more than one caller needs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.accounts import rules
from server.accounts.models import ApiToken, Grant, Person, SignIn
from server.core.actor import Actor

WHO = (Person.id, Person.name, Person.language, Person.org_id)


def visible(
    query: Select[Any], actor: Actor, permission: str, column: InstrumentedAttribute[Any]
) -> Select[Any]:
    """Narrow a query to the organisations for which the actor has this permission."""
    orgs = actor.orgs(permission)
    if orgs is None:
        return query
    return query.where(column.in_(sorted(orgs)) if orgs else false())


def grants_of(session: Session, person_id: int) -> list[rules.Grant]:
    """Return the person's live grants as (role, organisation or None for all)."""
    live = select(Grant.role, Grant.org_id).where(
        Grant.person_id == person_id, Grant.ended_at.is_(None)
    )
    return [
        (role, org_id) for role, org_id in session.execute(live.order_by(Grant.role, Grant.org_id))
    ]


def person_actor(session: Session, person: Person, door: str, request_id: str = "") -> Actor:
    """Return the person as one who acts through this door, with all that their roles allow."""
    return _actor(person, grants_of(session, person.id), door, request_id)


def with_grants(
    key: type[SignIn] | type[ApiToken], *columns: ColumnElement[Any] | InstrumentedAttribute[Any]
) -> Select[Any]:
    """Return a query of keys of active people: these columns, and one row for each live grant; see `actor_of`."""
    live = and_(Grant.person_id == Person.id, Grant.ended_at.is_(None))
    wanted: Select[Any] = select(*columns, *WHO, Grant.role, Grant.org_id.label("granted_for"))
    held = wanted.select_from(key).join(Person, Person.id == key.person_id)
    return held.outerjoin(Grant, live).where(Person.active)


def actor_of(rows: Sequence[Any], door: str, request_id: str) -> Actor:
    """Return the person of these rows of `with_grants` as one who acts through this door."""
    grants = [(row.role, row.granted_for) for row in rows if row.role is not None]
    return _actor(rows[0], grants, door, request_id)


def _actor(
    person: Any,  # noqa: ANN401  a Person, or a row of the same names
    grants: Sequence[rules.Grant],
    door: str,
    request_id: str,
) -> Actor:
    return Actor(
        id=person.id,
        name=person.name,
        kind="person",
        door=door,
        language=person.language,
        org_id=person.org_id,
        permissions=rules.permissions_of(grants),
        request_id=request_id,
    )


def by_email(session: Session, email: str) -> Person | None:
    """Return the person who signs in with this address."""
    return session.scalar(select(Person).where(Person.email == email.strip().lower()))


def administrators(session: Session) -> list[int]:
    """Return the ids of active people with a password who administer all organisations."""
    query = (
        select(Person.id)
        .join(Grant, Grant.person_id == Person.id)
        .where(
            Grant.role == rules.ADMINISTRATOR, Grant.org_id.is_(None), Grant.ended_at.is_(None),
            Person.active, Person.password_hash.is_not(None),
        )
    )  # fmt: skip
    return list(session.scalars(query.distinct()))


def people_seen_by(actor: Actor) -> Select[Person]:
    """Return the people whom this manager may see: those who belong to, or have roles in, theirs."""
    orgs = actor.orgs("people.manage")
    query = select(Person)
    return query if orgs is None else query.where(_belongs_to(orgs))


def _belongs_to(orgs: frozenset[int]) -> ColumnElement[bool]:
    granted = select(Grant.person_id).where(Grant.org_id.in_(orgs), Grant.ended_at.is_(None))
    return or_(Person.org_id.in_(orgs), Person.id.in_(granted))


def live_grants(session: Session, people: Sequence[Person]) -> dict[int, list[Grant]]:
    """Return the live grants of these people, by person."""
    ids = [person.id for person in people]
    query = (
        select(Grant)
        .where(Grant.person_id.in_(ids), Grant.ended_at.is_(None))
        .order_by(Grant.role, Grant.org_id)
    )
    found: dict[int, list[Grant]] = {person_id: [] for person_id in ids}
    for grant in session.scalars(query):
        found[grant.person_id].append(grant)
    return found


def last_sign_ins(session: Session, people: Sequence[Person]) -> dict[int, datetime]:
    """Return when each of these people last signed in."""
    query = (
        select(SignIn.person_id, func.max(SignIn.began_at))
        .where(SignIn.person_id.in_([person.id for person in people]))
        .group_by(SignIn.person_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}
