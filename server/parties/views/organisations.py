"""Organisations: the list, adding one, and the page of one."""

from typing import Any

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid
from server.kit import forms, lists, notices
from server.kit.door import CHANGED, require
from server.kit.forms import Form
from server.kit.i18n import gettext
from server.parties import queries, service
from server.parties.models import Organisation
from server.parties.service import MANAGE
from server.parties.views.blueprints import pages

SORTS = {"code": Organisation.code, "name": Organisation.name, "country": Organisation.country}


class NewForm(Form):
    """A new organisation."""

    code: str = forms.code()
    name: str = forms.text(most=100)
    country: str = forms.text(required=False, most=2)


class ChangeForm(Form):
    """What may change of an organisation; its code never does."""

    name: str = forms.text(most=100)
    country: str = forms.text(required=False, most=2)
    active: bool = forms.checkbox()
    version: int = forms.whole()


@pages.get("/organisations")
@require(MANAGE)
def organisations() -> str:
    """List the organisations that this person manages."""
    words = request.args.get("q", "").strip()
    query = queries.matching(queries.seen_by(g.actor, MANAGE), words)
    part = lists.part(g.session, query, SORTS, "name", Organisation.id)
    return render_template(
        "parties/organisations.html", part=part, words=words, may_add=g.actor.orgs(MANAGE) is None
    )


@pages.get("/organisations/new")
@require(MANAGE)
def new() -> str:
    """Show the form of a new organisation."""
    return render_template("parties/new.html", errors={}, typed=forms.Typed())


@pages.post("/organisations/new")
@require(MANAGE)
def add() -> Response | tuple[str, int]:
    """Add an organisation."""
    try:
        form = NewForm.read(request.form)
        found = service.add_organisation(
            g.session,
            g.actor,
            code=form.code,
            name=form.name,
            country=form.country,
            at=g.clock.now(),
        )
    except (Invalid, Conflict) as error:
        errors, typed = forms.errors_of(error), forms.typed_of(request.form)
        return render_template("parties/new.html", errors=errors, typed=typed), 422
    notices.tell(gettext("Saved."))
    return redirect(f"/organisations/{found.code}", 303)


@pages.get("/organisations/<code>")
@require(MANAGE)
def organisation(code: str) -> str:
    """Show an organisation with its delivery sites."""
    return shown(queries.by_code(g.session, g.actor, MANAGE, code))


@pages.post("/organisations/<code>")
@require(MANAGE)
def change(code: str) -> Response | tuple[str, int]:
    """Change an organisation."""
    found = queries.by_code(g.session, g.actor, MANAGE, code)
    try:
        form = ChangeForm.read(request.form)
        same_version(found, form.version)
        service.change_organisation(
            g.session,
            g.actor,
            found,
            name=form.name,
            country=form.country,
            active=form.active,
            at=g.clock.now(),
        )
    except (Invalid, Conflict) as error:
        return shown(
            found, errors=forms.errors_of(error), typed=forms.typed_of(request.form)
        ), status_of(error)
    notices.tell(gettext("Saved."))
    return redirect(f"/organisations/{found.code}", 303)


def shown(found: Organisation, **more: Any) -> str:  # noqa: ANN401  what the template is given
    """Return the page of an organisation."""
    given: dict[str, Any] = {
        "organisation": found,
        "sites": queries.sites_of(g.session, found),
        "errors": {}, "typed": forms.Typed(name=found.name, country=found.country, active=found.active),
        "site_errors": {}, "site_typed": forms.Typed(),
    }  # fmt: skip
    return render_template("parties/organisation.html", **{**given, **more})


def same_version(found: Organisation, version: int) -> None:
    """Refuse a form that was filled in for another version."""
    if found.version != version:
        raise Conflict(CHANGED)


def status_of(error: CryokeepError) -> int:
    """Return the status of a form that is shown again."""
    return 409 if isinstance(error, Conflict) else 422
