"""Drills: planned, begun and stopped; how the last ones went."""

from typing import Any

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.alarms import drill_rules, drills
from server.alarms.service import drills as acts
from server.alarms.views.blueprints import pages
from server.core.errors import CryokeepError, Invalid, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form, Typed
from server.kit.i18n import gettext
from server.kit.state import kit
from server.telemetry import quantities
from server.telemetry.models import Channel

PAGE = "/alarms/drills"
WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"),
    N_("Sunday"),
)  # fmt: skip


class PlanForm(Form):
    """A drill each week."""

    channel: int = forms.whole()
    weekday: int = forms.whole()
    time: str = forms.text(most=5)
    answer_min: float = forms.number(unit="min")

    def minute(self) -> int:
        """Return the minutes after midnight of the time that was typed; refuses what is none."""
        hours, colon, minutes = self.time.partition(":")
        if not (colon and hours.isdecimal() and minutes.isdecimal() and int(minutes) < 60):
            refusal = Refusal("bad_time", N_("A time such as 09:30 is expected."))
            raise forms.FormRefused({"time": refusal}, self.typed)
        return int(hours) * 60 + int(minutes)


class BeginForm(Form):
    """A drill now."""

    now_channel: int = forms.whole()


class RestForm(Form):
    """Until when no drill is held, and why."""

    until: Any = forms.date()
    because: str = forms.text(most=500)


class StopForm(Form):
    """Why a drill is ended before its time."""

    reason: str = forms.text(most=500)


@pages.get(PAGE)
@require("alarms.read")
def drills_page() -> str:
    """Show the plans and how the last drills went."""
    return _page({}, Typed())


@pages.post(PAGE)
@require("alarms.configure")
def begin_drill() -> AnyResponse:
    """Begin a drill now."""
    try:
        form = BeginForm.read(request.form)
        found = drills.channel(g.session, g.actor, form.now_channel)
        within = drill_rules.USUAL_ANSWER_S
        acts.begin(g.session, g.actor, kit().settings.home, found, within, at=g.clock.now())
    except CryokeepError as error:
        return _refused(error)
    notices.tell(gettext(N_("The drill is ordered. Every notice of it says TEST.")))
    return redirect(PAGE)


@pages.post(f"{PAGE}/plans")
@require("alarms.configure")
def plan_drill() -> AnyResponse:
    """Plan a drill each week."""
    try:
        form = PlanForm.read(request.form)
        found = drills.channel(g.session, g.actor, form.channel)
        acts.plan(
            g.session, g.actor, found, form.weekday, form.minute(), round(form.answer_min * 60),
            at=g.clock.now(),
        )  # fmt: skip
    except CryokeepError as error:
        return _refused(error)
    notices.tell(gettext(N_("The drill is planned.")))
    return redirect(PAGE)


@pages.post(f"{PAGE}/plans/<int:plan_id>/rest")
@require("alarms.configure")
def rest_drill(plan_id: int) -> AnyResponse:
    """Let a plan rest until a day."""
    found = drills.plan(g.session, g.actor, plan_id)
    try:
        form = RestForm.read(request.form)
        until = acts.midnight(g.session, found, form.until)
        acts.pause(g.session, g.actor, found, until, form.because, at=g.clock.now())
    except CryokeepError as error:
        return _refused(error)
    notices.tell(gettext(N_("It rests, and goes on by itself.")))
    return redirect(PAGE)


@pages.post(f"{PAGE}/<code>/stop")
@require("alarms.configure")
def stop_drill(code: str) -> AnyResponse:
    """End a drill that is under way."""
    found = drills.drill(g.session, g.actor, code)
    try:
        form = StopForm.read(request.form)
        acts.stop(g.session, g.actor, found, form.reason, at=g.clock.now())
    except CryokeepError as error:
        return _refused(error)
    notices.tell(gettext(N_("The drill is ended.")))
    return redirect(PAGE)


def _refused(error: CryokeepError) -> Response:
    shown = _page(forms.errors_of(error), forms.typed_of(request.form))
    return Response(shown, 422 if isinstance(error, Invalid) else 409)


def _page(errors: dict[str, Refusal], typed: Typed) -> str:
    lately = drills.lately(g.session, g.actor)
    return render_template(
        "alarms/drills.html",
        drills=lately,
        plans=drills.plans(g.session, g.actor),
        channels=[(one.id, _name(one)) for one in drills.channels(g.session, g.actor)],
        took=drills.took(lately),
        to_answer=drills.to_answer,
        seconds=drills.seconds,
        why=drills.why,
        name=_name,
        weekdays=[(number, gettext(word)) for number, word in enumerate(WEEKDAYS)],
        may=g.actor.may("alarms.configure"),
        errors=errors,
        typed=typed or Typed(answer_min="30", time="10:00", weekday="1"),
    )


def _name(channel: Channel) -> str:
    what = gettext(quantities.word_of(channel.key))
    return f"{channel.freezer.code if channel.freezer else '?'} · {channel.label or what}"
