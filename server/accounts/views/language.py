"""The language, changed with one press from any page."""

from flask import g, redirect, request
from werkzeug.wrappers import Response

from server.accounts import service
from server.accounts.models import Person
from server.accounts.views.blueprints import pages
from server.accounts.views.entering import inside
from server.core.words import LANGUAGES
from server.kit import forms, i18n
from server.kit.door import PUBLIC, require
from server.kit.forms import Form

YEAR_S = 31_536_000


class LanguageForm(Form):
    """The language, and the page to come back to."""

    language: str = forms.choice(tuple(LANGUAGES))
    next: str = forms.text(required=False, most=2000)


@pages.post("/language")
@require(PUBLIC)
def change_language() -> Response:
    """Keep the language in a cookie, and with the person where one is signed in."""
    form = LanguageForm.read(request.form)
    if g.actor.id is not None:
        person = g.session.get_one(Person, g.actor.id)
        service.change_own(
            g.session, g.actor, person, name=person.name, language=form.language, at=g.clock.now()
        )
    response = redirect(inside(form.next), 303)
    response.set_cookie(
        i18n.COOKIE,
        form.language,
        max_age=YEAR_S,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response
