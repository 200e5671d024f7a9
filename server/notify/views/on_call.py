"""Who is on call now, who in the next two weeks, and when nobody is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.core.errors import CryokeepError, Refusal
from server.kit import forms
from server.kit.door import require
from server.kit.filters import site_zone
from server.kit.forms import Form, Typed
from server.notify import rota, rotas, schedules
from server.notify.models import Schedule
from server.notify.rota import Rota, Shift
from server.notify.views.blueprints import pages
from server.notify.views.common import MANAGE, SEE, names_of, organisation, organisations
from server.parties.models import Organisation

Span = tuple[float, float, str]
Mark = tuple[float, str, str]


class NewForm(Form):
    """A new schedule."""

    name: str = forms.text(most=60)
    time_zone: str = forms.text(most=60)


@dataclass(frozen=True)
class Shown:
    """A schedule as pages show it: who is on now, the next two weeks as a strip and in words, the gaps."""

    schedule: Schedule
    now: Shift
    coming: Sequence[Shift]
    gaps: Sequence[Shift]
    spans: Sequence[Span]
    marks: Sequence[Mark]


@pages.get("/on-call")
@require(SEE)
def on_call() -> str:
    """Show who is on call."""
    return _page(organisation(request.args.get("org", ""), SEE))


@pages.post("/on-call")
@require(MANAGE)
def make_schedule() -> AnyResponse:
    """Make a schedule."""
    org = organisation(request.form.get("org", ""), MANAGE)
    try:
        form = NewForm.read(request.form)
        made = schedules.make(
            g.session, g.actor, org.id, name=form.name, time_zone=form.time_zone, at=g.clock.now()
        )
    except CryokeepError as error:
        page = _page(org, forms.errors_of(error), forms.typed_of(request.form))
        return Response(page, 422)
    return redirect(f"/on-call/{made.id}")


def shown(schedule: Schedule, found: Rota, now: datetime) -> Shown:
    """Return a schedule as pages show it from this moment on."""
    until = now + rotas.LOOK_AHEAD
    coming = rota.shifts(found, now, until)
    whole = (until - now).total_seconds()

    def part(at: datetime) -> float:
        return (at - now).total_seconds() / whole

    kinds = ("stored", "")
    spans = [
        (part(one.begins_at), part(one.until), kinds[number % 2] if one.people else "high")
        for number, one in enumerate(coming)
    ]
    marks = [
        (part(at), f"{at.astimezone(found.zone):%m-%d}", "")
        for at in (now + (until - now) * step / 7 for step in range(8))
    ]
    gaps = [one for one in coming if not one.people]
    return Shown(schedule, coming[0], coming, gaps, spans, marks)


def people_in(found: Sequence[Shown]) -> dict[int, str]:
    """Return the names of everybody who is on in these."""
    return names_of([person for one in found for shift in one.coming for person in shift.people])


def _page(
    org: Organisation, errors: dict[str, Refusal] | None = None, typed: Any = None,  # noqa: ANN401  what forms give back
) -> str:  # fmt: skip
    now = g.clock.now()
    mine = rotas.schedules_of(g.session, org.id)
    found = rotas.load(g.session, [one.id for one in mine], now, now + rotas.LOOK_AHEAD)
    shown_ones = [shown(one, found[one.id], now) for one in mine]
    return render_template(
        "notify/on_call.html", org=org, organisations=organisations(SEE), schedules=shown_ones,
        names=people_in(shown_ones), may=g.actor.may(MANAGE, org.id), errors=errors or {},
        typed=typed or Typed(time_zone=str(site_zone())),
    )  # fmt: skip
