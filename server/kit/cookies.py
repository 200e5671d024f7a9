"""The cookies: HttpOnly, SameSite=Lax, and bound to this host under HTTPS."""

from datetime import datetime

from flask import request
from werkzeug.wrappers import Response

SIGN_IN = "ck_session"


def name(plain: str) -> str:
    """Return the cookie's name; under HTTPS browsers hold __Host- cookies to this very host."""
    return f"__Host-{plain}" if request.is_secure else plain


def put(response: Response, plain: str, value: str, expires: datetime | None = None) -> None:
    """Set the cookie."""
    response.set_cookie(
        name(plain),
        value,
        expires=expires,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def drop(response: Response, plain: str) -> None:
    """Let the browser forget the cookie."""
    response.delete_cookie(
        name(plain), path="/", secure=request.is_secure, httponly=True, samesite="Lax"
    )
