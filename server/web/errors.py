"""The one table from errors to HTTP, for pages and for the API."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from urllib.parse import urlencode

from flask import Flask, Response, g, redirect, render_template, request
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from server.core.errors import (
    AllRefused,
    Conflict,
    CryokeepError,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Refusal,
    TooMany,
    Unauthenticated,
)
from server.core.words import N_
from server.kit import etag, problem
from server.kit.forms import FormRefused
from server.kit.i18n import gettext, language

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """How one family of errors is told."""

    status: int
    title: str
    hint: str = ""


KINDS: dict[type[CryokeepError], Kind] = {
    etag.Stale: Kind(412, N_("Changed in the meantime")),
    Invalid: Kind(422, N_("This cannot be right"), N_("Go back, put it right and send it again.")),
    Unauthenticated: Kind(401, N_("Not signed in")),
    Forbidden: Kind(403, N_("Not allowed")),
    NotFound: Kind(404, N_("Not found"), N_("Scan the code again, or begin at home.")),
    Conflict: Kind(409, N_("It quarrels with what is there"), N_("Nothing was changed.")),
    Gone: Kind(410, N_("No longer there")),
    TooMany: Kind(429, N_("Too often")),
}
FLASK = {
    400: N_("The request could not be read."),
    404: N_("There is no page at this address."),
    405: N_("This address does not take such a request."),
    413: N_("This is too large; at most %(most)s MB are taken."),
    415: N_("This kind of body is not taken; send JSON."),
}
TOO_LARGE = N_("A number or text here is larger than anything that is kept.")
OTHER = N_("The request could not be answered.")
BROKEN = Kind(
    500, N_("Something broke here"), N_("Nothing was changed. Tell your administrator this number:")
)
BROKEN_BECAUSE = N_("This is our fault, not yours.")


def install(app: Flask) -> None:
    """Answer every error by this table."""
    app.register_error_handler(CryokeepError, _told)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OverflowError, _too_large)  # SQLite's driver
    app.register_error_handler(DataError, _too_large)  # PostgreSQL's
    app.register_error_handler(Exception, _unknown)


def _too_large(_error: Exception) -> Response:
    """Tell of a number that no column can hold; nothing was changed."""
    return _told(Invalid(Refusal("number_too_large", TOO_LARGE)))


def _told(error: CryokeepError) -> Response:
    kind = next(KINDS[family] for family in type(error).__mro__ if family in KINDS)
    if kind.status == 401 and not problem.wanted() and request.method in {"GET", "HEAD"}:
        return _to_sign_in()
    response = _answer(kind, error.refusal, field=error.field or None, errors=_fields(error))
    if isinstance(error, AllRefused):
        response = _answer(kind, error.refusal, errors=_each(error), reasons=_reasons(error))
    if kind.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="cryokeep"'
    if isinstance(wait := error.refusal.facts.get("wait_s"), int):
        response.headers["Retry-After"] = str(wait)
    return response


def _http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]  # Flask's own Response class
    facts: dict[str, object] = {"most": 16} if error.code == 413 else {}
    kind = Kind(error.code, N_("Not found") if error.code == 404 else N_("Not taken"))
    refusal = Refusal(f"http_{error.code}", FLASK.get(error.code, OTHER), facts)
    response = _answer(kind, refusal)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _unknown(error: Exception) -> Response:
    number = token_hex(4)
    log.error(
        "request failed", exc_info=error,
        extra={"number": number, "method": request.method, "path": request.path, "request_id": g.get("request_id", "")},
    )  # fmt: skip
    return _answer(BROKEN, Refusal("broken", BROKEN_BECAUSE), number=number)


def _answer(
    kind: Kind,
    refusal: Refusal,
    *,
    number: str = "",
    field: str | None = None,
    errors: object = None,
    reasons: Sequence[str] = (),
) -> Response:
    sentence = refusal.text(language())
    if problem.wanted():
        return problem.problem(
            kind.status, refusal.code, gettext(kind.title), sentence,
            field=field, errors=errors, number=number or None,
            occupant=refusal.facts.get("occupant"),
        )  # fmt: skip
    page = render_template(
        "kit/error.html", status=kind.status, title=gettext(kind.title), because=sentence,
        hint=gettext(kind.hint) if kind.hint else "", number=number, reasons=reasons,
    )  # fmt: skip
    return Response(page, kind.status, mimetype="text/html")


def _fields(error: CryokeepError) -> dict[str, str] | None:
    if not isinstance(error, FormRefused):
        return None
    return {name: refusal.text(language()) for name, refusal in error.errors.items()}


def _each(error: AllRefused) -> list[dict[str, object]]:
    """Return every reason as programs read it."""
    return [
        {
            "code": refusal.code,
            "sentence": refusal.text(language()),
            "vial": refusal.facts.get("vial"),
            "position": refusal.facts.get("position"),
        }
        for refusal in error.refusals
    ]


def _reasons(error: AllRefused) -> list[str]:
    """Return the reasons as a page lists them: none where the page's own sentence is the only one."""
    apart = [refusal.text(language()) for refusal in error.apart.values()]
    return apart if len(apart) > 1 else []


def _to_sign_in() -> Response:
    here = request.full_path.rstrip("?")
    query = "?" + urlencode({"next": here}) if here != "/" else ""
    response: Response = redirect("/sign-in" + query, 303)  # type: ignore[assignment]  # werkzeug's class is its base
    return response
