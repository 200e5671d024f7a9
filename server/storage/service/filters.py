"""Filters that people keep under a name, for themselves or for their organisation."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Forbidden, Invalid, NotFound, Refusal
from server.core.words import N_
from server.storage.models import SavedFilter
from server.storage.rules.vial_filters import VialFilter, why_not_name

GONE = N_("This saved filter is not there any more, or is not shown to you.")
NOT_YOURS = N_("“%(name)s” was saved by %(by)s; only they can change or forget it.")


def save_filter(
    session: Session, actor: Actor, name: str, wanted: VialFilter, *, shared: bool, at: datetime
) -> SavedFilter:
    """Keep a filter under a name; one of the same name is replaced. Shared, the organisation sees it."""
    name = name.strip()
    if refusal := why_not_name(name):
        raise Invalid(refusal, field="name")
    own = select(SavedFilter).where(SavedFilter.person_id == actor.id, SavedFilter.name == name)
    row = session.scalars(own).first()
    if row is None:
        row = SavedFilter(
            org_id=actor.org_id, person_id=actor.id, by_name=actor.name, name=name, created_at=at
        )
        session.add(row)
    row.wanted, row.shared = wanted.written(), shared and actor.org_id is not None
    audit.record(
        session, actor, "filter.saved", "filter", name, at=at, org_id=actor.org_id,
        wanted=row.wanted, shared=row.shared,
    )  # fmt: skip
    return row


def forget_filter(session: Session, actor: Actor, row: SavedFilter, *, at: datetime) -> None:
    """Forget a saved filter; only who saved it can."""
    if row.person_id != actor.id:
        facts = {"name": row.name, "by": row.by_name}
        raise Forbidden(Refusal("not_your_filter", NOT_YOURS, facts))
    audit.record(
        session, actor, "filter.forgotten", "filter", row.name, at=at, org_id=row.org_id,
        wanted=row.wanted, shared=row.shared,
    )  # fmt: skip
    session.delete(row)


def saved_filters(session: Session, actor: Actor) -> list[SavedFilter]:
    """Return the actor's own filters and those shared with their organisation, by name."""
    shared = SavedFilter.shared.is_(True) & (SavedFilter.org_id == (actor.org_id or -1))
    wanted = select(SavedFilter).where((SavedFilter.person_id == (actor.id or -1)) | shared)
    return list(session.scalars(wanted.order_by(SavedFilter.name, SavedFilter.id)))


def saved_filter(session: Session, actor: Actor, filter_id: int) -> SavedFilter:
    """Return one filter that the actor is shown; NotFound else."""
    for row in saved_filters(session, actor):
        if row.id == filter_id:
            return row
    raise NotFound(Refusal("no_such_filter", GONE))
