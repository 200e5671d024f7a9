"""One's own page: name, language, password, sign-ins, tokens."""

from typing import Any

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from server.accounts import login, queries, rules, service, sessions, tokens
from server.accounts.models import Person
from server.accounts.views.blueprints import pages
from server.accounts.views.links import DIFFERENT, hashed
from server.core.errors import CryokeepError, Invalid, Refusal, TooMany
from server.core.words import LANGUAGES
from server.kit import forms, notices
from server.kit.door import SIGNED_IN, require
from server.kit.forms import Form
from server.kit.i18n import gettext
from server.parties import queries as parties


class OwnForm(Form):
    """What a person may change of themselves."""

    name: str = forms.text(most=100)
    language: str = forms.choice(tuple(LANGUAGES))


class PasswordForm(Form):
    """The present password, and the new one twice."""

    present_password: str = forms.secret()
    password: str = forms.secret()
    password_again: str = forms.secret()

    def quarrels(self) -> dict[str, Refusal]:
        """Refuse two different passwords."""
        return {} if self.password == self.password_again else {"password_again": DIFFERENT}


def shown(**more: Any) -> str:  # noqa: ANN401  what the template is given
    """Return one's own page."""
    person = g.session.get_one(Person, g.actor.id)
    given: dict[str, Any] = {
        "person": person,
        "organisations": parties.names(g.session),
        "grants": queries.grants_of(g.session, person.id),
        "role_names": rules.ROLE_NAMES,
        "languages": list(LANGUAGES.items()),
        "sign_ins": sessions.live(g.session, person.id, g.clock.now()),
        "this_sign_in": g.sign_in_id,
        "tokens": tokens.of(g.session, person.id),
        "typed": forms.Typed(name=person.name, language=person.language),
        "own_errors": {}, "password_errors": {}, "token_errors": {}, "fresh_token": "",
    }  # fmt: skip
    return render_template("accounts/me.html", **{**given, **more})


@pages.get("/me")
@require(SIGNED_IN)
def me() -> str:
    """Show one's own page."""
    return shown()


@pages.post("/me")
@require(SIGNED_IN)
def change_own() -> Response | tuple[str, int]:
    """Change one's name and language."""
    try:
        form = OwnForm.read(request.form)
    except forms.FormRefused as refused:
        return shown(own_errors=refused.errors, typed=refused.typed), 422
    person = g.session.get_one(Person, g.actor.id)
    service.change_own(
        g.session, g.actor, person, name=form.name, language=form.language, at=g.clock.now()
    )
    g.language = form.language
    notices.tell(gettext("Saved."))
    return redirect("/me", 303)


@pages.post("/me/password")
@require(SIGNED_IN)
def change_password() -> Response | tuple[str, int]:
    """Change one's password; every other sign-in ends."""
    now = g.clock.now()
    try:
        form = PasswordForm.read(request.form)
        proof = _prove(form.present_password)
        with g.reader() as session:
            person = session.get_one(Person, g.actor.id)
        password_hash = hashed(form.password, email=person.email, name=person.name)
    except (Invalid, TooMany) as error:
        return shown(password_errors=forms.errors_of(error)), 422
    service.change_password(
        g.session, g.actor, proof, password_hash, keep_sign_in=g.sign_in_id, at=now
    )
    notices.tell(gettext("Your password is changed; all other sign-ins have ended."))
    return redirect("/me", 303)


@pages.post("/me/sign-ins/<int:sign_in_id>/end")
@require(SIGNED_IN)
def end_sign_in(sign_in_id: int) -> Response:
    """End a sign-in of one's own, such as one left open at another machine."""
    service.end_sign_in(g.session, g.actor, sign_in_id, at=g.clock.now())
    notices.tell(gettext("That sign-in has ended."))
    return redirect("/me", 303)


def _prove(password: str) -> login.Proof:
    try:
        return login.prove(g.reader, g.actor, password, request.remote_addr or "", g.clock.now())
    except Invalid as error:
        raise _at(error, "present_password") from error


def _at(error: CryokeepError, field: str) -> Invalid:
    return Invalid(error.refusal, field=field)
