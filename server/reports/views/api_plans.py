"""The API of consolidation: plan, look, carry box by box."""

from collections.abc import Sequence
from datetime import datetime

from flask import g

from server.kit import cursors, etag
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.reports import service
from server.reports.models import ConsolidationPlan, ConsolidationStep
from server.reports.queries import plans as queries
from server.reports.views.blueprints import api
from server.storage import queries as storage

READ = "storage.read"
WORK = "storage.move"


class CarryOut(Answer):
    """One tube and where it goes."""

    vial: str
    box: str
    position: str


class StepOut(Answer):
    """One box that can be emptied; `state` is waiting, done or dropped."""

    number: int
    box: str
    state: str
    carries: list[CarryOut]


class PlanOut(Answer):
    """A consolidation plan of a freezer or rack, box by box."""

    number: int
    of: str
    made_at: datetime
    made_by: str
    steps: list[StepOut]


class PlansOut(Answer):
    """A page of plans, the newest first, without their steps."""

    items: list[PlanOut]
    next: str | None


class NewPlan(Body):
    """The freezer or rack in which boxes are put together."""

    container: str


@api.get("/consolidation-plans")
@require(READ)
@describes("List consolidation plans, the newest first", answers={200: PlansOut}, listed=True)
def list_plans() -> PlansOut:
    """Answer the plans."""
    wanted = queries.every(g.actor)
    found, onward = cursors.page(g.session, wanted, ConsolidationPlan.id, newest_first=True)
    return PlansOut(items=[_out(one, []) for one in found], next=onward)


@api.post("/consolidation-plans")
@require(WORK)
@describes("Plan which boxes can be emptied", body=NewPlan, answers={201: PlanOut})
def make_plan_by_program() -> tuple[PlanOut, int]:
    """Make a plan; nothing moves yet. 409 where no box can be emptied."""
    wanted = read(NewPlan)
    with g.reader() as session:  # looking takes long; nobody waits for the write lock meanwhile
        found = storage.container(session, g.actor, WORK, wanted.container, "freezer", "rack")
        steps = service.steps_for(session, found)
    made = service.make_plan(g.session, g.actor, found, steps, at=g.clock.now())
    return _told(made), 201


@api.get("/consolidation-plans/<int:number>")
@require(READ)
@describes("Read a consolidation plan", answers={200: PlanOut})
def read_plan(number: int) -> PlanOut:
    """Answer a plan with its steps."""
    return _told(queries.plan(g.session, g.actor, READ, number))


@api.post("/consolidation-plans/<int:number>/steps/<int:step>/do")
@require(WORK)
@describes("Record that a box was emptied as planned", answers={200: PlanOut})
def do_step_by_program(number: int, step: int) -> PlanOut:
    """Carry the tubes of one box."""
    made = _held(number)
    one = queries.step(g.session, made, step)
    service.do_step(g.session, g.actor, made, one, at=g.clock.now())
    return _told(made)


@api.post("/consolidation-plans/<int:number>/steps/<int:step>/drop")
@require(WORK)
@describes("Leave a box of a plan as it is", answers={200: PlanOut})
def drop_step_by_program(number: int, step: int) -> PlanOut:
    """Drop one step."""
    made = _held(number)
    one = queries.step(g.session, made, step)
    service.drop_step(g.session, g.actor, made, one, at=g.clock.now())
    return _told(made)


def _held(number: int) -> ConsolidationPlan:
    made = queries.plan(g.session, g.actor, WORK, number)
    etag.check_answer(lambda: _out(made, queries.steps_of(g.session, made)))
    return made


def _told(made: ConsolidationPlan) -> PlanOut:
    g.session.flush()
    return etag.tell_answer(_out(made, queries.steps_of(g.session, made)))


def _out(made: ConsolidationPlan, steps: Sequence[ConsolidationStep]) -> PlanOut:
    return PlanOut(
        number=made.id,
        of=made.container.code,
        made_at=made.made_at,
        made_by=made.made_by_name,
        steps=[
            StepOut(
                number=step.id,
                box=step.box.code,
                state=step.state,
                carries=[
                    CarryOut(vial=vial, box=box, position=position)
                    for vial, box, position in service.names_of(g.session, step)
                ],
            )
            for step in steps
        ],
    )
