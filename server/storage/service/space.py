"""Space that is kept: positions for a project until a day, and the slot of a vial that is away."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.audit import service as audit
from server.core.actor import Actor
from server.core.clock import Clock
from server.core.db import Database
from server.core.errors import Invalid
from server.parties.models import Project
from server.storage import queries, rules
from server.storage.models import Container, Custody, SpaceReservation, Vial
from server.storage.rules.space import (
    why_not_keep,
    why_not_keep_twice,
    why_not_release,
)
from server.storage.service.stays import Moment, begin_stay, end_stay, hold, refuse

AT_ONCE = 200


def reserve_space(
    session: Session,
    actor: Actor,
    container: Container,
    project: Project,
    *,
    first: int | None = None,
    last: int | None = None,
    until: datetime,
    at: datetime,
) -> SpaceReservation:
    """Keep positions of a container (all of them where none are named) for a project until then.

    What is in them already stays. Refused where they are kept for another project.
    """
    hold(session, container)
    shape = container.shape
    if refusal := why_not_keep(container.code, shape.size, first, last, now=at, until=until):
        raise Invalid(refusal, field="until" if refusal.code == "until_passed" else "first")
    refuse(
        rules.why_not_into(
            container.code,
            retired=container.retired_at is not None,
            box_org=container.org_id,
            org=project.org_id,
        )
    )
    kept = queries.kept_spaces(session, [container.id], at)[container.id]
    refuse(why_not_keep_twice(container.code, kept, first, last, project.id))
    made = SpaceReservation(
        org_id=container.org_id,
        container_id=container.id,
        first_ordinal=first,
        last_ordinal=last,
        project_id=project.id,
        by_name=actor.name,
        began_at=at,
        until=until,
    )
    session.add(made)
    session.flush()
    _trace(session, actor, "space_kept", container, made, at, project=project.code)
    return made


def end_space(
    session: Session, actor: Actor, kept: SpaceReservation, because: str = "ended", *, at: datetime
) -> None:
    """Give kept positions back to all; ending them again changes nothing."""
    session.refresh(kept, with_for_update={"of": SpaceReservation})
    if kept.ended_at is not None:
        return
    kept.ended_at, kept.ended_because = at, because
    container, project = kept.container, kept.project.code
    _trace(
        session, actor, "space_given_back", container, kept, at, project=project, because=because
    )


def _trace(
    session: Session,
    actor: Actor,
    act: str,
    container: Container,
    kept: SpaceReservation,
    at: datetime,
    *,
    project: str,
    because: str = "",
) -> None:
    audit.record(
        session,
        actor,
        f"{container.kind}.{act}",
        container.kind,
        container.code,
        at=at,
        org_id=container.org_id,
        first=kept.first_ordinal,
        last=kept.last_ordinal,
        until=kept.until,
        project=project,
        because=because,
    )


def due(session: Session, now: datetime, limit: int = AT_ONCE) -> Sequence[SpaceReservation]:
    """Return kept spaces whose day has come, the oldest first."""
    wanted = (
        select(SpaceReservation)
        .where(SpaceReservation.ended_at.is_(None), SpaceReservation.until <= now)
        .order_by(SpaceReservation.until, SpaceReservation.id)
        .limit(limit)
    )
    return session.scalars(wanted).all()


def expire(database: Database, clock: Clock) -> int:
    """End what has run out, in a short transaction and only where there is any; return how many."""
    now = clock.now()
    with database.reading() as session:
        if not due(session, now, 1):
            return 0
    actor = Actor.system("space")
    with database.writing() as session:
        found = due(session, now)
        for kept in found:
            end_space(session, actor, kept, "expired", at=now)
        return len(found)


JOBS = [("kept space that has run out", 60.0, expire)]
"""For the worker: (name, seconds between two runs, what is run)."""


def release_slot(session: Session, actor: Actor, vial: Vial, *, at: datetime) -> Custody:
    """Give up the slot that is kept for a vial; it stays where it is, and the position is free."""
    hold(session, vial)
    stay = queries.live_custody(session, vial)
    away = stay is not None and stay.place != "position" and stay.container_id is not None
    refuse(why_not_release(vial.code, kept=away))
    assert stay is not None  # just found away
    when = Moment.of(at)
    place, recipient, shipment = stay.place, stay.recipient_org_id, stay.shipment_id
    path = queries.vial_path(session, vial)
    end_stay(session, actor, stay, when)
    made = begin_stay(
        session, actor, vial, place, when, reason="slot given up", recipient_org_id=recipient
    )
    made.shipment_id = shipment
    flag_modified(vial, "state")
    audit.record(
        session,
        actor,
        "vial.slot_given_up",
        "vial",
        vial.code,
        at=when.recorded_at,
        org_id=vial.org_id,
        before=f"{path.kept_box} {path.kept_position}",
    )
    return made
