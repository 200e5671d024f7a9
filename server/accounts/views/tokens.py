"""One's own tokens for the API."""

from datetime import timedelta

from flask import g, redirect, request
from werkzeug.wrappers import Response

from server.accounts import tokens
from server.accounts.views.blueprints import pages
from server.accounts.views.me import shown
from server.kit import forms, notices
from server.kit.door import SIGNED_IN, require
from server.kit.forms import Form
from server.kit.i18n import gettext

FOR_EVER = 0


class TokenForm(Form):
    """What the token is for, and how many days it holds."""

    token_name: str = forms.text(most=60)
    days: int = forms.choice((30, 90, 365, FOR_EVER))


@pages.post("/me/tokens")
@require(SIGNED_IN)
def make_token() -> str | tuple[str, int]:
    """Make a token and show it, this once; nothing else knows it."""
    try:
        form = TokenForm.read(request.form)
    except forms.FormRefused as refused:
        return shown(token_errors=refused.errors), 422
    now = g.clock.now()
    expires_at = now + timedelta(days=form.days) if form.days else None
    _row, token = tokens.make(g.session, g.actor, form.token_name, expires_at=expires_at, at=now)
    return shown(fresh_token=token)


@pages.post("/me/tokens/<int:token_id>/revoke")
@require(SIGNED_IN)
def revoke_token(token_id: int) -> Response:
    """Let a token work no more."""
    tokens.revoke(g.session, g.actor, token_id, at=g.clock.now())
    notices.tell(gettext("The token works no more."))
    return redirect("/me", 303)
