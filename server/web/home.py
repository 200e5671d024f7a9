"""The first page: what needs a hand now."""

from flask import Blueprint, g, render_template

from server.core.words import N_
from server.kit.door import SIGNED_IN, require
from server.kit.state import Kit, kit

blueprint = Blueprint("home", __name__)


def register(made: Kit) -> None:
    """Offer the nav entry."""
    made.nav.offer(0, N_("Home"), "/", SIGNED_IN)


@blueprint.get("/")
@require(SIGNED_IN)
def home() -> str:
    """Show what waits for this person; places for panels stand beside and below."""
    tasks = kit().tasks.of(g.session, g.actor)
    staff = g.actor.may("alarms.read") or g.actor.may("storage.read")
    return render_template("web/home.html", tasks=tasks, staff=staff)
