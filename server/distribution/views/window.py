"""The window: what the bank gives out, how much of it there is, and the form to ask for it."""

from flask import g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from server.catalogue import rules as catalogue_rules
from server.catalogue.models import CellLine
from server.catalogue.queries import matches
from server.core.errors import Conflict, Invalid
from server.distribution import queries, rules, service
from server.distribution.views.blueprints import pages
from server.distribution.views.forms import AskForm
from server.kit import lists, notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.parties.models import DeliverySite

SORTS = {"name": CellLine.name, "species": CellLine.species, "level": CellLine.biosafety_level}


@pages.get("/window")
@require("requests.own")
def window() -> str | Response:
    """List the lines that are given out, with how many vials can be given now; an own request's code leads to it."""
    words = request.args.get("q", "").strip()
    if words and (own := queries.own_request(g.session, g.actor, words)):
        return redirect(url_for("distribution.request_page", code=own.code))
    wanted = select(CellLine).where(CellLine.listed).options(selectinload(CellLine.names))
    if words:
        wanted = wanted.where(matches(words))
    part = lists.part(g.session, wanted, SORTS, "name", CellLine.id)
    available = queries.availability(g.session, [line.id for line in part.rows])
    return render_template(
        "distribution/window.html",
        part=part,
        words=words,
        available=available,
        kinds=catalogue_rules.CATEGORIES,
    )


@pages.get("/window/<code>")
@require("requests.own")
def line(code: str) -> str:
    """Show one line with the form to ask for it."""
    return _line(code, Typed(), {})


@pages.post("/window/<code>")
@require("requests.own")
def ask(code: str) -> Response | tuple[str, int]:
    """Ask for vials of the line."""
    try:
        form = AskForm.read(request.form)
        found = queries.listed_line(g.session, code)
        made = service.submit(
            g.session,
            g.actor,
            found,
            form.quantity,
            form.purpose,
            form.delivery_site,
            at=g.clock.now(),
        )
    except (Invalid, Conflict) as refused:
        return _line(code, typed_of(request.form), errors_of(refused)), 422
    notices.tell(
        gettext(
            "Your request %(request)s is with the bank. You will get a mail when it has been decided.",
            request=made.code,
        )
    )
    return redirect(url_for("distribution.request_page", code=made.code), 303)


def _line(code: str, typed: Typed, errors: object) -> str:
    found = queries.listed_line(g.session, code)
    sites = select(DeliverySite).where(DeliverySite.org_id == g.actor.org_id, DeliverySite.active)
    return render_template(
        "distribution/window_line.html",
        line=found,
        can_give=queries.availability(g.session, [found.id])[found.id],
        sites=g.session.scalars(sites.order_by(DeliverySite.name)).all(),
        typed=typed,
        errors=errors,
        most=rules.MOST_VIALS,
        kinds=catalogue_rules.CATEGORIES,
    )
