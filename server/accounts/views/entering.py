"""Signing in and out."""

from urllib.parse import urlsplit

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.accounts import login, service, sessions
from server.accounts.views.blueprints import pages
from server.core.errors import CryokeepError, Invalid, TooMany
from server.kit import cookies, forms
from server.kit.door import PUBLIC, require
from server.kit.forms import Form
from server.kit.state import kit

STATUS = {Invalid: 422, TooMany: 429}


class SignInForm(Form):
    """Who, and the password."""

    email: str = forms.text(most=320)
    password: str = forms.secret()
    next: str = forms.text(required=False, most=2000)


@pages.get("/sign-in")
@require(PUBLIC)
def sign_in() -> str | AnyResponse:
    """Show the form, or go on if somebody is signed in already."""
    onward = inside(request.args.get("next", ""))
    if g.actor.signed_in:
        return redirect(onward, 303)
    typed = forms.Typed(next=onward)
    return render_template("accounts/sign_in.html", errors={}, typed=typed)


@pages.post("/sign-in")
@require(PUBLIC)
def enter() -> AnyResponse | tuple[str, int]:
    """Sign in, and go where the person wanted to go."""
    now = g.clock.now()
    try:
        form = SignInForm.read(request.form)
        proof = login.prove_email(
            g.reader, form.email, form.password, request.remote_addr or "", now
        )
    except (Invalid, TooMany) as error:
        return _again(error)
    _end_present_sign_in()
    _person, secret = service.sign_in(
        g.session, proof, hours=kit().settings.session_hours, address=request.remote_addr or "",
        browser=request.user_agent.string, at=now,
    )  # fmt: skip
    response = redirect(inside(form.next), 303)
    cookies.put(response, cookies.SIGN_IN, secret)
    return response


@pages.post("/sign-out")
@require(PUBLIC)
def leave() -> AnyResponse:
    """Sign out; without a sign-in there is nothing to do."""
    if g.sign_in_id is not None:
        service.sign_out(g.session, g.actor, g.sign_in_id, at=g.clock.now())
    response = redirect("/sign-in", 303)
    cookies.drop(response, cookies.SIGN_IN)
    return response


def inside(address: str) -> str:
    """Return the address if it is a page of ours, else home: nobody is led to another site."""
    parts = urlsplit(address)
    safe = not parts.scheme and not parts.netloc and address.startswith("/")
    strange = address.startswith("//") or "\\" in address or any(ord(sign) < 32 for sign in address)
    return address if safe and not strange else "/"


def _again(error: CryokeepError) -> tuple[str, int]:
    typed = forms.typed_of(request.form)
    errors = forms.errors_of(error)
    if "password" in errors and not isinstance(error, forms.FormRefused):
        errors = {"": errors["password"]}
    page = render_template("accounts/sign_in.html", errors=errors, typed=typed)
    return page, STATUS[TooMany if isinstance(error, TooMany) else Invalid]


def _end_present_sign_in() -> None:
    if g.sign_in_id is not None:
        sessions.end(g.session, g.actor.id, at=g.clock.now(), only=g.sign_in_id)
