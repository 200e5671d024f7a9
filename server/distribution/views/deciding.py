"""What is done with a request on its own page: approve, refuse, cancel, ship, receive."""

from collections.abc import Callable

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, Invalid
from server.distribution import queries, service
from server.distribution.models import Request
from server.distribution.service.asking import check_cancel
from server.distribution.views import shown
from server.distribution.views.blueprints import pages
from server.distribution.views.forms import ReasonForm, ShipForm
from server.distribution.views.queue import page_of, refuse_strangers
from server.kit import notices
from server.kit.door import SIGNED_IN, require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext

Answered = Response | tuple[str, int]


@pages.post("/requests/<code>/approve")
@require("requests.decide")
def approve(code: str) -> Answered:
    """Approve the request: its vials are reserved."""
    found = queries.request(g.session, g.actor, "requests.decide", code)
    return _done(
        found,
        lambda: service.approve(g.session, g.actor, found, at=g.clock.now()),
        gettext(
            "%(request)s is approved; its vials are reserved and can be picked.", request=found.code
        ),
    )


@pages.post("/requests/<code>/refuse")
@require("requests.decide")
def refuse(code: str) -> Answered:
    """Refuse the request with a reason."""
    found = queries.request(g.session, g.actor, "requests.decide", code)
    return _done(
        found,
        lambda: service.refuse(
            g.session, g.actor, found, ReasonForm.read(request.form).reason, at=g.clock.now()
        ),
        gettext(
            "%(request)s is refused; the requester gets a mail with your reason.",
            request=found.code,
        ),
    )


@pages.post("/requests/<code>/receive")
@require(SIGNED_IN)
def receive(code: str) -> Answered:
    """State that the vials have arrived."""
    refuse_strangers()
    found = queries.request(g.session, g.actor, "requests.read", code)
    return _done(
        found,
        lambda: service.receive(g.session, g.actor, found, at=g.clock.now()),
        gettext("%(request)s is received. Thank you.", request=found.code),
    )


@pages.get("/requests/<code>/cancel")
@require(SIGNED_IN)
def cancel_form(code: str) -> str:
    """Show what cancelling ends, and ask why; refused where the request cannot be cancelled."""
    found = _cancellable(code)
    check_cancel(g.actor, found)
    return _cancel(found, Typed(), {})


@pages.post("/requests/<code>/cancel")
@require(SIGNED_IN)
def cancel(code: str) -> Answered:
    """Cancel the request; its vials are free again."""
    found = _cancellable(code)
    try:
        service.cancel(
            g.session, g.actor, found, ReasonForm.read(request.form).reason, at=g.clock.now()
        )
    except (Invalid, Conflict) as refused:
        return _cancel(found, typed_of(request.form), errors_of(refused)), 422
    notices.tell(gettext("%(request)s is cancelled.", request=found.code))
    return redirect(url_for("distribution.request_page", code=found.code), 303)


def _cancellable(code: str) -> Request:
    refuse_strangers()
    permission = "requests.decide" if g.actor.may("requests.decide") else "requests.own"
    return queries.request(g.session, g.actor, permission, code)


def _cancel(found: Request, typed: Typed, errors: object) -> str:
    walk = shown.tubes(found)
    return render_template(
        "distribution/cancel.html", request_=found, tubes=walk, typed=typed, errors=errors
    )


@pages.get("/requests/<code>/ship")
@require("requests.ship")
def ship_form(code: str) -> str:
    """Show what leaves, where it goes, and the fields of the carrier."""
    return _ship(queries.request(g.session, g.actor, "requests.ship", code), Typed(), {})


@pages.post("/requests/<code>/ship")
@require("requests.ship")
def ship(code: str) -> Answered:
    """Hand the picked vials to the carrier."""
    found = queries.request(g.session, g.actor, "requests.ship", code)
    try:
        form = ShipForm.read(request.form)
        service.ship(g.session, g.actor, found, form.carrier, form.tracking, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _ship(found, typed_of(request.form), errors_of(refused)), 422
    notices.tell(
        gettext("%(request)s is on its way; the requester gets a mail.", request=found.code)
    )
    return redirect(url_for("distribution.request_page", code=found.code), 303)


def _ship(found: Request, typed: Typed, errors: object) -> str:
    walk = shown.tubes(found)
    return render_template(
        "distribution/ship.html", request_=found, tubes=walk, typed=typed, errors=errors
    )


def _done(found: Request, verb: Callable[[], object], said: str) -> Answered:
    try:
        verb()
    except (Invalid, Conflict) as refused:
        return page_of(found, errors_of(refused), typed_of(request.form)), 422
    notices.tell(said)
    return redirect(url_for("distribution.request_page", code=found.code), 303)
