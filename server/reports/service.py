"""Consolidation: planned for a freezer or rack, done box by box, each box as one move."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.reports.models import ConsolidationPlan, ConsolidationStep
from server.reports.queries import plans as queries
from server.reports.queries.fullness import boxes_of
from server.reports.rules.consolidation import Step, plan
from server.storage.models import BulkMove, Container, Vial
from server.storage.queries.limits import why_none_allowed
from server.storage.service import bulk
from server.storage.service.bulk import Move

MOST_BOXES = 400
NOTHING = N_("No box of %(container)s can be emptied into the others.")
MANY = N_(
    "%(container)s holds %(found)s boxes; a plan is made for at most %(most)s. Choose a rack."
)
CHANGED = N_("%(box)s was changed since the plan was made. Make a new plan.")
SETTLED = N_("This step is settled already.")


def steps_for(session: Session, container: Container) -> list[Step]:
    """Return which boxes inside a freezer or rack can be emptied, and where their tubes go; reads only.

    Refused where no box can be emptied, or there are more boxes than a plan looks at.
    """
    boxes = boxes_of(session, container)
    if len(boxes) > MOST_BOXES:
        facts = {"container": container.code, "found": len(boxes), "most": MOST_BOXES}
        raise Conflict(Refusal("many_boxes", MANY, facts))
    by_id = {box.id: box for box in boxes}

    @cache
    def may(vial: int, box: int) -> bool:
        return not why_none_allowed(session, [(vial, by_id[box], None)])

    steps = plan(queries.filled(session, boxes), may)
    if not steps:
        raise Conflict(Refusal("nothing_to_gain", NOTHING, {"container": container.code}))
    return steps


def make_plan(
    session: Session, actor: Actor, container: Container, steps: Sequence[Step], *, at: datetime
) -> ConsolidationPlan:
    """Keep these steps as a plan; nothing moves yet, and each step is asked again when it is done."""
    made = ConsolidationPlan(
        org_id=container.org_id, container_id=container.id, made_at=at, made_by_name=actor.name
    )
    session.add(made)
    session.flush()  # its number stands in every step
    for step in steps:
        carries = json.dumps(step.carries)
        session.add(ConsolidationStep(plan_id=made.id, box_id=step.box_id, carries=carries))
    session.flush()
    _trace(session, actor, made, "made", at, container=container.code, boxes=len(steps))
    return made


def do_step(
    session: Session,
    actor: Actor,
    made: ConsolidationPlan,
    step: ConsolidationStep,
    *,
    at: datetime,
) -> BulkMove:
    """Carry the tubes of one box; refused with every reason where something is in the way by now."""
    _waiting(session, step)
    carries = [tuple(one) for one in json.loads(step.carries)]
    inside = {
        tube.vial_id for tube in queries.vials_by_box(session, [step.box_id]).get(step.box_id, [])
    }
    if inside != {vial for vial, _, _ in carries}:
        raise Conflict(Refusal("changed", CHANGED, {"box": step.box.code}))
    moves = [Move(vial, box, ordinal) for vial, box, ordinal in carries]
    move = bulk.move_vials(session, actor, moves, kind="consolidate", at=at)
    step.bulk_move_id = move.id
    _settle(session, actor, made, step, "done", at)
    return move


def drop_step(
    session: Session,
    actor: Actor,
    made: ConsolidationPlan,
    step: ConsolidationStep,
    *,
    at: datetime,
) -> None:
    """Leave one box as it is."""
    _waiting(session, step)
    _settle(session, actor, made, step, "dropped", at)


def _waiting(session: Session, step: ConsolidationStep) -> None:
    session.refresh(step, with_for_update={"of": ConsolidationStep})
    if step.state != "waiting":
        raise Conflict(Refusal("settled", SETTLED))


def _settle(
    session: Session,
    actor: Actor,
    made: ConsolidationPlan,
    step: ConsolidationStep,
    state: str,
    at: datetime,
) -> None:
    step.state, step.settled_at, step.settled_by_name = state, at, actor.name
    session.flush()
    _trace(session, actor, made, f"step_{state}", at, box=step.box.code)


def _trace(
    session: Session,
    actor: Actor,
    made: ConsolidationPlan,
    what: str,
    at: datetime,
    **facts: Any,  # noqa: ANN401  whatever the record is told
) -> None:
    audit.record(
        session, actor, f"consolidation.{what}", "consolidation", str(made.id), at=at,
        org_id=made.org_id, **facts,
    )  # fmt: skip


def names_of(session: Session, step: ConsolidationStep) -> list[tuple[str, str, str]]:
    """Return (vial, box, position) of each tube that the step carries."""
    named = []
    for vial_id, box_id, ordinal in json.loads(step.carries):
        box = session.get_one(Container, box_id)
        named.append((session.get_one(Vial, vial_id).code, box.code, box.shape.label(ordinal)))
    return named
