"""Consolidation plans, and the boxes that one is made of."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.reports.models import ConsolidationPlan, ConsolidationStep
from server.reports.queries.fullness import CHUNK
from server.reports.rules.consolidation import Box, Tube
from server.storage.models import Container, Custody
from server.storage.queries import free_positions, true_at

READ = "storage.read"
NO_PLAN = N_("There is no plan %(found)s.")
NO_STEP = N_("There is no step %(found)s of this plan.")


def plans(session: Session, actor: Actor) -> list[ConsolidationPlan]:
    """Return the plans, newest first."""
    wanted = select(ConsolidationPlan).order_by(ConsolidationPlan.id.desc()).limit(50)
    wanted = wanted.options(joinedload(ConsolidationPlan.container))
    return list(session.scalars(visible(wanted, actor, READ, ConsolidationPlan.org_id)))


def every(actor: Actor) -> Select[Any]:
    """Return the statement of all plans that the actor may see."""
    wanted = select(ConsolidationPlan).options(joinedload(ConsolidationPlan.container))
    return visible(wanted, actor, READ, ConsolidationPlan.org_id)


def plan(session: Session, actor: Actor, permission: str, plan_id: int) -> ConsolidationPlan:
    """Return one plan; refused (NotFound) where there is none that the actor may see."""
    wanted = select(ConsolidationPlan).where(ConsolidationPlan.id == plan_id)
    found: ConsolidationPlan | None = session.scalars(
        visible(wanted, actor, permission, ConsolidationPlan.org_id)
    ).first()
    if found is None:
        raise NotFound(Refusal("no_plan", NO_PLAN, {"found": plan_id}))
    return found


def steps_of(session: Session, found: ConsolidationPlan) -> list[ConsolidationStep]:
    """Return the plan's steps in order, their boxes loaded."""
    wanted = (
        select(ConsolidationStep)
        .where(ConsolidationStep.plan_id == found.id)
        .options(joinedload(ConsolidationStep.box))
        .order_by(ConsolidationStep.id)
    )
    return list(session.scalars(wanted))


def step(session: Session, found: ConsolidationPlan, step_id: int) -> ConsolidationStep:
    """Return one step of the plan; refused (NotFound) where there is none."""
    wanted = select(ConsolidationStep).where(
        ConsolidationStep.id == step_id, ConsolidationStep.plan_id == found.id
    )
    one = session.scalars(wanted).first()
    if one is None:
        raise NotFound(Refusal("no_step", NO_STEP, {"found": step_id}))
    return one


def filled(session: Session, boxes: Sequence[Container]) -> list[Box]:
    """Return the boxes with their tubes and free positions; slots and space that are kept are neither."""
    tubes = vials_by_box(session, [box.id for box in boxes])
    return [Box(box.id, tubes.get(box.id, []), free_positions(session, box)) for box in boxes]


def vials_by_box(session: Session, boxes: Sequence[int]) -> dict[int, list[Tube]]:
    """Return the vials in each of these boxes, by position."""
    found: dict[int, list[Tube]] = {}
    for start in range(0, len(boxes), CHUNK):
        wanted: Any = (
            select(Custody.container_id, Custody.vial_id, Custody.ordinal)
            .where(
                Custody.container_id.in_(boxes[start : start + CHUNK]),
                Custody.vial_id.is_not(None),
                Custody.place == "position",
                true_at(None),
            )
            .order_by(Custody.container_id, Custody.ordinal)
        )
        for box, vial, ordinal in session.execute(wanted):
            found.setdefault(box, []).append(Tube(vial, ordinal))
    return found
