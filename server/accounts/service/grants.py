"""Who has which role where."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.accounts import queries, rules
from server.accounts.models import Grant, Person
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Refusal
from server.core.words import N_

LAST = Refusal(
    "last_administrator",
    N_(
        "This is the last administrator; make another person administrator of all organisations first."
    ),
)


def set_grants(
    session: Session, actor: Actor, person: Person, wanted: Sequence[rules.Grant], *, at: datetime
) -> None:
    """Give the person exactly these roles, within the organisations that the actor manages.

    Roles beyond those organisations stay untouched. Refuses what the actor may not grant, and to
    take the role of the last administrator.
    """
    mine = actor.orgs("people.manage")
    if refusal := rules.why_not_grant(mine, wanted):
        raise Forbidden(refusal)
    before = queries.grants_of(session, person.id)
    reach = [grant for grant in before if mine is None or grant[1] in mine]
    ending, coming = set(reach) - set(wanted), set(wanted) - set(before)
    if (rules.ADMINISTRATOR, None) in ending:
        refuse_last_administrator(session, person)
    _end(session, person, ending, at)
    session.add_all(
        Grant(person_id=person.id, role=role, org_id=org_id, granted_at=at)
        for role, org_id in sorted(coming, key=str)
    )
    if ending or coming:
        flag_modified(person, "name")  # the roles are part of what a version of the person is
        facts: dict[str, Any] = {
            "before": _written(before),
            "now": _written(set(before) - ending | coming),
        }
        audit.record(
            session,
            actor,
            "person.roles_changed",
            "person",
            person.email,
            at=at,
            org_id=person.org_id,
            **facts,
        )


def refuse_last_administrator(session: Session, person: Person) -> None:
    """Refuse if, without this person, nobody would administer all organisations."""
    administrators = queries.administrators(session)
    # Two administrators who end each other at the same moment must not both succeed.
    session.execute(
        select(Person.id).where(Person.id.in_(administrators)).order_by(Person.id).with_for_update()
    )
    if set(queries.administrators(session)) == {person.id}:
        raise Conflict(LAST)


def _end(session: Session, person: Person, ending: set[rules.Grant], at: datetime) -> None:
    live = select(Grant).where(Grant.person_id == person.id, Grant.ended_at.is_(None))
    for grant in session.scalars(live):
        if (grant.role, grant.org_id) in ending:
            grant.ended_at = at


def _written(grants: Sequence[rules.Grant] | set[rules.Grant]) -> list[str]:
    return sorted(f"{role}@{org_id or 'all'}" for role, org_id in grants)
