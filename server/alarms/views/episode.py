"""One alarm: what happened, who was told when, and the answer to it."""

from typing import Any

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.alarms import board, service, wording
from server.alarms.board import Alarm
from server.alarms.models import Episode
from server.alarms.views.blueprints import pages
from server.core.errors import CryokeepError, NotFound, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form
from server.kit.i18n import gettext


class AcknowledgeForm(Form):
    """An answer, with or without words."""

    comment: str = forms.text(required=False, most=2000)


@pages.get("/alarms/<int:alarm_id>")
@require("alarms.read")
def episode(alarm_id: int) -> str:
    """Show one alarm."""
    return _page(find(alarm_id, "alarms.read"), {}, forms.typed_of(request.args))


@pages.post("/alarms/<int:alarm_id>/acknowledge")
@require("alarms.acknowledge")
def acknowledge(alarm_id: int) -> AnyResponse:
    """Answer an alarm."""
    found = find(alarm_id, "alarms.acknowledge")
    try:
        form = AcknowledgeForm.read(request.form)
        service.acknowledge(g.session, g.actor, found.episode, form.comment, at=g.clock.now())
    except CryokeepError as error:
        shown = _page(found, forms.errors_of(error), forms.typed_of(request.form))
        return Response(shown, 409 if not isinstance(error, forms.FormRefused) else 422)
    notices.tell(
        gettext(
            N_("%(freezer)s: acknowledged. Nobody else is called."), freezer=found.place.freezer
        )
    )
    return redirect("/alarms")


def find(alarm_id: int, permission: str) -> Alarm:
    """Return the alarm if the actor may see it; NotFound otherwise."""
    found = board.one(g.session, g.actor.orgs(permission), alarm_id, g.clock.now())
    if found is None:
        because = N_("There is no alarm with the number %(number)s. The history lists all of them.")
        raise NotFound(Refusal("no_such_alarm", because, {"number": alarm_id}))
    return found


def _page(found: Alarm, errors: dict[str, Refusal], typed: Any) -> str:  # noqa: ANN401  what forms give back
    return render_template(
        "alarms/episode.html",
        alarm=found,
        value=_said(found, found.episode.raised_value),
        worst=_said(found, found.episode.worst_value),
        limit=_said(found, found.episode.limit_value),
        events=_events(found.episode, found),
        may=g.actor.may("alarms.acknowledge", found.episode.org_id),
        may_configure=g.actor.may("alarms.configure", found.episode.org_id),
        errors=errors,
        typed=typed,
    )


def _said(found: Alarm, value: float | None) -> str:
    if value is None:
        return ""
    if found.episode.kind in {"stale", "door"}:
        return ""
    return wording.figure(found.key, value)


def _events(episode: Episode, found: Alarm) -> list[dict[str, object]]:
    state = found.state
    said: list[dict[str, object]] = [
        {"at": episode.raised_at, "text": found.title, "state": state, "kind": "raised"}
    ]
    said += [{"at": told.at, "told": told, "kind": "told"} for told in found.told]
    if episode.acknowledged_at:
        said.append({"at": episode.acknowledged_at, "kind": "acknowledged"})
    if episode.cleared_at:
        said.append({"at": episode.cleared_at, "kind": "cleared"})
    return sorted(said, key=lambda event: str(event["at"]))
