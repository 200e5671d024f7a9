"""One act on many vials at once: moved into a box, held, given to a project. Set by set, so that it is short."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Forbidden, Refusal
from server.core.words import N_
from server.genealogy import rules as genealogy
from server.genealogy.models import Hold
from server.genealogy.service import LIFT
from server.parties.models import Project
from server.storage import rules
from server.storage.models import BulkMove, Container, Vial
from server.storage.queries.aliases import as_recorded
from server.storage.queries.carrying import held_vials
from server.storage.rules.describing import why_not_described, why_not_project
from server.storage.service.bulk import arrange, move_vials
from server.storage.service.standing import why_not_of_project

MOST_AT_ONCE = 1000
Chosen = Sequence[Vial]


def why_not_so_many(count: int) -> Refusal | None:
    """Say why so many vials cannot be acted on as one, or None."""
    if 1 <= count <= MOST_AT_ONCE:
        return None
    because = N_("%(found)s vials were named; 1 to %(most)s are expected.")
    return Refusal("too_many_chosen", because, {"found": count, "most": MOST_AT_ONCE})


def chosen_vials(session: Session, actor: Actor, permission: str, ids: Sequence[int]) -> list[Vial]:
    """Return these vials, by code; refused where one belongs to an organisation that the actor may not act for."""
    found = list(session.scalars(select(Vial).where(Vial.id.in_(ids)).order_by(Vial.code)))
    foreign = [vial.code for vial in found if not actor.may(permission, vial.org_id)]
    if foreign:
        because = N_("You may not do this with %(vial)s; it belongs to another organisation.")
        raise Forbidden(Refusal("not_yours", because, {"vial": foreign[0]}))
    return found


def named_vials(
    session: Session, actor: Actor, permission: str, codes: Sequence[str]
) -> list[Vial]:
    """Return the vials of these codes or aliases, each once; refused with every code that is none's to act on."""
    own = dict(zip(codes, as_recorded(session, codes), strict=True))
    wanted: Any = select(Vial.id, Vial.code).where(Vial.code.in_(set(own.values())))
    rows = session.execute(visible(wanted, actor, permission, Vial.org_id))
    found = {code: number for number, code in rows}
    if strangers := [code for code in own if own[code] not in found]:
        because = N_("No vial has the code %(vial)s.")
        raise AllRefused([Refusal("no_such_vial", because, {"vial": code}) for code in strangers])
    return chosen_vials(session, actor, permission, list(found.values()))


def move_into(
    session: Session, actor: Actor, vials: Chosen, box: Container, *, at: datetime
) -> BulkMove:
    """Carry stored vials into the free positions of a box in the order of their codes, all or none.

    They go where the box is filled first; what is blocked or kept for others is not free for them.
    """
    moves = arrange(session, [(vial, 0, box.shape) for vial in vials], box, "free")
    return move_vials(session, actor, moves, at=at)


def give_to_project(
    session: Session, actor: Actor, vials: Chosen, project: Project | None, *, at: datetime
) -> int:
    """Let these vials belong to a project (or to none), all or none; returns how many did not before.

    Refused with every reason: one that is gone, a project of another organisation, a place where
    stock of this project may not stand.
    """
    held_vials(session, (vial.id for vial in vials))  # nobody moves one while its place is asked
    found = (_why_not_give(vial, project) for vial in vials)
    if refusals := [refusal for refusal in found if refusal]:
        raise AllRefused(refusals)
    now = project.id if project else None
    changed = [vial for vial in vials if vial.project_id != now]
    codes = dict(session.execute(select(Project.id, Project.code)).all())
    with session.begin_nested():  # refused, nothing of it stays
        session.execute(
            update(Vial)
            .where(Vial.id.in_([vial.id for vial in changed]))
            .values(project_id=now, version=Vial.version + 1),
            execution_options={"synchronize_session": False},
        )
        if refusals := why_not_of_project(session, [vial.id for vial in changed], at):
            raise AllRefused(refusals)
    for vial in changed:
        before = codes.get(vial.project_id or 0, "")
        audit.record(
            session, actor, "vial.described", "vial", vial.code, at=at, org_id=vial.org_id,
            project=[before, project.code if project else ""],
        )  # fmt: skip
        session.expire(vial)
    return len(changed)


def _why_not_give(vial: Vial, project: Project | None) -> Refusal | None:
    if vial.state in rules.TERMINAL:
        return why_not_described(vial.code)
    if project is None:
        return None
    return why_not_project(vial.code, vial.org_id, project.code, project.org_id)


def hold_all(
    session: Session, actor: Actor, vials: Chosen, cause: str, note: str, *, at: datetime
) -> int:
    """Lay one hold on each of these vials, on top of those that stand; returns how many.

    A vial on which the same person has laid the very same hold already gets no second one.
    """
    if refusal := genealogy.why_not_lay(cause, "hold", note):
        raise Conflict(refusal, field="cause" if refusal.code == "bad_cause" else "note")
    plain = {
        "kind": "vial", "cause": cause, "note": note.strip(), "severity": "hold", "lifted_by_permission": LIFT,
        "source_kind": "", "opened_at": at, "opened_by_name": actor.name, "lifted_by_name": "", "lifted_because": "",
        "version": 1,
    }  # fmt: skip
    same = _held_alike(session, actor, vials, cause, note.strip())
    new = [vial for vial in vials if vial.id not in same]
    rows = [
        {**plain, "org_id": vial.org_id, "target_id": vial.id, "target_code": vial.code}
        for vial in new
    ]
    if rows:
        session.execute(insert(Hold), rows)
    for vial in new:
        audit.record(
            session, actor, "hold.laid", "vial", vial.code, at=at, org_id=vial.org_id, cause=cause,
            note=note.strip(), severity="hold",
        )  # fmt: skip
    return len(new)


def _held_alike(session: Session, actor: Actor, vials: Chosen, cause: str, note: str) -> set[int]:
    wanted = select(Hold.target_id).where(
        Hold.kind == "vial",
        Hold.target_id.in_([vial.id for vial in vials]),
        Hold.lifted_at.is_(None),
        (Hold.cause == cause) & (Hold.note == note) & (Hold.opened_by_name == actor.name),
    )
    return set(session.scalars(wanted))
