"""Letters about an alarm path that reaches nobody: they go past it, to those who can mend it."""

from datetime import datetime
from typing import Final

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from server.accounts.models import Grant, Person
from server.alarms import wording
from server.alarms.models import Episode
from server.alarms.queries import surroundings
from server.alarms.wording import Sighting
from server.notify import service as notify
from server.notify.models import Call, Notice
from server.notify.rules import unpacked
from server.outbox.models import Letter

ABOUT: Final = "alarm path"
ROLES: Final = ("administrator", "bank_manager")
"""Who can fill a call list."""


def untold(session: Session) -> list[Episode]:
    """Return the alarms of a path that is off which the path itself told nobody of; only reads."""
    told = (
        exists()
        .where(Call.about_kind == "alarm", Call.about_id == Episode.id)
        .where(Notice.call_id == Call.id, Notice.letter_id.is_not(None))
    )
    sent = exists().where(Letter.about_kind == ABOUT, Letter.about_id == Episode.id)
    wanted = select(Episode).where(
        Episode.kind == "path_off", Episode.cleared_at.is_(None), Episode.drill == "",
        Episode.acknowledged_at.is_(None), Episode.silenced == "", ~told, ~sent,
    )  # fmt: skip
    return list(session.scalars(wanted.order_by(Episode.id)))


def tell(session: Session, *, at: datetime) -> int:
    """Write to every administrator and bank manager of the organisation, once an alarm; returns how many letters."""
    letters = 0
    for episode in untold(session):
        around = surroundings(session, episode)
        seen = Sighting(
            episode.kind, episode.severity, "", around.label, episode.limit_value, None,
            episode.raised_at, "", unpacked(episode.detail),
        )  # fmt: skip
        for person in _people(session, episode.org_id):
            sent = notify.tell(
                session, person, wording.subject(seen, around.place),
                wording.letter(seen, around.place, None), f"/alarms/{episode.id}", at,
                about=(ABOUT, episode.id),
            )  # fmt: skip
            letters += sent is not None
    return letters


def _people(session: Session, org_id: int) -> list[Person]:
    wanted = (
        select(Person)
        .join(Grant, Grant.person_id == Person.id)
        .where(
            Grant.role.in_(ROLES),
            Grant.ended_at.is_(None),
            or_(Grant.org_id.is_(None), Grant.org_id == org_id),
            Person.active,
        )
        .order_by(Person.id)
    )
    return list(session.scalars(wanted).unique())
