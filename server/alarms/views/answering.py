"""Answering from the link in a message: one tap, without signing in, as the person whom it was sent to.

Looking changes nothing, so that a mail scanner that follows links answers for nobody.
"""

from typing import Any

from flask import Response, g, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.models import Person
from server.accounts.queries import person_actor
from server.alarms import board, service
from server.alarms.board import Alarm
from server.alarms.views.blueprints import pages
from server.alarms.views.episode import AcknowledgeForm
from server.core.actor import Actor
from server.core.errors import CryokeepError, Forbidden, NotFound, Refusal
from server.core.words import N_
from server.kit import forms
from server.kit.door import PUBLIC, require
from server.notify import links


@pages.get("/alarms/answer/<token>")
@require(PUBLIC)
def answering(token: str) -> str:
    """Show the alarm and the button."""
    who, found = _sent_to(token)
    return _page(token, who, found, {}, forms.Typed())


@pages.post("/alarms/answer/<token>")
@require(PUBLIC)
def answer(token: str) -> str | AnyResponse:
    """Acknowledge as the person whom the link was sent to."""
    who, found = _sent_to(token)
    try:
        form = AcknowledgeForm.read(request.form)
        service.acknowledge(
            g.session, who, found.episode, form.comment, at=g.clock.now(), door="link"
        )
    except CryokeepError as error:
        shown = _page(token, who, found, forms.errors_of(error), forms.typed_of(request.form))
        return Response(shown, 409 if not isinstance(error, forms.FormRefused) else 422)
    return _page(token, who, _sent_to(token)[1], {}, forms.Typed())


def _sent_to(token: str) -> tuple[Actor, Alarm]:
    """The person whom the link was sent to, as they may act now, and the alarm that it is about."""
    link = links.read(g.session, token, now=g.clock.now())
    person = g.session.get(Person, link.person_id)
    if person is None or not person.active:
        because = N_("This link was sent to somebody who is switched off.")
        raise Forbidden(Refusal("link_of_nobody", because))
    who = person_actor(g.session, person, "link")
    found = None
    if link.kind == "alarm":
        found = board.one(g.session, who.orgs("alarms.acknowledge"), link.about_id, g.clock.now())
    if found is None:
        because = N_("There is no alarm that %(who)s may answer behind this link.")
        raise NotFound(Refusal("no_such_alarm", because, {"who": person.name}))
    return who, found


def _page(token: str, who: Actor, found: Alarm, errors: dict[str, Refusal], typed: Any) -> str:  # noqa: ANN401  what forms give back
    return render_template(
        "alarms/answer.html", token=token, who=who, alarm=found, errors=errors, typed=typed
    )
