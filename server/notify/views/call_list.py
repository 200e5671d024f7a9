"""The call list and the chains: who is told first, who next, and how long each has to answer."""

from dataclasses import replace
from typing import Any

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.rules import ROLE_NAMES
from server.core.errors import CryokeepError, Invalid, NotFound, Refusal
from server.core.words import LANGUAGES, N_
from server.kit import forms
from server.kit.api import Answer, describes
from server.kit.door import require
from server.kit.forms import Form, Typed
from server.kit.state import kit
from server.notify import groups, queries, rotas, rules, schedules, steps
from server.notify.along import Conditions
from server.notify.models import CallChain
from server.notify.steps import Whom
from server.notify.views.blueprints import api, pages
from server.notify.views.common import MANAGE, organisation, organisations, people_of, person_of
from server.outbox import gateways
from server.outbox.rules import GATEWAY
from server.parties.models import Organisation


class StepForm(Form):
    """A step: one of a person, a group, a schedule, a role and an address; and how long to wait for an answer."""

    whom: str = forms.text(required=False)
    webhook: str = forms.text(required=False, most=500)
    secret: str = forms.secret(required=False)
    channel: str = forms.choice(("webhook", GATEWAY), required=False)
    language: str = forms.choice(tuple(LANGUAGES), required=False)
    wait_min: float = forms.number(unit="min", least=0.5, most=24 * 60)
    from_round: int = forms.whole(least=1, most=rules.LAST_ROUND, required=False)


class StepOut(Answer):
    """One step of a call list; an address shows only its host or its kind."""

    position: int
    person: str
    group: str
    schedule: str
    role: str
    webhook_host: str
    wait_s: int
    from_round: int


class CallListOut(Answer):
    """An organisation's call list in its order."""

    organisation: str
    items: list[StepOut]


@pages.get("/call-lists")
@pages.get("/notify")
@require(MANAGE)
def call_lists() -> str:
    """Show the call list of one organisation, or one of its chains, with its groups."""
    return page_of(
        organisation(request.args.get("org", ""), MANAGE),
        _chain(request.args),
        {},
        Typed(wait_min="5"),
    )


@pages.post("/notify")
@require(MANAGE)
def add() -> AnyResponse:
    """Put a step at the end of the list, or of a chain."""
    org = organisation(request.form.get("org", ""), MANAGE)
    chain = _chain(request.form)
    if chain is not None and chain.org_id != org.id:
        raise NotFound(Refusal("no_such_chain", N_("There is no such chain.")))
    try:
        form = StepForm.read(request.form)
        steps.add_step(
            g.session, g.actor, org.id, whom=_whom(org, form), secret=form.secret,
            wait_s=round(form.wait_min * 60), from_round=form.from_round or 1, chain=chain,
            at=g.clock.now(),
        )  # fmt: skip
    except CryokeepError as error:
        typed = forms.typed_of(request.form)
        typed.pop("secret", None)
        return Response(page_of(org, chain, forms.errors_of(error), typed), 422)
    return redirect(address_of(org, chain))


@pages.post("/notify/<int:step_id>/<direction>")
@require(MANAGE)
def change(step_id: int, direction: str) -> AnyResponse:
    """Move a step up or down, or take it off the list."""
    step = steps.find(g.session, g.actor.orgs(MANAGE), step_id)
    org = g.session.get_one(Organisation, step.org_id)
    chain = g.session.get(CallChain, step.chain_id) if step.chain_id else None
    if direction == "remove":
        steps.remove_step(g.session, g.actor, step, at=g.clock.now())
    elif direction in {"up", "down"}:
        by = -1 if direction == "up" else 1
        steps.move_step(g.session, g.actor, step, by, at=g.clock.now())
    else:
        raise NotFound(Refusal("no_such_act", N_("A step can be moved up or down, or removed.")))
    return redirect(address_of(org, chain))


@api.get("/call-lists/<code>")
@require(MANAGE)
@describes("Read an organisation's call list", answers={200: CallListOut})
def read_list(code: str) -> CallListOut:
    """Answer with the list in its order."""
    org = organisation(code, MANAGE)
    return CallListOut(organisation=org.code, items=steps_out(queries.steps_of(g.session, org.id)))


def steps_out(found: list[queries.StepRow]) -> list[StepOut]:
    """Return steps as the API gives them, numbered from 1."""
    return [
        StepOut(
            position=number, person=step.person_name, group=step.group_name,
            schedule=step.schedule_name, role=step.role,
            webhook_host=queries.shown_step(step), wait_s=step.wait_s, from_round=step.from_round,
        )
        for number, step in enumerate(found, 1)
    ]  # fmt: skip


def address_of(org: Organisation, chain: CallChain | None) -> str:
    """Return where the list of this organisation, or this chain of it, is shown."""
    return f"/call-lists?org={org.code}" + (f"&chain={chain.id}" if chain else "")


def _chain(sent: Any) -> CallChain | None:  # noqa: ANN401  a form's fields or an address's
    chosen = sent.get("chain", "")
    if not chosen.isdecimal():
        return None
    return groups.find_chain(g.session, g.actor.orgs(MANAGE), int(chosen))


def _whom(org: Organisation, form: StepForm) -> Whom:
    """Return what was chosen: `whom` is such as person:3, group:1, schedule:2 or role:quality."""
    kind, _, chosen = form.whom.partition(":")
    orgs = frozenset({org.id})
    to = Whom(
        address=form.webhook, channel=form.channel or "webhook", language=form.language or "en"
    )
    if kind == "person":
        return replace(to, person=person_of(org.id, chosen, "whom"))
    if kind == "group" and chosen.isdecimal():
        return replace(to, group=groups.find_group(g.session, orgs, int(chosen)))
    if kind == "schedule" and chosen.isdecimal():
        return replace(to, schedule=schedules.find(g.session, orgs, int(chosen)))
    if kind == "role" and chosen in ROLE_NAMES:
        return replace(to, role=chosen)
    if form.whom:
        because = N_("“%(found)s” is not one of the choices; choose again.")
        raise Invalid(Refusal("not_offered", because, {"found": form.whom}), field="whom")
    return to


def page_of(
    org: Organisation, chain: CallChain | None, errors: dict[str, Refusal], typed: Any, **more: Any,  # noqa: ANN401  what forms give back
) -> str:  # fmt: skip
    """Return the page of the call list, or of a chain."""
    found = queries.chains_in(queries.ask_steps(g.session, org.id))
    mine = next((one for one in found if one.id == (chain.id if chain else None)), None)
    people = people_of(org.id)
    given: dict[str, Any] = {
        "org": org,
        "organisations": organisations(MANAGE),
        "chain": chain,
        "conditions_now": groups.conditions_of(chain) if chain else Conditions(),
        "chains": [(one, groups.conditions_of(one)) for one in groups.chains_of(g.session, org.id)],
        "groups": groups.groups_of(g.session, org.id),
        "steps": list(mine.steps) if mine else [],
        "people": people,
        "schedules": rotas.schedules_of(g.session, org.id),
        "role_names": ROLE_NAMES,
        "shown": queries.shown_step,
        "languages": list(LANGUAGES.items()),
        "gateways": gateways.is_installed(),
        "mail_is_configured": bool(kit().settings.smtp),
        "classes": groups.CLASSES,
        "errors": errors,
        "typed": typed,
        "chain_name": chain.name if chain else "",
        "chain_errors": {},
    }  # fmt: skip
    return render_template("notify/list.html", **{**given, **more})
