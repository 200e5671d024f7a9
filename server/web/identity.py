"""Who asks: a signed cookie of a sign-in, or a personal token; looked up at each request."""

from secrets import token_hex

from flask import Flask, g, request

from server.accounts import sessions, tokens
from server.core.actor import Actor
from server.core.errors import Refusal, Unauthenticated
from server.core.words import N_
from server.kit import cookies, csrf, i18n

BAD_TOKEN = Refusal(
    "bad_token",
    N_(
        "This token is unknown, revoked or expired, or its owner is switched off. "
        "Make a new one on your own page (/me)."
    ),
)
NOT_BEARER = Refusal(
    "bad_authorization", N_("The Authorization header is expected to read “Bearer” and a token.")
)
WITHOUT = ("kit.static", "web.built")


def install(app: Flask) -> None:
    """Find the actor before each request."""

    @app.before_request
    def identify() -> None:
        g.actor = Actor.nobody()
        g.request_id = token_hex(8)
        g.csrf, g.by_token, g.sign_in_id = "", False, None
        if request.endpoint in WITHOUT:
            return
        if csrf.is_agent():
            pass
        elif "Authorization" in request.headers and _takes_tokens():
            _by_token(request.headers["Authorization"])
        elif secret := request.cookies.get(cookies.name(cookies.SIGN_IN), ""):
            _by_cookie(secret)
        if not g.actor.signed_in:
            g.actor = Actor.nobody(i18n.language())


def _takes_tokens() -> bool:
    return request.path.startswith(("/api/", "/metrics"))


def _by_cookie(secret: str) -> None:
    with g.reader() as session:
        found = sessions.find(session, secret, now=g.clock.now(), request_id=g.request_id)
    if found:
        g.actor, g.csrf, g.sign_in_id = found.actor, found.csrf, found.id


def _by_token(header: str) -> None:
    kind, _space, token = header.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Unauthenticated(NOT_BEARER)
    with g.reader() as session:
        found = tokens.find(session, token.strip(), now=g.clock.now(), request_id=g.request_id)
    if found is None:
        raise Unauthenticated(BAD_TOKEN)
    g.actor, g.by_token = found.actor, True
    if found.seems_unused:
        with g.reader.writing() as session:
            tokens.used(session, found.id, at=g.clock.now())
