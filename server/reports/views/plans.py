"""Consolidation: plan, look, carry box by box."""

from flask import g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict
from server.kit import notices
from server.kit.door import require
from server.kit.i18n import gettext
from server.reports import service
from server.reports.queries import plans as queries
from server.reports.views.blueprints import pages
from server.storage import queries as storage

WORK = "storage.move"


@pages.get("/reports/plans")
@require("storage.read")
def consolidation_plans() -> str:
    """List the plans so far."""
    return render_template("reports/plans.html", plans=queries.plans(g.session, g.actor))


@pages.post("/reports/<code>/plan")
@require(WORK)
def make_plan(code: str) -> Response:
    """Plan which boxes of a freezer or rack can be emptied."""
    try:
        with g.reader() as session:  # looking takes long; nobody waits for the write lock meanwhile
            found = storage.container(session, g.actor, WORK, code, "freezer", "rack")
            steps = service.steps_for(session, found)
        made = service.make_plan(g.session, g.actor, found, steps, at=g.clock.now())
    except Conflict as refused:
        notices.tell(gettext(refused.refusal.because, **refused.refusal.facts), state="warning")
        return redirect(url_for("reports.consolidation_plans"), 303)
    return redirect(url_for("reports.consolidation_plan", plan_id=made.id), 303)


@pages.get("/reports/plans/<int:plan_id>")
@require("storage.read")
def consolidation_plan(plan_id: int) -> str:
    """Show what is carried where, box by box."""
    made = queries.plan(g.session, g.actor, "storage.read", plan_id)
    steps = queries.steps_of(g.session, made)
    return render_template(
        "reports/plan.html",
        plan=made,
        steps=[(step, service.names_of(g.session, step)) for step in steps],
        done=sum(step.state != "waiting" for step in steps),
        may_work=g.actor.may(WORK, made.org_id),
    )


@pages.post("/reports/plans/<int:plan_id>/<int:step_id>/do")
@require(WORK)
def do_step(plan_id: int, step_id: int) -> Response:
    """Record that one box was emptied as planned."""
    made = queries.plan(g.session, g.actor, WORK, plan_id)
    step = queries.step(g.session, made, step_id)
    move = service.do_step(g.session, g.actor, made, step, at=g.clock.now())
    notices.tell(
        gettext("%(box)s is empty. Tubes carried: %(count)s.", box=step.box.code, count=move.things)
    )
    return redirect(url_for("reports.consolidation_plan", plan_id=made.id), 303)


@pages.post("/reports/plans/<int:plan_id>/<int:step_id>/drop")
@require(WORK)
def drop_step(plan_id: int, step_id: int) -> Response:
    """Leave one box as it is."""
    made = queries.plan(g.session, g.actor, WORK, plan_id)
    step = queries.step(g.session, made, step_id)
    service.drop_step(g.session, g.actor, made, step, at=g.clock.now())
    return redirect(url_for("reports.consolidation_plan", plan_id=made.id), 303)
