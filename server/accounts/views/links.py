"""What stands behind one-time links: an invitation, a new password."""

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from server.accounts import links, rules, secrets, service
from server.accounts.models import Person
from server.accounts.views.blueprints import pages
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.address import base_url
from server.kit.door import PUBLIC, require
from server.kit.forms import Form
from server.kit.i18n import gettext
from server.kit.state import kit

DIFFERENT = Refusal("passwords_differ", N_("The two passwords differ; type the same one twice."))


class NewPassword(Form):
    """A new password, typed twice."""

    password: str = forms.secret()
    password_again: str = forms.secret()

    def quarrels(self) -> dict[str, Refusal]:
        """Refuse two different passwords."""
        return {} if self.password == self.password_again else {"password_again": DIFFERENT}


class WelcomeForm(NewPassword):
    """A name, and a password."""

    name: str = forms.text(most=100)


class AskForm(Form):
    """The address that the mail goes to."""

    email: str = forms.email()


def hashed(password: str, *, email: str, name: str = "") -> str:
    """Return the hash of a new password; refuses one that is too easy."""
    if refusal := rules.why_not_password(password, email=email, name=name):
        raise Invalid(refusal, field="password")
    return secrets.hash_password(password)


def owner_of(purpose: str, secret: str) -> Person:
    """Return whose link this is; read in a short session, for hashing follows."""
    with g.reader() as session:
        link = links.find(session, purpose, secret, now=g.clock.now())
        person: Person = session.get_one(Person, link.person_id)
        return person


@pages.get("/forgotten")
@require(PUBLIC)
def forgotten() -> str:
    """Ask for the address."""
    return _forgotten({}, forms.Typed())


@pages.post("/forgotten")
@require(PUBLIC)
def ask_reset() -> str | tuple[str, int]:
    """Mail a link; the answer is the same whether or not anybody has this address."""
    try:
        form = AskForm.read(request.form)
    except forms.FormRefused as refused:
        return _forgotten(refused.errors, refused.typed), 422
    service.ask_reset(g.session, form.email, base_url=base_url(kit().settings), at=g.clock.now())
    return _forgotten({}, form.typed, sent=True)


def _forgotten(errors: object, typed: forms.Typed, *, sent: bool = False) -> str:
    """Return the page; it promises no mail where none can leave."""
    mails = bool(kit().settings.smtp)
    return render_template(
        "accounts/forgotten.html", errors=errors, typed=typed, sent=sent, mails=mails
    )


@pages.get("/reset/<secret>")
@require(PUBLIC)
def reset(secret: str) -> str:
    """Ask for the new password."""
    person = owner_of("reset", secret)
    return render_template("accounts/reset.html", person=person, errors={}, typed=forms.Typed())


@pages.post("/reset/<secret>")
@require(PUBLIC)
def set_new(secret: str) -> Response | tuple[str, int]:
    """Set the new password; the link is used up."""
    person = owner_of("reset", secret)
    try:
        form = NewPassword.read(request.form)
        password_hash = hashed(form.password, email=person.email, name=person.name)
    except Invalid as error:
        errors = forms.errors_of(error)
        return render_template(
            "accounts/reset.html", person=person, errors=errors, typed=forms.Typed()
        ), 422
    service.reset_password(g.session, secret, password_hash, at=g.clock.now())
    return _to_sign_in()


@pages.get("/welcome/<secret>")
@require(PUBLIC)
def welcome(secret: str) -> str:
    """Ask an invited person for their name and password."""
    person = owner_of("invitation", secret)
    typed = forms.Typed(name=person.name)
    return render_template("accounts/welcome.html", person=person, errors={}, typed=typed)


@pages.post("/welcome/<secret>")
@require(PUBLIC)
def accept(secret: str) -> Response | tuple[str, int]:
    """Take the invitation; the link is used up."""
    person = owner_of("invitation", secret)
    try:
        form = WelcomeForm.read(request.form)
        password_hash = hashed(form.password, email=person.email, name=form.name)
    except Invalid as error:
        page = render_template(
            "accounts/welcome.html",
            person=person,
            errors=forms.errors_of(error),
            typed=forms.typed_of(request.form),
        )
        return page, 422
    service.accept_invitation(
        g.session, secret, name=form.name, password_hash=password_hash, at=g.clock.now()
    )
    return _to_sign_in()


def _to_sign_in() -> Response:
    notices.tell(gettext("Your password is set. Sign in with it."))
    return redirect("/sign-in", 303)
