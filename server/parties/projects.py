"""Projects: added, changed, ended; what they own keeps naming them."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Invalid, Refusal
from server.core.words import N_
from server.parties import rules
from server.parties.models import Project
from server.parties.service import MANAGE, NOT_YOURS

KNOWN = N_("There is a project with the code %(code)s already.")


def add_project(
    session: Session, actor: Actor, org_id: int, *, code: str, name: str, active: bool = True,
    at: datetime,
) -> Project:  # fmt: skip
    """Add a project of an organisation; its code is given once there."""
    if not actor.may(MANAGE, org_id):
        raise Forbidden(NOT_YOURS)
    if refusal := rules.why_not_code(code):
        raise Invalid(refusal, field="code")
    taken = select(Project.id).where(Project.org_id == org_id, Project.code == code)
    if session.scalar(taken):
        raise Conflict(Refusal("code_known", KNOWN, {"code": code}), field="code")
    made = Project(org_id=org_id, code=code, name=name, active=active, created_at=at)
    session.add(made)
    session.flush()
    audit.record(session, actor, "project.added", "project", code, at=at, org_id=org_id, name=name)
    return made


def change_project(
    session: Session, actor: Actor, project: Project, *, name: str, active: bool, at: datetime
) -> None:
    """Change a project, or let nothing new belong to it."""
    if not actor.may(MANAGE, project.org_id):
        raise Forbidden(NOT_YOURS)
    facts: dict[str, Any] = {"before": [project.name, project.active], "now": [name, active]}
    project.name, project.active = name, active
    audit.record(
        session, actor, "project.changed", "project", project.code, at=at, org_id=project.org_id,
        **facts,
    )  # fmt: skip
