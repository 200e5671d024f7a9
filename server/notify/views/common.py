"""What the pages and the API of this feature share: whose lists, which people, how times are typed."""

import re
from collections.abc import Sequence

from flask import g
from sqlalchemy import select

from server.accounts.models import Person
from server.accounts.queries import visible
from server.core.errors import Invalid, NotFound, Refusal
from server.core.words import N_
from server.parties.models import Organisation

MANAGE = "notify.manage"
SEE = "alarms.read"
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


def organisations(permission: str) -> list[Organisation]:
    """Return the organisations for which the actor has this permission, by name."""
    query = select(Organisation).where(Organisation.active.is_(True)).order_by(Organisation.name)
    return list(g.session.scalars(visible(query, g.actor, permission, Organisation.id)))


def organisation(code: str, permission: str) -> Organisation:
    """Return the organisation of this code, or without one the actor's own; NotFound where it is not theirs."""
    mine = organisations(permission)
    if not code and mine:
        return next((org for org in mine if org.id == g.actor.org_id), mine[0])
    for org in mine:
        if org.code == code:
            return org
    because = N_("There is no organisation %(code)s whose call list you may see.")
    raise NotFound(Refusal("no_such_organisation", because, {"code": code}))


def people_of(org_id: int) -> list[Person]:
    """Return who belongs to the organisation and is not switched off, by name."""
    query = select(Person).where(Person.org_id == org_id, Person.active.is_(True))
    return list(g.session.scalars(query.order_by(Person.name)))


def person_of(org_id: int, chosen: str, field: str = "person") -> Person:
    """Return the person of the organisation with this number or mail address; Invalid where there is none."""
    for person in people_of(org_id):
        if chosen.strip().lower() in {str(person.id), person.email}:
            return person
    because = N_("“%(found)s” does not belong to the organisation; choose again.")
    raise Invalid(Refusal("not_offered", because, {"found": chosen}), field=field)


def names_of(ids: Sequence[int]) -> dict[int, str]:
    """Return what these people are called, switched off or not."""
    rows = g.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row.id: row.name for row in rows}


def minutes(text: str, field: str) -> int:
    """Return the minutes after midnight of a time of day such as 08:00 or 24:00; Invalid for anything else."""
    found = _CLOCK.fullmatch(text.strip())
    number = int(found[1]) * 60 + int(found[2]) if found else -1
    if not 0 <= number <= 24 * 60:
        because = N_("“%(found)s” is no time of day; 08:00 is expected.")
        raise Invalid(Refusal("not_a_time", because, {"found": text[:20]}), field=field)
    return number


def clock(number: int) -> str:
    """Return a time of day as it is typed."""
    return f"{number // 60:02d}:{number % 60:02d}"
