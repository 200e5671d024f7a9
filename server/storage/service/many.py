"""One act on many vials at once: moved into a box, held, given to a project. Set by set, so that it is short."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Forbidden, Refusal
from server.core.words import N_
from server.genealogy import rules as genealogy
from server.genealogy.models import Hold
from server.genealogy.service import LIFT
from server.parties.models import Project
from server.storage import queries, rules
from server.storage.models import BulkMove, Container, Vial
from server.storage.rules.moves import Move
from server.storage.service.bulk import move_vials

MOST_AT_ONCE = 1000
Chosen = Sequence[Vial]


def chosen_vials(session: Session, actor: Actor, permission: str, ids: Sequence[int]) -> list[Vial]:
    """Return these vials, by code; refused where one belongs to an organisation that the actor may not act for."""
    found = list(session.scalars(select(Vial).where(Vial.id.in_(ids)).order_by(Vial.code)))
    foreign = [vial.code for vial in found if not actor.may(permission, vial.org_id)]
    if foreign:
        because = N_("You may not do this with %(vial)s; it belongs to another organisation.")
        raise Forbidden(Refusal("not_yours", because, {"vial": foreign[0]}))
    return found


def move_into(
    session: Session, actor: Actor, vials: Chosen, box: Container, *, at: datetime
) -> BulkMove:
    """Carry stored vials into the free positions of a box in the order of their codes, all or none."""
    taken = queries.occupants(session, box)
    free = [one for one in box.shape.ordinals if one not in taken]
    if len(free) < len(vials):
        because = N_("%(box)s has %(free)s free positions; %(count)s vials are to go there.")
        facts = {"box": box.code, "free": len(free), "count": len(vials)}
        raise Conflict(Refusal("no_room", because, facts), field="box")
    moves = [Move(vial.id, box.id, place) for vial, place in zip(vials, free, strict=False)]
    return move_vials(session, actor, moves, at=at)


def give_to_project(
    session: Session, actor: Actor, vials: Chosen, project: Project | None, *, at: datetime
) -> int:
    """Let these vials belong to a project (or to none), all or none; returns how many did not before."""
    refusals = [_gone(vial) for vial in vials if vial.state in rules.TERMINAL]
    if refusals:
        raise AllRefused(refusals)
    now = project.id if project else None
    changed = [vial for vial in vials if vial.project_id != now]
    codes = dict(session.execute(select(Project.id, Project.code)).all())
    session.execute(
        update(Vial)
        .where(Vial.id.in_([vial.id for vial in changed]))
        .values(project_id=now, version=Vial.version + 1),
        execution_options={"synchronize_session": False},
    )
    for vial in changed:
        before = codes.get(vial.project_id or 0, "")
        audit.record(
            session, actor, "vial.described", "vial", vial.code, at=at, org_id=vial.org_id,
            project=[before, project.code if project else ""],
        )  # fmt: skip
        session.expire(vial)
    return len(changed)


def _gone(vial: Vial) -> Refusal:
    because = N_("%(vial)s has left for good; what is said of it stays as it is.")
    return Refusal("terminal_state", because, {"vial": vial.code})


def hold_all(
    session: Session, actor: Actor, vials: Chosen, cause: str, note: str, *, at: datetime
) -> int:
    """Lay one hold on each of these vials, on top of those that stand; returns how many."""
    if refusal := genealogy.why_not_lay(cause, "hold", note):
        raise Conflict(refusal, field="cause" if refusal.code == "bad_cause" else "note")
    plain = {
        "kind": "vial", "cause": cause, "note": note.strip(), "severity": "hold", "lifted_by_permission": LIFT,
        "source_kind": "", "opened_at": at, "opened_by_name": actor.name, "lifted_by_name": "", "lifted_because": "",
        "version": 1,
    }  # fmt: skip
    rows = [
        {**plain, "org_id": vial.org_id, "target_id": vial.id, "target_code": vial.code}
        for vial in vials
    ]
    session.execute(insert(Hold), rows)
    for vial in vials:
        audit.record(
            session, actor, "hold.laid", "vial", vial.code, at=at, org_id=vial.org_id, cause=cause,
            note=note.strip(), severity="hold",
        )  # fmt: skip
    return len(vials)
