"""One person: their roles, name, and whether they may act at all."""

from typing import Any

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from server.accounts import queries, service, sessions
from server.accounts.models import Person
from server.accounts.views import choices
from server.accounts.views.blueprints import pages
from server.accounts.views.people import say_link
from server.audit import queries as audit
from server.core.errors import Conflict, CryokeepError, NotFound, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.address import base_url
from server.kit.door import CHANGED, require
from server.kit.forms import Form
from server.kit.i18n import gettext
from server.kit.state import kit

UNKNOWN = Refusal("no_such_person", N_("There is no such person among those whom you manage."))


class PersonForm(Form):
    """Name and organisation."""

    name: str = forms.text(most=100)
    org: int = forms.choice()
    version: int = forms.whole()


class RoleForm(Form):
    """One role, and where."""

    role: str = forms.choice()
    for_org: object = forms.choice()
    version: int = forms.whole()


def find(person_id: int) -> Person:
    """Return the person, if this manager manages them."""
    query = queries.people_seen_by(g.actor).where(Person.id == person_id)
    person: Person | None = g.session.scalar(query)
    if person is None:
        raise NotFound(UNKNOWN)
    return person


def shown(person: Person, **more: Any) -> str:  # noqa: ANN401  what the template is given
    """Return the page of a person."""
    given: dict[str, Any] = {
        "person": person,
        "grants": queries.live_grants(g.session, [person])[person.id],
        "sign_ins": sessions.live(g.session, person.id, g.clock.now()),
        "history": audit.history(g.session, "person", person.email) if g.actor.may("audit.read") else [],
        "errors": {}, "role_errors": {}, "role_typed": forms.Typed(), "reset_link": "",
        "typed": forms.Typed(name=person.name, org=person.org_id),
        **choices.for_template(),
    }  # fmt: skip
    return render_template("accounts/person.html", **{**given, **more})


@pages.get("/people/<int:person_id>")
@require(choices.PERMISSION)
def person(person_id: int) -> str:
    """Show a person."""
    found = find(person_id)
    g.record = ("person", found.email)
    return shown(found)


@pages.post("/people/<int:person_id>")
@require(choices.PERMISSION)
def change(person_id: int) -> Response | tuple[str, int]:
    """Change name and organisation."""
    found = find(person_id)
    try:
        form = PersonForm.read(request.form, choices.options())
        _same_version(found, form.version)
        service.change_person(
            g.session, g.actor, found, name=form.name, org_id=form.org, at=g.clock.now()
        )
    except CryokeepError as error:
        return _again(found, error, errors="errors", typed="typed")
    return _saved(found)


@pages.post("/people/<int:person_id>/roles")
@require(choices.PERMISSION)
def give_role(person_id: int) -> Response | tuple[str, int]:
    """Give one more role."""
    return _roles(person_id, give=True)


@pages.post("/people/<int:person_id>/roles/end")
@require(choices.PERMISSION)
def end_role(person_id: int) -> Response | tuple[str, int]:
    """Take one role away."""
    return _roles(person_id, give=False)


@pages.post("/people/<int:person_id>/off")
@require(choices.PERMISSION)
def switch_off(person_id: int) -> Response | tuple[str, int]:
    """Let the person act no more."""
    found = find(person_id)
    try:
        service.switch_off(g.session, g.actor, found, at=g.clock.now())
    except CryokeepError as error:
        return _again(found, error, errors="errors", typed="typed")
    return _saved(found)


@pages.post("/people/<int:person_id>/on")
@require(choices.PERMISSION)
def switch_on(person_id: int) -> Response:
    """Let the person sign in again."""
    found = find(person_id)
    service.switch_on(g.session, g.actor, found, at=g.clock.now())
    return _saved(found)


@pages.post("/people/<int:person_id>/link")
@require(choices.PERMISSION)
def invite_again(person_id: int) -> Response:
    """Send a new link to somebody who has set no password yet."""
    found = find(person_id)
    link = service.invite_again(
        g.session, g.actor, found, base_url=base_url(kit().settings), at=g.clock.now()
    )
    say_link(link)
    return redirect(f"/people/{person_id}", 303)


@pages.post("/people/<int:person_id>/reset-link")
@require(choices.PERMISSION)
def make_reset_link(person_id: int) -> tuple[str, int]:
    """Show, once, a link with which the person chooses a new password."""
    found = find(person_id)
    try:
        link = service.make_reset_link(
            g.session, g.actor, found, base_url=base_url(kit().settings), at=g.clock.now()
        )
    except CryokeepError as error:
        return _again(found, error, errors="errors", typed="typed")
    g.session.flush()  # the page shows what happened, this included
    g.secret_answer = True
    return shown(found, reset_link=link), 200


def _roles(person_id: int, *, give: bool) -> Response | tuple[str, int]:
    found = find(person_id)
    try:
        form = RoleForm.read(request.form, choices.options())
        _same_version(found, form.version)
        one = choices.grant(form.role, form.for_org)
        others = [grant for grant in _within_reach(found) if grant != one]
        wanted = [*others, one] if give else others
        service.set_grants(g.session, g.actor, found, wanted, at=g.clock.now())
    except CryokeepError as error:
        return _again(found, error, errors="role_errors", typed="role_typed")
    return _saved(found)


def _within_reach(found: Person) -> list[tuple[str, int | None]]:
    mine = g.actor.orgs(choices.PERMISSION)
    grants = queries.grants_of(g.session, found.id)
    return [grant for grant in grants if mine is None or grant[1] in mine]


def _same_version(found: Person, version: int) -> None:
    if found.version != version:
        raise Conflict(CHANGED)


def _again(found: Person, error: CryokeepError, *, errors: str, typed: str) -> tuple[str, int]:
    g.session.rollback()  # the page shows what is stored, not what was refused
    given = {errors: forms.errors_of(error)}
    if request.form.get("name") or request.form.get("role"):
        given[typed] = forms.typed_of(request.form)
    return shown(find(found.id), **given), 409 if isinstance(error, Conflict) else 422


def _saved(found: Person) -> Response:
    notices.tell(gettext("Saved."))
    return redirect(f"/people/{found.id}", 303)
