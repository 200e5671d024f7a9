"""Alarms that are over and unanswered: seen in groups, acknowledged together."""

from datetime import UTC, datetime

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.alarms.kinds import KINDS
from server.alarms.rules import state_of
from server.alarms.service import over
from server.alarms.views.blueprints import api, pages
from server.core.errors import CryokeepError, Invalid, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.kit.forms import Form, Typed
from server.kit.i18n import gettext, ngettext

PAGE = "/alarms/over"


class OverForm(Form):
    """What was found, and when the page was shown: what ended after that is not meant."""

    comment: str = forms.text(required=False, most=2000)
    shown_at: str = forms.text(most=40)


class OverIn(Body):
    """What was found; shown_at is the moment by which they must be over, now where it is missing."""

    comment: str
    shown_at: datetime | None = None


class OverOut(Answer):
    """How many were acknowledged, at most 500, and how many are left."""

    acknowledged: int
    left: int


@pages.get(PAGE)
@require("alarms.acknowledge")
def all_over() -> str:
    """Show them by freezer and kind."""
    return _page({}, Typed())


@pages.post(PAGE)
@require("alarms.acknowledge")
def acknowledge_over() -> AnyResponse:
    """Acknowledge them, 500 at a time."""
    try:
        form = OverForm.read(request.form)
        done, left = _acknowledge(form.comment, _moment(form.shown_at))
    except CryokeepError as error:
        shown = _page(forms.errors_of(error), forms.typed_of(request.form))
        return Response(shown, 422 if isinstance(error, Invalid) else 409)
    notices.tell(ngettext("%(num)s acknowledged", "%(num)s acknowledged", done))
    return redirect(PAGE if left else "/alarms")


@api.post("/alarms/acknowledge-over")
@require("alarms.acknowledge")
@describes(
    "Acknowledge together what is over, neither critical nor of life safety, at most 500",
    body=OverIn,
    answers={200: OverOut},
)
def acknowledge_over_by_program() -> OverOut:
    """Acknowledge what was over at that moment."""
    wish = read(OverIn)
    if wish.shown_at is not None and wish.shown_at.tzinfo is None:
        because = N_("Give the moment with its time zone, such as 2026-05-04T12:00:00Z.")
        raise Invalid(Refusal("no_zone", because), field="shown_at")
    shown_at = (wish.shown_at or g.clock.now()).astimezone(UTC)
    done, left = _acknowledge(wish.comment, shown_at)
    return OverOut(acknowledged=done, left=left)


def _acknowledge(comment: str, shown_at: datetime) -> tuple[int, int]:
    orgs, now = g.actor.orgs("alarms.acknowledge"), g.clock.now()
    done = over.acknowledge(g.session, g.actor, orgs, comment, shown_at=shown_at, at=now)
    return done, over.count(g.session, orgs, shown_at)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        because = N_("The page does not say when it was shown; open it again.")
        raise Invalid(Refusal("bad_moment", because), field="shown_at")
    return found.astimezone(UTC)


def _page(errors: dict[str, Refusal], typed: Typed) -> str:
    now, orgs = g.clock.now(), g.actor.orgs("alarms.acknowledge")
    return render_template(
        "alarms/over.html",
        groups=[
            (one, state_of(one.kind, one.severity), gettext(KINDS[one.kind].word))
            for one in over.groups(g.session, orgs, now)
        ],
        count=over.count(g.session, orgs, now),
        at_once=over.AT_ONCE,
        shown_at=now.isoformat(),
        errors=errors,
        typed=typed,
    )
