"""The letters: what waits, what was sent, what was given up and can be sent again."""

from flask import Blueprint, g, redirect, render_template, request
from werkzeug.wrappers import Response

from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.kit import notices
from server.kit.door import require
from server.kit.i18n import gettext
from server.kit.state import Kit, kit
from server.outbox import queries, service
from server.outbox.models import Letter

pages = Blueprint("outbox", __name__)
SIZE = 50


def register(made: Kit) -> None:
    """Offer the nav entry."""
    made.nav.offer(80, N_("Letters"), "/letters", "notify.manage")


@pages.get("/letters")
@require("notify.manage")
def letters() -> str:
    """Show the letters of the actor's organisations."""
    page = min(max(request.args.get("page", 1, type=int), 1), 1_000_000)
    state = request.args.get("state", "")
    found, total = queries.letters(
        g.session, g.actor, "notify.manage", state, SIZE, (page - 1) * SIZE
    )
    return render_template(
        "outbox/letters.html",
        letters=found,
        address=queries.shown_address,
        state=state,
        counts=queries.counts(g.session, g.actor, "notify.manage"),
        mail_is_configured=bool(kit().settings.smtp),
        total=total,
        first=(page - 1) * SIZE + 1,
        last=(page - 1) * SIZE + len(found),
        prev=f"?state={state}&page={page - 1}" if page > 1 else "",
        next=f"?state={state}&page={page + 1}" if page * SIZE < total else "",
    )


@pages.get("/letters/<int:letter_id>")
@require("notify.manage")
def letter(letter_id: int) -> str:
    """Show one letter with each attempt at it."""
    found = _found(letter_id)
    return render_template(
        "outbox/letter.html",
        letter=found,
        address=queries.shown_address(found),
        tries=queries.tries(g.session, found.id),
    )


@pages.post("/letters/<int:letter_id>/again")
@require("notify.manage")
def again(letter_id: int) -> Response:
    """Let a letter be tried now."""
    found = _found(letter_id)
    service.send_again(g.session, g.actor, found, at=g.clock.now())
    notices.tell(gettext(N_("It is sent again now.")))
    return redirect("/letters")


def _found(letter_id: int) -> Letter:
    found = queries.one(g.session, g.actor, "notify.manage", letter_id)
    if found is None:
        because = N_("There is no letter with the number %(number)s.")
        raise NotFound(Refusal("no_such_letter", because, {"number": letter_id}))
    return found
