"""What is said of a vial beside its place and state: its project, its sample type, a comment."""

from datetime import datetime

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.core.actor import Actor
from server.core.errors import Conflict
from server.parties.models import Project
from server.storage import queries, rules
from server.storage.models import SampleType, Vial
from server.storage.rules.describing import why_not_described, why_not_project
from server.storage.rules.lineage import why_not_measured
from server.storage.service.standing import why_not_of_project
from server.storage.service.stays import hold, refuse
from server.storage.service.upkeep import refuse_all
from server.storage.service.vials import trace


def describe_vial(
    session: Session,
    actor: Actor,
    vial: Vial,
    *,
    comment: str,
    project: Project | None,
    sample_type: SampleType | None,
    at: datetime,
) -> bool:
    """Change what is said of a vial, and say whether anything has changed; one that is gone is left as it is.

    Refused where what it then is does not fit, or may not stand, where it stands now.
    """
    hold(session, vial)
    before = (vial.comment, vial.project_id, vial.sample_type_id)
    now = (comment, project.id if project else None, sample_type.id if sample_type else None)
    if before == now:
        return False
    if vial.state in rules.TERMINAL:
        raise Conflict(why_not_described(vial.code))
    if project is not None:
        refuse(why_not_project(vial.code, vial.org_id, project.code, project.org_id))
    vial.comment, vial.project_id, vial.sample_type = comment, now[1], sample_type
    session.flush()
    if before[2] != now[2]:
        _refuse_misfit(session, vial)
    if before[1] != now[1]:
        refuse_all(why_not_of_project(session, [vial.id], at))
    names = ("comment", "project_id", "sample_type_id")
    told = {
        name: [old, new] for name, old, new in zip(names, before, now, strict=True) if old != new
    }
    trace(session, actor, "vial.described", vial, at, changed=told)
    return True


def touch_vial(
    session: Session, actor: Actor, vial: Vial, action: str, *, at: datetime, changed: list[str]
) -> None:
    """Give a vial a new version where only rows beside it were changed, and say so in the record."""
    flag_modified(vial, "comment")
    session.flush()
    trace(session, actor, action, vial, at, changed=changed)


def _refuse_misfit(session: Session, vial: Vial) -> None:
    """Refuse a sample type that holds less than is in the vial, or does not fit where it stands."""
    largest = vial.sample_type.largest_ul if vial.sample_type else None
    if vial.volume_ul is not None:
        refuse(why_not_measured(vial.code, vial.volume_ul, largest))
    stay = queries.live_custody(session, vial)
    if stay is not None and stay.place == "position" and stay.container is not None:
        refuse(queries.why_not_allowed(session, stay.container, vial, stay.ordinal))
