"""The list of requests, and one request with all that has happened to it."""

from flask import g, render_template, request

from server.core.errors import Forbidden, Refusal
from server.core.words import N_
from server.distribution import queries, rules
from server.distribution.models import Request
from server.distribution.rules import State
from server.distribution.views import shown
from server.distribution.views.blueprints import pages
from server.kit import lists
from server.kit.door import SIGNED_IN, require
from server.kit.forms import Typed

VIEWS = {
    "open": (N_("To do"), (State.SUBMITTED, State.RESERVED, State.PICKING, State.PICKED)),
    "sent": (N_("On the way"), (State.SHIPPED,)),
    "ended": (N_("Ended"), (State.RECEIVED, State.REFUSED, State.CANCELLED)),
    "all": (N_("All"), tuple(State)),
}
SORTS = {
    "code": Request.id,
    "submitted": Request.submitted_at,
    "state": Request.state,
    "quantity": Request.quantity,
}


@pages.get("/requests")
@require(SIGNED_IN)
def requests() -> str:
    """List requests: for the bank those of its stock, for a requester their own."""
    refuse_strangers()
    own_only = not g.actor.may("requests.read")
    name = request.args.get("view", "all" if own_only else "open")
    name = name if name in VIEWS else "open"
    wanted = queries.requests_of(g.actor).where(
        Request.state.in_([str(state) for state in VIEWS[name][1]])
    )
    usual = "submitted" if name == "open" else "-submitted"
    part = lists.part(g.session, wanted, SORTS, usual, Request.id)
    counts = queries.counts_by_state(g.session, g.actor)
    tabs = [
        (key, words, sum(counts.get(state, 0) for state in states))
        for key, (words, states) in VIEWS.items()
    ]
    return render_template(
        "distribution/requests.html",
        part=part,
        view=name,
        tabs=tabs,
        own_only=own_only,
        words=rules.STATE_WORDS,
        badges=shown.STATE_BADGES,
        allowed={each.id: shown.allowed(g.actor, each) for each in part.rows},
    )


@pages.get("/requests/<code>")
@require(SIGNED_IN)
def request_page(code: str) -> str:
    """Show one request."""
    refuse_strangers()
    return page_of(queries.request(g.session, g.actor, "requests.read", code))


def page_of(found: Request, errors: object = None, typed: Typed | None = None) -> str:
    """Return the page of a request, with a refused form where there is one."""
    walk = shown.tubes(found)
    able = shown.allowed(g.actor, found)
    stock = queries.lot_stock(g.session, found.line_id) if "approve" in able else []
    return render_template(
        "distribution/request.html",
        request_=found,
        tubes=walk,
        steps=shown.steps(found, [tube.chosen for tube in walk]),
        sentence=shown.sentence(found),
        badge=shown.STATE_BADGES[State(found.state)],
        word=rules.STATE_WORDS[State(found.state)],
        able=able,
        loss=shown.loss(found, len(walk)),
        stock=stock,
        chosen=rules.choose_lot(stock, found.quantity),
        reads=queries.may(g.actor, "requests.read", found)
        and g.actor.may("storage.read", found.org_id),
        errors=errors or {},
        typed=typed or Typed(),
    )


def refuse_strangers() -> None:
    """Refuse someone who neither asks for vials nor reads requests."""
    if not (g.actor.may("requests.read") or g.actor.may("requests.own")):
        because = N_("Your roles do not let you see requests. Ask your administrator.")
        raise Forbidden(Refusal("not_permitted", because))
