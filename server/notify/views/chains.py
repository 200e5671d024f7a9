"""Chains for some alarms, and groups: made, changed and ended on the page of the call list."""

from collections.abc import Sequence

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.core.errors import CryokeepError, Refusal
from server.kit import forms
from server.kit.door import require
from server.kit.forms import Form, Typed
from server.notify import groups
from server.notify.along import Conditions
from server.notify.holding import SEVERITIES
from server.notify.models import CallGroup
from server.notify.views.blueprints import pages
from server.notify.views.call_list import address_of, page_of
from server.notify.views.common import MANAGE, organisation, people_of, person_of
from server.parties.models import Organisation


class ChainForm(Form):
    """What a chain is called, and for which alarms it is."""

    name: str = forms.text(most=60)
    severities: list[str] = forms.many(SEVERITIES)
    classes: list[str] = forms.many(groups.CLASSES)
    sites: str = forms.text(required=False, most=2000)
    freezers: str = forms.text(required=False, most=2000)

    def conditions(self) -> Conditions:
        """Return what was chosen and typed."""
        return Conditions(self.severities, self.classes, lines(self.sites), lines(self.freezers))


class GroupForm(Form):
    """What a group is called, and who is in it."""

    name: str = forms.text(most=60)
    people: list[str] = forms.many()


class BecauseForm(Form):
    """Why something ends."""

    because: str = forms.text(most=500)


@pages.get("/call-lists/chains")
@require(MANAGE)
def new_chain() -> str:
    """Show the form of a new chain."""
    return _chain_page(organisation(request.args.get("org", ""), MANAGE))


@pages.post("/call-lists/chains")
@require(MANAGE)
def make_chain() -> AnyResponse:
    """Make a chain."""
    org = organisation(request.form.get("org", ""), MANAGE)
    try:
        form = ChainForm.read(request.form)
        made = groups.make_chain(
            g.session, g.actor, org.id, name=form.name, conditions=form.conditions(),
            at=g.clock.now(),
        )  # fmt: skip
    except CryokeepError as error:
        return Response(_chain_page(org, forms.errors_of(error)), 422)
    return redirect(address_of(org, made))


@pages.post("/call-lists/chains/<int:chain_id>")
@require(MANAGE)
def change_chain(chain_id: int) -> AnyResponse:
    """Change what a chain is called and for which alarms it is."""
    chain = groups.find_chain(g.session, g.actor.orgs(MANAGE), chain_id)
    org = g.session.get_one(Organisation, chain.org_id)
    try:
        form = ChainForm.read(request.form)
        groups.change_chain(
            g.session, g.actor, chain, name=form.name, conditions=form.conditions(),
            at=g.clock.now(),
        )  # fmt: skip
    except CryokeepError as error:
        typed = {"chain_name": request.form.get("name", ""), "conditions_now": _typed_conditions()}
        errors = forms.errors_of(error)
        return Response(
            page_of(org, chain, {}, Typed(wait_min="5"), chain_errors=errors, **typed), 422
        )
    return redirect(address_of(org, chain))


@pages.post("/call-lists/chains/<int:chain_id>/end")
@require(MANAGE)
def end_chain(chain_id: int) -> AnyResponse:
    """End a chain, with the reason."""
    chain = groups.find_chain(g.session, g.actor.orgs(MANAGE), chain_id)
    org = g.session.get_one(Organisation, chain.org_id)
    form = BecauseForm.read(request.form)
    groups.end_chain(g.session, g.actor, chain, because=form.because, at=g.clock.now())
    return redirect(address_of(org, None))


@pages.get("/call-lists/groups")
@require(MANAGE)
def new_group() -> str:
    """Show the form of a new group."""
    return _group_page(organisation(request.args.get("org", ""), MANAGE), None)


@pages.get("/call-lists/groups/<int:group_id>")
@require(MANAGE)
def group(group_id: int) -> str:
    """Show a group and its form."""
    found = groups.find_group(g.session, g.actor.orgs(MANAGE), group_id)
    return _group_page(g.session.get_one(Organisation, found.org_id), found)


@pages.post("/call-lists/groups")
@require(MANAGE)
def make_group() -> AnyResponse:
    """Make a group."""
    return _set_group(organisation(request.form.get("org", ""), MANAGE), None)


@pages.post("/call-lists/groups/<int:group_id>")
@require(MANAGE)
def change_group(group_id: int) -> AnyResponse:
    """Change what a group is called and who is in it."""
    found = groups.find_group(g.session, g.actor.orgs(MANAGE), group_id)
    return _set_group(g.session.get_one(Organisation, found.org_id), found)


@pages.post("/call-lists/groups/<int:group_id>/end")
@require(MANAGE)
def end_group(group_id: int) -> AnyResponse:
    """End a group, with the reason."""
    found = groups.find_group(g.session, g.actor.orgs(MANAGE), group_id)
    org = g.session.get_one(Organisation, found.org_id)
    try:
        form = BecauseForm.read(request.form)
        groups.end_group(g.session, g.actor, found, because=form.because, at=g.clock.now())
    except CryokeepError as error:
        return Response(_group_page(org, found, end_errors=forms.errors_of(error)), 422)
    return redirect(address_of(org, None) + "#groups")


def lines(text: str) -> Sequence[str]:
    """Return what was typed a line each, without empty lines."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _typed_conditions() -> Conditions:
    sent = request.form
    return Conditions(
        sent.getlist("severities"), sent.getlist("classes"), lines(sent.get("sites", "")),
        lines(sent.get("freezers", "")),
    )  # fmt: skip


def _chain_page(org: Organisation, errors: dict[str, Refusal] | None = None) -> str:
    return render_template(
        "notify/chain.html", org=org, errors=errors or {}, chain_name=request.form.get("name", ""),
        conditions_now=_typed_conditions(),
    )  # fmt: skip


def _set_group(org: Organisation, found: CallGroup | None) -> AnyResponse:
    try:
        form = GroupForm.read(request.form, {"people": request.form.getlist("people")})
        people = [person_of(org.id, chosen, "people") for chosen in form.people]
        groups.set_group(
            g.session, g.actor, org.id, found, name=form.name, people=people, at=g.clock.now()
        )
    except CryokeepError as error:
        return Response(_group_page(org, found, forms.errors_of(error)), 422)
    return redirect(address_of(org, None) + "#groups")


def _group_page(
    org: Organisation, found: CallGroup | None, errors: dict[str, Refusal] | None = None,
    end_errors: dict[str, Refusal] | None = None,
) -> str:  # fmt: skip
    members = next((of for one, of in groups.groups_of(g.session, org.id) if one is found), [])
    chosen = request.form.getlist("people") or [str(person.id) for person in members]
    return render_template(
        "notify/group.html", org=org, group=found, errors=errors or {}, end_errors=end_errors or {},
        typed=Typed(name=request.form.get("name", found.name if found else "")), chosen=chosen,
        choices=[(str(person.id), person.name) for person in people_of(org.id)],
    )  # fmt: skip
