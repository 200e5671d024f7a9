"""A request as a page shows it: its steps in time, its vials in walking order, and what may be done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import g

from server.core.actor import Actor
from server.distribution import queries, rules
from server.distribution.models import Request, RequestVial
from server.distribution.rules import Act, State
from server.distribution.service.lapsing import RUN_OUT
from server.genealogy.rules import CAUSES
from server.kit.filters import when
from server.kit.i18n import gettext, ngettext
from server.storage.queries import Path, paths_of
from server.storage.queries.holds import holds_on

STATE_BADGES = {
    State.SUBMITTED: "warning",
    State.RESERVED: "info",
    State.PICKING: "info",
    State.PICKED: "info",
    State.SHIPPED: "normal",
    State.RECEIVED: "plain",
    State.REFUSED: "plain",
    State.CANCELLED: "plain",
}


@dataclass(frozen=True)
class Tube:
    """A vial of the request and the way to it."""

    chosen: RequestVial
    path: Path
    held_because: str = ""
    """The cause of a hold on the vial, its lot or its line; empty where there is none."""

    @property
    def code(self) -> str:
        """Return what its label says."""
        return self.chosen.vial.code

    @property
    def walk(self) -> tuple[object, ...]:
        """Return what orders a walk: site, room, freezer, rack, level, box, position."""
        steps = [
            (step.name, int(step.inside) if step.inside.isdecimal() else 0)
            for step in self.path.steps[:-1]
        ]
        return (*steps, self.path.ordinal or 0)


def tubes(request: Request) -> list[Tube]:
    """Return the vials of a request in the order in which one walks past them."""
    chosen = queries.vials_of(g.session, request.id)
    ways = paths_of(g.session, vials=[each.vial_id for each in chosen]) if chosen else {}
    held = holds_on(g.session, [each.vial_id for each in chosen]) if chosen else {}
    causes = {vial: CAUSES.get(holds[0].cause, holds[0].cause) for vial, holds in held.items()}
    return sorted(
        (Tube(each, ways[each.vial_id], causes.get(each.vial_id, "")) for each in chosen),
        key=lambda tube: (len(tube.path.steps) == 0, tube.walk),
    )


def steps(request: Request, vials: Sequence[RequestVial]) -> list[dict[str, object]]:
    """Return what has happened to a request, oldest first, as the events macro takes it."""
    return [
        {"when": when(at), "text": text} for at, text in _happened(request, vials) if at is not None
    ]


def _happened(
    request: Request, vials: Sequence[RequestVial]
) -> Iterator[tuple[datetime | None, str]]:
    asked = ngettext(
        "%(who)s asked for %(num)s vial", "%(who)s asked for %(num)s vials", request.quantity
    )
    yield request.submitted_at, asked % {"who": request.requester.name, "num": request.quantity}
    yield request.decided_at, _decision(request)
    for chosen in vials:
        facts = {"vial": chosen.vial.code, "who": chosen.picked_by_name}
        yield chosen.picked_at, gettext("%(vial)s taken out by %(who)s", **facts)
    sent = {
        "who": request.shipped_by_name,
        "carrier": request.carrier,
        "tracking": request.tracking or "—",
    }
    yield (
        request.shipped_at,
        gettext("Shipped by %(who)s with %(carrier)s, number %(tracking)s", **sent),
    )
    yield request.received_at, gettext("Received")


def _decision(request: Request) -> str:
    reason = request.decision_reason
    if reason == RUN_OUT:
        reason = gettext(RUN_OUT)
    facts = {"who": request.decided_by_name, "reason": reason}
    if request.state == State.REFUSED:
        return gettext("Refused by %(who)s: %(reason)s", **facts)
    if request.state == State.CANCELLED:
        return gettext("Cancelled by %(who)s: %(reason)s", **facts)
    return gettext("Approved by %(who)s, vials reserved", who=request.decided_by_name)


def sentence(request: Request) -> str:
    """Return in one sentence where the request stands."""
    return gettext(
        "%(n)s × %(line)s for %(org)s: %(state)s.",
        n=request.quantity,
        line=request.line.name,
        org=request.requester_org.name,
        state=gettext(rules.STATE_WORDS[State(request.state)]),
    )


def loss(request: Request, promised: int) -> str:
    """Return a sentence on vials that are missing and were not replaced; empty where none is."""
    asked = request.quantity
    if request.state not in {State.PICKING, State.PICKED} or promised >= asked:
        return ""
    if not promised:
        return gettext(
            "All reserved vials are missing, and no other of their lot may be given: cancel the request, so that the requester can ask again."
        )
    return gettext(
        "%(found)s of %(asked)s vials can be given; the others are missing and no other of their lot may take their place.",
        found=promised,
        asked=asked,
    )


def allowed(actor: Actor, request: Request) -> frozenset[str]:
    """Return what this actor may do with the request now."""
    needs = {
        Act.APPROVE: "requests.decide",
        Act.REFUSE: "requests.decide",
        Act.PICK: "requests.pick",
        Act.SHIP: "requests.ship",
    }
    able = {
        str(act) for act, permission in needs.items() if queries.may(actor, permission, request)
    }
    own = queries.may(actor, "requests.own", request)
    decides = queries.may(actor, "requests.decide", request)
    if decides or (own and request.state in rules.BY_REQUESTER):
        able.add(str(Act.CANCEL))
    if own or queries.may(actor, "requests.ship", request):
        able.add(str(Act.RECEIVE))
    if request.state == State.PICKING and not queries.vials_of(g.session, request.id):
        able.discard(str(Act.PICK))  # nothing is left to be picked
    return frozenset(name for name in able if rules.state_after(request.state, Act(name)))
