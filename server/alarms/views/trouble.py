"""Alarms that are themselves a trouble: the page, and the answer to a flood."""

from flask import g, redirect, render_template
from werkzeug.wrappers import Response

from server.alarms import trouble
from server.alarms.service import floods
from server.alarms.views.blueprints import pages
from server.core.words import N_
from server.kit import notices
from server.kit.door import require
from server.kit.i18n import gettext

PAGE = "/alarms/trouble"


@pages.get(PAGE)
@require("alarms.read")
def troubles() -> str:
    """Show what chatters, what stands for days, floods, and how much is set aside."""
    found = trouble.of(g.session, g.actor, g.clock.now())
    return render_template(
        "alarms/trouble.html", found=found, answers=g.actor.orgs("alarms.acknowledge")
    )


@pages.post("/alarms/floods/<int:number>/acknowledge")
@require("alarms.acknowledge")
def acknowledge_flood(number: int) -> Response:
    """Answer the digest of a flood."""
    found = trouble.flood(g.session, g.actor, number, "alarms.acknowledge")
    floods.acknowledge(g.session, g.actor, found, at=g.clock.now())
    notices.tell(
        gettext(N_("Acknowledged. Nobody else is called for this flood until there is news."))
    )
    return redirect(PAGE)
