"""The list of people, and inviting one."""

from flask import g, redirect, render_template, request
from sqlalchemy import or_
from werkzeug.wrappers import Response

from server.accounts import queries, service
from server.accounts.models import Person
from server.accounts.views import choices
from server.accounts.views.blueprints import pages
from server.core.errors import Conflict, Invalid
from server.core.words import LANGUAGES
from server.kit import forms, lists, notices
from server.kit.address import base_url
from server.kit.door import require
from server.kit.forms import Form
from server.kit.i18n import gettext
from server.kit.state import kit

SORTS = {"name": Person.name, "email": Person.email, "since": Person.created_at}


class InviteForm(Form):
    """Whom, where they belong, and one role to begin with."""

    email: str = forms.email()
    name: str = forms.text(most=100)
    org: int = forms.choice()
    role: str = forms.choice()
    for_org: object = forms.choice()
    language: str = forms.choice(tuple(LANGUAGES))


@pages.get("/people")
@require(choices.PERMISSION)
def people() -> str:
    """List the people whom this manager manages."""
    words = request.args.get("q", "").strip()
    query = queries.people_seen_by(g.actor)
    if words:
        held = [column.icontains(words, autoescape=True) for column in (Person.name, Person.email)]
        query = query.where(or_(*held))
    part = lists.part(g.session, query, SORTS, "name", Person.id)
    return render_template(
        "accounts/people.html", part=part, words=words,
        grants=queries.live_grants(g.session, part.rows),
        last=queries.last_sign_ins(g.session, part.rows), **choices.for_template(),
    )  # fmt: skip


@pages.get("/people/new")
@require(choices.PERMISSION)
def new_person() -> str:
    """Show the form of an invitation."""
    typed = forms.Typed(org=g.actor.org_id, for_org=g.actor.org_id)
    return render_template("accounts/invite.html", errors={}, typed=typed, **choices.for_template())


@pages.post("/people/new")
@require(choices.PERMISSION)
def invite() -> Response | tuple[str, int]:
    """Invite a person; the link is mailed, and shown once for handing over otherwise."""
    try:
        form = InviteForm.read(request.form, choices.options())
        person, link = service.invite(
            g.session, g.actor, email=form.email, name=form.name, org_id=form.org,
            grants=[choices.grant(form.role, form.for_org)], language=form.language,
            base_url=base_url(kit().settings), at=g.clock.now(),
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        errors, typed = forms.errors_of(error), forms.typed_of(request.form)
        return render_template(
            "accounts/invite.html", errors=errors, typed=typed, **choices.for_template()
        ), 422
    say_link(link)
    return redirect(f"/people/{person.id}", 303)


def say_link(link: str) -> None:
    """Show the link of an invitation on the next page."""
    if kit().settings.smtp:
        text = gettext(
            "The invitation is on its way. The same link, for handing over otherwise: %(link)s",
            link=link,
        )
    else:
        text = gettext(
            "No mail server is set, so hand this link over yourself; it works once: %(link)s",
            link=link,
        )
    notices.tell(text)
