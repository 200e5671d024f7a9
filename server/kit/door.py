"""The door: every view says who may enter; one session each; committed once, after the view.

A view that answers with a status of 400 or more, or raises, leaves nothing behind. A race that
slips past a rule and is stopped by a constraint of the database is tried once more, so that the
rule can give its own sentence.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, cast

from flask import Response, g, make_response, request
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Refusal, Unauthenticated
from server.core.words import N_
from server.kit import answers, csrf, idempotency, notices
from server.kit import desk as desks
from server.kit.admission import PUBLIC, SIGNED_IN

__all__ = ["PUBLIC", "SIGNED_IN", "admit", "require"]

P = ParamSpec("P")
View = Callable[P, Any]

SIGN_IN = Refusal("sign_in", N_("Please sign in first."))
ALREADY = Refusal(
    "already_there",
    N_(
        "Somebody else was faster: this would quarrel with what is stored now. Load the page again."
    ),
)
CHANGED = Refusal(
    "changed_meanwhile",
    N_("Somebody else changed this in the meantime. Load the page again, then repeat your change."),
)


def require(permission: str) -> Callable[[View[P]], Callable[P, Response]]:
    """Let the view be entered by whoever has this permission somewhere, or PUBLIC, or SIGNED_IN."""

    def decorate(view: View[P]) -> Callable[P, Response]:
        @wraps(view)
        def entered(*args: P.args, **kwargs: P.kwargs) -> Response:
            admit(g.actor, permission)
            csrf.check()
            return _twice_at_most(lambda: _through(lambda: view(*args, **kwargs)))

        entered.permission = permission  # type: ignore[attr-defined]  # read by the test of all routes
        return entered

    return decorate


def admit(actor: Actor, permission: str) -> None:
    """Refuse an actor who may not enter."""
    if permission == PUBLIC:
        return
    if not actor.signed_in:
        raise Unauthenticated(SIGN_IN)
    if permission != SIGNED_IN and not actor.may(permission):
        because = N_("Your roles do not allow this (%(permission)s). Ask your administrator.")
        raise Forbidden(Refusal("not_permitted", because, {"permission": permission}))


def _through(view: Callable[[], Any]) -> Response:
    desk = cast("desks.Desk", g)
    try:
        if (replayed := idempotency.replay()) is not None:
            return replayed
        response = make_response(answers.as_response(view()))
        if keep := response.status_code < 400:
            idempotency.remember(response)
        desk.finish(keep=keep)
    finally:
        desk.finish(keep=False)
    return response


def _twice_at_most(enter: Callable[[], Response]) -> Response:
    try:
        return enter()
    except IntegrityError:
        _begin_again()
    except OperationalError as error:
        if not _was_deadlocked(error):
            raise
        _begin_again()
    except StaleDataError as error:
        raise Conflict(CHANGED) from error
    try:
        return enter()
    except IntegrityError as error:
        raise Conflict(ALREADY) from error
    except StaleDataError as error:
        raise Conflict(CHANGED) from error


def _begin_again() -> None:
    g.pop("_closed", None)
    notices.forget()
    for file in request.files.values():
        file.seek(0)


def _was_deadlocked(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", "") in {"40001", "40P01"}
