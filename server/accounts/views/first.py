"""The first administrator of a new house."""

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from server.accounts import links, service
from server.accounts.views.blueprints import pages
from server.accounts.views.links import NewPassword, hashed
from server.core.errors import Conflict, Invalid
from server.kit import forms, i18n, notices
from server.kit.door import PUBLIC, require
from server.kit.i18n import gettext


class FirstForm(NewPassword):
    """The house's own organisation, and who runs it."""

    org_name: str = forms.text(most=100)
    org_code: str = forms.code()
    name: str = forms.text(most=100)
    email: str = forms.email()


@pages.get("/first/<secret>")
@require(PUBLIC)
def first(secret: str) -> str:
    """Ask for the organisation and its administrator."""
    links.find(g.session, "first_administrator", secret, now=g.clock.now())
    return render_template("accounts/first.html", errors={}, typed=forms.Typed())


@pages.post("/first/<secret>")
@require(PUBLIC)
def make_first(secret: str) -> Response | tuple[str, int]:
    """Make both; the link is used up."""
    with g.reader() as session:  # hashing is slow: nobody may ask for it without a link that works
        links.find(session, "first_administrator", secret, now=g.clock.now())
    try:
        form = FirstForm.read(request.form)
        password_hash = hashed(form.password, email=form.email, name=form.name)
        service.make_first_administrator(
            g.session, secret, email=form.email, name=form.name, password_hash=password_hash,
            org_code=form.org_code, org_name=form.org_name, language=i18n.language(), at=g.clock.now(),
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        errors = {
            {"code": "org_code"}.get(name, name): why
            for name, why in forms.errors_of(error).items()
        }
        return render_template(
            "accounts/first.html", errors=errors, typed=forms.typed_of(request.form)
        ), 422
    notices.tell(gettext("Your password is set. Sign in with it."))
    return redirect("/sign-in", 303)
