"""Reads of whom a step tells: persons with all their addresses, who is away, who stands in."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from server.accounts.models import Grant, Person
from server.core.many import among
from server.core.plain import Plain
from server.notify import rotas
from server.notify.holding import is_at_least
from server.notify.models import Absence, Contact, GroupMember
from server.notify.queries import StepRow
from server.notify.rota import Cover, present, who_is_on

MAIL = "smtp"


@dataclass(frozen=True)
class Address:
    """Where a letter goes, and in which language; `person_id` None is nobody in person."""

    person_id: int | None
    channel: str
    address: str
    language: str


@dataclass(frozen=True)
class Reachable:
    """A person who can be told, and where."""

    id: int
    name: str
    email: str
    language: str
    contacts: tuple[tuple[str, str, str], ...] = ()
    """(channel, address, the mildest severity that goes there)."""

    def addresses(self, severity: str) -> list[Address]:
        """Return where something so severe goes: always to the mail address, then wherever else they want it."""
        wanted = [one[:2] for one in self.contacts if is_at_least(severity, one[2])]
        every = dict.fromkeys([(MAIL, self.email), *wanted])
        return [Address(self.id, channel, to, self.language) for channel, to in every]


_PEOPLE = Plain(
    select(
        Person.id,
        Person.name,
        Person.email,
        Person.language,
        Contact.channel,
        Contact.address,
        Contact.min_severity,
        Absence.id.label("absence_id"),
        Absence.cover_id,
    )
    .outerjoin(
        Contact,
        and_(Contact.person_id == Person.id, Contact.verified, Contact.removed_at.is_(None)),
    )
    .outerjoin(
        Absence,
        and_(
            Absence.person_id == Person.id,
            Absence.begins_at <= bindparam("at"),
            Absence.until > bindparam("at"),
            Absence.ended_at.is_(None),
        ),
    )
    .where(among(Person.id, "ids"), Person.active)
    .order_by(Contact.id, Absence.id)
)


def people_of(session: Session, step: StepRow, org_id: int, at: datetime) -> list[Reachable]:
    """Return whom this step tells at this moment, each person once.

    Who is away is replaced by who stands in for them; who is away with nobody standing in, or is switched off,
    is left out. A step of an address has nobody in person.
    """
    ids = _ids(session, step, org_id, at)
    found, away = _people(session, ids, at)
    covers = [one for one in (cover.person_id for cover in away) if one is not None]
    if covers:
        more, away_too = _people(session, covers, at)
        found, away = found | more, [*away, *away_too]
    return [found[one] for one in present(away, ids, at) if one in found]


def by_id(session: Session, ids: Iterable[int], at: datetime) -> dict[int, Reachable]:
    """Return those of these people who are not switched off, away or not."""
    return _people(session, ids, at)[0]


def away(session: Session, ids: Collection[int], at: datetime) -> set[int]:
    """Return who of these people is away at this moment."""
    return {one.away_id for one in _people(session, ids, at)[1] if one.away_id is not None}


def _ids(session: Session, step: StepRow, org_id: int, at: datetime) -> list[int]:
    if step.person_id is not None:
        return [step.person_id]
    if step.schedule_id is not None:
        rota = rotas.load(session, [step.schedule_id], at, at).get(step.schedule_id)
        return list(who_is_on(rota, at).people) if rota else []
    if step.group_id is not None:
        members = select(GroupMember.person_id).where(GroupMember.group_id == step.group_id)
        return list(session.scalars(members.order_by(GroupMember.person_id)))
    if not step.role:
        return []
    holders = select(Grant.person_id).where(
        Grant.role == step.role,
        Grant.ended_at.is_(None),
        or_(Grant.org_id.is_(None), Grant.org_id == org_id),
    )
    return list(session.scalars(holders.distinct().order_by(Grant.person_id)))


def _people(
    session: Session, ids: Iterable[int], at: datetime
) -> tuple[dict[int, Reachable], list[Cover]]:
    rows: dict[int, list[Any]] = {}
    for row in _PEOPLE.ask(session, ids=list(ids), at=at).rows():
        rows.setdefault(row[0], []).append(row)
    found = {person_id: _reachable(those) for person_id, those in rows.items()}
    absences = {row[7]: row for those in rows.values() for row in those if row[7] is not None}
    away = [
        Cover(at, datetime.max.replace(tzinfo=at.tzinfo), row[8], row[0])
        for row in absences.values()
    ]
    return found, away


def _reachable(rows: list[Any]) -> Reachable:
    contacts = dict.fromkeys(tuple(row[4:7]) for row in rows if row[4] is not None)
    number, name, email, language = rows[0][:4]
    return Reachable(number, name, email, language, tuple(contacts))
