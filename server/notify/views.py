"""The call list: who is told first, who next, and how long each has to answer."""

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.models import Person
from server.accounts.queries import visible
from server.core.errors import CryokeepError, NotFound, Refusal
from server.core.words import N_
from server.kit import forms
from server.kit.api import Answer, describes
from server.kit.door import require
from server.kit.forms import Form, Typed
from server.kit.state import Kit, kit
from server.notify import queries, rules, steps
from server.parties.models import Organisation

pages = Blueprint("notify", __name__)
api = Blueprint("notify_api", __name__)


class StepForm(Form):
    """A step: a person or a webhook, and how long to wait for an answer."""

    person: str = forms.text(required=False)
    webhook: str = forms.text(required=False, most=500)
    secret: str = forms.secret(required=False)
    wait_min: float = forms.number(unit="min", least=0.5, most=24 * 60)


class StepOut(Answer):
    """One step of a call list; a webhook shows only its host."""

    position: int
    person: str
    webhook_host: str
    wait_s: int


class CallListOut(Answer):
    """An organisation's call list in its order."""

    organisation: str
    items: list[StepOut]


def register(made: Kit) -> None:
    """Offer the nav entry."""
    made.nav.offer(70, N_("Call list"), "/notify", "notify.manage")


@pages.get("/notify")
@require("notify.manage")
def call_list() -> str:
    """Show the call list of one organisation."""
    return _page(_organisation(request.args.get("org", "")), {}, Typed(wait_min="5"))


@pages.post("/notify")
@require("notify.manage")
def add() -> AnyResponse:
    """Put a person or a webhook at the end of the list."""
    org = _organisation(request.form.get("org", ""))
    try:
        form = StepForm.read(request.form)
        person = _person(org, form.person) if form.person else None
        steps.add_step(
            g.session, g.actor, org.id, person=person, webhook=form.webhook, secret=form.secret,
            wait_s=round(form.wait_min * 60), at=g.clock.now(),
        )  # fmt: skip
    except CryokeepError as error:
        typed = forms.typed_of(request.form)
        typed.pop("secret", None)
        return Response(_page(org, forms.errors_of(error), typed), 422)
    return redirect(f"/notify?org={org.code}")


@pages.post("/notify/<int:step_id>/<direction>")
@require("notify.manage")
def change(step_id: int, direction: str) -> AnyResponse:
    """Move a step up or down, or take it off the list."""
    step = steps.find(g.session, g.actor.orgs("notify.manage"), step_id)
    org = g.session.get(Organisation, step.org_id)
    if direction == "remove":
        steps.remove_step(g.session, g.actor, step, at=g.clock.now())
    elif direction in {"up", "down"}:
        by = -1 if direction == "up" else 1
        steps.move_step(g.session, g.actor, step, by, at=g.clock.now())
    else:
        raise NotFound(Refusal("no_such_act", N_("A step can be moved up or down, or removed.")))
    return redirect(f"/notify?org={org.code}")


@api.get("/call-lists/<code>")
@require("notify.manage")
@describes("Read an organisation's call list", answers={200: CallListOut})
def read_list(code: str) -> CallListOut:
    """Answer with the list in its order."""
    org = _organisation(code)
    return CallListOut(
        organisation=org.code,
        items=[
            StepOut(
                position=number,
                person=step.person_name,
                webhook_host=queries.host_of(step.webhook) if step.webhook else "",
                wait_s=step.wait_s,
            )
            for number, step in enumerate(queries.steps_of(g.session, org.id), 1)
        ],
    )


def _organisations() -> list[Organisation]:
    query = select(Organisation).where(Organisation.active.is_(True)).order_by(Organisation.name)
    return list(g.session.scalars(visible(query, g.actor, "notify.manage", Organisation.id)))


def _organisation(code: str) -> Organisation:
    mine = _organisations()
    if not code and mine:
        return next((org for org in mine if org.id == g.actor.org_id), mine[0])
    for org in mine:
        if org.code == code:
            return org
    because = N_("There is no organisation %(code)s whose call list you may see.")
    raise NotFound(Refusal("no_such_organisation", because, {"code": code}))


def _people(org: Organisation) -> list[Person]:
    query = select(Person).where(Person.org_id == org.id, Person.active.is_(True))
    return list(g.session.scalars(query.order_by(Person.name)))


def _person(org: Organisation, chosen: str) -> Person:
    for person in _people(org):
        if str(person.id) == chosen:
            return person
    because = N_("This person does not belong to the organisation; choose again.")
    raise forms.FormRefused({"person": Refusal("not_offered", because)}, Typed())


def _page(org: Organisation, errors: dict[str, Refusal], typed: Any) -> str:  # noqa: ANN401  what forms give back
    return render_template(
        "notify/list.html",
        org=org,
        organisations=_organisations(),
        steps=queries.steps_of(g.session, org.id),
        people=[(person.id, f"{person.name} <{person.email}>") for person in _people(org)],
        host=queries.host_of,
        mail_is_configured=bool(kit().settings.smtp),
        shortest=rules.SHORTEST_WAIT_S,
        errors=errors,
        typed=typed,
    )
