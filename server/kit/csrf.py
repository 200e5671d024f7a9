"""Only forms of our own pages change anything.

Signed in by cookie: the token of the sign-in. Not signed in: a random token in a signed cookie.
In the field `csrf` or the header X-CSRF-Token. A bearer token in the header needs neither, for no
browser sends one by itself; nor that of an agent, which is no person.
"""

from hmac import compare_digest
from secrets import token_urlsafe

from flask import g, request, session

from server.core.errors import Forbidden, Refusal
from server.core.words import N_
from server.kit.desk import SAFE

FIELD = "csrf"
HEADER = "X-CSRF-Token"
AGENT = "cryokeep-agent"
"""The scheme of the Authorization header under which agents show their code or signature."""
REFUSED = Refusal(
    "form_expired",
    N_(
        "This form is too old or comes from another page. Load the page again and repeat your change."
    ),
)


def token() -> str:
    """Return the token that forms of this page carry."""
    if of_sign_in := g.get("csrf", ""):
        return str(of_sign_in)
    if FIELD not in session:
        session[FIELD] = token_urlsafe(24)
    return str(session[FIELD])


def is_agent() -> bool:
    """Say whether an agent asks; it is nobody until the view has looked at what it shows."""
    kind = request.headers.get("Authorization", "").partition(" ")[0]
    return kind.lower() == AGENT and not request.cookies


def check() -> None:
    """Refuse a request that changes something and does not carry the token."""
    if request.method in SAFE or g.get("by_token", False) or is_agent():
        return
    expected = g.get("csrf", "") or session.get(FIELD, "")
    given = request.headers.get(HEADER, "") or request.form.get(FIELD, "")
    if not expected or not compare_digest(expected.encode(), given.encode()):
        raise Forbidden(REFUSED)
