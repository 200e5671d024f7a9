"""What distribution puts onto the home page: tasks, the requester's own requests, scarce stock."""

from collections.abc import Iterator

from flask import g, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.distribution import queries, rules
from server.distribution.models import Request
from server.distribution.rules import Act, State
from server.distribution.views import shown
from server.kit.filters import ago
from server.kit.i18n import gettext, ngettext
from server.kit.tasks import Task
from server.storage.queries import paths_of

MOST = 8
SCARCE = 9
"""A lot that can give so many vials or fewer stands on the home page."""


def tasks(session: Session, actor: Actor) -> Iterator[Task]:
    """Yield the requests that this person can bring a step further, the oldest first."""
    if not actor.may("requests.read"):
        return
    todo = [str(state) for state in (State.SUBMITTED, State.RESERVED, State.PICKING, State.PICKED)]
    wanted = queries.requests_of(actor).where(Request.state.in_(todo))
    found = session.scalars(wanted.order_by(Request.submitted_at).limit(4 * MOST)).all()
    shown_rows = 0
    for order, request in enumerate(found):
        able = shown.allowed(actor, request)
        act = next((act for act in (Act.APPROVE, Act.PICK, Act.SHIP) if act in able), None)
        if act is not None and shown_rows < MOST:
            shown_rows += 1
            yield _task(session, request, act, 20 + order / 1000)


def _task(session: Session, request: Request, act: Act, order: float) -> Task:
    facts = {"request": request.code, "num": request.quantity, "line": request.line.name}
    endpoint = {Act.APPROVE: "request_page", Act.PICK: "pick_page", Act.SHIP: "ship_form"}[act]
    what = {
        Act.APPROVE: gettext("%(request)s waits for a decision", **facts),
        Act.PICK: gettext("Pick for %(request)s", **facts),
        Act.SHIP: gettext("Ship %(request)s", **facts),
    }[act]
    label = {Act.APPROVE: gettext("Review"), Act.PICK: gettext("Start"), Act.SHIP: gettext("Ship")}
    vials = ngettext("%(num)s vial of %(line)s", "%(num)s vials of %(line)s", request.quantity)
    return Task(
        order=order,
        due=ago(request.submitted_at),
        what=what,
        note=f"{vials % facts} · {request.requester_org.name}",
        where=_freezers(session, request) if act is Act.PICK else "",
        url=url_for(f"distribution.{endpoint}", code=request.code),
        label=label[act],
    )


def _freezers(session: Session, request: Request) -> str:
    waiting = [each.vial_id for each in queries.vials_of(session, request.id) if not each.picked_at]
    steps = [path.step("freezer") for path in paths_of(session, vials=waiting).values()]
    return ", ".join(sorted({step.name for step in steps if step}))


def own_requests(actor: Actor) -> str | None:
    """Return the card of a requester's latest requests, with the way to the window."""
    if not actor.may("requests.own"):
        return None
    mine = queries.requests_of(actor).where(Request.requester_id == actor.id)
    found = g.session.scalars(mine.order_by(Request.id.desc()).limit(MOST)).all()
    return render_template(
        "distribution/own_panel.html",
        requests=found,
        words=rules.STATE_WORDS,
        badges=shown.STATE_BADGES,
    )


def scarce_stock(actor: Actor) -> str | None:
    """Return the card of lots that are near their reserve, or nothing."""
    if not actor.may("catalogue.read"):
        return None
    wanted = select(Lot).join(CellLine, CellLine.id == Lot.line_id).options(joinedload(Lot.line))
    wanted = wanted.where(CellLine.listed, queries.GIVEN_OUT)
    lots = {
        lot.id: lot
        for lot in g.session.scalars(visible(wanted, actor, "catalogue.read", Lot.org_id))
    }
    line_ids = {lot.line_id for lot in lots.values()}
    rows = [
        (lots[stock.lot_id], stock)
        for stock in queries.stocks(g.session, line_ids)
        if stock.lot_id in lots and stock.available <= SCARCE
    ]
    rows.sort(key=lambda row: row[1].available)
    return render_template("distribution/scarce_panel.html", rows=rows[:MOST]) if rows else None
