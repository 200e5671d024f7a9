"""One alarm: what happened, who was told when, and the answer to it."""

from typing import Any

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.alarms import asides, board, machine, service, wording
from server.alarms.board import Alarm
from server.alarms.kinds import KINDS
from server.alarms.models import Episode
from server.alarms.views import choices
from server.alarms.views.blueprints import pages
from server.core.errors import CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form
from server.kit.i18n import gettext

DOORS = {
    "page": N_("on a page"),
    "api": N_("by a program"),
    "link": N_("by the link in a message"),
    "button": N_("at the freezer"),
}
"""Where somebody answered."""


class AcknowledgeForm(Form):
    """An answer, with or without words."""

    comment: str = forms.text(required=False, most=2000)


class ConfirmForm(Form):
    """What was found and what was done."""

    outcome: str = forms.text(most=2000)


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
        return refused(alarm_id, error)
    answered = N_("%(freezer)s: acknowledged. Nobody else is called.")
    if found.episode.acknowledged_at is None:
        answered = N_("%(freezer)s: your acknowledgement is noted; others must acknowledge too.")
    notices.tell(gettext(answered, freezer=found.place.freezer))
    return redirect("/alarms")


@pages.post("/alarms/<int:alarm_id>/reset")
@require("alarms.acknowledge")
def reset(alarm_id: int) -> AnyResponse:
    """Let a latched alarm go."""
    found = find(alarm_id, "alarms.acknowledge")
    try:
        service.reset(g.session, g.actor, found.episode, at=g.clock.now())
    except CryokeepError as error:
        return refused(alarm_id, error)
    return redirect(f"/alarms/{alarm_id}")


@pages.post("/alarms/<int:alarm_id>/confirm")
@require("alarms.acknowledge")
def confirm(alarm_id: int) -> AnyResponse:
    """Say what was found and done."""
    found = find(alarm_id, "alarms.acknowledge")
    try:
        form = ConfirmForm.read(request.form)
        service.confirm(g.session, g.actor, found.episode, form.outcome, at=g.clock.now())
    except CryokeepError as error:
        return refused(alarm_id, error)
    return redirect(f"/alarms/{alarm_id}")


def refused(alarm_id: int, error: CryokeepError) -> Response:
    """Show the alarm again, with why it was refused and what was typed."""
    shown = _page(
        find(alarm_id, "alarms.read"), forms.errors_of(error), forms.typed_of(request.form)
    )
    return Response(shown, 422 if isinstance(error, Invalid) else 409)


def find(alarm_id: int, permission: str) -> Alarm:
    """Return the alarm if the actor may see it; NotFound otherwise."""
    found = board.one(g.session, g.actor.orgs(permission), alarm_id, g.clock.now())
    if found is None:
        because = N_("There is no alarm with the number %(number)s. The history lists all of them.")
        raise NotFound(Refusal("no_such_alarm", because, {"number": alarm_id}))
    return found


def _page(found: Alarm, errors: dict[str, Refusal], typed: Any) -> str:  # noqa: ANN401  what forms give back
    episode, org_id = found.episode, found.episode.org_id
    state = machine.state_of(episode)
    return render_template(
        "alarms/episode.html",
        alarm=found,
        value=_said(found, episode.raised_value),
        worst=_said(found, episode.worst_value),
        limit=_said(found, episode.limit_value),
        events=_events(episode, found),
        state=state,
        letters=machine.LETTERS,
        may=g.actor.may("alarms.acknowledge", org_id),
        may_reset=machine.why_not(state, "reset") is None,
        may_confirm=machine.why_not(state, "confirm") is None,
        may_configure=g.actor.may("alarms.configure", org_id),
        may_shelve=g.actor.may("alarms.shelve", org_id),
        shelving=choices.modes(asides.SHELVING),
        hours=choices.hours(
            asides.longest(
                "shelved_timed",
                critical=episode.severity == "critical",
                safety=episode.alarm_class == "safety",
            )
        ),
        errors=errors,
        typed=typed,
    )


def _said(found: Alarm, value: float | None) -> str:
    """The number in the channel's unit; empty for a kind whose value is none of the channel's."""
    if value is None or not KINDS[found.episode.kind].has_value:
        return ""
    return wording.figure(found.key, value)


def _events(episode: Episode, found: Alarm) -> list[dict[str, object]]:
    state = found.state
    said: list[dict[str, object]] = [
        {"at": episode.raised_at, "text": found.title, "state": state, "kind": "raised"}
    ]
    said += [{"at": told.at, "told": told, "kind": "told"} for told in found.told]
    for given in found.answers:
        door = DOORS.get(given.door, "")
        said.append({"at": given.at, "kind": "acknowledged", "given": given, "door": door})
    ran_out = {given.ran_out_at for given in found.answers if given.ran_out_at}
    said += [{"at": at, "kind": "ran_out"} for at in ran_out]
    for kind in ("cleared", "reset", "confirmed"):
        if at := getattr(episode, f"{kind}_at"):
            said.append({"at": at, "kind": kind})
    return sorted(said, key=lambda event: str(event["at"]))
